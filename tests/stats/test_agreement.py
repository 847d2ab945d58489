"""Agreement of raters, against published tables, the definitions, and what must hold for any ratings."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from pytest_llm_migrate.stats import (
    Estimate,
    Undefined,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    spearman,
    true_rates,
    wilson,
)
from pytest_llm_migrate.stats.disagreement import of_pairs, of_units

if TYPE_CHECKING:
    from pytest_llm_migrate.stats import Agreement
    from pytest_llm_migrate.stats.agreement import Level, Rating, Weights

Table = list[list[int]]

DIAGNOSES = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
"""Two raters of 100 subjects: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions (2003), table 18.1."""

FOURTEEN = [
    *([0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]),
    *([7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]),
]
"""Fourteen raters of ten subjects: the worked example of Fleiss' kappa in Wikipedia."""

OBSERVERS: list[list[int | None]] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
"""Four observers of twelve units: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), part C."""

grades = st.integers(0, 4)
pairs = st.lists(st.tuples(grades, grades), min_size=2, max_size=60)
unit_lists = st.lists(st.lists(st.none() | grades, min_size=2, max_size=5), min_size=1, max_size=20).filter(
    lambda units: any(sum(rating is not None for rating in unit) > 1 for unit in units)
)
WEIGHTS = pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])


def sides(table: Table) -> tuple[list[int], list[int]]:
    """Return the ratings of both raters, category by category."""
    cells = [(row, column) for row, line in enumerate(table) for column, n in enumerate(line) for _ in range(n)]
    return [row for row, _ in cells], [column for _, column in cells]


def value(found: Agreement) -> float:
    """Return a coefficient that there must be."""
    assert isinstance(found.coefficient, Estimate)
    return found.coefficient.value


def kappa(first: list[int], second: list[int], weights: Weights = "none") -> Agreement:
    """Return Cohen's kappa at 95 %."""
    return cohen_kappa(first, second, confidence=0.95, weights=weights)


@pytest.mark.parametrize(
    ("table", "expected", "digits"),
    [
        (DIAGNOSES, 0.676, 3),  # p_o = 0.89 and p_e = 0.66
        ([[44, 5, 1], [7, 20, 3], [9, 5, 6]], 0.492, 3),  # p_o = 0.70 and p_e = 0.41, by hand
        ([[20, 5], [10, 15]], 0.40, 2),  # p_o = 0.70 and p_e = 0.50, by hand
    ],
)
def test_cohens_kappa_gives_the_published_figure(table: Table, expected: float, digits: int) -> None:
    """A textbook's table comes out to the digits printed, and others as by hand."""
    assert round(value(kappa(*sides(table))), digits) == expected


def test_kappa_comes_with_its_base_rates() -> None:
    """Each rater's own rates, the prevalence over both, and the share that agrees stand beside kappa."""
    found = kappa(*sides(DIAGNOSES))
    assert found.observed == pytest.approx(0.89)
    first, second = found.rates
    assert dict(first) == pytest.approx({0: 0.80, 1: 0.10, 2: 0.10})
    assert dict(second) == pytest.approx({0: 0.80, 1: 0.05, 2: 0.15})
    assert found.prevalence == pytest.approx({0: 0.80, 1: 0.075, 2: 0.125})


@given(both=pairs)
def test_quadratic_kappa_is_the_concordance_of_both_raters(both: list[tuple[int, int]]) -> None:
    """It equals 2 cov / (var + var + squared difference of means) (Fleiss and Cohen 1973; Lin 1989)."""
    first, second = map(list, zip(*both, strict=True))
    found = kappa(first, second, "quadratic")
    if isinstance(found.coefficient, Estimate):
        spread = np.var(first) + np.var(second) + (np.mean(first) - np.mean(second)) ** 2
        assert value(found) == pytest.approx(2 * np.cov(first, second, bias=True)[0, 1] / spread, abs=1e-9)


