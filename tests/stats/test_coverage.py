"""The simulation of operating characteristics: that it runs, and what a few of its runs say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.coverage import Rate, Runs, counted, main, planned

if TYPE_CHECKING:
    import pytest


def test_a_quick_report_has_every_table(capsys: pytest.CaptureFixture[str]) -> None:
    """A few runs of each fill the seven tables, with a figure in every line."""
    main(["--quick"])
    said = capsys.readouterr().out
    assert said.count("False GO at the margin") == 4
    assert said.count("Power at the rows planned") == 2
    assert "| right/wrong, 10% disagree | 6183: " in said
    assert "| paired t: graded, noise and collapse | " in said


def test_right_or_wrong_rows_are_falsely_go_as_often_as_promised() -> None:
    """At a true loss of the margin no more than 5 % of runs pass, but for chance and few rows."""
    assert all(rate.share <= 0.06 + 3 * rate.error for rate in counted(Runs(counted=2000)))


def test_planned_rows_have_their_power() -> None:
    """An equally good target passes at least as often as the plan says, but for chance."""
    assert all(rate.share >= 0.8 - 4 * rate.error for _, rate in planned(Runs(counted=1000)))


def test_a_rate_above_its_promise_is_marked() -> None:
    """Two Monte-Carlo errors above 5 % get a mark, one does not."""
    assert str(Rate(name="", rows=20, passed=60, runs=1000)) == "6.0%"
    assert str(Rate(name="", rows=20, passed=66, runs=1000)) == "6.6%!"
