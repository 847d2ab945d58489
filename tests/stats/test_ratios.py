"""Means, percentiles and their ratios, of quantities that are never negative."""

from __future__ import annotations

import math
import random
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm_migrate.stats import LEAST_ROWS, STATISTICS, Design, paired_quantities, quantities, ratio_of
from pytest_llm_migrate.stats.resampling import percentiles, resamples_for

if TYPE_CHECKING:
    from pytest_llm_migrate.stats import PairedQuantity, Statistic

amounts = st.one_of(st.floats(0, 1e100), st.floats(0, 10), st.sampled_from([0.0, 1.0, 5e-324]))
pairs = st.lists(st.tuples(amounts, amounts), min_size=1, max_size=50)
shared = st.one_of(st.integers(0, 3).map(float), st.floats(0, 1e100))
counted = st.lists(st.tuples(amounts, amounts, shared, st.integers(0, 9)), min_size=1, max_size=50).filter(
    lambda rows: any(row[2] for row in rows)
)
Rows = list[tuple[float, float, float, int]]


def estimated(rows: Rows, seed: int = 1) -> dict[Statistic, PairedQuantity]:
    """Return every estimate of rows of source, target, weight and cluster."""
    source, target, weights, clusters = zip(*rows, strict=True)
    design = Design(weights=weights, clusters=clusters)
    return paired_quantities(source, target, confidence=0.9, seed=seed, design=design)


def limits(found: dict[Statistic, PairedQuantity]) -> list[float]:
    """Return every value and limit in a list."""
    estimates = [one for pair in found.values() for one in (pair.source, pair.target, pair.ratio) if one]
    return [figure for one in estimates for figure in (one.value, one.low, one.high)]


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


def test_a_few_slow_rows_are_reckoned_with() -> None:
    """Where 6 % of 100 rows are five times slower, the upper limit misses far less than plain percentiles' 11 %."""
    missed = 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        source, target = generator.lognormal(0, 0.3, 100), generator.lognormal(0, 0.3, 100)
        target *= np.where(generator.random(100) < 0.06, 5, 1)
        ratio = ratio_of("mean", source.tolist(), target.tolist(), confidence=0.9, seed=seed)
        missed += ratio.high < 1.24
    assert missed <= 8


def test_one_rare_row_does_not_make_the_limit_absurd() -> None:
    """A row seen once, among others that do not differ, may come up to 4.7 times as often, and no more."""
    ratio = ratio_of("mean", [1.0] * 20, [*[1.0] * 19, 21.0], confidence=0.9, seed=1)
    assert ratio.value == pytest.approx(2)
    assert ratio.high == pytest.approx(1 + 4.74, rel=0.02)


def test_weighted_figures_are_plainly_weighted() -> None:
    """Means are numpy's, and the percentiles those of a dataset that holds a row as often as its weight says."""
    generator = np.random.default_rng(8)
    source, target = lognormal(2000, 8)
    weights = generator.integers(0, 5, 2000)
    found = paired_quantities(source, target, confidence=0.9, seed=1, design=Design(weights=weights.tolist()))
    repeated = np.repeat(target, weights)
    assert found["mean"].source.value == pytest.approx(np.average(source, weights=weights))
    assert found["mean"].target.value == pytest.approx(repeated.mean())
    for name in STATISTICS[1:]:
        assert found[name].target.value == pytest.approx(np.quantile(repeated, int(name[1:]) / 100), rel=0.01)
    worth = found["mean"].target.effective_n
    assert worth is not None
    assert worth <= weights.sum() ** 2 / (weights**2).sum() + 1e-6
    assert found["mean"].target.n == 2000


def test_a_weighted_percentile_lies_between_the_middles_of_ranks() -> None:
    """Rows of weight 1, 2 and 1 have their middles at 0.5, 2 and 3.5: the 90th percentile is 0.8 of the way."""
    median, ninetieth, *_ = percentiles(np.array([0.0, 10.0, 20.0]), np.array([1.0, 2.0, 1.0]))
    assert (median, ninetieth) == pytest.approx((10, 18))


@settings(deadline=None, max_examples=25)
@given(rows=counted, seed=st.integers(0, 99))
def test_neither_order_nor_labels_matter_to_weights_and_clusters(rows: Rows, seed: int) -> None:
    """Rows in any order, their clusters under any names, give the same figures, each within its limits."""
    shuffled = random.Random(seed).sample(rows, len(rows))  # noqa: S311 - no secret
    found = estimated(rows, seed)
    assert estimated([(*row[:3], 99 - 7 * row[3]) for row in shuffled], seed) == found
    for pair in found.values():
        for estimate in (pair.source, pair.target, *([pair.ratio] if pair.ratio else [])):
            assert 0 <= estimate.low <= estimate.value <= estimate.high


