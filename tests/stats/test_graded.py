"""Paired t, studentised bootstrap and signed ranks, against published figures and other libraries."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pytest_llm_migrate.stats import Design, paired_t, studentised_bootstrap, wilcoxon

if TYPE_CHECKING:
    from pytest_llm_migrate.stats import Estimate

tenths = st.integers(0, 10).map(lambda tenth: tenth / 10)
rows_of = st.lists(st.tuples(tenths, tenths), min_size=2, max_size=20)

DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
"""Extra hours of sleep of ten patients: Student (1908), R's data set `sleep`."""


def split(rows: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Return the sources and the targets of rows."""
    return [row[0] for row in rows], [row[1] for row in rows]


def bootstrapped(rows: list[tuple[float, float]], design: Design | None = None) -> Estimate:
    """Return the studentised bootstrap's estimate at 90 %."""
    return studentised_bootstrap(*split(rows), confidence=0.9, seed=3, design=design or Design())


def test_paired_t_gives_students_figures() -> None:
    """R prints 0.7001142 to 2.4598858 around 1.58 for the ten patients."""
    found = paired_t(DRUG_1, DRUG_2, confidence=0.95)
    assert (found.low, found.value, found.high) == pytest.approx((0.7001142, 1.58, 2.4598858), abs=5e-8)


@given(rows=rows_of)
def test_paired_t_agrees_with_scipy(rows: list[tuple[float, float]]) -> None:
    """An independent implementation gives the same interval, but where changes are all the same."""
    source, target = split(rows)
    found = paired_t(source, target, confidence=0.9)
    if found.high - found.low > 1e-9:
        theirs = stats.ttest_rel(target, source).confidence_interval(0.9)
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert found.value == pytest.approx(np.mean(target) - np.mean(source), abs=1e-12)


def test_one_row_has_no_t() -> None:
    """A single row has no spread, and sides of different length do not pair."""
    with pytest.raises(ValueError, match="needs two rows, and there is 1"):
        paired_t([0.5], [0.6], confidence=0.9)
    with pytest.raises(ValueError, match="1 source scores do not pair with 2"):
        paired_t([0.5], [0.6, 0.7], confidence=0.9)


def test_the_bootstrap_comes_near_to_t_where_t_holds() -> None:
    """Three hundred near-normal changes get an interval within a tenth of Student's."""
    generator = np.random.default_rng(2)
    rows = [(0.5, 0.5 + change) for change in generator.normal(0, 0.1, 300)]
    ours, students = bootstrapped(rows), paired_t(*split(rows), confidence=0.9)
    width = students.high - students.low
    assert (ours.low, ours.high) == pytest.approx((students.low, students.high), abs=width / 10)


def test_the_bootstrap_sees_skew() -> None:
    """Where losses are rare and large the interval reaches further down than up."""
    rows = [(1.0, 0.2)] * 4 + [(1.0, 0.98), (1.0, 1.0), (0.98, 1.0)] * 12
    found = bootstrapped(rows)
    assert found.value - found.low > 1.5 * (found.high - found.value)


@settings(max_examples=20)
@given(rows=rows_of, seed=st.integers(0, 99))
def test_the_bootstrap_knows_no_order(rows: list[tuple[float, float]], seed: int) -> None:
    """Shuffled rows under other cluster labels give the same figures to the last digit."""
    labelled = [(row, place // 2) for place, row in enumerate(rows)]
    shuffled = random.Random(seed).sample(labelled, len(labelled))  # noqa: S311 - no secret
    plain = bootstrapped([row for row, _ in shuffled])
    assert plain == bootstrapped(rows)
    named = Design(clusters=[f"{99 - label}" for _, label in shuffled])
    clustered = bootstrapped([row for row, _ in shuffled], named)
    assert clustered == bootstrapped(rows, Design(clusters=[label for _, label in labelled]))


@settings(max_examples=20)
@given(rows=rows_of)
def test_swapping_the_sides_negates_the_bootstrap(rows: list[tuple[float, float]]) -> None:
    """The target's gain is the source's loss: the mean to the last digit, the limits but for the luck of the draw."""
    ours, swapped = bootstrapped(rows), bootstrapped([(after, before) for before, after in rows])
    assert swapped.value == pytest.approx(-ours.value, abs=1e-12)
    assert swapped.low <= swapped.value <= swapped.high


@settings(max_examples=20)
@given(rows=rows_of, times=st.integers(2, 4))
def test_repeats_in_their_own_cluster_are_no_rows(rows: list[tuple[float, float]], times: int) -> None:
    """Every row said several times, in a cluster of its own, gives the interval of the rows."""
    alone = bootstrapped(rows)
    copied = bootstrapped(rows * times, Design(clusters=list(range(len(rows))) * times))
    assert (copied.n, copied.effective_n) == (times * len(rows), len(rows))
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high), abs=1e-9)


def test_without_spread_the_bootstrap_has_no_limits() -> None:
    """Rows that all move alike, and a single cluster, say nothing of how much others would."""
    for found in (bootstrapped([(0.5, 0.6)] * 9), bootstrapped([(0, 1), (1, 0)], Design(clusters=["a", "a"]))):
        assert (found.low, found.high) == (-math.inf, math.inf)


def test_heavy_rows_pull_the_bootstrap() -> None:
    """A weighted mean is what is estimated, and rows of weight 0 are drawn by nobody."""
    rows = [(0.0, 1.0), (0.5, 0.4), (0.5, 0.6), (0.5, 0.5), (0.5, 0.5)]
    found = bootstrapped(rows, Design(weights=[0, 2, 1, 1, 1]))
    assert found.value == pytest.approx(-0.02)
    assert found.low < -0.02 < found.high


@given(rows=rows_of)
def test_wilcoxon_agrees_with_scipys_permutations(rows: list[tuple[float, float]]) -> None:
    """Of few rows scipy tries every way in which signs could have fallen, ties and all."""
    changes = np.array([round(after - before, 12) for before, after in rows[:8]])
    found = wilcoxon(*split(rows[:8]))
    assert found.moved == np.count_nonzero(changes)
    if not found.moved:
        assert (found.p, found.p_better, found.p_worse) == (1, 1, 1)
        return
    signs = np.array(np.meshgrid(*[[0, 1]] * found.moved)).reshape(found.moved, -1)
    ranks = stats.rankdata(abs(changes[changes != 0]))
    sums, seen = ranks @ signs, ranks @ (changes[changes != 0] > 0)
    assert found.p_better == pytest.approx(np.mean(sums >= seen - 1e-9))
    assert found.p_worse == pytest.approx(np.mean(sums <= seen + 1e-9))
    assert found.p == pytest.approx(min(1, 2 * min(found.p_better, found.p_worse)))


@given(rows=rows_of)
def test_swapping_the_sides_swaps_wilcoxons_sides(rows: list[tuple[float, float]]) -> None:
    """What was better is worse, and two-sided nothing changes."""
    source, target = split(rows)
    ours, swapped = wilcoxon(source, target), wilcoxon(target, source)
    assert (swapped.p, swapped.p_better, swapped.p_worse) == (ours.p, ours.p_worse, ours.p_better)


def test_changes_that_differ_by_rounding_are_ties() -> None:
    """0.7 - 0.6 and 0.8 - 0.7 are the same change, though not as floats."""
    assert 0.7 - 0.6 != 0.8 - 0.7
    assert wilcoxon([0.6, 0.8], [0.7, 0.7]).p == 1