@given(both=pairs)
def test_linear_kappa_is_what_it_is_defined_as(both: list[tuple[int, int]]) -> None:
    """1 - mean distance of the pairs / mean distance of any rating of the one to any of the other, in fractions."""
    first, second = map(list, zip(*both, strict=True))
    found = kappa(first, second, "linear")
    if isinstance(found.coefficient, Estimate):
        seen = Fraction(sum(abs(one - other) for one, other in both), len(both))
        chance = Fraction(sum(abs(one - other) for one in first for other in second), len(both) ** 2)
        assert value(found) == pytest.approx(float(1 - seen / chance), abs=1e-9)


@pytest.mark.parametrize("table", [DIAGNOSES, [[44, 5, 1], [7, 20, 3], [9, 5, 6]], [[20, 5], [10, 15]]])
def test_the_standard_error_is_that_of_fleiss_cohen_and_everitt(table: Table) -> None:
    """Their formula of 1969 for plain kappa, as Fleiss, Levin, Paik (2003) write it in chapter 18."""
    p = np.array(table) / np.sum(table)
    rows, columns, n = p.sum(axis=1), p.sum(axis=0), np.sum(table)
    chance = rows @ columns
    k = (np.trace(p) - chance) / (1 - chance)
    a = np.diag(p) @ (1 - (rows + columns) * (1 - k)) ** 2
    off = p - np.diag(np.diag(p))
    b = (1 - k) ** 2 * (off * (columns[:, None] + rows[None, :]) ** 2).sum()
    c = (k - chance * (1 - k)) ** 2
    found = of_pairs(np.array(table, dtype=float), 1 - np.eye(len(table)))
    assert found.standard_error == pytest.approx(math.sqrt(a + b - c) / ((1 - chance) * math.sqrt(n)))


@pytest.mark.parametrize("is_sample", [True, False])
def test_the_standard_error_over_units_is_the_jackknifes(is_sample: bool) -> None:  # noqa: FBT001 - a parameter
    """Leaving out one of 300 units after the other gives the same standard error within 3 %."""
    seeded = np.random.default_rng(3)
    ratings = np.array([seeded.multinomial(size, seeded.dirichlet([1, 1, 0.5])) for size in [2, 3, 4] * 100], float)
    places = np.eye(3) / math.sqrt(2)

    def coefficient(rows: list[bool]) -> float:
        found = of_units(ratings[rows], places, is_sample=is_sample)
        return 1 - found.observed / found.expected

    left_out = [coefficient([other != one for other in range(300)]) for one in range(300)]
    jackknife = math.sqrt(299 * np.var(left_out))
    assert of_units(ratings, places, is_sample=is_sample).standard_error == pytest.approx(jackknife, rel=0.03)


@pytest.mark.parametrize(
    "truth", [[[0.49, 0.01], [0.01, 0.49]], [[0.85, 0.03], [0.04, 0.08]], [[0.3, 0.3], [0.2, 0.2]]]
)
def test_the_lower_limit_holds_where_the_standard_error_does_not(truth: list[list[float]]) -> None:
    """Of 500 samples of 50 pairs at most 2.5 % and chance put kappa below its 97.5 % limit."""
    shares = np.array(truth)
    kappa_of_all = 1 - (shares[0, 1] + shares[1, 0]) / (1 - shares.sum(axis=1) @ shares.sum(axis=0))
    drawn = np.random.default_rng(7).multinomial(50, shares.ravel(), size=500).reshape(-1, 2, 2)
    found = [kappa(*sides(table.tolist())).coefficient for table in drawn]
    limits = [one.low for one in found if isinstance(one, Estimate)]
    assert len(limits) > 450
    assert sum(low > kappa_of_all for low in limits) <= 0.04 * len(limits)


def test_few_units_that_all_agree_prove_little() -> None:
    """Five pairs in perfect agreement give a kappa of 1 whose lower limit is far below."""
    found = kappa([0, 1, 0, 1, 0], [0, 1, 0, 1, 0]).coefficient
    assert isinstance(found, Estimate)
    assert (found.value, found.high, found.n) == (1.0, 1.0, 5)
    assert found.low < 0.2


