"""Tests of direction for paired rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from pytest_llm_migrate.stats import mcnemar_exact, sign_test, signed_rank

DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
"""Cross-fertilised minus self-fertilised maize, in eighths of an inch (Darwin 1876, in scipy's documentation)."""


def test_darwins_maize() -> None:
    """The textbook's own rows give the textbook's own p-value: sum of ranks 96, p 0.02051 one-sided."""
    assert signed_rank(DARWIN) == pytest.approx(0.041259765625 / 2, abs=1e-12)
    assert sign_test(2, 13) == pytest.approx(0.003692626953125)


@given(st.lists(st.integers(min_value=-9, max_value=9).filter(bool), min_size=1, max_size=7))
def test_ties_are_counted_exactly(changes: list[int]) -> None:
    """With ties, too, the p-value is the share of all ways to choose signs that reach as high a sum."""
    sizes = sorted(map(abs, changes))
    rank = {size: sizes.index(size) + (sizes.count(size) + 1) / 2 for size in sizes}
    seen = sum(rank[change] for change in changes if change > 0)
    sums = [0.0]
    for size in sizes:
        sums += [total + rank[size] for total in sums]
    assert signed_rank(changes) == pytest.approx(sum(total >= seen - 1e-9 for total in sums) / len(sums))


def test_many_rows_are_approximated_as_scipy_does() -> None:
    """Beyond what is counted the normal approximation takes over, corrected for ties and continuity."""
    changes = [float((number * 37) % 21 - 9) for number in range(400)]
    expected = wilcoxon(changes, alternative="greater", correction=True, method="approx").pvalue
    assert signed_rank(changes) == pytest.approx(float(expected), rel=1e-9)


def test_where_the_exact_count_ends_nothing_jumps() -> None:
    """The p-values of 200 and of 201 rows are nearly the same."""
    changes = [float(number if number % 9 < 5 else -number) for number in range(1, 202)]
    assert 0.05 < signed_rank(changes) < 0.5
    assert signed_rank(changes[:200]) == pytest.approx(signed_rank(changes), abs=0.02)


@given(st.integers(min_value=0, max_value=60), st.integers(min_value=0, max_value=60))
def test_one_side_is_half_of_both(worse: int, better: int) -> None:
    """Twice the smaller side is McNemar's two-sided p-value."""
    both = min(1.0, 2 * min(sign_test(worse, better), sign_test(better, worse)))
    assert both == pytest.approx(mcnemar_exact(worse, better))


def test_rows_that_do_not_move_say_nothing() -> None:
    """Without a row that moves there is nothing to show, and negative counts are refused."""
    assert signed_rank([]) == signed_rank([0.0, 0.0]) == sign_test(0, 0) == 1
    assert signed_rank([1.0, 2.0, 0.0]) == signed_rank([1.0, 2.0])
    with pytest.raises(ValueError, match="cannot be"):
        sign_test(-1, 2)
