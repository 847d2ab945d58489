"""Weighted means of both sides, and their difference."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm_migrate.stats import Design, paired_quantities, weighted_means

amounts = st.floats(0, 1e9)
weights = st.one_of(st.integers(0, 5).map(float), st.floats(0, 1e6), st.floats(1, 1e100))
Rows = list[tuple[float, float, float]]


def estimated(rows: Rows, seed: int = 1, confidence: float = 0.9) -> tuple[float, float, float, float, float]:
    """Return both means, the difference and its limits."""
    source, target, weight = ([row[side] for row in rows] for side in range(3))
    found = weighted_means(source, target, confidence=confidence, seed=seed, design=Design(weights=weight))
    return found.source, found.target, found.difference.value, found.difference.low, found.difference.high


def spread(rows: int, seed: int) -> Rows:
    """Return costs whose target is 0.8 of the source's but for noise, with weights that have nothing to do with it."""
    generator = np.random.default_rng(seed)
    source = generator.lognormal(0, 0.5, rows)
    target = 0.8 * source * generator.lognormal(0, 0.3, rows)
    return list(zip(source.tolist(), target.tolist(), generator.integers(0, 6, rows).tolist(), strict=True))


def test_means_are_numpys() -> None:
    """Each side's mean is weighted, and the difference is that of the means."""
    rows = spread(60, 1)
    source, target, weight = zip(*rows, strict=True)
    before, after, change, low, high = estimated(rows)
    assert before == pytest.approx(np.average(source, weights=weight))
    assert after == pytest.approx(np.average(target, weights=weight))
    assert change == pytest.approx(after - before)
    assert low < change < high


def test_equal_weights_are_no_weights() -> None:
    """Rows that all weigh the same have plain means, whatever the weight."""
    rows = [(source, target, 7.0) for source, target, _ in spread(60, 2)]
    plain = paired_quantities([row[0] for row in rows], [row[1] for row in rows], confidence=0.9, seed=1)["mean"]
    assert estimated(rows)[:2] == pytest.approx((plain.source.value, plain.target.value))


def test_a_weight_of_two_counts_twice() -> None:
    """The means are those of a dataset that holds the row twice."""
    rows = spread(20, 3)
    doubled = [(*row[:2], 1.0) for row in rows for _ in range(int(row[2]))]
    assert estimated(rows)[:3] == pytest.approx(estimated(doubled)[:3])


def test_rows_without_weight_change_nothing() -> None:
    """A row that stands for no traffic is as good as absent."""
    rows = spread(40, 4)
    assert estimated([*rows, (1e6, 0.0, 0.0)]) == estimated(rows)


def test_one_heavy_row_is_one_row() -> None:
    """Where one row stands for nearly all traffic there is no interval, and the method says why."""
    source, target, weight = [1.0] * 51, [2.0, *[1.5] * 50], [1e6, *[1.0] * 50]
    found = weighted_means(source, target, confidence=0.9, seed=1, design=Design(weights=weight)).difference
    assert (found.low, found.high, found.n) == (-math.inf, math.inf, 51)
    assert found.effective_n == pytest.approx(1, abs=0.01)
    assert found.method == "none: mean needs rows worth 5 rows that count once"


def test_copies_in_a_cluster_do_not_narrow_the_difference() -> None:
    """Rows repeated under their cluster's label have the limits of the rows themselves."""
    rows = spread(40, 6)
    source, target = [row[0] for row in rows], [row[1] for row in rows]
    once = weighted_means(source, target, confidence=0.9, seed=1).difference
    design = Design(clusters=[*range(40)] * 5)
    copies = weighted_means(source * 5, target * 5, confidence=0.9, seed=1, design=design).difference
    assert (copies.value, copies.low, copies.high) == pytest.approx((once.value, once.low, once.high))
    assert (copies.n, copies.method) == (200, "studentised cluster bootstrap of 3999 resamples")


@settings(deadline=None, max_examples=25)
@given(
    rows=st.lists(st.tuples(amounts, amounts, weights), min_size=1, max_size=40).filter(
        lambda rows: any(weight for _, _, weight in rows)
    ),
    seed=st.integers(0, 99),
)
def test_figures_are_numbers_in_any_order(rows: Rows, seed: int) -> None:
    """Whatever the rows, nothing is NaN or outside of its limits, and their order does not matter."""
    source, target, change, low, high = estimated(rows, seed)
    assert source >= 0
    assert target >= 0
    assert low <= change <= high
    shuffled = random.Random(seed).sample(rows, len(rows))  # noqa: S311 - no secret
    assert estimated(shuffled, seed) == (source, target, change, low, high)


def test_another_seed_gives_other_limits() -> None:
    """The limits are resampled, from the seed alone; more confidence makes them wider."""
    rows = spread(50, 5)
    assert estimated(rows, 1) == estimated(rows, 1) != estimated(rows, 2)
    (*_, low, high), (*_, lower, higher) = estimated(rows, 1, 0.9), estimated(rows, 1, 0.99)
    assert lower < low < high < higher


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (([1.0], [1.0, 2.0], [1.0]), "1 source quantities do not pair with 2"),
        (([1.0], [1.0], [1.0, 1.0]), "1 rows need as many weights"),
        (([1.0], [1.0], [0.0]), "no weight is above 0"),
        (([1.0], [1.0], [-1.0]), "weights of 0 or more"),
        (([1.0], [1.0], [math.nan]), "weights of 0 or more"),
        (([1.0], [math.inf], [1.0]), "got inf"),
        (([], [], []), "no quantities"),
    ],
)
def test_what_cannot_be_weighed_is_refused(rows: tuple[list[float], list[float], list[float]], message: str) -> None:
    """Unpaired rows, rows without weight, and negative or endless figures are errors that say which."""
    with pytest.raises(ValueError, match=message):
        weighted_means(rows[0], rows[1], confidence=0.9, seed=1, design=Design(weights=rows[2]))


def test_the_difference_is_covered_about_as_often_as_claimed() -> None:
    """Of 200 samples of 50 weighted rows, nearly all 90 % intervals hold the true difference."""
    true = math.exp(0.125) * (0.8 * math.exp(0.045) - 1)
    found = (estimated(spread(50, seed), seed) for seed in range(200))
    held = sum(low <= true <= high for *_, low, high in found)
    assert 165 <= held <= 196
