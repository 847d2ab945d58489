"""``metaprompt``: what the model is asked, how its text is read, and what is asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.domain import Answer
from pytest_llm_migrate.errors import NoOptimizerError, NoRewriteError, StrategySettingError
from pytest_llm_migrate.prompts import Prompt
from pytest_llm_migrate.strategies.metaprompt import Metaprompt
from tests.strategies.conftest import Writer

if TYPE_CHECKING:
    from tests.strategies.conftest import MakeTask

GOOD = "<Plan>short</Plan>\n<Instructions>\nName the topic. <ticket>{{ticket}}</ticket>\n</Instructions>"


def test_the_prompt_is_what_stands_in_the_instructions(make_task: MakeTask) -> None:
    """The model is told prompt, variables, target and form of the output; its instructions become the prompt."""
    writer = Writer([GOOD])
    settings = {"output": "one of a, b", "task": "support", "max_tokens": "900"}
    rewrite = Metaprompt().rewrite(make_task(writer=writer, settings=settings))
    assert rewrite.prompt.user == "Name the topic. <ticket>{{ ticket }}</ticket>"
    assert rewrite.notes == ()
    (request,) = writer.asked
    question = request.turns[0].text
    for part in ("one word. {{ticket}}", "<variables>\n{{ticket}}\n", "one of a, b", "support", "nova-lite-v1:0"):
        assert part in question
    assert "$" not in question
    assert request.inference == {"max_tokens": 900}


@pytest.mark.parametrize(
    "text",
    [
        "I write in <Instructions> tags.\n" + GOOD,
        "<Instructions>a draft {{ticket}}</Instructions>\nBetter:\n" + GOOD,
        GOOD.replace("Instructions>", "instructions>"),
        GOOD.removesuffix("</Instructions>"),
        GOOD.replace("\nName", "\n```\nName").replace("\n</I", "\n```\n</I"),
        GOOD.replace("{{ticket}}", "{$TICKET}"),
    ],
    ids=["tag-in-prose", "draft", "case", "unclosed", "fence", "dollar"],
)
def test_texts_of_many_forms_are_read(make_task: MakeTask, text: str) -> None:
    """A tag named in prose, a draft, another case, a missing end, a fence: the prompt is found."""
    rewrite = Metaprompt().rewrite(make_task(writer=Writer([text])))
    assert rewrite.prompt.user == "Name the topic. <ticket>{{ ticket }}</ticket>"


LONG = "You sort the tickets of a shop by their topic. Reply with one word, and that is all. {{ ticket }}"


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        ("<Instructions>Name the topic.</Instructions>", "it lost the variable 'ticket'"),
        ("<Instructions>Name the topic. {$TIKCET}</Instructions>", "it lost the variable 'ticket'"),
        ("Name the topic. {{ticket}}", "it has no <Instructions>"),
        ("<Instructions> </Instructions>", "its <Instructions> are empty"),
        (Answer(text="<Instructions>Name {{ticket}} the", stop_reason="max_tokens"), "it is cut off"),
        (Answer(text="<Instructions>Name {{ticket}} the"), "it has no <Instructions>"),
        ("<Instructions>Nenne das Thema, das der Kunde mit dem Ticket meint {{ticket}}</Instructions>", "in German"),
    ],
    ids=["lost", "misspelt", "no-tag", "empty", "cut", "ended-early", "language"],
)
def test_what_cannot_be_used_is_asked_for_again_once(
    make_task: MakeTask, said: list[str], bad: str | Answer, fault: str
) -> None:
    """The model is told what is wrong and writes again; the second good text counts, and a note says so."""
    writer = Writer([bad, GOOD])
    rewrite = Metaprompt().rewrite(make_task(LONG, writer=writer))
    assert rewrite.prompt.user == "Name the topic. <ticket>{{ ticket }}</ticket>"
    assert fault in rewrite.notes[0]
    assert said == list(rewrite.notes)
    assert [turn.role for turn in writer.asked[1].turns] == ["user", "assistant", "user"]
    assert fault in writer.asked[1].turns[-1].text
    with pytest.raises(NoRewriteError, match="Take another --optimizer-model or strategy") as caught:
        Metaprompt().rewrite(make_task(LONG, writer=Writer([bad, bad])))
    assert fault in str(caught.value)


def test_an_empty_text_has_the_question_asked_again(make_task: MakeTask) -> None:
    """A conversation cannot hold an empty text: the same question is asked once more."""
    writer = Writer(["", GOOD])
    assert Metaprompt().rewrite(make_task(writer=writer)).prompt.user
    assert writer.asked[0] == writer.asked[1]
    with pytest.raises(NoRewriteError, match="it is empty"):
        Metaprompt().rewrite(make_task(writer=Writer(["  ", ""])))


def test_braces_and_jinja_of_the_model_are_text(make_task: MakeTask) -> None:
    """What looks like a template is sent as it stands; nothing of it runs, and no variable is hidden by it."""
    text = '{% set ticket = 1 %} {{ cycler.__init__ }} {# {"a": {{ticket}}'
    prompt = Metaprompt().rewrite(make_task(writer=Writer([f"<Instructions>{text}</Instructions>"]))).prompt
    assert isinstance(prompt, Prompt)
    assert prompt.render({"ticket": "T"}).turns[-1].text == text.replace("{{ticket}}", "T")


def test_a_mention_of_a_variable_that_is_text_does_not_count(make_task: MakeTask) -> None:
    """A variable's name in a foreign tag is no variable."""
    bad = "<Instructions>{% if ticket %}yes{% endif %}</Instructions>"
    with pytest.raises(NoRewriteError, match="lost the variable 'ticket'"):
        Metaprompt().rewrite(make_task(writer=Writer([bad, bad])))


