"""The score interval for the mean of values between two bounds: what Tango's and Wilson's are cases of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pytest_llm_migrate.stats.estimate import Estimate, deviate, least_reach

Floats = NDArray[np.float64]

_TOUCHING = 1e-12
"""A lift below this moves a limit by less than rounding does."""


def bounded_mean(
    values: Floats,
    counts: Floats,
    *,
    lowest: float,
    highest: float,
    confidence: float,
    method: str,
) -> Estimate:
    """Estimate the mean of rows of which ``counts`` had each of ``values``, none of which can leave the bounds.

    Each limit is where a score test with the variance under its own null turns: of all distributions within the
    bounds that have the tested mean, the one that makes the rows likeliest gives the variance. Rows of value
    -1, 0 and 1 make it Tango's (1998) interval, rows of 0 and 1 Wilson's (1927). Rows that agree entirely still
    leave an interval of about z²/n: what was not seen in n rows may yet happen.
    """
    n, z = float(counts.sum()), deviate(confidence)
    mean = min(max(float(values @ counts) / n, lowest), highest)
    return Estimate(
        value=mean,
        low=max(lowest, mean - _reach(values - lowest, counts, z)),
        high=min(highest, mean + _reach(highest - values, counts, z)),
        confidence=confidence,
        n=round(n),
        method=method,
    )


def _reach(heights: Floats, counts: Floats, z: float) -> float:
    """Return how far below their mean the limit of values lies that cannot fall below 0.

    The likeliest distribution of a lower mean weighs a row of height h by 1/(lift + h), for some lift of 0 or
    more. The test turns where the arithmetic mean of lift + h exceeds the harmonic one by a share of z²/n; where
    none does, at lift 0 with the rest of the weight at height 0.
    """
    n = float(counts.sum())
    step = z * z / n
    mean = float(heights @ counts) / n
    squares = counts * (heights - mean) ** 2 / n
    lift, following = 0.0, _TOUCHING
    # The share falls with the lift, ever more slowly: Newton's steps climb to where it is z²/n and never pass it.
    while following > lift:
        lift = following
        weights = squares / (lift + heights)
        share = float(weights.sum()) / (lift + mean)
        fall = (float((weights / (lift + heights)).sum()) + share) / (lift + mean)
        following = lift + (share - step) / fall if share > step else lift
    return least_reach((lift if lift > _TOUCHING else 0.0) + mean, step)
