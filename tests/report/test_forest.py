"""The gates as a forest plot."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.report.drawings import Axis
from pytest_llm_migrate.report.forest import forests_of, ticks_on
from pytest_llm_migrate.report.numbers import points, ratio
from tests.report.sample import sample


def test_gates_of_one_unit_share_an_axis() -> None:
    """A change of a score has an axis of its own, two ratios share one; each line has margin, verdict and rows."""
    migration = sample()[0]["migrations"][0]
    quality, ratios = forests_of(migration)
    assert (quality.unit, ratios.unit) == ("change of the score, in percentage points", "target divided by source")
    [line] = quality.lines
    assert (line.asked, line.gate) == ("exact_match no worse by more than 3.0 pp", "test_routing_is_no_worse")
    assert (line.verdict, line.n) == ("NO-GO", "160")
    assert [line.asked for line in ratios.lines] == ["latency p95 at most x1.20", "cost mean at most x0.60"]
    speed, price = (line.drawing for line in ratios.lines)
    assert speed is not None
    assert price is not None
    assert speed.reference == price.reference
    assert speed.bar is not None
    assert price.bar is not None
    assert price.bar.place < price.reference < speed.bar.place  # type: ignore[operator]


def test_a_share_of_rows_is_shown_as_one() -> None:
    """A gate on errors is asked in words, and a limit of 3.7 % is neither 0 on the line nor 0.1 on the axis."""
    migration = sample(sizes=(20, 1, 1))[0]["migrations"][0]
    statement = migration["gates"][0]["statements"][0]
    found = {"kind": "at_most", "quantity": "errors", "bar": 0.1, "estimate": 0.0, "low": 0.0, "high": 0.0372, "n": 70}
    statement |= {"gate": "errors.at_most(0.1)", "figures": found}
    [forest, _] = [each for each in forests_of(migration) if each.unit]
    assert forest.unit == "share of the target's rows"
    [line] = forest.lines
    assert line.asked == "target rows without an answer at most 10.0%"
    assert (line.estimate, line.limits) == ("0.0%", "[0.0%, 3.7%]")
    assert len({tick.text for tick in forest.ticks}) == len(forest.ticks)


def test_a_gate_without_an_interval_has_a_line_too() -> None:
    """A skipped gate comes last, by what it is called and without a drawing: nothing is left out silently."""
    migration = sample(sizes=(1, 60, 1))[0]["migrations"][1]
    last = forests_of(migration)[-1]
    assert (last.unit, last.ticks) == ("", [])
    [line] = last.lines
    assert (line.asked, line.verdict, line.drawing, line.room) == ("The bill goes down.", None, None, 1.0)


def test_scores_of_different_scales_do_not_share_an_axis() -> None:
    """Stars out of five and shares of one are told apart."""
    migration = sample(sizes=(60, 1, 1))[0]["migrations"][0]
    gate = migration["gates"][0]
    stars = {**gate["statements"][0]["figures"], "metric": "stars", "margin": 0.5}
    gate["statements"].append({**gate["statements"][0], "figures": stars})
    migration["bounds"] = {"stars": [1, 5]}
    units = [forest.unit for forest in forests_of(migration)]
    assert "change of the score on a scale of 1 to 5" in units
    assert len(units) == 3


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        (Axis(low=-0.41, high=0.03, width=100), ["-40 pp", "-30 pp", "-20 pp", "-10 pp", "0 pp"]),
        (Axis(low=0.19, high=1.3, width=100), ["x0.50", "x1"]),
        (Axis(low=-1, high=1, width=100), ["-100 pp", "-50 pp", "0 pp", "+50 pp", "+100 pp"]),
    ],
)
def test_ticks_are_round_and_on_the_axis(axis: Axis, expected: list[str]) -> None:
    """An axis is marked at round values that it has."""
    found = ticks_on(axis, ratio if expected[0].startswith("x") else points)
    assert [tick.text for tick in found] == expected
    assert all(0 <= tick.place <= 100 for tick in found)
