"""A margin wider than what the source has to lose shows nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.comparison.counting import Counting
from pytest_llm_migrate.domain import Ruling
from tests.comparison.cases import UNSCORED, Scored, compared, scored

WRONG, RIGHT, FIXED, BROKE = (0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0)
NOTHING_TO_LOSE = "the source is shown to have less than 0.05 to lose, so that any target would pass."
LITTLE_TO_LOSE = "a loss of 0.05, and the source's mean leaves less than that to lose."
Pairs = list[tuple[Scored, Scored]]


@pytest.mark.parametrize(
    ("pairs", "ruling", "words"),
    [
        pytest.param([WRONG] * 300, Ruling.CANNOT_JUDGE, NOTHING_TO_LOSE, id="nothing was ever right"),
        pytest.param([WRONG] * 980 + [BROKE] * 20, Ruling.CANNOT_JUDGE, NOTHING_TO_LOSE, id="all that was there broke"),
        pytest.param([WRONG] * 10, Ruling.NOT_ENOUGH_EVIDENCE, LITTLE_TO_LOSE, id="too few to know"),
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


def test_a_go_by_few_rows_says_how_little_there_was_to_lose() -> None:
    """Fifteen rows do not show that the source never has more; what they show against the margin stands."""
    verdict = compared(scored([WRONG] * 13 + [FIXED] * 2))["m"].non_inferior(margin=0.1)
    assert verdict.ruling is Ruling.GO
    assert verdict.statement.endswith("is ruled out, and the source's mean leaves less than that to lose.")


def test_the_room_is_measured_on_the_metrics_own_scale() -> None:
    """A source at 1.2 of 1 to 5 has 0.2 to lose."""
    metric = compared(scored([(1.2, 1.2)] * 200), bounds={"m": (1.0, 5.0)})["m"]
    assert metric.non_inferior(margin=0.5).ruling is Ruling.CANNOT_JUDGE
    assert metric.non_inferior(margin=0.19).ruling is Ruling.GO


def test_missing_rows_may_have_had_more_to_lose() -> None:
    """Rows without a score count as right for the source: what could have been lost decides."""
    pairs: Pairs = [(UNSCORED, 0.0)] * 2 + [WRONG] * 100
    assert compared(scored(pairs))["m"].non_inferior(margin=0.04).ruling is Ruling.NOT_ENOUGH_EVIDENCE
    assert compared(scored(pairs))["m"].non_inferior(margin=0.1).ruling is Ruling.CANNOT_JUDGE


def test_a_critical_row_that_broke_is_a_no_go_all_the_same() -> None:
    """What the rows cannot show on the average, one row may."""
    counting = Counting(critical=frozenset({"r0"}))
    verdict = compared(scored([BROKE] + [WRONG] * 199), counting=counting)["m"].non_inferior(margin=0.05)
    assert verdict.ruling is Ruling.NO_GO


@given(st.lists(st.sampled_from([WRONG, RIGHT, FIXED, BROKE]), min_size=1, max_size=60), st.floats(0.01, 1.0))
def test_no_gate_passes_every_target(pairs: Pairs, margin: float) -> None:
    """A target with nothing right is never GO, and what is GO without a shown gain is so by the target's own scores."""
    hopeless = compared(scored([(before, 0.0) for before, _ in pairs]))["m"].non_inferior(margin)
    assert hopeless.ruling is not Ruling.GO
    verdict = compared(scored(pairs))["m"].non_inferior(margin)
    if verdict.ruling is Ruling.GO and verdict.figures["low"] <= 0:
        assert hopeless.ruling is not Ruling.CANNOT_JUDGE
