"""Means of different rows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.stats import independent_difference, one_side, unit_mean, unit_scores

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_newcombes_published_interval_is_met() -> None:
    """56 of 70 against 48 of 80 gives 0.0524 to 0.3339, as Newcombe (1998) prints it for his tenth method."""
    found = independent_difference(
        unit_mean(56 / 70, 70, confidence=0.95),
        unit_mean(48 / 80, 80, confidence=0.95),
    )
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)
    assert found.n == 150


@given(scores=SCORES)
def test_a_mean_alone_never_says_more_than_its_scores(scores: list[float]) -> None:
    """What is known of the mean alone is at least as wide as what its rows say."""
    known, all_told = (
        unit_scores(scores, confidence=0.9),
        unit_mean(sum(scores) / len(scores), len(scores), confidence=0.9),
    )
    assert all_told.low <= known.low + 1e-9
    assert all_told.high >= known.high - 1e-9


@given(scores=st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=30))
def test_right_and_wrong_rows_have_wilsons_interval(scores: list[float]) -> None:
    """Both ways of knowing meet where rows are right or wrong."""
    wilson = one_side(scores, confidence=0.9)
    found = unit_mean(sum(scores) / len(scores), len(scores), confidence=0.9)
    assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high))


def test_no_gap_is_seldom_called_one() -> None:
    """Where both samples are of one kind, the lower limit lies above 0 about one time in twenty or less."""
    chance = random.Random(4)  # noqa: S311 - a draw that must be the same in every run
    false_alarms = 0
    for _ in range(1000):
        first, second = ([float(chance.random() < 0.8) for _ in range(n)] for n in (20, 40))
        gap = independent_difference(
            unit_mean(sum(first) / 20, 20, confidence=0.9), unit_scores(second, confidence=0.9)
        )
        false_alarms += gap.low > 0
    assert false_alarms <= 65


@pytest.mark.parametrize(("mean", "n"), [(0.5, 0), (1.1, 3), (-0.1, 3)])
def test_a_mean_of_nothing_is_refused(mean: float, n: int) -> None:
    """No rows, or a mean that none can have, is an error."""
    with pytest.raises(ValueError, match="a mean from 0 to 1"):
        unit_mean(mean, n, confidence=0.9)


def test_two_confidences_do_not_go_together() -> None:
    """Limits that hold at different confidences cannot be put together."""
    with pytest.raises(ValueError, match="do not go together"):
        independent_difference(unit_mean(0.5, 9, confidence=0.9), unit_mean(0.5, 9, confidence=0.95))
