"""What every metric stands: any text, of any length."""

from __future__ import annotations

import sys
import time
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.metrics import (
    Bleu,
    ChrF,
    CitationsPresent,
    Contains,
    EditSimilarity,
    ExactMatch,
    JsonFields,
    JsonSchema,
    LabelAccuracy,
    NumericMatch,
    RegexMatch,
    builtins,
)
from pytest_llm_migrate.metrics.reference import SettledMetric
from tests.metrics.scored import outcome

BUILTINS = [metric for metric in builtins() if isinstance(metric, SettledMetric)]
METRICS = [*BUILTINS, ExactMatch(punctuation=False, name="bare"), JsonFields(strict=True, name="strict")]
METRICS += [NumericMatch(scale="million", decimal=",", tolerance=0.1, name="continental")]
METRICS += [Bleu(tokenize="char", smooth="add-k", name="bleu_char"), ChrF(word_order=2, case=False, name="chrf++")]
METRICS += [EditSimilarity(unit="word", name="word_edits"), Contains(every=True, case=True, name="every")]
METRICS += [RegexMatch(mode="full", timeout=0.2, name="whole"), LabelAccuracy(labels=("a", "\x00", "million"))]
METRICS += [
    JsonSchema(schema={"type": "object", "required": ["a"]}, name="own"),
    CitationsPresent(least=3, name="three"),
]
ANY_TEXT = st.text(st.characters(exclude_categories=()))
SHAPED = st.lists(
    st.sampled_from([*'{}[]":,.-+*?|^$€%()kmeE \n\x00\\0123456789', "```", "million", "two", "e\u0301", "\ud800"])
)
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
def test_every_text_gets_a_share_or_a_failure(metric: SettledMetric, text: str, truth: object) -> None:
    """No answer and no ground truth makes a metric raise, or give anything outside of [0, 1] or a long reason."""
    result = outcome(metric, text, truth, json_schema=truth)
    assert isinstance(result, ScoreFailure) or 0 <= result <= 1
    assert len(result.reason) < 1_000
    assert result.reason.isprintable()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_no_depth_of_nesting_raises(metric: SettledMetric) -> None:
    """JSON nested about as deep as the interpreter's stack is an answer like any other."""
    for depth in range(sys.getrecursionlimit() - 200, sys.getrecursionlimit()):
        result = outcome(metric, "[" * depth + "]" * depth, {"a": 1}, json_schema={"items": {"$ref": "#"}})
        assert isinstance(result, ScoreFailure) or 0 <= result <= 1


@pytest.mark.parametrize("metric", BUILTINS, ids=lambda metric: metric.name)
def test_no_repetition_takes_more_than_linear_time(metric: SettledMetric) -> None:
    """No pattern makes the metric look at the same text again and again."""
    for pattern in HOSTILE:
        started = time.perf_counter()
        outcome(metric, pattern * (MEGABYTE // 10 // len(pattern)), '{"a": 1}', json_schema={"type": "object"})
        assert time.perf_counter() - started < 10, f"{pattern!r} is slow"


def test_a_key_given_twice_is_found_among_many() -> None:
    """The last of a hundred thousand keys is a repeated one, and told in a moment."""
    keys = ", ".join(f'"{number}": 1' for number in range(100_000))
    started = time.perf_counter()
    result = outcome(JsonFields(), f'{{{keys}, "99999": 2}}', {"a": 1})
    assert result.reason == "not JSON: the key '99999' is there twice"
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    "metric", [metric for metric in BUILTINS if metric.name != "perplexity"], ids=lambda metric: metric.name
)
def test_a_megabyte_is_scored(metric: SettledMetric) -> None:
    """An answer of a megabyte gets a score and a short reason like any other; perplexity is not of its text."""
    text = "The 2 cats sat on the mat. " * (MEGABYTE // 27)
    result = outcome(metric, text, '{"cats": 3}', json_schema={"type": "object"})
    assert 0 <= cast(Score, result) < 0.01
    assert 0 < len(result.reason) < 300