@WEIGHTS
@given(both=pairs, data=st.data())
def test_kappa_knows_neither_the_order_nor_whose_side_it_is(
    weights: Weights, both: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Units in any order give the same figures, and swapping the raters the same kappa and interval."""
    first, second = map(list, zip(*both, strict=True))
    found = kappa(first, second, weights)
    before, after = map(list, zip(*data.draw(st.permutations(both)), strict=True))
    assert kappa(before, after, weights) == found
    swapped = kappa(second, first, weights)
    if isinstance(found.coefficient, Estimate) and isinstance(swapped.coefficient, Estimate):
        assert limits(swapped.coefficient) == pytest.approx(limits(found.coefficient), abs=1e-9)
        assert -1 - 1e-12 <= found.coefficient.low <= found.coefficient.value <= found.coefficient.high <= 1
    assert isinstance(found.coefficient, Undefined) == isinstance(swapped.coefficient, Undefined)


@given(both=pairs)
def test_kappa_knows_no_names(both: list[tuple[int, int]]) -> None:
    """Other labels give the same kappa; for weights, grades that are shifted, stretched or turned round do."""
    first, second = map(list, zip(*both, strict=True))
    plain, named = (
        kappa(first, second),
        cohen_kappa(*([f"{9 - x}" for x in y] for y in (first, second)), confidence=0.95),
    )
    turned = kappa([10 - 2 * x for x in first], [10 - 2 * x for x in second], "linear")
    for found, other in ((plain, named), (kappa(first, second, "linear"), turned)):
        assert isinstance(found.coefficient, Undefined) == isinstance(other.coefficient, Undefined)
        if isinstance(found.coefficient, Estimate) and isinstance(other.coefficient, Estimate):
            assert limits(other.coefficient) == pytest.approx(limits(found.coefficient), abs=1e-9)


def limits(found: Estimate) -> tuple[float, float, float]:
    """Return the figure between its limits."""
    return found.low, found.value, found.high


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (["right"] * 3, ["right"] * 3, "the first rater gave 'right' alone"),
        (["right", "wrong"], ["wrong", "wrong"], "the second rater gave 'wrong' alone"),
        (["right"], ["wrong"], "the first rater gave 'right' alone"),
    ],
)
def test_a_rater_of_one_category_leaves_kappa_undefined(first: list[Rating], second: list[Rating], reason: str) -> None:
    """Chance and skill look alike then, and the base rates say so."""
    found = cohen_kappa(first, second, confidence=0.95)
    assert found.coefficient == Undefined(reason=reason)
    assert 1.0 in {share for rates in found.rates for share in rates.values()}


def test_units_with_one_rating_are_left_out() -> None:
    """A missing rating takes its unit with it, and no unit at all is an error."""
    found = cohen_kappa([1, None, 2, 1], [1, 2, 2, None], confidence=0.95)
    assert isinstance(found.coefficient, Estimate)
    assert (found.coefficient.n, found.coefficient.value) == (2, 1.0)
    with pytest.raises(ValueError, match="no unit has two ratings"):
        cohen_kappa([1, None], [None, 2], confidence=0.95)


@pytest.mark.parametrize("rating", [math.nan, math.inf])
def test_ratings_that_are_no_numbers_are_refused(rating: float) -> None:
    """A rating that is not finite is an error in every function, never a category."""
    for refused in (
        lambda: cohen_kappa([1, rating], [1, 2], confidence=0.95),
        lambda: krippendorff_alpha([[1, rating], [1, 2]], confidence=0.95),
        lambda: spearman([1, 2, 3, rating], [1, 2, 3, 4], confidence=0.95),
    ):
        with pytest.raises(ValueError, match="is no rating"):
            refused()


def test_words_have_no_distance() -> None:
    """Weights and levels above nominal need numbers."""
    with pytest.raises(ValueError, match="a rating of 'bad' has no distance to others; give numbers"):
        cohen_kappa(["bad", "good"], ["bad", "bad"], confidence=0.95, weights="linear")
    with pytest.raises(ValueError, match="has no distance"):
        krippendorff_alpha([["bad", "good"]], confidence=0.95, level="ordinal")


def test_sides_of_different_length_are_refused() -> None:
    """Ratings that do not pair are an error."""
    for refused in (
        lambda: cohen_kappa([1], [1, 2], confidence=0.95),
        lambda: spearman([1], [1, 2], confidence=0.95),
        lambda: true_rates([True], [True, False], confidence=0.95),
        lambda: true_rates([], [], confidence=0.95),
    ):
        with pytest.raises(ValueError, match="do not pair with"):
            refused()


def test_fleiss_kappa_gives_the_published_figure() -> None:
    """Fourteen raters of ten subjects agree in 0.378 of pairs and by chance in 0.213: a kappa of 0.210."""
    units = [[grade for grade, n in enumerate(unit) for _ in range(n)] for unit in FOURTEEN]
    found = fleiss_kappa(units, confidence=0.95)
    assert (round(found.observed, 3), round(value(found), 3)) == (0.378, 0.210)
    assert sum(share**2 for share in found.prevalence.values()) == pytest.approx(0.213, abs=5e-4)


def test_fleiss_kappa_needs_as_many_ratings_of_each() -> None:
    """Unequal units are an error, and so are units of one rating."""
    with pytest.raises(ValueError, match="as many ratings of each unit, got 2 to 3"):
        fleiss_kappa([[1, 2], [1, 2, 2]], confidence=0.95)
    for units in ([[1], [2]], []):
        with pytest.raises(ValueError, match="no unit has two ratings"):
            fleiss_kappa(units, confidence=0.95)


@pytest.mark.parametrize(("level", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_krippendorffs_alpha_gives_his_figures(level: Level, expected: float) -> None:
    """Four observers, twelve units, some ratings missing: the figures of his part C, to three digits."""
    units = list(zip(*OBSERVERS, strict=True))
    found = krippendorff_alpha(units, confidence=0.95, level=level)
    assert round(value(found), 3) == expected
    assert isinstance(found.coefficient, Estimate)
    assert found.coefficient.n == 11


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("0100000010", "1110010000", 0.095), ("aabbdcccedda", "babbbccceddd", 0.692)],
)
def test_alpha_of_two_observers_gives_his_figures(first: str, second: str, expected: float) -> None:
    """The binary and the nominal example of Krippendorff (2011), parts A and B."""
    found = krippendorff_alpha(list(zip(first, second, strict=True)), confidence=0.95)
    assert round(value(found), 3) == expected


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@given(units=unit_lists)
def test_alpha_is_what_it_is_defined_as(level: Level, units: list[list[int | None]]) -> None:
    """1 - mean distance within units / mean distance of any two ratings, with Krippendorff's own distances."""
    found = krippendorff_alpha(units, confidence=0.95, level=level)
    rated = [[rating for rating in unit if rating is not None] for unit in units]
    rated = [unit for unit in rated if len(unit) > 1]
    everything = [rating for unit in rated for rating in unit]
    if len(set(everything)) == 1:
        assert found.coefficient == Undefined(reason=f"all ratings are {everything[0]}")
        return
    within = sum(
        sum(distance(level, everything, *pair) for pair in permutations(unit, 2)) / (len(unit) - 1) for unit in rated
    )
    overall = sum(distance(level, everything, *pair) for pair in permutations(everything, 2)) / (len(everything) - 1)
    assert value(found) == pytest.approx(1 - within / overall, abs=1e-9)


def distance(level: Level, everything: list[int], one: int, other: int) -> float:
    """Return Krippendorff's squared distance of two ratings."""
    if level == "nominal":
        return float(one != other)
    if level == "interval":
        return float(one - other) ** 2
    low, high = sorted((one, other))
    between = sum(low <= rating <= high for rating in everything)
    return (between - (everything.count(one) + everything.count(other)) / 2) ** 2 if one != other else 0.0


@given(units=unit_lists, data=st.data())
def test_alpha_knows_no_order_and_no_names(units: list[list[int | None]], data: st.DataObject) -> None:
    """Units and raters in any order, under other labels, give the same alpha and interval within bounds."""
    found = krippendorff_alpha(units, confidence=0.95).coefficient
    named = [
        [rating if rating is None else f"{9 - rating}" for rating in data.draw(st.permutations(unit))]
        for unit in data.draw(st.permutations(units))
    ]
    other = krippendorff_alpha(named, confidence=0.95).coefficient
    assert isinstance(found, Undefined) == isinstance(other, Undefined)
    if isinstance(found, Estimate) and isinstance(other, Estimate):
        assert limits(other) == pytest.approx(limits(found), abs=1e-9)
        assert -1 <= found.low <= found.value <= found.high <= 1


@given(ratings=st.lists(grades, min_size=2).filter(lambda found: len(set(found)) > 1), raters=st.integers(2, 5))
def test_perfect_agreement_is_one(ratings: list[int], raters: int) -> None:
    """Raters who always say the same have a coefficient of 1 by any measure, up to rounding."""
    units = [[rating] * raters for rating in ratings]
    assert value(fleiss_kappa(units, confidence=0.95)) == pytest.approx(1)
    for level in ("nominal", "ordinal", "interval"):
        assert value(krippendorff_alpha(units, confidence=0.95, level=level)) == pytest.approx(1)
    for weights in ("none", "linear", "quadratic"):
        assert value(kappa(ratings, ratings, weights)) == 1


def test_spearman_gives_the_published_figure() -> None:
    """Ten people's IQ and hours of television: -29 / 165, the worked example of Wikipedia."""
    found = spearman(
        [106, 100, 86, 101, 99, 103, 97, 113, 112, 110], [7, 27, 2, 50, 28, 29, 20, 12, 6, 17], confidence=0.95
    )
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(-29 / 165)
    reach = 1.959964 * math.sqrt((1 + found.value**2 / 2) / 7)
    assert math.atanh(found.high) - math.atanh(found.value) == pytest.approx(reach, rel=1e-6)
    assert math.atanh(found.value) - math.atanh(found.low) == pytest.approx(reach, rel=1e-6)


@given(both=st.lists(st.tuples(grades, grades), min_size=4, max_size=60))
def test_spearman_agrees_with_scipy(both: list[tuple[int, int]]) -> None:
    """Ties share their mean rank, the limits hold the figure, and swapping the sides changes nothing."""
    first, second = map(list, zip(*both, strict=True))
    found = spearman(first, second, confidence=0.95)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert isinstance(found, Undefined)
        return
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(float(spearmanr(first, second).statistic), abs=1e-12)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert spearman(second, first, confidence=0.95) == found


def test_a_perfect_rank_correlation_of_few_proves_little() -> None:
    """Four pairs in one order give 1 with a lower limit below 0; three, or a constant, give a reason."""
    found = spearman([1, 2, 3, 4], [10, 20, 30, 40], confidence=0.95)
    assert isinstance(found, Estimate)
    assert found.value == found.high == 1
    assert found.low < 0
    few = Undefined(reason="a rank correlation needs 4 pairs, and there are 3")
    assert spearman([1, 2, 3], [1, 2, 3], confidence=0.95) == few
    constant = Undefined(reason="the second rater gave 5 alone")
    assert spearman([1, 2, 3, 4], [5, 5, 5, 5], confidence=0.95) == constant


def test_a_yes_no_rater_is_right_in_two_ways() -> None:
    """Of 4 true rows it says yes to 3, of 6 false ones no to 5, each with Wilson's interval."""
    truth, said = [True] * 4 + [False] * 6, [True] * 3 + [False] * 6 + [True]
    found = true_rates(truth, said, confidence=0.95)
    assert (found.positive, found.negative) == (wilson(3, 4, confidence=0.95), wilson(5, 6, confidence=0.95))
    assert found.prevalence == 0.4


def test_a_truth_without_rows_has_no_rate() -> None:
    """Where every row is true, nothing is known of the false ones."""
    found = true_rates([True, True], [True, False], confidence=0.95)
    assert found.negative == Undefined(reason="no row is false")
    assert found.positive == wilson(1, 2, confidence=0.95)
    assert true_rates([False], [False], confidence=0.95).positive == Undefined(reason="no row is true")
