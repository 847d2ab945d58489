"""Agreement of two raters, against the definitions and what must hold for any ratings."""

from __future__ import annotations

import math
from fractions import Fraction
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
    krippendorff_alpha,
    spearman,
    true_rates,
    wilson,
)
from pytest_llm_migrate.stats.disagreement import of_pairs

if TYPE_CHECKING:
    from pytest_llm_migrate.stats import Agreement
    from pytest_llm_migrate.stats.agreement import Rating, Weights

Table = list[list[int]]

DIAGNOSES = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
"""Two raters of 100 subjects: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions (2003), table 18.1."""

grades = st.integers(0, 4)
pairs = st.lists(st.tuples(grades, grades), min_size=2, max_size=60)
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
