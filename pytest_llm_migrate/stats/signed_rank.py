"""One-sided tests that more rows, or rows that move further, go up than down."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.stats.bounded import Floats

_MOST_EXACT = 200
"""Rows up to which every way in which signs could have fallen is counted."""


def sign_test(worse: int, better: int) -> float:
    """Return the exact p-value of "no more rows get better than worse", one-sided; 1 without either.

    For right/wrong scores this is McNemar's exact test with one side. Raises ValueError for negative counts.
    """
    from scipy.special import bdtr  # noqa: PLC0415 - scipy loads with it

    if min(worse, better) < 0:
        raise ValueError(f"{worse} rows that got worse and {better} that got better cannot be")
    return float(bdtr(worse, worse + better, 0.5))


def signed_rank(changes: Sequence[float]) -> float:
    """Return Wilcoxon's (1945) p-value of "rows move up no further than down", one-sided; 1 where no row moves.

    Rows that do not move are left out, ties share their mean rank. Up to 200 moved rows the p-value is exact given
    the ties; beyond it is the normal approximation with the correction for continuity.
    """
    return signed_rank_both(changes)[0]


def signed_rank_both(changes: Sequence[float]) -> tuple[float, float]:
    """Return `signed_rank`'s p-value, and that of "rows move down no further than up"."""
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    moved = np.array([change for change in changes if change], dtype=np.float64)
    if not len(moved):
        return 1.0, 1.0
    _, places, tied = np.unique(np.abs(moved), return_inverse=True, return_counts=True)
    # Twice the ranks: whole numbers even where ties share one.
    doubled = (2 * tied.cumsum() - tied + 1)[places]
    up, down = int(doubled[moved > 0].sum()), int(doubled[moved < 0].sum())
    if len(moved) <= _MOST_EXACT:
        chances = _sums(doubled.tolist())
        return min(1.0, float(chances[up:].sum())), min(1.0, float(chances[down:].sum()))
    mean, deviation = (up + down) / 2, math.sqrt(float((doubled.astype(np.float64) ** 2).sum())) / 2
    return NormalDist().cdf((mean - up + 1) / deviation), NormalDist().cdf((mean - down + 1) / deviation)


def _sums(ranks: Sequence[int]) -> Floats:
    """Return the chance of each sum from 0 on where each rank counts or not by the toss of a fair coin."""
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    ways, most = np.zeros(sum(ranks) + 1), 1
    ways[0] = 1.0
    for rank in ranks:
        ways[rank : rank + most] += ways[:most].copy()
        most += rank
    chances: Floats = ways / 2.0 ** len(ranks)
    return chances