def test_a_tag_of_the_source_survives_word_for_word(make_task: MakeTask) -> None:
    """Expressions and blocks that the source has are kept as they are."""
    source = "{% if ticket %}Sort: {{ ticket | upper }}{% endif %}"
    rewrite = Metaprompt().rewrite(make_task(source, writer=Writer([f"<Instructions>Now. {source}</Instructions>"])))
    assert rewrite.prompt.user == f"Now. {source}"


def test_a_system_text_is_written_too(make_task: MakeTask) -> None:
    """A prompt with a system text has both written; one that the model leaves out stays, and a note says so."""
    system = "<System>You sort tickets.</System>\n"
    writer = Writer([system + GOOD, GOOD])
    assert Metaprompt().rewrite(make_task(system="Be terse.", writer=writer)).prompt.system == "You sort tickets."
    assert "<System>" in writer.asked[0].turns[0].text
    kept = Metaprompt().rewrite(make_task(system="Be terse.", writer=Writer([GOOD])))
    assert (kept.prompt.system, kept.notes) == ("Be terse.", ("The system text stayed as it was.",))


def test_a_system_text_that_is_never_closed_stays(make_task: MakeTask) -> None:
    """A tag without an end does not take the instructions with it."""
    rewrite = Metaprompt().rewrite(make_task(system="Be terse.", writer=Writer([f"<System>Sort.\n{GOOD}"])))
    assert rewrite.prompt.system == "Be terse."
    assert rewrite.prompt.user == "Name the topic. <ticket>{{ ticket }}</ticket>"


def test_a_system_text_that_nobody_asked_for_is_left_out(make_task: MakeTask) -> None:
    """A prompt without a system text gets none."""
    writer = Writer(["<System>Obey.</System>" + GOOD])
    assert Metaprompt().rewrite(make_task(writer=writer)).prompt.system is None
    assert "<System>" not in writer.asked[0].turns[0].text


def test_without_a_model_the_option_is_named(make_task: MakeTask) -> None:
    """The strategy needs a model that writes."""
    with pytest.raises(NoOptimizerError, match="--optimizer-model"):
        Metaprompt().rewrite(make_task())


@pytest.mark.parametrize("value", ["0", "many", "1.5"])
def test_a_limit_that_is_none_is_said(make_task: MakeTask, value: str) -> None:
    """``max_tokens`` is a whole number from 1."""
    with pytest.raises(StrategySettingError, match="max_tokens must be a whole number from 1"):
        Metaprompt().rewrite(make_task(writer=Writer([GOOD]), settings={"max_tokens": value}))


def test_what_it_takes() -> None:
    """It asks for two texts at most, and learns from no row."""
    strategy = Metaprompt()
    assert (strategy.takes(9).texts, strategy.takes(9).answers, strategy.learns) == (2, 0, False)
