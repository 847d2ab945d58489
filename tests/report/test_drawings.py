"""Where intervals and bars stand on a line."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm_migrate.report.drawings import GATE_WIDTH, Axis, figure_drawings, gate_drawing
from pytest_llm_migrate.report.figures import Figure

MIGRATION = {"latency": {"unit": "s"}, "bounds": {"stars": [1, 5]}}


def figures(kind: str, **more: Any) -> dict[str, Any]:
    """Return the figures of a gate."""
    return {"kind": kind, "estimate": -0.01, "low": -0.05, "high": 0.03, "n": 124, "metric": "m", **more}


def figure(estimate: float | None, low: float | None, high: float | None) -> Figure:
    """Return a figure with this change."""
    texts = dict.fromkeys(("name", "n", "source", "target", "change", "limits"), "")
    return Figure(**texts, estimate=estimate, low=low, high=high)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            figures("non_inferior", margin=0.03, bar=-0.03),
            "Estimate -1.0 pp, limits [-5.0 pp, +3.0 pp]; to pass it must be above -3.0 pp.",
        ),
        (
            figures("superior", margin=0.02),
            "Estimate -1.0 pp, limits [-5.0 pp, +3.0 pp]; to pass it must be above +2.0 pp.",
        ),
        (
            figures("at_least", floor=4, metric="stars", estimate=4.5, low=4.25, high=4.75),
            "Estimate 4.5, limits [4.25, 4.75]; to pass it must be at least 4.",
        ),
        (
            figures("ratio_at_most", bar=1.2, estimate=0.8, low=0.7, high=None, metric=None),
            "Estimate x0.80, limits [x0.70, no limit]; to pass it must be at most x1.20.",
        ),
        (
            figures("at_most", bar=2, quantity="latency", estimate=1.5, low=1.25, high=1.75),
            "Estimate 1.50 s, limits [1.25 s, 1.75 s]; to pass it must be at most 2.00 s.",
        ),
    ],
)
def test_a_drawing_says_in_words_what_it_shows(found: dict[str, Any], text: str) -> None:
    """The alternative text has every number of the drawing, in its unit, and the bar."""
    drawing = gate_drawing(found, MIGRATION)
    assert drawing is not None
    assert drawing.text == text


def test_places_are_in_the_order_of_their_values() -> None:
    """Lower limit, bar, estimate, no change and upper limit stand from left to right, all on the line."""
    drawing = gate_drawing(figures("non_inferior", margin=0.03), MIGRATION)
    assert drawing is not None
    assert drawing.bar is not None
    assert drawing.reference is not None
    places = [drawing.low, drawing.bar.place, drawing.estimate, drawing.reference, drawing.high]
    assert places == sorted(places)
    assert 0 < places[0] < places[-1] < GATE_WIDTH
    assert (drawing.bar.good_from, drawing.bar.good_width) == (drawing.bar.place, GATE_WIDTH - drawing.bar.place)


def test_the_good_side_of_a_ceiling_is_below_it() -> None:
    """A ratio that must stay at most at its bar is good to the left of it; a missing limit reaches the line's end."""
    drawing = gate_drawing(figures("ratio_at_most", bar=1.2, estimate=0.8, low=0.7, high=None), MIGRATION)
    assert drawing is not None
    assert drawing.bar is not None
    assert (drawing.bar.good_from, drawing.bar.good_width) == (0, drawing.bar.place)
    assert (drawing.is_open_low, drawing.is_open_high, drawing.high) == (False, True, GATE_WIDTH)


@pytest.mark.parametrize(
    "found", [{"kind": "none"}, {}, figures("of_a_plugin", bar=1), figures("at_most", bar=1, estimate=None)]
)
def test_nothing_is_drawn_without_figures(found: dict[str, Any]) -> None:
    """A gate that could not judge, or of an unknown kind, has no drawing."""
    assert gate_drawing(found, MIGRATION) is None


def test_figures_of_a_table_share_one_axis() -> None:
    """The same value stands at the same place in every line; a figure without an interval is not drawn."""
    wide, narrow, bare = figure_drawings(
        [figure(-0.1, -0.2, 0.0), figure(0.0, -0.1, 0.1), figure(0.05, None, None)], reference=0
    )
    assert wide is not None
    assert narrow is not None
    assert bare is None
    assert wide.estimate == narrow.low
    assert wide.reference == narrow.reference
    assert figure_drawings([figure(None, None, None)], reference=0) == [None]


def test_an_axis_over_one_value_has_room() -> None:
    """Equal values stand in the middle, be they zero or not."""
    assert Axis.over([0.0, None], 100).place(0.0) == 50
    assert Axis.over([7.0, 7.0], 100).place(7.0) == 50
