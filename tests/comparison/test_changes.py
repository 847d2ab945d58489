"""What changed between the two answers of a row."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.comparison.changes import KINDS, Change, changes_of
from pytest_llm_migrate.domain import Answer, ToolCall
from tests.comparison.cases import THROTTLED, case


def names(source: str | Answer, target: str | Answer) -> list[str]:
    """Return the names of the changes between two answers."""
    return [found.change for found in changed(source, target)]


def changed(source: str | Answer, target: str | Answer) -> tuple[Change, ...]:
    """Return the changes between two answers."""
    answers = tuple(item if isinstance(item, Answer) else Answer(text=item) for item in (source, target))
    return changes_of(case(1, answers=(answers[0], answers[1])))


GERMAN = "Die Rechnung ist nicht bezahlt und wird mit der Mahnung auf das Konto gebucht."
ENGLISH = "The invoice is not paid and you have to book this with the reminder for the account."


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("billing", "billing", ["same text"]),
        ("billing", " billing\n", ["same text"]),
        ("billing", "shipping", ["other"]),
        ("billing", "", ["empty"]),
        ("", "billing", ["no longer empty"]),
        ("billing", "I'm sorry, but I can't help with that.", ["refused"]),
        ("I cannot help.", "billing", ["no longer refused"]),
        (Answer(text="bil"), Answer(text="billi", stop_reason="max_tokens"), ["cut off"]),
        (
            Answer(text="a", stop_reason="max_tokens"),
            Answer(text="b", stop_reason="end_turn"),
            ["no longer cut off"],
        ),
        (Answer(text="a", stop_reason="max_tokens"), Answer(text="b"), ["other"]),
        (ENGLISH, GERMAN, ["language changed"]),
        ("The total was 15 in 2023.", "El total de la factura es de 15 en 2023.", ["language changed"]),
        ("The total was 15 in 2023.", "In 2023 the total came to 15.", ["other"]),
        ("billing", "оплата", ["language changed"]),
        ("東京の天気は晴れです", "東京天氣晴朗沒有雲", ["language changed"]),
        ('{"a": 1}', '```json\n{"a": 1}\n```', ["fence gained"]),
        ('```json\n{"a": 1}\n```', '{"a": 1}', ["fence lost"]),
        ('{"a": 1}', "a is 1", ["JSON lost"]),
        ("a is 1", '{"a": 1}', ["JSON gained"]),
        ("one and two", "- one\n- two", ["list gained"]),
        ("1. one\n2. two", "one and two", ["list lost"]),
        ("the total", "**the total**", ["markdown gained"]),
        ("# Total\nthe total", "the total", ["markdown lost"]),
        ('{"a": [{"b": 1, "c": 2}]}', '{"a": [{"b": 1}]}', ["field missing"]),
        ('{"a": 1}', '{"a": 2}', ["number changed"]),
        ("It is $1,577.00 in 2024", "It is $1577 in 2024", ["other"]),
        ("It is 1,577", "It is 1,578", ["number changed"]),
        ("It is 5 of 7", "It is 5", ["other"]),
        ("Paid late.", "Paid late. Penalties under regional statutes escalate quickly.", ["claim added", "longer"]),
        ("x" * 100, "x" * 40, ["shorter"]),
        ("x" * 40, "x" * 60, ["other"]),
    ],
)
def test_a_change_has_its_name(source: str | Answer, target: str | Answer, expected: list[str]) -> None:
    """Each kind of change is told by what stands in the two answers."""
    assert names(source, target) == expected


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [((), ("find",), "gained"), (("find",), (), "lost"), (("find",), ("look",), "changed")],
)
def test_tools_that_are_asked_for_count(before: tuple[str, ...], after: tuple[str, ...], name: str) -> None:
    """A tool that is not asked for any more, or with other arguments, is a change."""
    sides = [
        Answer(text="ok", tool_calls=tuple(ToolCall(name=tool, arguments={}) for tool in tools))
        for tools in (before, after)
    ]
    assert names(*sides) == [f"tool use {name}"]
    assert changed(*sides)[0].detail == f"{', '.join(before) or 'none'} to {', '.join(after) or 'none'}"


def test_details_say_what_exactly() -> None:
    """Numbers, fields, claims, lengths and languages are named."""
    assert changed("It is 1,577", "It is 1,578")[0].detail == "1577 to 1578"
    lost = changed('{"a": {"b": 1, "c": 2}, "d": 3, "e": 4, "f": 5}', '{"a": {"b": 1}}')
    assert lost[0] == Change(change="field missing", detail="a.c, d, e and 1 more")
    assert changed(ENGLISH, GERMAN)[0].detail == "English to German"
    claim, longer = changed("Paid late.", "Paid late. Penalties under regional statutes escalate quickly.")
    assert claim.detail == "Penalties under regional statutes escalate quickly."
    assert longer.detail == "x6.2"


def test_a_side_without_an_answer_changes_nothing() -> None:
    """Where a call failed there are no two answers to compare."""
    assert changes_of(case(1, target=THROTTLED)) == ()


def test_the_main_change_comes_first() -> None:
    """Of several changes the one that explains most is the first, in the stated order."""
    refusal = Answer(text="I can't help with **12** of these: " + "no " * 40, stop_reason="max_tokens")
    found = names('{"n": 11}', refusal)
    assert found == ["refused", "cut off", "JSON lost", "markdown gained", "number changed", "longer"]
    assert found == sorted(found, key=list(KINDS).index)


@given(st.text(), st.text())
def test_any_two_texts_have_a_change(source: str, target: str) -> None:
    """Whatever Unicode holds, there is a named change, and it is the same every time."""
    found = names(source, target)
    assert found
    assert set(found) <= set(KINDS)
    assert found == names(source, target)


HOSTILE = ["[" * 500_000, "1," * 300_000 + "x", "|" * 500_000, "**" * 300_000, "- \n" * 200_000, '{"a":' * 3_000, "\0"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_answers_take_no_time(text: str) -> None:
    """Half a megabyte of what patterns stumble over is looked at within a second."""
    began = time.process_time()
    assert names("The total is 5.", text)
    assert names(text, "The total is 5.")
    assert time.process_time() - began < 1


def test_a_deep_object_has_its_keys() -> None:
    """Keys are compared at every depth that people write."""
    deep = json.dumps({"a": {"b": {"c": {"d": 1}}}})
    assert changed(deep, '{"a": {"b": {"c": {}}}}')[0].detail == "a.b.c.d"
