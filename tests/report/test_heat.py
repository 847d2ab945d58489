"""Changes as a heat map."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm_migrate.report.heat import metric_cell, ratio_cell, slice_heat
from tests.report.sample import sample


def figures(delta: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    """Return a metric's figures."""
    means = {"source": {"mean": 0.5}, "target": {"mean": 0.5}}
    return {"n": 9, **means, "delta": delta, "interval": [low, high]}


@pytest.mark.parametrize(
    ("found", "tone", "arrow", "is_shown"),
    [
        (figures(-0.2, -0.3, -0.1), "worse3", "▼", True),
        (figures(-0.04, -0.3, 0.1), "worse2", "▼", False),
        (figures(0.001, -0.3, 0.1), "same", "", False),
        (figures(0.01, 0.005, None), "better1", "▲", True),
        (figures(None, None, None), "blank", "", False),
    ],
)
def test_a_change_has_a_colour_and_an_arrow(found: dict[str, Any], tone: str, arrow: str, *, is_shown: bool) -> None:
    """How far and where it went is said without colour, too, and whether its interval leaves out no change."""
    cell = metric_cell({}, "m", found)
    assert (cell.tone, cell.arrow, cell.is_shown) == (tone, arrow, is_shown)


def test_a_change_counts_by_its_scale() -> None:
    """Half a star of five is as much as an eighth of one."""
    assert metric_cell({"bounds": {"m": [1, 5]}}, "m", figures(0.1, None, None)).tone == "better1"
    assert metric_cell({}, "m", figures(0.1, None, None)).tone == "better3"


def test_less_time_and_money_is_better() -> None:
    """A ratio below one is better, above one worse; what is unknown is called so."""
    triage, policy, summary = sample()[0]["migrations"]
    assert ratio_cell(triage, "cost", "mean").tone == "better3"
    assert ratio_cell(policy, "latency", "p95").arrow == "▼"
    assert (ratio_cell(summary, "cost", "mean").text, ratio_cell(summary, "cost", "mean").tone) == ("unknown", "blank")


def test_slices_by_metrics() -> None:
    """Every group has a line with its rows and a cell for each metric; without slices there is no map."""
    _, policy, summary = sample()[0]["migrations"]
    found = slice_heat(policy)
    assert found is not None
    assert found.metrics == ["grounded", "token_f1"]
    assert [(name, rows, len(cells)) for name, rows, cells in found.lines] == [
        ("kind = fact", "60", 2),
        ("kind = number", "60", 2),
    ]
    assert slice_heat(summary) is None