@settings(deadline=None, max_examples=25)
@given(rows=pairs, weight=st.sampled_from([1.0, 7.0, 1e-9]))
def test_equal_weights_and_clusters_of_one_are_none(rows: list[tuple[float, float]], weight: float) -> None:
    """Rows that all weigh the same and stand each for itself are plain rows, to the last digit."""
    source, target = [row[0] for row in rows], [row[1] for row in rows]
    design = Design(weights=[weight] * len(rows), clusters=[f"c{number}" for number in range(len(rows))])
    plain = paired_quantities(source, target, confidence=0.9, seed=1)
    assert paired_quantities(source, target, confidence=0.9, seed=1, design=design) == plain


def test_copies_in_a_cluster_do_not_narrow_an_interval() -> None:
    """Ten copies of sixty rows under their row's label have the means, and limits, of the sixty."""
    source, target = lognormal(60, 9)
    once = paired_quantities(source, target, confidence=0.9, seed=1)
    design = Design(clusters=[*range(60)] * 10)
    copies = paired_quantities(source * 10, target * 10, confidence=0.9, seed=1, design=design)
    assert limits({"mean": copies["mean"]}) == pytest.approx(limits({"mean": once["mean"]}))
    found, plain = copies["p50"].ratio, once["p50"].ratio
    assert found is not None
    assert plain is not None
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), rel=0.05)
    assert found.n == 600
    assert found.effective_n is not None
    assert found.effective_n <= 60
    assert found.method == "cluster bootstrap of 3999 resamples"
    assert copies["p99"].target.method == "none: p99 needs clusters worth 299 rows that count once"


def test_rows_without_weight_count_nothing() -> None:
    """A row that stands for no traffic moves no figure, and may have any value and cluster."""
    rows: Rows = [
        (*pair, 1.0 + number % 3, number // 2) for number, pair in enumerate(zip(*lognormal(80, 10), strict=True))
    ]
    assert limits(estimated([*rows, (1e9, 0.0, 0.0, 3), (5.0, 5.0, 0.0, 77)])) == limits(estimated(rows))


def test_rows_without_weight_are_no_evidence() -> None:
    """Four rows with traffic stay four among a hundred without: no interval."""
    design = Design(weights=[1.0] * 4 + [0.0] * 100)
    mean = quantities([1.0, 2.0, 3.0, 4.0] * 26, confidence=0.9, seed=1, design=design)["mean"]
    assert (mean.value, mean.high, mean.n, mean.effective_n) == (2.5, math.inf, 104, 4)


def test_a_high_percentile_reaches_to_the_row_that_the_binomial_test_gives() -> None:
    """Of 100 rows the true 95th percentile may be as high as the 99th row: its upper limit is no less."""
    column = np.random.default_rng(12).permutation(np.arange(1.0, 101.0)).tolist()
    assert quantities(column, confidence=0.9, seed=1)["p95"].high >= 98.5


def test_one_cluster_has_no_interval() -> None:
    """Rows that all belong together are worth one: figures without limits, and the method says why."""
    source, target = lognormal(50, 11)
    design = Design(clusters=["only"] * 50)
    ratio = ratio_of("mean", source, target, confidence=0.9, seed=1, design=design)
    assert (ratio.low, ratio.high, ratio.n, ratio.effective_n) == (0.0, math.inf, 50, 1)
    assert ratio.method == "none: mean needs clusters worth 5 rows that count once"


def test_clusters_are_covered_about_as_often_as_claimed() -> None:
    """Of 80 samples of 40 clusters of 5 rows that share most of their luck, nearly all intervals hold the ratio."""
    held = 0
    for seed in range(80):
        generator = np.random.default_rng(seed)
        luck = np.repeat(generator.normal(0, 0.5, 40), 5)
        source, target = generator.lognormal(0, 0.3, 200), 0.8 * np.exp(luck + generator.normal(0, 0.2, 200))
        design = Design(clusters=np.repeat(np.arange(40), 5).tolist())
        ratio = ratio_of("mean", source.tolist(), target.tolist(), confidence=0.9, seed=seed, design=design)
        held += ratio.low <= 0.8 * math.exp((0.25 + 0.04 - 0.09) / 2) <= ratio.high
    assert 66 <= held <= 79


@pytest.mark.parametrize(
    ("design", "message"),
    [
        (Design(weights=[1.0]), "2 rows need as many weights"),
        (Design(weights=[1.0, -1.0]), "weights of 0 or more"),
        (Design(weights=[1.0, math.nan]), "weights of 0 or more"),
        (Design(weights=[0.0, 0.0]), "no weight is above 0"),
        (Design(clusters=["a"]), "1 cluster labels do not fit 2 rows"),
    ],
)
def test_a_design_that_does_not_fit_is_refused(design: Design, message: str) -> None:
    """Weights and labels are as many as rows, and weights are 0 or more, one of them more."""
    with pytest.raises(ValueError, match=message):
        paired_quantities([1.0, 2.0], [1.0, 2.0], confidence=0.9, seed=1, design=design)
