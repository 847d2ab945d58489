"""The share of expected fields in an answer's JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.errors import UnknownNameError
from pytest_llm_migrate.metrics import JsonFields
from tests.metrics.scored import failed, outcome, scored

ORDER = {"item": "bamboo canes", "quantity": 40}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=5)


@pytest.mark.parametrize(
    "answer",
    [
        '{"quantity": 40, "item": "bamboo canes"}',
        '\n {"item": " Bamboo  Canes", "quantity": 40.0} ',
        '```json\n{"item": "bamboo canes", "quantity": 40}\n```',
        'Here you are:\n```\n{"item": "bamboo canes", "quantity": 4e1}\n```\nAnything else?',
        'For {item} I read {"item": "bamboo canes", "quantity": 40}, as asked.',
        "NaN aside: " + json.dumps(ORDER),
    ],
)
def test_right_fields_score_one(answer: str) -> None:
    """Order of keys, look of numbers, blanks, case, fences and prose do not matter."""
    assert scored(JsonFields(), answer, ORDER) == 1.0
    assert scored(JsonFields(), answer, json.dumps(ORDER)) == 1.0


@pytest.mark.parametrize(
    ("answer", "truth", "value", "reason"),
    [
        ({"item": "canes", "quantity": 40}, ORDER, 0.5, "item: expected 'bamboo canes', got 'canes'"),
        ({"item": "bamboo canes"}, ORDER, 0.5, "quantity: expected 40, it is missing"),
        ({"quantity": "40", **ORDER, "note": {"a": 1}}, ORDER, 1.0, "1 extra: note"),
        ({"quantity": "40"}, {"quantity": 40}, 0.0, "quantity: expected 40, got '40'"),
        ({"paid": 1}, {"paid": True}, 0.0, "paid: expected true, got 1"),
        ({"a": None}, {"a": 0}, 0.0, "a: expected 0, got null"),
        ({"a": {"b": [1, {"c": 3}]}}, {"a": {"b": [1, {"c": 2}]}}, 0.5, "a.b[1].c: expected 2, got 3"),
        ({"a": {"b": 1}}, {"a": 5}, 0.0, "a: expected 5, got an object"),
        ({"a": [1]}, {"a": []}, 0.0, "a: expected [], got a list"),
        ([2, 1], [1, 2], 0.0, "[0]: expected 1, got 2; [1]: expected 2, got 1"),
        ([1], {"a": 1}, 0.0, "a: expected 1, it is missing; 1 extra: [0]"),
        (5, {}, 0.0, "the whole: expected {}, got 5"),
        (
            {},
            {"a": 1, "b": 2, "c": 3, "d": 4},
            0.0,
            "a: expected 1, it is missing; b: expected 2, it is missing; c: expected 3, it is missing; 1 more wrong",
        ),
    ],
)
def test_fields_count_one_by_one(answer: object, truth: object, value: float, reason: str) -> None:
    """The score is the share of right leaves, and the reason names the first wrong ones by path."""
    score = scored(JsonFields(), json.dumps(answer), truth)
    assert score == value
    assert score.reason == reason


def test_extra_fields_can_cost() -> None:
    """With extra='penalise' a field nobody asked for counts as one more, wrong."""
    answer = json.dumps({**ORDER, "colour": "green", "size": {"x": 1, "y": 2}})
    score = scored(JsonFields(extra="penalise"), answer, ORDER)
    assert score == 0.5
    assert score.reason == "2 extra: colour, size"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "not JSON: there is no object in it"),
        ("sure!", "not JSON: there is no object in it"),
        (
            '{"item": {"item": "bamboo canes"}, "quan',
            "not JSON: Unterminated string starting at at character 36",
        ),
        ("{'item': 1}", "not JSON: Expecting property name enclosed in double quotes at character 2"),
        ('{"item": 1, "item": 2}', "not JSON: the key 'item' is there twice"),
        ('{"item": NaN}', "not JSON: NaN is not a JSON number"),
        ('{"item": -Infinity}', "not JSON: -Infinity is not a JSON number"),
        ('{"item": 1e999}', "not JSON: 1e999 is not a JSON number"),
        ('Take this: {"item": 1,}', "not JSON: Expecting property name enclosed in double quotes at character 23"),
        ('{"item": 1} or {"item": 2}', "not JSON: it holds 2 objects, not one"),
        ('{"item": ' * 100_000, "not JSON: it is nested too deeply"),
        ("[" * 100_000, "not JSON: there is no object in it"),
    ],
)
def test_what_is_not_json_is_a_wrong_answer(answer: str, reason: str) -> None:
    """Unreadable or ambiguous JSON scores 0 and says why; a part of a broken object never passes for the whole."""
    score = scored(JsonFields(), answer, ORDER)
    assert score == 0.0
    assert score.reason == reason


def test_strict_wants_json_alone() -> None:
    """With strict=True a fence makes the answer wrong."""
    fenced = f"```json\n{json.dumps(ORDER)}\n```"
    score = scored(JsonFields(strict=True), fenced, ORDER)
    assert score == 0.0
    assert score.reason.startswith("not JSON: Expecting value")
    assert scored(JsonFields(strict=True), json.dumps(ORDER), ORDER) == 1.0


@pytest.mark.parametrize(
    ("truth", "reason"),
    [
        (None, "the row has no ground truth (column 'answer_ground_truth')"),
        ("billing", "the ground truth 'billing' is not JSON: Expecting value at character 1"),
        ("5", "the ground truth '5' is no JSON object or list"),
        (5, "the ground truth '5' is no JSON object or list"),
    ],
)
def test_a_ground_truth_without_fields_is_not_scored(truth: object, reason: str) -> None:
    """A ground truth that is no object or list is a score failure."""
    assert failed(JsonFields(), "{}", truth) == reason


def test_a_wrong_setting_is_refused() -> None:
    """A way with extra fields that does not exist is named with the nearest that does."""
    wrong: Any = "penalize"
    with pytest.raises(UnknownNameError, match="Did you mean 'penalise'"):
        JsonFields(extra=wrong)


@given(OBJECTS)
def test_every_object_equals_itself(value: dict[str, Any]) -> None:
    """An answer that is the ground truth scores 1, alone, fenced and in prose."""
    text = json.dumps(value)
    assert scored(JsonFields(), text, value) == 1.0
    assert scored(JsonFields(extra="penalise"), f"```json\n{text}\n```", text) == 1.0


@given(OBJECTS, OBJECTS)
def test_scores_are_shares(answer: dict[str, Any], truth: dict[str, Any]) -> None:
    """Any object against any other gives a share, and penalising extra fields never raises it."""
    text = json.dumps(answer)
    score = scored(JsonFields(), text, truth)
    assert 0 <= scored(JsonFields(extra="penalise"), text, truth) <= score <= 1
    assert outcome(JsonFields(strict=True), text, truth) == score
