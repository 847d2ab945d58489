"""Patterns in answers."""

from __future__ import annotations

import time

import pytest

from pytest_llm_migrate.errors import MetricDefinitionError, UnknownNameError
from pytest_llm_migrate.metrics import CitationsPresent, RegexMatch
from tests.metrics.scored import failed, scored


@pytest.mark.parametrize(
    ("metric", "answer", "truth", "value"),
    [
        (RegexMatch(), "Order 4711 shipped", r"\b\d{4}\b", 1),
        (RegexMatch(), "Order 47 shipped", [r"\b\d{4}\b", "ship+ed"], 1),
        (RegexMatch(pattern="(?i)^yes"), "YES, sir", None, 1),
        (RegexMatch(pattern=r"\d+", mode="full"), " 42\n", None, 1),
        (RegexMatch(pattern=r"\d+", mode="full"), "42 apples", None, 0),
    ],
)
def test_a_pattern_is_the_metric_s_or_the_row_s(metric: RegexMatch, answer: str, truth: object, value: float) -> None:
    """With a pattern of its own the metric needs no ground truth; else the ground truth is the pattern."""
    score = scored(metric, answer, truth)
    assert float(score) == value
    assert (score.reason == "") is (value == 1)


def test_a_loss_names_the_pattern() -> None:
    """The reason shows what was looked for, and where."""
    assert scored(RegexMatch(), "none", r"\d").reason == r"no match of '\\d' in 'none'"


@pytest.mark.parametrize("truth", ["(", "a{2,1}", "(?P<n>a)(?P<n", "a" * 10_001])
def test_a_pattern_of_a_row_that_cannot_be_read_is_not_scored(truth: str) -> None:
    """It is a fault of the row, and the reason says which."""
    assert failed(RegexMatch(), "a", truth).startswith("the pattern ")


def test_a_pattern_of_the_metric_is_checked_at_once() -> None:
    """A suite learns of it when it is collected, not in the middle of a run."""
    with pytest.raises(MetricDefinitionError, match="regex is no metric yet: its pattern '\\('"):
        RegexMatch(pattern="(")
    with pytest.raises(MetricDefinitionError, match="citations_present is no metric yet"):
        CitationsPresent(pattern="(")
    with pytest.raises(UnknownNameError, match="way to match"):
        RegexMatch(mode="whole")  # type: ignore[arg-type]


def test_a_pattern_without_an_end_is_cut_short() -> None:
    """What would take longer than the universe is a score failure after the timeout."""
    began = time.perf_counter()
    reason = failed(RegexMatch(pattern=r"(a+|b+|ab)*(a+b?)*c(?<=d)", timeout=0.1), "ab" * 5_000 + "!c", None)
    assert "took longer than 0.1 s" in reason
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize(
    "answer",
    [
        "Sales rose [1].",
        "Sales rose [2, 3][4-6].",
        "Sales rose.[^1]",
        "Sales rose (Source: annual report 2018, p. 4).",
        "Sales rose [source: 10-K].",
        "See https://example.com/report",
    ],
)
def test_markers_brackets_and_addresses_are_citations(answer: str) -> None:
    """What readers know as a reference counts as one."""
    assert scored(CitationsPresent(), answer, None) == 1.0


@pytest.mark.parametrize(
    "answer", ["", "Sales rose.", "x[i] = 1", "the sources (all of them)", "(see below)", "http://"]
)
def test_other_brackets_are_not(answer: str) -> None:
    """An index, a remark or half an address is no citation."""
    score = scored(CitationsPresent(), answer, None)
    assert (float(score), score.reason) == (0.0, "0 of at least 1 citations")


def test_the_form_and_number_of_citations_can_be_set() -> None:
    """A house style is a pattern, and two citations may be asked for."""
    metric = CitationsPresent(pattern=r"\{doc:\d+\}", least=2)
    assert scored(metric, "a {doc:1} b {doc:2}", None) == 1.0
    assert scored(metric, "a {doc:1} b [2]", None).reason == "1 of at least 2 citations"
