"""The exact power of Tango's non-inferiority test for a target that is equally good, by summing over all outcomes."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtr, gammaln, xlog1py, xlogy

from pytest_llm_migrate.stats.estimate import least_reach

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_llm_migrate.stats.bounded import Floats

SMOOTH = 600
"""Disagreeing rows to expect above which the normal approximation is used.

The power that it promises is then off by at most 0.001 where up to 30 % of rows disagree, and by 0.01 where all do.
"""

_TAIL = 7
"""Standard deviations beyond which numbers of disagreeing rows are left out: less than a chance of 1e-8."""

_CHUNK = 64
_FEW = 200
_STEPS = 2000
"""Numbers of rows told apart: up to this many rows each, above it those 0.05 % apart."""


def power_of(rows: Floats, disagreement: float, margin: float, z: float) -> Floats:
    """Return the chance that so many right/wrong rows each prove a loss below ``margin``, with as many broken as fixed.

    The rows that disagree are binomial, and those of them that broke again, by halves. A GO is Tango's lower limit
    above the margin, so for each number of rows that disagree, "at most so many broke".
    """
    n = rows[:, None]
    spread = math.sqrt(rows.max() * disagreement * (1 - disagreement))
    least = max(0, math.floor(rows.min() * disagreement - _TAIL * spread - _TAIL))
    most = min(rows.max(), math.ceil(rows.max() * disagreement + _TAIL * spread + _TAIL))
    differing = np.minimum(np.arange(least, most + 1)[None, :], n)
    chance = np.exp(
        gammaln(n + 1)
        - gammaln(differing + 1)
        - gammaln(n - differing + 1)
        + xlogy(differing, disagreement)
        + xlog1py(n - differing, -disagreement)
    )
    chance[:, 1:][differing[:, 1:] == differing[:, :-1]] = 0.0
    found: Floats = (chance * _halves(_most_broken(n, differing, margin, z), differing)).sum(axis=1)
    return found


def _halves(broken: Floats, differing: Floats) -> Floats:
    """Return the chance that at most so many of the rows that disagree broke; each case is worked out once."""
    cases, places = np.unique(np.stack([broken, differing]).reshape(2, -1), axis=1, return_inverse=True)
    most, of = cases.astype(np.int64)
    chances: Floats = np.where(most < 0, 0.0, bdtr(np.maximum(most, 0), of, 0.5))[places]
    return chances.reshape(broken.shape)


def _most_broken(n: Floats, differing: Floats, margin: float, z: float) -> Floats:
    """Return how many of the rows that disagree may have broken for a GO, -1 where even none is too many."""
    low, high = np.full(differing.shape, -1.0), np.minimum(differing, np.floor((differing + n * margin) / 2))
    while (low < high).any():
        middle = np.ceil((low + high) / 2)
        is_go = _is_go(n, differing, middle, margin, z)
        low, high = np.where(is_go, middle, low), np.where(is_go, high, middle - 1)
    return low


def _is_go(n: Floats, differing: Floats, broke: Floats, margin: float, z: float) -> NDArray[np.bool_]:
    """Return whether Tango's (1998) score statistic at a loss of ``margin`` passes z, as his paper writes it."""
    b = -differing - (2 * n - differing + 2 * broke) * margin
    root = np.sqrt(np.maximum(0.0, b * b - 8 * n * broke * margin * (1 + margin)))
    variance = (root - b) / 2 - n * margin * (1 + margin)
    gap = differing - 2 * broke + n * margin
    found: NDArray[np.bool_] = (gap > 0) & (gap * gap > z * z * variance)
    return found


@lru_cache(maxsize=1024)
def fewest_rows(margin: float, disagreement: float, z: float, power: float, guess: int) -> int:
    """Return the fewest rows whose exact power is ``power`` or more, sought from below the normal approximation's.

    Above 2000 rows the answer is true to 0.05 % of them.
    """
    # No fewer than rows that all agree take. The power rises in teeth about 1/margin rows apart, and among few rows
    # a tooth far below the guess may already be long enough.
    below_guess = guess * margin - 1 if guess > _FEW else 0.0
    start = max(1, math.floor(max(z * z * (1 - margin), below_guess) / margin))
    step = max(1, guess // _STEPS)
    rows = start + step * np.arange(_CHUNK, dtype=np.float64)
    while not (enough := power_of(rows, disagreement, margin, z) >= power).any():
        rows += step * _CHUNK
    return int(rows[enough.argmax()])


@lru_cache(maxsize=1024)
def least_margin(n: int, disagreement: float, z: float, power: float) -> float:
    """Return the smallest margin, at most 1, for which the exact power of ``n`` rows is ``power`` or more."""
    rows = np.array([n], dtype=np.float64)
    low, high = least_reach(1.0, z * z / n) * (1 - 1e-9), 1.0
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if power_of(rows, disagreement, middle, z)[0] >= power:
            high = middle
        else:
            low = middle
    return high
