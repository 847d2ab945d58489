"""The paired difference and one side's mean, of right/wrong and graded scores."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.stats import one_side, paired_difference, tango, wilson

if TYPE_CHECKING:
    from pytest_llm_migrate.stats import Estimate

unit = st.floats(0, 1)
pairs = st.lists(st.tuples(unit, unit), min_size=1, max_size=40)


def limits(estimate: Estimate) -> tuple[float, float, float]:
    """Return an estimate's three figures."""
    return estimate.low, estimate.value, estimate.high


def split(rows: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Return the sources and the targets of rows."""
    return [row[0] for row in rows], [row[1] for row in rows]


@given(rows=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_right_or_wrong_scores_get_tangos_interval(rows: list[tuple[bool, bool]]) -> None:
    """Scores of 0 and 1 are counted: who broke, who got fixed."""
    source, target = split([(float(a), float(b)) for a, b in rows])
    broke, fixed = sum(a and not b for a, b in rows), sum(b and not a for a, b in rows)
    assert paired_difference(source, target, confidence=0.9) == tango(len(rows), broke, fixed, confidence=0.9)


@given(values=st.lists(st.booleans(), min_size=1, max_size=60))
def test_right_or_wrong_scores_of_one_side_get_wilsons_interval(values: list[bool]) -> None:
    """One side's scores of 0 and 1 are a share."""
    assert one_side(values, confidence=0.95) == wilson(sum(values), len(values), confidence=0.95)


@given(values=st.lists(st.booleans(), min_size=1, max_size=60))
def test_the_interval_for_graded_scores_leads_into_wilsons(values: list[bool]) -> None:
    """A hair's breadth from right/wrong, the graded method gives what Wilson's does."""
    graded = one_side([abs(value - 1e-9) for value in values], confidence=0.95)
    assert graded.method == "bounded score"
    assert limits(graded) == pytest.approx(limits(wilson(sum(values), len(values), confidence=0.95)), abs=1e-6)


def test_a_large_even_sample_gives_students_interval() -> None:
    """Where every method agrees, so does this one: 400 differences with deviation 0.2."""
    generator = np.random.default_rng(5)
    differences = generator.uniform(-0.35, 0.35, 400)
    estimate = paired_difference(list(0.5 - differences / 2), list(0.5 + differences / 2), confidence=0.9)
    reach = 1.6486 * differences.std(ddof=1) / 20
    assert estimate.value == pytest.approx(differences.mean())
    assert (estimate.low, estimate.high) == pytest.approx(
        (differences.mean() - reach, differences.mean() + reach), abs=2e-4
    )


@pytest.mark.parametrize("shift", [0.0, -0.25, 0.25])
def test_rows_that_all_differ_alike_prove_no_more_than_rows_that_all_agree(shift: float) -> None:
    """No spread is no certainty: 50 graded rows without any leave a margin of about z²/n on each side."""
    estimate = paired_difference([0.5] * 50, [0.5 + shift] * 50, confidence=0.9)
    least = 1.6448536**2 / 50
    assert estimate.value == shift
    assert estimate.value - estimate.low == pytest.approx((1 + shift) * least / (1 + least))
    assert estimate.high - estimate.value == pytest.approx((1 - shift) * least / (1 + least))


def test_graded_rows_that_agree_reach_as_far_as_right_or_wrong_ones() -> None:
    """Fifty graded rows that agree bound the difference exactly as fifty right rows do."""
    graded = paired_difference([0.7] * 50, [0.7] * 50, confidence=0.9)
    assert limits(graded) == pytest.approx(limits(tango(50, 0, 0, confidence=0.9)))


def test_one_row_says_next_to_nothing() -> None:
    """A single graded row has an interval that leaves both verdicts open."""
    estimate = paired_difference([0.4], [0.5], confidence=0.9)
    assert estimate.low < -0.5
    assert estimate.high > 0.5


@given(rows=pairs, confidence=st.sampled_from([0.5, 0.9, 0.99]))
def test_swapping_the_sides_negates_the_difference(rows: list[tuple[float, float]], confidence: float) -> None:
    """The target's gain is the source's loss; limits stay within [-1, 1] and around the mean."""
    source, target = split(rows)
    ours = paired_difference(source, target, confidence=confidence)
    swapped = paired_difference(target, source, confidence=confidence)
    assert limits(ours) == pytest.approx(tuple(-figure for figure in reversed(limits(swapped))), abs=1e-9)
    assert -1 <= ours.low <= ours.value <= ours.high <= 1
    assert ours.value == pytest.approx(math.fsum(b - a for a, b in rows) / len(rows), abs=1e-12)


@given(rows=pairs, seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(rows: list[tuple[float, float]], seed: int) -> None:
    """Shuffled rows give the same figures to the last digit."""
    shuffled = random.Random(seed).sample(rows, len(rows))  # noqa: S311 - no secret
    before, after = split(rows), split(shuffled)
    assert paired_difference(*before, confidence=0.9) == paired_difference(*after, confidence=0.9)
    assert one_side(before[0], confidence=0.9) == one_side(after[0], confidence=0.9)


@given(rows=pairs, place=st.integers(0, 39), better=unit)
def test_a_better_answer_never_lowers_a_limit(rows: list[tuple[float, float]], place: int, better: float) -> None:
    """Raising one target score raises both limits, or leaves them."""
    source, target = split(rows)
    raised = list(target)
    raised[place % len(rows)] = max(raised[place % len(rows)], better)
    before = paired_difference(source, target, confidence=0.9)
    after = paired_difference(source, raised, confidence=0.9)
    assert after.value >= before.value - 1e-9
    assert after.low >= before.low - 1e-9
    assert after.high >= before.high - 1e-9


@given(values=st.lists(st.one_of(unit, st.sampled_from([0.0, 5e-324, 1e-300, 1.0])), min_size=1, max_size=30))
def test_one_side_stays_within_its_bounds(values: list[float]) -> None:
    """Limits of a mean lie within [0, 1] and around it, however tiny or tied the scores are."""
    estimate = one_side(values, confidence=0.95)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


@given(rows=pairs)
def test_scores_on_another_scale_give_the_same_verdicts(rows: list[tuple[float, float]]) -> None:
    """A judge's marks from 1 to 5 are four times as far apart, and so are the limits."""
    source, target = split([(1 + 4 * a, 1 + 4 * b) for a, b in rows])
    marks = paired_difference(source, target, confidence=0.9, bounds=(1.0, 5.0))
    ours = paired_difference(*split(rows), confidence=0.9)
    assert limits(marks) == pytest.approx(tuple(4 * figure for figure in limits(ours)), abs=1e-6)
    assert one_side(source, confidence=0.9, bounds=(1.0, 5.0)).value == pytest.approx(
        1 + 4 * one_side(split(rows)[0], confidence=0.9).value
    )


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ([], [], "no scores"),
        ([0.5], [0.5, 0.6], "1 source scores do not pair with 2"),
        ([0.5], [1.5], r"1\.5 lies outside of 0 to 1"),
        ([math.nan], [0.5], "nan lies outside"),
    ],
)
def test_scores_that_cannot_be_compared_are_refused(source: list[float], target: list[float], message: str) -> None:
    """No rows, unpaired rows and scores out of range are errors that say which."""
    with pytest.raises(ValueError, match=message):
        paired_difference(source, target, confidence=0.9)


def test_bounds_without_an_end_are_refused() -> None:
    """A score that may be anything has no bounded mean."""
    with pytest.raises(ValueError, match="finite bounds"):
        one_side([0.5], confidence=0.9, bounds=(0.0, math.inf))


def test_a_rare_collapse_is_not_proven_away() -> None:
    """Of 200 runs of 100 rows whose 6 % collapses cost 0.05 on average, few prove that the loss stays below it."""
    generator = np.random.default_rng(7)
    falsely = 0
    for _ in range(200):
        differences = np.where(generator.random(100) < 0.0625, -0.8, generator.uniform(-0.03, 0.03, 100))
        estimate = paired_difference(list(0.5 - differences / 2), list(0.5 + differences / 2), confidence=0.9)
        falsely += estimate.low > -0.05
    assert falsely <= 20
