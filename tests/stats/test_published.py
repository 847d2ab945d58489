"""Figures that others printed: each test names the paper, book or program that they are from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.stats import (
    Estimate,
    benjamini_hochberg,
    cohen_kappa,
    fleiss_kappa,
    holm,
    krippendorff_alpha,
    mcnemar_exact,
    mcnemar_midp,
    paired_t,
    spearman,
    tango,
    two_sided_confidence,
    wilcoxon,
    wilson,
)
from pytest_llm_migrate.stats.estimate import deviate
from tests.stats.published import ANXIETY, CLINIC, DARWIN, DIAGNOSES, FOURTEEN, OBSERVERS, THROMBOLYSIS

if TYPE_CHECKING:
    from pytest_llm_migrate.stats.agreement import Agreement, Level, Weights


def value(found: Agreement) -> float:
    """Return a coefficient that there must be."""
    assert isinstance(found.coefficient, Estimate)
    return found.coefficient.value


def raters(table: list[list[int]]) -> tuple[list[int], list[int]]:
    """Return the ratings of both raters, category by category."""
    cells = [(row, column) for row, line in enumerate(table) for column, n in enumerate(line) for _ in range(n)]
    return [row for row, _ in cells], [column for _, column in cells]


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_figures(k: int, n: int, low: float, high: float) -> None:
    """The four examples of Newcombe (Statistics in Medicine 1998; 17: 857), table I, method 3."""
    estimate = wilson(k, n, confidence=0.95)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("counts", "confidence", "low", "high", "digits"),
    [
        ((32, 3, 9), 0.95, -0.027, 0.390, 3),  # Tango, Statistics in Medicine 1998; 17: 891
        ((44, 1, 0), 0.90, -0.096, 0.037, 3),  # the same paper: soft contact lenses
        ((86, 8, 16), 0.95, -0.020, 0.207, 3),  # Agresti and Min, Statistics in Medicine 2005; 24: 729
        ((21, 7, 1), 0.95, -0.517, -0.026, 3),  # Fagerland, Lydersen, Laake, Statistics in Medicine 2014; 33: 2850
        ((161, 16, 6), 0.95, -0.1240, -0.0054, 4),  # the same authors' book (2017), and R's contingencytables
        ((3, 0, 3), 0.95, -0.1230, 1.0, 4),  # R's contingencytables: every row got fixed
        ((3, 3, 0), 0.95, -1.0, 0.1230, 4),  # and every row broke
    ],
)
def test_tango_gives_the_published_figures(
    counts: tuple[int, int, int], confidence: float, low: float, high: float, digits: int
) -> None:
    """The intervals of the papers come out to the digits printed there."""
    n, broke, fixed = counts
    estimate = tango(n, broke, fixed, confidence=confidence)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.51 * 10**-digits)
    assert estimate.value == (fixed - broke) / n


@given(n=st.integers(2, 500), data=st.data(), confidence=st.sampled_from([0.8, 0.9, 0.95]))
def test_tangos_limits_are_roots_of_the_quartic(n: int, data: st.DataObject, confidence: float) -> None:
    """The closed form of Yang, Sun and Hardin (2013): each limit is a root of their polynomial of degree four."""
    fixed = data.draw(st.integers(1, n - 1))
    broke = data.draw(st.integers(1, n - fixed))
    g, apart, differing = deviate(confidence) ** 2, fixed - broke, fixed + broke
    terms = [
        n**2 * (n / g + 1) ** 2,
        -n * apart * (n / g + 1) * (4 * n / g + 1),
        2 * n * apart**2 * (3 * n / g + 2) / g - n**2 * (differing / g + 1),
        n * apart * (2 * differing / g + 1) - apart**3 * (4 * n / g + 1) / g,
        apart**2 * (apart**2 / g - differing) / g,
    ]
    estimate = tango(n, broke, fixed, confidence=confidence)
    for limit in (estimate.low, estimate.high):
        size = sum(abs(term * limit ** (4 - power)) for power, term in enumerate(terms))
        assert np.polyval([term / terms[0] for term in terms], limit) == pytest.approx(0, abs=1e-9 * size / terms[0])


@pytest.mark.parametrize(
    ("broke", "fixed", "exact", "midp"),
    [
        (7, 1, 0.0703125, 0.0390625),  # Fagerland, Lydersen, Laake, BMC Med Res Methodol 2013; 13: 91
        (16, 6, 0.052479, 0.034690),  # R's contingencytables
        (4, 4, 1.0, 0.86328125),  # 1 - pmf / 2, by hand
        (0, 0, 1.0, 1.0),
    ],
)
def test_mcnemar_gives_the_published_figures(broke: int, fixed: int, exact: float, midp: float) -> None:
    """Both p-values come out as printed, and the sides may be swapped."""
    assert mcnemar_exact(broke, fixed) == mcnemar_exact(fixed, broke) == pytest.approx(exact, abs=5e-7)
    assert mcnemar_midp(broke, fixed) == mcnemar_midp(fixed, broke) == pytest.approx(midp, abs=5e-7)


@pytest.mark.parametrize(
    ("broke", "fixed", "p"),
    [(121, 59, 0.000004), (70, 59, 0.378688), (80, 59, 0.089452), (30, 60, 0.00206), (10, 30, 0.002221), (10, 10, 1)],
)
def test_mcnemar_gives_vassarstats_figures(broke: int, fixed: int, p: float) -> None:
    """Six tables worked out by vassarstats.net, as statsmodels tests them."""
    assert mcnemar_exact(broke, fixed) == pytest.approx(p, abs=5.1e-7)


def test_wilcoxon_gives_the_figures_of_darwins_maize() -> None:
    """Scipy's documentation and Conover's book: T = 24, p = 0.041259765625, one-sided 0.0206298828125."""
    found = wilcoxon([0.0] * len(DARWIN), DARWIN)
    assert (found.p, found.p_better) == pytest.approx((0.041259765625, 0.0206298828125), abs=1e-12)
    assert found.moved == 15


@pytest.mark.parametrize(
    ("visit", "mean", "low", "high", "p"),
    [
        (1, 0.5626666666666665, 0.1261653305099018, 0.999168002823431, 0.4412034046017588),
        (0, 0.1646666666666667, -0.0744336620516462, 0.4037669953849797, 0.003166881489265175),
    ],
)
def test_two_one_sided_tests_give_rs_figures(visit: int, mean: float, low: float, high: float, p: float) -> None:
    """R's equivalence::tost with a margin of 0.6, as statsmodels tests it: p is where the 1 - 2p interval touches."""
    before, after = CLINIC[visit][15:], CLINIC[visit][:15]
    found = paired_t(before, after, confidence=0.90)
    assert (found.value, found.low, found.high) == pytest.approx((mean, low, high), abs=1e-12)
    touching = paired_t(before, after, confidence=two_sided_confidence(1 - p))
    assert max(touching.high, -touching.low) == pytest.approx(0.6, abs=1e-9)


