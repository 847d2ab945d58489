"""Means, percentiles and their ratios, of quantities that are never negative."""

from __future__ import annotations

import math
import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm_migrate.stats import LEAST_ROWS, STATISTICS, paired_quantities, quantities, ratio_of
from pytest_llm_migrate.stats.resampling import resamples_for

amounts = st.one_of(st.floats(0, 1e100), st.floats(0, 10), st.sampled_from([0.0, 1.0, 5e-324]))
pairs = st.lists(st.tuples(amounts, amounts), min_size=1, max_size=50)


def lognormal(rows: int, seed: int) -> tuple[list[float], list[float]]:
    """Return latencies of two sides whose rows go together; the target takes 0.8 of the time."""
    generator = np.random.default_rng(seed)
    row = generator.normal(0, 0.5, rows)
    source = np.exp(row + generator.normal(0, 0.3, rows))
    target = 0.8 * np.exp(row + generator.normal(0, 0.3, rows))
    return source.tolist(), target.tolist()


def test_figures_are_numpys() -> None:
    """The mean, and percentiles by linear interpolation between ranks."""
    source, target = lognormal(73, 1)
    found = paired_quantities(source, target, confidence=0.9, seed=3)
    for name in STATISTICS:
        expected = np.mean(source) if name == "mean" else np.quantile(source, int(name[1:]) / 100)
        assert found[name].source.value == pytest.approx(expected)
        ratio = found[name].ratio
        assert ratio is not None
        assert ratio.value == pytest.approx(found[name].target.value / found[name].source.value)


def test_a_resampled_percentile_is_numpys_too() -> None:
    """The limits of the median are those of numpy's median over plainly drawn resamples, but for chance."""
    source, _ = lognormal(60, 2)
    generator = np.random.default_rng(0)
    plain = np.median(np.array(source)[generator.integers(0, 60, (20_000, 60))], axis=1)
    median = quantities(source, confidence=0.9, seed=1)["p50"]
    assert median.low == pytest.approx(np.quantile(plain, 0.05), rel=0.05)
    assert median.high == pytest.approx(np.quantile(plain, 0.95), rel=0.05)


def test_pairing_makes_the_ratio_sharp() -> None:
    """Rows that go together cancel: the ratio is known far better than either side."""
    source, _ = lognormal(100, 3)
    found = ratio_of("mean", source, [0.5 * value for value in source], confidence=0.9, seed=1)
    assert (found.low, found.value, found.high) == pytest.approx((0.5, 0.5, 0.5))


@settings(deadline=None, max_examples=25)
@given(rows=pairs, seed=st.integers(0, 2**32))
def test_every_figure_is_a_number_within_its_limits(rows: list[tuple[float, float]], seed: int) -> None:
    """Whatever the quantities, nothing is NaN, warns, is negative or lies outside of its own limits."""
    source, target = [row[0] for row in rows], [row[1] for row in rows]
    for pair in paired_quantities(source, target, confidence=0.9, seed=seed).values():
        assert (pair.ratio is None) == (pair.source.value == 0)
        for estimate in (pair.source, pair.target, *([pair.ratio] if pair.ratio else [])):
            assert 0 <= estimate.low <= estimate.value <= estimate.high
            assert estimate.n == len(rows)


