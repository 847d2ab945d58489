"""Prompts as services read and write them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.prompts import from_model_text
from pytest_llm_migrate.strategies.language import language_fault
from pytest_llm_migrate.strategies.texts import lost_variables, plain_template, unwrapped, without_tags

ENGLISH = "You sort the tickets of a shop by their topic, and reply with one word that is in the list."
GERMAN = "Du ordnest die Tickets eines Ladens nach dem Thema und antwortest mit einem Wort, das in der Liste ist."


@given(st.text(st.sampled_from("{}%#v \r\n\"'x"), max_size=30))
def test_a_text_goes_out_and_comes_back(text: str) -> None:
    """What a service reads and gives back unchanged is the same template."""
    template = from_model_text(text, ["v"])
    assert from_model_text(plain_template(template), ["v"]) == template


@given(st.text(max_size=30).filter(lambda text: text == unwrapped(text)))
def test_wrappings_come_off(text: str) -> None:
    """JSON quotes, a fence and turn labels come off, in any order."""
    assert unwrapped(json.dumps(text)) == text
    assert unwrapped(f"\n\nHuman: {text}\n\nAssistant:") == text


@pytest.mark.parametrize(
    "text",
    ["Q: {{v}}\nA:", '"yes" or "no"', "```\na\n```\nand\n```\nb\n```", "Humans: {{v}}", "An Assistant: yes"],
)
def test_what_is_no_wrapping_stays(text: str) -> None:
    """Quotes inside, several fences, and labels of the prompt's own are left alone."""
    assert unwrapped(text) == text


def test_lost_variables_are_those_that_no_tag_mentions() -> None:
    """A variable counts in any template and any tag, not as a word of the text."""
    assert lost_variables(["a {{ a }} b {% if c %}{% endif %}", None, "{{ d }}"], ["a", "b", "c", "d"]) == ["b"]


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        (ENGLISH, f"<instructions>{ENGLISH}</instructions>", ""),
        (ENGLISH, GERMAN, "it is in German, not in English"),
        (GERMAN, ENGLISH, "it is in English, not in German"),
        ("Sort: {{v}}", "请分类", "it is in Cjk letters, not in Latin ones"),
        ("请用一个词给出工单的主题 {{v}}", "<instructions>请用一个词给出工单的主题</instructions> json", ""),
        ("Сортируй", "Sort it", "it is in Latin letters, not in Cyrillic ones"),
        ("分類してください", "请分类", ""),
        ("{{v}}", ENGLISH, ""),
        (ENGLISH, "a, b, c: {{v}}", ""),
    ],
)
def test_another_language_is_told(before: str, after: str, fault: str) -> None:
    """Scripts and the commonest words tell languages apart; where they say too little, nothing is said."""
    assert language_fault(without_tags(before), without_tags(after)) == fault
