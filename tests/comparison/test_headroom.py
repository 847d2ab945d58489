"""A margin wider than what the source has to lose shows nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.comparison.counting import Counting
from pytest_llm_migrate.domain import Ruling
from tests.comparison.cases import UNSCORED, Scored, compared, scored

WRONG, RIGHT, FIXED, BROKE = (0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0)
NOTHING_TO_LOSE = "a loss of 0.05 is more than the source has to lose, so that any target would pass."
Pairs = list[tuple[Scored, Scored]]


@pytest.mark.parametrize(
    ("pairs", "ruling", "words"),
    [
        pytest.param([WRONG] * 300, Ruling.CANNOT_JUDGE, NOTHING_TO_LOSE, id="nothing was ever right"),
        pytest.param([WRONG] * 10, Ruling.CANNOT_JUDGE, NOTHING_TO_LOSE, id="more rows would not help"),
        pytest.param([WRONG] * 970 + [BROKE] * 30, Ruling.CANNOT_JUDGE, NOTHING_TO_LOSE, id="all that was there broke"),
        pytest.param([WRONG] * 200 + [FIXED] * 100, Ruling.GO, "is ruled out.", id="a gain speaks for itself"),
        pytest.param([WRONG] * 900 + [RIGHT] * 100, Ruling.GO, "is ruled out.", id="twice the margin to lose"),
        pytest.param([WRONG] * 900 + [BROKE] * 100, Ruling.NO_GO, "it lost more than 0.05.", id="and it was lost"),
    ],
)
def test_a_margin_wider_than_the_sources_mean(pairs: Pairs, ruling: Ruling, words: str) -> None:
    """Where any target would pass a gate on a loss, its GO is none; no number of further rows is promised."""
    verdict = compared(scored(pairs))["m"].non_inferior(margin=0.05)
    assert verdict.ruling is ruling
    assert verdict.statement.endswith(words)
    assert verdict.figures["more_rows"] is None


def test_the_room_is_measured_on_the_metrics_own_scale() -> None:
    """A source at 1.2 of 1 to 5 has 0.2 to lose."""
    metric = compared(scored([(1.2, 1.2)] * 200), bounds={"m": (1.0, 5.0)})["m"]
    assert metric.non_inferior(margin=0.5).ruling is Ruling.CANNOT_JUDGE
    assert metric.non_inferior(margin=0.19).ruling is Ruling.GO


def test_missing_rows_may_have_had_more_to_lose() -> None:
    """Rows without a score count as right for the source: what could have been lost decides."""
    pairs: Pairs = [(UNSCORED, 0.0)] * 2 + [WRONG] * 100
    assert compared(scored(pairs))["m"].non_inferior(margin=0.019).ruling is Ruling.NOT_ENOUGH_EVIDENCE
    assert compared(scored(pairs))["m"].non_inferior(margin=0.1).ruling is Ruling.CANNOT_JUDGE


def test_a_critical_row_that_broke_is_a_no_go_all_the_same() -> None:
    """What the rows cannot show on the average, one row may."""
    counting = Counting(critical=frozenset({"r0"}))
    verdict = compared(scored([BROKE] + [WRONG] * 99), counting=counting)["m"].non_inferior(margin=0.05)
    assert verdict.ruling is Ruling.NO_GO


@given(st.lists(st.sampled_from([WRONG, RIGHT, FIXED, BROKE]), min_size=1, max_size=60), st.floats(0.01, 1.0))
def test_what_is_go_could_have_been_refuted(pairs: Pairs, margin: float) -> None:
    """A gate that is GO without a shown gain could have been refuted: by a target with nothing right."""
    verdict = compared(scored(pairs))["m"].non_inferior(margin)
    hopeless = compared(scored([(before, 0.0) for before, _ in pairs]))["m"]
    if verdict.ruling is Ruling.GO and verdict.figures["low"] <= 0:
        assert hopeless.delta is not None
        assert hopeless.delta <= -margin