@settings(deadline=None, max_examples=25)
@given(rows=pairs, seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(rows: list[tuple[float, float]], seed: int) -> None:
    """The same rows and seed give the same figures, shuffled or not."""
    shuffled = random.Random(seed).sample(rows, len(rows))  # noqa: S311 - no secret
    one, other = (
        paired_quantities([row[0] for row in order], [row[1] for row in order], confidence=0.9, seed=seed)
        for order in (rows, shuffled)
    )
    assert one == other


def test_one_call_for_all_gives_what_a_call_for_one_gives() -> None:
    """A ratio asked for alone comes from the same resamples; another seed gives others."""
    source, target = lognormal(60, 4)
    together = paired_quantities(source, target, confidence=0.9, seed=5)
    assert ratio_of("p90", source, target, confidence=0.9, seed=5) == together["p90"].ratio
    assert ratio_of("p90", source, target, confidence=0.9, seed=6) != together["p90"].ratio


def test_more_confidence_gives_a_wider_interval() -> None:
    """The 99 % interval holds the 90 % interval."""
    source, target = lognormal(60, 5)
    narrow = ratio_of("mean", source, target, confidence=0.90, seed=1)
    wide = ratio_of("mean", source, target, confidence=0.99, seed=1)
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("name", STATISTICS)
def test_too_few_rows_have_no_interval_and_say_how_many_it_takes(name: str) -> None:
    """A tail that was hardly seen is not bounded: the interval is endless, and the method says why."""
    least = {str(known): rows for known, rows in LEAST_ROWS.items()}[name]
    enough, few = lognormal(least, 6)[0], lognormal(least - 1, 6)[0]
    found = {str(known): estimate for known, estimate in quantities(few, confidence=0.9, seed=1).items()}
    assert (found[name].low, found[name].high) == (0.0, math.inf)
    assert found[name].method == f"none: {name} needs {least} rows"
    found = {str(known): estimate for known, estimate in quantities(enough, confidence=0.9, seed=1).items()}
    assert found[name].high < math.inf


def test_a_single_row_has_figures_but_no_interval() -> None:
    """One row is its own mean and percentile."""
    found = quantities([2.5], confidence=0.9, seed=1)
    assert {estimate.value for estimate in found.values()} == {2.5}
    assert {estimate.high for estimate in found.values()} == {math.inf}


def test_a_source_of_nothing_has_no_ratio() -> None:
    """Costs of zero are shown, and their ratio is absent or, asked for alone, an error."""
    found = paired_quantities([0.0] * 50, [1.0] * 50, confidence=0.9, seed=1)
    assert found["mean"].ratio is None
    with pytest.raises(ValueError, match="the source's mean is 0"):
        ratio_of("mean", [0.0] * 50, [1.0] * 50, confidence=0.9, seed=1)


def test_a_source_that_is_mostly_nothing_leaves_the_ratio_open_above() -> None:
    """Where resamples hold nothing of the source, no upper limit is claimed."""
    ratio = ratio_of("mean", [0.0] * 19 + [1.0], [0.1] * 20, confidence=0.9, seed=1)
    assert ratio.high == math.inf
    assert ratio.low < ratio.value < math.inf


def test_nothing_against_nothing_leaves_the_ratio_open_on_both_sides() -> None:
    """Where resamples hold nothing of either side, neither limit is claimed."""
    ratio = ratio_of("mean", [0.0] * 19 + [1.0], [0.0] * 19 + [1.0], confidence=0.9, seed=1)
    assert (ratio.low, ratio.value, ratio.high) == (0.0, 1.0, math.inf)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ([], [], "no quantities"),
        ([1.0], [1.0, 2.0], "1 source quantities do not pair with 2"),
        ([-1.0], [1.0], r"got -1\.0"),
        ([math.inf], [1.0], "got inf"),
        ([math.nan], [1.0], "got nan"),
    ],
)
def test_quantities_that_cannot_be_are_refused(source: list[float], target: list[float], message: str) -> None:
    """No rows, unpaired rows, and negative or endless quantities are errors that say which."""
    with pytest.raises(ValueError, match=message):
        paired_quantities(source, target, confidence=0.9, seed=1)


def test_resamples_become_fewer_as_rows_become_many() -> None:
    """3999 for a usual dataset, ten million draws for a large one, and never fewer than 399."""
    assert [resamples_for(rows) for rows in (20, 2500, 10_000, 1_000_000)] == [3999, 3999, 1000, 399]


def test_ten_thousand_rows_take_less_than_a_second() -> None:
    """All ratios of a large dataset are had at once; processor time, as the machine may be busy."""
    source, target = lognormal(10_000, 7)
    taken = []
    for _ in range(3):
        start = time.process_time()
        paired_quantities(source, target, confidence=0.9, seed=1)
        taken.append(time.process_time() - start)
    assert min(taken) < 1


def test_the_ratio_of_means_is_covered_about_as_often_as_claimed() -> None:
    """Of 200 samples of 50 rows, nearly all 90 % intervals hold the true ratio."""
    held = 0
    for seed in range(200):
        ratio = ratio_of("mean", *lognormal(50, seed), confidence=0.9, seed=seed)
        held += ratio.low <= 0.8 <= ratio.high
    assert 165 <= held <= 196
