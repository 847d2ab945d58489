"""Two means of different rows: how far apart they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llm_migrate.stats.estimate import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence


def unit_mean(mean: float, n: int, *, confidence: float) -> Estimate:
    """Estimate the mean of scores from 0 to 1 of which only the mean and the number of rows are known.

    Rows of 0 and 1, which spread most of all with that mean, give Wilson's interval; it is never too short for others.
    Raises ValueError without a row, and for a mean outside of 0 to 1.
    """
    if n < 1 or not 0 <= mean <= 1:
        raise ValueError(f"a mean from 0 to 1 of one row or more is needed, got {mean!r} of {n!r}")
    return _bounded([0.0, 1.0], [n * (1 - mean), n * mean], confidence, "wilson score")


def unit_scores(scores: Sequence[float], *, confidence: float) -> Estimate:
    """Estimate the mean of scores from 0 to 1, by the score interval for bounded values.

    Raises ValueError without a row, and for a score outside of 0 to 1.
    """
    if not scores or not all(0 <= score <= 1 for score in scores):
        raise ValueError("scores from 0 to 1 of one row or more are needed")
    return _bounded(scores, [1.0] * len(scores), confidence, "bounded score")


def independent_difference(first: Estimate, second: Estimate) -> Estimate:
    """Estimate the first mean minus the second, of different rows, from both means' intervals of one confidence.

    Each limit squares and adds the two reaches that lead to it: Newcombe's (1998) tenth method where both are
    Wilson's intervals, and Zou and Donner's (2008) for any. Raises ValueError for two confidences.
    """
    if first.confidence != second.confidence:
        raise ValueError(f"intervals of confidence {first.confidence!r} and {second.confidence!r} do not go together")
    value = first.value - second.value
    return Estimate(
        value=value,
        low=value - math.hypot(first.value - first.low, second.high - second.value),
        high=value + math.hypot(first.high - first.value, second.value - second.low),
        confidence=first.confidence,
        n=first.n + second.n,
        method="newcombe hybrid score",
    )


def _bounded(values: Sequence[float], counts: Sequence[float], confidence: float, method: str) -> Estimate:
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    from pytest_llm_migrate.stats.bounded import bounded_mean  # noqa: PLC0415 - likewise

    return bounded_mean(
        np.asarray(values, dtype=np.float64),
        np.asarray(counts, dtype=np.float64),
        lowest=0.0,
        highest=1.0,
        confidence=confidence,
        method=method,
    )
