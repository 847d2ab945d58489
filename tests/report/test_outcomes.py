"""What became of rows, and which come first."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm_migrate.report.outcomes import badness, outcome, outcome_words, reason, worst_rows


def row(sample_id: str, was: dict[str, float], now: dict[str, float] | None, **more: Any) -> dict[str, Any]:
    """Return a row whose target has no answer where ``now`` is None."""
    target = {"error": {"kind": "throttled", "message": "wait"}} if now is None else side(now)
    flips = {name: flip(was[name], (now or {})[name]) for name in was if name in (now or {})}
    test = {"nodeid": "t.py::test_row", "outcome": "passed", "message": "", "checks": []}
    made = {"migration": "m", "sample_id": sample_id, "source": side(was), "target": target, "flips": flips}
    return {**made, "tests": [test], **more}


def side(scores: dict[str, float]) -> dict[str, Any]:
    """Return an answer with these scores."""
    return {"text": "x", "scores": scores, "reasons": {name: f"why {name}" for name in scores}, "failures": {}}


def flip(was: float, now: float) -> str:
    """Return what became of a pair of scores."""
    if abs(now - was) > 0.5:
        return "broke" if now < was else "fixed"
    return {0.0: "both wrong", 1.0: "both right"}.get(now, "held")


FAILED = [{"nodeid": "t.py::test_row", "outcome": "failed", "message": "assert 0 >= 1", "checks": []}]
BROKE, FIXED = row("broke", {"m": 1}, {"m": 0}), row("fixed", {"m": 0}, {"m": 1})
HELD = row("held", {"m": 0.5}, {"m": 0.4})
RIGHT, WRONG = row("right", {"m": 1}, {"m": 1}), row("wrong", {"m": 0}, {"m": 0})
ERROR, UNSCORED = row("error", {"m": 1}, None), row("unscored", {"m": 1}, {})


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (BROKE, "broke"),
        (ERROR, "error"),
        (UNSCORED, "not scored"),
        (WRONG, "both wrong"),
        (FIXED, "fixed"),
        (RIGHT, "both right"),
        (HELD, "held"),
        (row("x", {"a": 1, "b": 0.5}, {"a": 1, "b": 0.6}), "both right"),
        (row("x", {"a": 1, "b": 0}, {"a": 0, "b": 1}), "broke"),
        (row("x", {}, {}), "not scored"),
    ],
)
def test_a_row_is_as_bad_as_its_worst_metric(record: dict[str, Any], found: str) -> None:
    """A row that one metric calls fixed and another broken has broken; a side without an answer is an error."""
    assert outcome(record) == found


def test_rows_come_worst_first() -> None:
    """Broken rows stand before errors, then unscored, wrong, fixed, right and held ones."""
    found = sorted([HELD, RIGHT, FIXED, WRONG, UNSCORED, ERROR, BROKE], key=badness)
    names = [record["sample_id"] for record in found]
    assert names == ["broke", "error", "unscored", "wrong", "fixed", "right", "held"]


def test_among_equals_the_failed_and_the_greater_loss_come_first() -> None:
    """Of rows that broke, those below their bar lead, and of those the one that lost most."""
    rows = [
        row("passed", {"m": 1}, {"m": 0}),
        row("less", {"m": 0.9}, {"m": 0.3}, tests=FAILED),
        row("more", {"m": 0.9}, {"m": 0.1}, tests=FAILED),
    ]
    assert [record["sample_id"] for record in sorted(rows, key=badness)] == ["more", "less", "passed"]


def test_worst_rows_are_few_and_harmed() -> None:
    """Each migration has its own, in order, up to the limit; rows that came to no harm are none of them."""
    other = {**BROKE, "migration": "n"}
    found = worst_rows(iter([RIGHT, ERROR, FIXED, BROKE, other, UNSCORED]), limit=2)
    assert {name: [record["sample_id"] for record in rows] for name, rows in found.items()} == {
        "m": ["broke", "error"],
        "n": ["broke"],
    }


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (BROKE, "m 1 -> 0: why m"),
        (ERROR, "target: throttled: wait"),
        (row("x", {"m": 1}, {"m": 1}, tests=FAILED), "assert 0 >= 1"),
        (row("x", {"m": 1}, {"m": 1}, target={**side({}), "failures": {"m": "no JSON"}}), "m gave no score: no JSON"),
        (RIGHT, ""),
    ],
)
def test_a_row_says_what_is_wrong_with_it(record: dict[str, Any], why: str) -> None:
    """An error, the greatest loss, a failed test or a metric's failure: the first that there is."""
    assert reason(record) == why


def test_words_say_when_a_row_is_below_its_bar() -> None:
    """A reported failure counts as below the bar, too."""
    reported = [{**FAILED[0], "outcome": "xfailed"}]
    assert outcome_words({**RIGHT, "tests": reported}) == "both right (below its bar)"
    assert outcome_words(ERROR) == "no answer"
