"""Intervals and p-values of right/wrong rows, against other libraries and the equations themselves."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import binomtest

from pytest_llm_migrate.stats import (
    mcnemar_exact,
    mcnemar_midp,
    tango,
    tango_lower_limit,
    tango_upper_limit,
    wilson,
)
from pytest_llm_migrate.stats.estimate import deviate

confidences = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.999])


@st.composite
def counts(draw: st.DrawFn, most: int = 1_000_000) -> tuple[int, int, int]:
    """Draw the number of rows, and of those that broke and got fixed."""
    n = draw(st.integers(1, most))
    broke = draw(st.one_of(st.integers(0, n), st.integers(0, min(n, 3))))
    fixed = draw(st.one_of(st.integers(0, n - broke), st.integers(0, min(n - broke, 3))))
    return n, broke, fixed


@given(n=st.integers(1, 1_000_000), share=st.floats(0, 1), confidence=confidences)
def test_wilson_agrees_with_scipy(n: int, share: float, confidence: float) -> None:
    """An independent implementation gives the same limits from one row to a million."""
    k = round(share * n)
    ours, theirs = wilson(k, n, confidence=confidence), binomtest(k, n).proportion_ci(confidence, "wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert 0 <= ours.low <= ours.value <= ours.high <= 1


@pytest.mark.parametrize(("k", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_a_share_of_no_rows_is_refused(k: int, n: int) -> None:
    """Counts that cannot be are an error, never an interval."""
    with pytest.raises(ValueError, match="is no share"):
        wilson(k, n, confidence=0.95)


@pytest.mark.parametrize(("margin", "rows"), [(0.03, 88), (0.05, 52)])
def test_rows_that_all_agree_still_leave_a_margin(margin: float, rows: int) -> None:
    """Without any disagreement a margin of 0.03 is proven by 88 rows and not by 87, 0.05 by 52 and not by 51."""
    assert tango_lower_limit(rows, 0, 0, confidence=0.95) > -margin
    assert tango_lower_limit(rows - 1, 0, 0, confidence=0.95) < -margin


@given(counts=counts(), confidence=confidences)
def test_tangos_lower_limit_solves_his_equation(counts: tuple[int, int, int], confidence: float) -> None:
    """The score statistic with Tango's own constrained estimate is z at the limit: below it above, above it below."""
    n, broke, fixed = counts
    low = tango(n, broke, fixed, confidence=confidence).low
    z, step = deviate(confidence), 1e-7 * max(1 / n, abs(low))
    if low - step > -1:
        assert score_statistic(n, broke, fixed, low - step) >= z - 1e-4
    if low + step < (fixed - broke) / n:
        assert score_statistic(n, broke, fixed, low + step) <= z + 1e-4


def score_statistic(n: int, broke: int, fixed: int, difference: float) -> float:
    """Return Tango's (1998) statistic, as his paper writes it."""
    b = -broke - fixed + (2 * n - fixed + broke) * difference
    root = math.sqrt(max(0.0, b * b + 8 * n * broke * difference * (1 - difference)))
    broken = (root - b) / (4 * n)
    variance = n * (2 * broken + difference * (1 - difference))
    return (fixed - broke - n * difference) / math.sqrt(variance) if variance > 0 else math.inf


@given(counts=counts(), confidence=confidences)
def test_swapping_the_sides_negates_the_interval(counts: tuple[int, int, int], confidence: float) -> None:
    """The target's gain is the source's loss, and no limit leaves [-1, 1] or passes the difference seen."""
    n, broke, fixed = counts
    ours, swapped = (
        tango(n, broke, fixed, confidence=confidence),
        tango(n, fixed, broke, confidence=confidence),
    )
    assert (ours.low, ours.high) == pytest.approx((-swapped.high, -swapped.low), abs=1e-12)
    assert -1 <= ours.low <= ours.value <= ours.high <= 1


@given(counts=counts(most=2000), confidence=confidences)
def test_one_row_more_that_breaks_lowers_both_limits(counts: tuple[int, int, int], confidence: float) -> None:
    """A row that agreed and now breaks never helps the target."""
    n, broke, fixed = counts
    before = tango(n + 1, broke, fixed, confidence=confidence)
    after = tango(n + 1, broke + 1, fixed, confidence=confidence)
    assert after.low <= before.low + 1e-12
    assert after.high <= before.high + 1e-12


@given(counts=counts(most=2000))
def test_more_confidence_gives_a_wider_interval(counts: tuple[int, int, int]) -> None:
    """The 99 % interval holds the 90 % interval."""
    narrow, wide = tango(*counts, confidence=0.90), tango(*counts, confidence=0.99)
    assert wide.low <= narrow.low <= narrow.high <= wide.high


def test_one_sided_limits_are_those_of_the_90_per_cent_interval() -> None:
    """One-sided 95 % limits bound the two-sided 90 % interval."""
    estimate = tango(44, 1, 0, confidence=0.90)
    assert tango_lower_limit(44, 1, 0, confidence=0.95) == pytest.approx(estimate.low)
    assert tango_upper_limit(44, 1, 0, confidence=0.95) == pytest.approx(estimate.high)


@pytest.mark.parametrize(("n", "broke", "fixed"), [(0, 0, 0), (5, 3, 3), (5, -1, 0)])
def test_counts_that_do_not_fit_are_refused(n: int, broke: int, fixed: int) -> None:
    """More disagreement than rows is an error, never an interval."""
    with pytest.raises(ValueError, match="do not fit"):
        tango(n, broke, fixed, confidence=0.95)


@given(broke=st.integers(0, 500_000), fixed=st.integers(0, 500_000))
@example(broke=23, fixed=1180)
def test_the_midp_value_lies_below_the_exact_one(broke: int, fixed: int) -> None:
    """Both are probabilities, and mid-p is never the more cautious."""
    assert 0 <= mcnemar_midp(broke, fixed) <= mcnemar_exact(broke, fixed) <= 1


def test_negative_rows_are_refused() -> None:
    """A negative count is an error, not a p-value."""
    with pytest.raises(ValueError, match="cannot be"):
        mcnemar_midp(-1, 3)
