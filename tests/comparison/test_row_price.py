"""What more rows would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.comparison.row_price import RowPrice
from pytest_llm_migrate.domain import Answer
from tests.comparison.cases import THROTTLED, billed, case, compared, timed

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Case, Verdict

UNPRICED = "unpriced: no price of acme.model is known"


def unbilled_source(cost: float, rows: int = 20) -> list[Case]:
    """Return rows whose recorded source has no cost."""
    answers = Answer(text=""), Answer(text="", cost=cost)
    return [case(number, answers=answers) for number in range(rows)]


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        (billed([(0.01, 0.02)] * 3), "for about $0.90"),
        (billed([(10.0, 60.0)]), "for about $2,100"),
        (billed([(1e-6, 2e-6)]), "for about $0.00009"),
        (billed([(0, 0)]), "for about $0.00"),
        (unbilled_source(0.04), "for about $1.20 of the target alone"),
        (billed([(UNPRICED, 0.02)]), "at an unknown cost"),
        (billed([(0.02, UNPRICED)]), "at an unknown cost"),
        ([case(0, target=THROTTLED)], "at an unknown cost"),
        ([], "at an unknown cost"),
    ],
)
def test_thirty_rows_cost_thirty_times_the_mean(cases: list[Case], words: str) -> None:
    """By the answers of both sides that have a cost; a recorded source without any costs nothing."""
    assert RowPrice.of(cases).words(30) == words


def test_answers_without_a_cost_are_in_no_mean() -> None:
    """The price of a row is that of the rows whose cost is known."""
    assert RowPrice.of(billed([(0.01, 0.02), (UNPRICED, UNPRICED)])).usd == pytest.approx(0.03)


def open_verdicts() -> list[Verdict]:
    """Return an undecided verdict of every kind of gate on rows of 3 cents."""
    comparison = compared(billed([(0.01, 0.02)] * 20))
    fast = Answer(text="", latency=1.0, cost=0.01)
    slow = [Answer(text="", latency=0.5 if number % 2 else 1.6, cost=0.02) for number in range(20)]
    timings = compared([case(number, answers=(fast, answer)) for number, answer in enumerate(slow)])
    return [
        comparison["m"].non_inferior(0.05),
        comparison["m"].at_least(0.9),
        comparison.errors.at_most(0.1),
        timings.latency.ratio_at_most(1.2),
    ]


@pytest.mark.parametrize("place", range(4))
def test_an_open_gate_says_what_it_costs_to_settle_it(place: int) -> None:
    """In its statement and in its figures."""
    verdict = open_verdicts()[place]
    more = verdict.figures["more_rows"]
    assert f"about {more} more rows like these would make it a GO, for about ${0.03 * more:.2f}." in verdict.statement
    assert verdict.figures["more_rows_usd"] == pytest.approx(0.03 * more)


def test_an_unknown_cost_is_said_and_none() -> None:
    """It is no zero."""
    verdict = compared(timed([(1.0, 1.05)] * 20))["m"].non_inferior(0.05)
    assert "would make it a GO, at an unknown cost." in verdict.statement
    assert verdict.figures["more_rows_usd"] is None


def test_what_is_decided_costs_nothing_more() -> None:
    """A GO has no rows to pay for."""
    figures = compared(billed([(0.01, 0.02)] * 300))["m"].non_inferior(0.05).figures
    assert (figures["more_rows"], figures["more_rows_usd"]) == (None, None)
