"""Quantities whose rows stand for different shares of the traffic: means of both sides, and their difference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.stats.estimate import Estimate
from pytest_llm_migrate.stats.ratios import LEAST_ROWS, column_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.stats.bounded import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedMeans:
    """Means of both sides on the same rows.

    Attributes:
        source: The source's mean.
        target: The target's mean.
        difference: Target minus source; its ``n`` is how many rows of equal weight would say as much.
    """

    source: float
    target: float
    difference: Estimate


def weighted_means(
    source: Sequence[float], target: Sequence[float], weights: Sequence[float], *, confidence: float, seed: int
) -> WeightedMeans:
    """Estimate weighted means and their difference, with the paired bootstrap's expanded percentile interval.

    A resample draws whole rows with their weights. With fewer than `LEAST_ROWS` rows' worth of evidence (Kish's
    effective size) the interval is endless and ``method`` says why. The same rows in any order and the same seed
    give the same result.

    Raises ValueError for sides of different length, without a weight above 0, and for a value that is negative or
    endless.
    """
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    if not len(source) == len(target) == len(weights):
        raise ValueError(f"{len(source)} source and {len(target)} target quantities have {len(weights)} weights")
    before, after, weight = column_of(source), column_of(target), column_of(weights)
    if not weight.any():
        raise ValueError("no weight is above 0")
    weight = weight / weight.max()
    order = np.lexsort((after, before, weight))
    rows = np.column_stack([before, after, weight])[order][weight[order] > 0]
    source_mean, target_mean = (float(np.average(rows[:, side], weights=rows[:, 2])) for side in (0, 1))
    return WeightedMeans(source=source_mean, target=target_mean, difference=_difference(rows, confidence, seed))


def _difference(rows: Floats, confidence: float, seed: int) -> Estimate:
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    from pytest_llm_migrate.stats.resampling import limits, totals  # noqa: PLC0415 - scipy loads with it

    changes, weight = rows[:, 1] - rows[:, 0], rows[:, 2]
    value, effective = float(np.average(changes, weights=weight)), round(weight.sum() ** 2 / (weight**2).sum())
    if effective < LEAST_ROWS["mean"]:
        method = f"none: mean needs {LEAST_ROWS['mean']} rows of like weight"
        return Estimate(value=value, low=-math.inf, high=math.inf, confidence=confidence, n=effective, method=method)
    summed = totals(np.column_stack([changes * weight, weight]), seed)
    figures = summed[:, 0] / summed[:, 1]
    low, high = limits(figures, effective, confidence)
    method = f"bootstrap of {len(figures)} resamples"
    low, high = min(low, value), max(high, value)
    return Estimate(value=value, low=low, high=high, confidence=confidence, n=effective, method=method)
