"""What every metric stands: any text, of any length."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.metrics import ExactMatch, JsonFields, NumericMatch, builtins
from tests.metrics.scored import outcome

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Metric

METRICS = [*builtins(), ExactMatch(punctuation=False, name="bare"), JsonFields(strict=True, name="strict")]
METRICS += [NumericMatch(scale="million", decimal=",", tolerance=0.1, name="continental")]
ANY_TEXT = st.text(st.characters(exclude_categories=()))
SHAPED = st.lists(st.sampled_from([*'{}[]":,.-+$€%()kmeE \n\x00\\0123456789', "```", "million", "two", "e\u0301"]))
TEXTS = ANY_TEXT | SHAPED.map("".join)
MEGABYTE = 1_000_000
HOSTILE = [
    "a",
    " ",
    "\x00",
    "9",
    "9,",
    "9.9",
    "1 seed ",
    "1,234",
    "(",
    "$",
    "-",
    "twenty ",
    "{",
    '{"a":',
    '{"a":1}',
    '{"',
    "[",
    '"\\',
    "```",
    "``` ",
    "\n1. ",
    "e\u0301\u0323",
    "\u0301\u0323",
    "\U0001f600",
    "The cat sat on the mat. ",
]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
@given(TEXTS, TEXTS | st.lists(TEXTS) | st.floats() | st.integers() | st.booleans() | st.none())
def test_every_text_gets_a_share_or_a_failure(metric: Metric, text: str, truth: object) -> None:
    """No answer and no ground truth makes a metric raise, or give anything outside of [0, 1] or a long reason."""
    result = outcome(metric, text, truth)
    assert isinstance(result, ScoreFailure) or 0 <= result <= 1
    assert len(result.reason) < 1_000
    assert result.reason.isprintable()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_no_depth_of_nesting_raises(metric: Metric) -> None:
    """JSON nested about as deep as the interpreter's stack is an answer like any other."""
    for depth in range(sys.getrecursionlimit() - 200, sys.getrecursionlimit()):
        result = outcome(metric, "[" * depth + "]" * depth, {"a": 1})
        assert isinstance(result, ScoreFailure) or result == 0.0


@pytest.mark.parametrize("metric", builtins(), ids=lambda metric: metric.name)
def test_no_repetition_takes_more_than_linear_time(metric: Metric) -> None:
    """No pattern makes the metric look at the same text again and again."""
    for pattern in HOSTILE:
        started = time.perf_counter()
        outcome(metric, pattern * (MEGABYTE // 5 // len(pattern)), '{"a": 1}')
        assert time.perf_counter() - started < 10, f"{pattern!r} is slow"


def test_a_key_given_twice_is_found_among_many() -> None:
    """The last of a hundred thousand keys is a repeated one, and told in a moment."""
    keys = ", ".join(f'"{number}": 1' for number in range(100_000))
    started = time.perf_counter()
    result = outcome(JsonFields(), f'{{{keys}, "99999": 2}}', {"a": 1})
    assert result.reason == "not JSON: the key '99999' is there twice"
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize("metric", builtins(), ids=lambda metric: metric.name)
def test_a_megabyte_is_scored(metric: Metric) -> None:
    """An answer of a megabyte gets a score and a short reason like any other."""
    result = outcome(metric, "The 2 cats sat on the mat. " * (MEGABYTE // 27), '{"cats": 3}')
    assert 0 <= cast(Score, result) < 0.01
    assert 0 < len(result.reason) < 300
