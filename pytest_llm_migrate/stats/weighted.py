"""Means of both sides on the same rows, as these count, and the difference between them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.stats.design import PLAIN
from pytest_llm_migrate.stats.ratios import column_of, limited, unlimited

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.stats.design import Design
    from pytest_llm_migrate.stats.estimate import Estimate
    from pytest_llm_migrate.stats.units import Units


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedMeans:
    """Means of both sides on the same rows.

    Attributes:
        source: The source's mean.
        target: The target's mean.
        difference: Target minus source.
    """

    source: float
    target: float
    difference: Estimate


def weighted_means(
    source: Sequence[float], target: Sequence[float], *, confidence: float, seed: int, design: Design = PLAIN
) -> WeightedMeans:
    """Estimate means and their difference, with the interval of the studentised bootstrap (`reaches`).

    Resamples, ``seed`` and ``design`` are as in `paired_quantities`. Where the rows, or what they are worth, are
    fewer than `LEAST_ROWS`, the interval is endless and ``method`` says why.

    Raises ValueError as `paired_quantities` does.
    """
    import numpy as np  # noqa: PLC0415 - numpy and scipy load with it

    from pytest_llm_migrate.stats.units import Units  # noqa: PLC0415 - likewise

    if len(source) != len(target):
        raise ValueError(f"{len(source)} source quantities do not pair with {len(target)} of the target")
    units = Units.of(np.column_stack([column_of(source), column_of(target)]), design)
    before, after = (units.mean(column) for column in units.columns.T)
    return WeightedMeans(source=before, target=after, difference=_difference(units, confidence, seed))


def _difference(units: Units, confidence: float, seed: int) -> Estimate:
    from pytest_llm_migrate.stats.resampling import covariance, reaches, students  # noqa: PLC0415 - scipy loads with it

    changes = units.columns[:, 1] - units.columns[:, 0]
    value = units.mean(changes)
    found = replace(unlimited("mean", value, units, confidence, units.worth(changes, confidence)), low=-math.inf)
    if found.method:
        return found
    deviations = units.totals(changes - value) / units.weights.sum()
    scale = float(abs(deviations).max()) or 1.0
    pivots = students(units, deviations[:, None] / scale, seed)[:, 0]
    down, up = reaches(pivots, units.like, confidence)
    error = scale * covariance(deviations / scale, deviations / scale) ** 0.5
    return limited(found, units, value - down * error, value + up * error, "studentised ")
