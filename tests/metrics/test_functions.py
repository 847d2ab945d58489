"""Metrics made of functions."""

from __future__ import annotations

import functools
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Answer, Metric, Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics import function_metric, metric
from tests.metrics.scored import failed, outcome, scored

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain import Row
    from pytest_llm_migrate.metrics import FunctionMetric


def is_short(answer: Answer, row: Row) -> bool:
    """Tell whether an answer keeps to the row's limit."""
    return len(answer.text) <= int(row["limit"])


def returning(value: object) -> FunctionMetric:
    """Return a metric that gives every answer the same."""
    return function_metric(lambda _answer, _row: value, name="mine")


def at_least(threshold: float, *, among: tuple[object, ...] = ()) -> Callable[[Answer, Row], bool]:
    """Return a function whose code is the same for every threshold."""

    def long_enough(answer: Answer, _row: Row) -> bool:
        return len(answer.text) >= threshold and answer.text not in among

    return long_enough


def test_a_function_is_a_metric_under_its_own_name() -> None:
    """The function sees the answer and the row, and its scores are worth keeping."""
    made = function_metric(is_short)
    assert isinstance(made, Metric)
    assert (made.name, made.kept) == ("is_short", True)
    assert scored(made, "abc", None, limit=3) == 1.0
    assert scored(made, "abcd", None, limit=3) == 0.0


@pytest.mark.parametrize(
    ("value", "score", "reason"),
    [
        (0.25, 0.25, ""),
        (True, 1.0, ""),
        (np.float32(0.5), 0.5, ""),
        (np.bool_(True), 1.0, ""),  # noqa: FBT003 - the value is the case
        (Decimal("0.5"), 0.5, ""),
        ((0.5, "half is there"), 0.5, "half is there"),
        (Score(0.5, "half is there"), 0.5, "half is there"),
    ],
)
def test_numbers_and_reasons_are_taken_as_they_come(value: object, score: float, reason: str) -> None:
    """A number of any library, alone, with a reason or as a score, is the score."""
    result = scored(returning(value), "x", None)
    assert float(result) == score
    assert result.reason == reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (ScoreFailure(reason="no judge"), "no judge"),
        (None, "mine returned None, not a number"),
        ("0.5", "mine returned '0.5', not a number"),
        ((0.5, "a", "b"), "mine returned (0.5, 'a', 'b'), not a number"),
        (math.nan, "mine returned nan, outside of 0 to 1 (see bounds=)"),
        (math.inf, "mine returned inf, outside of 0 to 1 (see bounds=)"),
        (85, "mine returned 85.0, outside of 0 to 1 (see bounds=)"),
        (np.zeros(2), "TypeError: only "),
    ],
)
def test_what_is_no_score_is_a_score_failure(value: object, reason: str) -> None:
    """Anything but a number within the bounds is a failure that shows it."""
    assert failed(returning(value), "x", None).startswith(reason)


def test_an_exception_is_a_score_failure() -> None:
    """The failure names the exception's type and message, in one line."""

    class BadError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def broken(answer: Answer, _row: Row) -> float:
        if answer.text:
            raise ValueError("no\nverdict")
        raise BadError

    assert failed(function_metric(broken), "x", None) == "ValueError: no verdict"
    assert "BadError: <exception str() failed>" in failed(function_metric(broken), "", None)
    assert failed(function_metric(is_short), "x", None) == "KeyError: 'limit'"


def test_bounds_may_be_others() -> None:
    """A function that grades from 1 to 5 says so, and its version with it."""
    grade = function_metric(lambda _answer, _row: 4, name="grade", version="1", bounds=(1, 5))
    assert scored(grade, "x", None) == 4.0
    assert grade.version == "1, bounds=(1, 5)"


def test_the_decorator_works_with_and_without_settings() -> None:
    """Both forms leave a metric in the function's place."""

    @metric
    def plain(_answer: Answer, _row: Row) -> float:
        return 1.0

    @metric(name="routing", version="2", kept=False)
    def other(_answer: Answer, _row: Row) -> float:
        return 0.0

    assert (plain.name, plain.kept, float(scored(plain, "", None))) == ("plain", True, 1.0)
    assert (other.name, other.version, other.kept) == ("routing", "2", False)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda _answer, _row: 1.0, "has no name. Give one: function_metric"),
        (functools.partial(is_short), "has no name"),
        ("is_short", "'is_short' is no metric yet: it is not a function f"),
        (len, "len is no metric yet: it has no source to tell its version from. Give one: version='1'."),
    ],
)
def test_a_function_must_say_what_it_is(function: Any, message: str) -> None:
    """A lambda needs a name, and what has no source a version."""
    with pytest.raises(MetricDefinitionError, match=message.replace("(", r"\(")):
        function_metric(function)


def test_the_version_follows_the_code() -> None:
    """Other source, other defaults or other values closed over are another version; the same are the same."""
    versions = [function_metric(at_least(number)).version for number in (1, 1, 2)]
    assert versions[0] == versions[1] != versions[2]
    assert function_metric(at_least(1, among=("a", {"b": {1, 2}}))).version != versions[0]
    assert function_metric(is_short).version != versions[0]


def test_objects_closed_over_leave_the_version_alone() -> None:
    """An object's address, another in every process, is not part of a version."""
    assert (
        function_metric(at_least(1, among=(object(),))).version
        == function_metric(at_least(1, among=(object(),))).version
    )


def test_a_function_that_calls_itself_has_a_version() -> None:
    """A name that is filled only after the decorator ran does not matter."""

    @metric
    def nested(answer: Answer, row: Row) -> Score | ScoreFailure | float:
        return nested.score(Answer(text=answer.text[1:]), row) if answer.text else 0.5

    assert scored(nested, "abc", None) == 0.5


def test_code_without_source_has_a_version() -> None:
    """A function made by exec is told apart by its instructions and constants."""

    def made(code: str) -> str:
        names: dict[str, Any] = {}
        exec(f"def f(answer, row):\n    {code}", names)  # noqa: S102 - the only way to a function without source
        return function_metric(names["f"]).version

    inner = "return (lambda text: text in {'a', 'b'})(answer.text)"
    assert made(inner) == made(inner)
    assert len({made(inner), made(inner.replace("'b'", "'c'")), made("return 1.0"), made("return row")}) == 4


@given(st.none() | st.floats() | st.text() | st.tuples(st.floats(), st.text()) | st.complex_numbers())
def test_no_value_raises(value: object) -> None:
    """Whatever a function returns, the metric gives a finite score or a failure."""
    result = outcome(returning(value), "x", None)
    assert isinstance(result, ScoreFailure) or 0 <= result <= 1