@pytest.mark.parametrize(
    ("table", "expected", "digits"),
    [
        ([[75, 1, 4], [5, 4, 1], [0, 0, 10]], 0.676, 3),  # Fleiss, Levin, Paik (2003), table 18.1
        ([[20, 20], [10, 50]], 0.348, 3),  # Artstein and Poesio (2008), figure 1, as scikit-learn tests it
        ([[46, 0, 0], [6, 32, 6], [0, 0, 10]], 0.8013, 4),  # scikit-learn's tests
        ([[0, 4, 1], [0, 8, 0], [0, 1, 5]], 0.4842, 4),  # SAS, as statsmodels tests it
        ([[44, 5, 1], [7, 20, 3], [9, 5, 6]], 0.492, 3),  # p_o = 0.70 and p_e = 0.41, by hand
        ([[20, 5], [10, 15]], 0.40, 2),  # p_o = 0.70 and p_e = 0.50, by hand
    ],
)
def test_cohens_kappa_gives_the_published_figure(table: list[list[int]], expected: float, digits: int) -> None:
    """Tables of books and programs come out to the digits printed, and others as by hand."""
    assert round(value(cohen_kappa(*raters(table), confidence=0.95)), digits) == expected


@pytest.mark.parametrize(
    ("weights", "expected"), [("none", -0.006289308), ("linear", 0.1459075), ("quadratic", 0.2520325)]
)
def test_weighted_kappa_gives_irrs_figures(weights: Weights, expected: float) -> None:
    """The second and third rater of R's irr data `anxiety`, whose missing mark 5 irr leaves out of the distances."""
    second, third = ([min(mark, 5) for mark in rater] for rater in ANXIETY[1:])
    found = cohen_kappa(second, third, confidence=0.95, weights=weights)
    assert value(found) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize(("weights", "expected"), [("none", 0.9315), ("linear", 0.9412), ("quadratic", 0.9541)])
def test_weighted_kappa_gives_scikit_learns_figures(weights: Weights, expected: float) -> None:
    """A hundred ratings of three grades, from scikit-learn's tests."""
    first, second = [0] * 46 + [1] * 44 + [2] * 10, [0] * 50 + [1] * 40 + [2] * 10
    assert round(value(cohen_kappa(first, second, confidence=0.95, weights=weights)), 4) == expected


def test_fleiss_kappa_gives_the_figure_of_his_paper() -> None:
    """Six psychiatrists' diagnoses of thirty patients: 0.430 (Fleiss 1971), 0.4302445 by R's irr."""
    assert value(fleiss_kappa(DIAGNOSES, confidence=0.95)) == pytest.approx(0.4302445, abs=5e-8)


def test_fleiss_kappa_gives_the_published_figure() -> None:
    """Fourteen raters of ten subjects agree in 0.378 of pairs and by chance in 0.213: a kappa of 0.210."""
    units = [[grade for grade, n in enumerate(unit) for _ in range(n)] for unit in FOURTEEN]
    found = fleiss_kappa(units, confidence=0.95)
    assert (round(found.observed, 3), round(value(found), 3)) == (0.378, 0.210)
    assert sum(share**2 for share in found.prevalence.values()) == pytest.approx(0.213, abs=5e-4)


@pytest.mark.parametrize(("level", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_krippendorffs_alpha_gives_his_figures(level: Level, expected: float) -> None:
    """Four observers, twelve units, some ratings missing: the figures of his part C, to three digits."""
    found = krippendorff_alpha(list(zip(*OBSERVERS, strict=True)), confidence=0.95, level=level)
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


def test_the_paper_rejects_three_hypotheses_by_holm_and_four_by_its_own_method() -> None:
    """At 0.05 Benjamini and Hochberg (1995) reject four hypotheses, and control of any false one only three."""
    assert sum(p <= 0.05 for p in holm(THROMBOLYSIS)) == 3
    assert sum(p <= 0.05 for p in benjamini_hochberg(THROMBOLYSIS)) == 4


def test_adjusted_p_values_are_those_of_r() -> None:
    """R's p.adjust of six p-values, and Julia's MultipleTesting of four."""
    ps = [0.001, 0.01, 0.05, 0.1, 0.5, 0.9]
    assert holm(ps) == pytest.approx([0.006, 0.05, 0.2, 0.3, 1.0, 1.0])
    assert benjamini_hochberg(ps) == pytest.approx([0.006, 0.03, 0.1, 0.15, 0.6, 0.9])
    assert holm([0.001, 0.01, 0.03, 0.5]) == pytest.approx([0.004, 0.03, 0.06, 0.5])
