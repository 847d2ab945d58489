"""How far a run is: by what its processes know, and by what the ledger says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.answers import USE_CASE, Forecast, Paid, Spending, Traffic
from pytest_llm_migrate.plugin.headway import SUFFIX, Headway, progress, published

if TYPE_CHECKING:
    from pathlib import Path


def spending(answers: int, usd: float, *, throttled: int = 0, in_flight: int = 0, unpriced: int = 0) -> Spending:
    """Return what a ledger says after so many answers."""
    lane = Traffic(
        model="m",
        quota="m",
        purpose=USE_CASE,
        calls=answers + throttled,
        answers=answers,
        retries=throttled,
        throttled=throttled,
    )
    return Spending(
        calls=answers + throttled,
        usd=usd,
        unpriced_calls=unpriced,
        purposes={USE_CASE: Paid(answers + throttled, usd)},
        traffic=[lane],
        in_flight=in_flight,
    )


def expecting(rows: int, calls: int, usd: float | None = None, done: int = 0) -> Headway:
    """Return a process that needs so many rows and calls, and has its first rows done."""
    found = Headway()
    found.expect(rows, Forecast(calls=calls, kept=0, cost=None, expected_cost=usd))
    for place in range(done):
        found.row("m", place)
    return found


def test_everything_is_said_in_a_line() -> None:
    """Rows done of all, calls in flight, throttles, money of what it comes to, and the time that is left."""
    found = progress([expecting(10, 20, done=5)], spending(10, 1.0, throttled=3, in_flight=4), 30.0)
    assert found.line() == "llm-migrate: 5/10 rows, 4 in flight, 3 throttled, $1.00 of ~$2.00, 30 s left"


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (72, "llm-migrate: 5/10 rows, 4 in flight, $1.00 of ~$2.00, 30 s left"),
        (55, "llm-migrate: 5/10 rows, $1.00 of ~$2.00, 30 s left"),
        (48, "llm-migrate: 5/10 rows, $1.00 of ~$2.00"),
    ],
)
def test_a_narrow_terminal_has_what_matters_most(columns: int, line: str) -> None:
    """Throttles go first, then calls in flight, then the time."""
    found = progress([expecting(10, 20, done=5)], spending(10, 1.0, throttled=3, in_flight=4), 30.0)
    assert found.line(columns) == line


def test_money_is_what_the_forecast_says_until_there_is_an_answer() -> None:
    """Without a forecast it is unknown, and without an answer so is the time."""
    asked = Spending(in_flight=2)
    assert progress([expecting(10, 20, 0.5)], asked, 1.0).projected == 0.5
    assert progress([expecting(10, 20)], asked, 1.0).projected is None
    assert progress([expecting(10, 20, 0.5)], asked, 1.0).seconds is None


def test_calls_without_a_price_leave_the_sum_unknown() -> None:
    """What was spent is a lower bound then, and says so."""
    found = progress([expecting(10, 20, 0.5, done=5)], spending(10, 1.0, unpriced=1), 30.0)
    assert found.projected is None
    assert "at least $1.00," in found.line()


def test_what_takes_longer_decides_the_time() -> None:
    """Answers at half their number in a minute take another; rows, of which a tenth is scored, take nine."""
    assert progress([expecting(10, 20, done=9)], spending(10, 1.0), 60.0).seconds == 60
    assert progress([expecting(10, 20, done=1)], spending(10, 1.0), 60.0).seconds == 540


@pytest.mark.parametrize(
    ("answers", "seconds", "words"),
    [(10, 89.0, "89 s left"), (10, 600.0, "10 min left"), (1, 1200.0, "6 h 20 min left")],
)
def test_time_is_said_in_its_own_size(answers: int, seconds: float, words: str) -> None:
    """Seconds, minutes or hours."""
    assert progress([expecting(10, 20)], spending(answers, 1.0), seconds).line().endswith(words)


def test_rows_of_several_processes_are_counted_once(tmp_path: Path) -> None:
    """Processes write down what they did; a file that is not whole is passed over."""
    first, second = expecting(4, 8, done=2), expecting(4, 8, done=1)
    second.row("m", 3)
    second.publish(tmp_path / f"gw1{SUFFIX}")
    (tmp_path / f"gw2{SUFFIX}").write_text("{")
    found = progress([first, *published(tmp_path)], spending(4, 0.1), 1.0)
    assert (found.done, found.rows) == (3, 4)


def test_nothing_is_said_before_there_is_anything() -> None:
    """A run without rows and calls has not begun."""
    assert not progress([Headway()], Spending(), 1.0).has_begun
