"""What a rewritten prompt must pass before it is filed."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Row
from pytest_llm_migrate.errors import PromptCheckError
from pytest_llm_migrate.prompts import Bounds, Prompt, check_rewrite
from pytest_llm_migrate.prompts.output_form import listed_words, lost_demands
from pytest_llm_migrate.strategies.language import language_fault

ROWS = [Row(sample_id=f"r{number}", values={"ticket": f"ticket {number}"}) for number in range(3)]
SOURCE = Prompt(name="triage", user="Read the ticket and answer: {{ ticket }}")


def faults(source: Prompt, written: Prompt, bounds: Bounds | None = None) -> list[str]:
    """Return what the checks find wrong."""
    try:
        check_rewrite(source, written, rows=ROWS, hidden=(), bounds=bounds)
    except PromptCheckError as error:
        found = error
    else:
        return []
    assert found.diff
    assert "\n".join(found.diff) in str(found)
    return found.faults


def saying(text: str, source: Prompt = SOURCE) -> Prompt:
    """Return a prompt with other words before its variable."""
    return dataclasses.replace(source, user=f"{text} {{{{ ticket }}}}")


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("Answer in JSON.", "Answer.", "it no longer asks for JSON"),
        ("Answer in JSON.", "Give a json object.", None),
        ("Answer with one word.", "Answer.", "it no longer asks for 'one word' alone"),
        ("Answer with a single  label.", "Output the label, nothing else.", None),
        ("Put it in <answer> tags.", "Answer.", "it no longer asks for <answer> tags"),
        ("Put it in <answer></answer> tags.", "Write <Answer>...</Answer>.", None),
        ("Use <b>bold</b> words.", "Use words.", None),
        (
            "One of billing, refund or other.",
            "Choose billing or other.",
            "the word 'refund' of the source's list is lost",
        ),
        ("Categories: 'a', \"b c\", `d`.", "Pick a / B-C / d.", None),
        ("Labels (x): yes/no", "Say yes.", "the word 'no' of the source's list is lost"),
        ("One of the best, most careful and kind clerks you are.", "You are a clerk.", None),
    ],
)
def test_the_form_of_answers_is_still_asked_for(before: str, after: str, fault: str | None) -> None:
    """JSON, one word, tags and the words of a list survive in some wording, or the loss is named."""
    assert faults(saying(before), saying(after)) == ([fault] if fault else [])


@given(text=st.text(max_size=200))
def test_a_prompt_keeps_what_it_asks_for_itself(text: str) -> None:
    """Whatever a text asks for, the same text asks for it, too."""
    assert list(lost_demands(text, text)) == []


@given(text=st.text(alphabet="one of:,/ or<a>tags\n{}'", max_size=3000))
def test_hostile_lists_are_read_quickly(text: str) -> None:
    """No text makes reading its lists slow or fail."""
    assert all(word.strip() for word in listed_words(text))


def test_long_hostile_text_is_read_in_time() -> None:
    """Texts that make careless patterns slow take no time to speak of."""
    for text in ("one of " * 20_000, "<a" * 50_000, "one of " + "a, " * 50_000, "labels " + " " * 100_000):
        list(lost_demands(text, ""))


@pytest.mark.parametrize("phrase", ["as an AI", "As  An ai"])
def test_forbidden_phrases_are_found(phrase: str) -> None:
    """A phrase is found whatever its case and blanks, in an example, too."""
    written = saying("Reply as an\nAI. Answer:")
    assert faults(SOURCE, written, Bounds(forbidden=[phrase])) == [f"it holds {phrase!r}, which is forbidden"]
    assert faults(SOURCE, written, Bounds(forbidden=["as a human"])) == []


def test_another_language_is_refused() -> None:
    """A prompt that comes back in another language or script is named with both."""
    source = saying("You are a clerk of the bank and you read the ticket of the client to answer it.")
    german = saying("Sie sind ein Angestellter der Bank und lesen das Ticket, um es mit der Antwort zu bearbeiten.")
    bounds = Bounds(language_fault=language_fault)
    assert faults(source, german, bounds) == ["it is in German, not in English"]
    assert faults(source, saying("あなたはぎんこうのひとです"), bounds) == ["it is in Cjk letters, not in Latin ones"]
    assert faults(source, saying("Be a clerk of the bank: the ticket is to be read and answered by you."), bounds) == []


def test_a_prompt_longer_than_the_window_is_refused() -> None:
    """What is far longer than the model reads is said before any call."""
    written = saying("word " * 4_000)
    assert faults(SOURCE, written, Bounds(window=4_096)) == [
        "it takes about 5,002 tokens, and the model reads 4,096 at most"
    ]
    assert faults(SOURCE, written, Bounds(window=8_192)) == []


def test_a_template_that_fails_on_a_row_is_refused_with_the_diff() -> None:
    """Jinja2 that only breaks when it is rendered names the row."""
    (fault,) = faults(SOURCE, dataclasses.replace(SOURCE, user="{{ ticket.nothing.at_all }} {{ ticket }}"))
    assert "cannot render row 'r0'" in fault
    (fault,) = faults(SOURCE, dataclasses.replace(SOURCE, user="{{ ticket * 9999999 }}"))
    assert "OverflowError" in fault


def test_several_faults_are_all_named() -> None:
    """One error names a lost variable and a forbidden phrase."""
    written = dataclasses.replace(SOURCE, user="As an AI I answer {{ question }}")
    assert faults(SOURCE, written, Bounds(forbidden=["as an AI"])) == [
        "the variable 'ticket' is lost",
        "the variable 'question' is new",
        "it holds 'as an AI', which is forbidden",
    ]
