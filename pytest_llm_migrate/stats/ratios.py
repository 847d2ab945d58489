"""Quantities that are never negative (seconds, tokens, dollars): mean and percentiles of a side, and their ratios."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.stats.estimate import STATISTICS, Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.stats.bounded import Floats
    from pytest_llm_migrate.stats.estimate import Statistic

LEAST_ROWS: Mapping[Statistic, int] = {"mean": 5, "p50": 5, "p90": 20, "p95": 40, "p99": 200}
"""Rows below which a statistic gets no interval: two are to be expected beyond a percentile, five in all."""

LARGEST = 1e100
"""A quantity beyond this is a slip, and its sums would not be finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedQuantity:
    """One statistic of both sides on the same rows.

    Attributes:
        source: The source's figure.
        target: The target's figure.
        ratio: Target over source; None where the source's figure is 0.
    """

    source: Estimate
    target: Estimate
    ratio: Estimate | None


def paired_quantities(
    source: Sequence[float], target: Sequence[float], *, confidence: float, seed: int
) -> dict[Statistic, PairedQuantity]:
    """Estimate every statistic of both sides and its ratio from the same resamples of their rows.

    The sides hold the same rows in the same order. An interval is the paired bootstrap's, with expanded
    percentile limits; with fewer than `LEAST_ROWS` it runs from 0 to infinity and ``method`` says why, and an
    upper limit is infinite where resamples leave the source at 0. Percentiles interpolate as numpy's do. The
    same rows in any order and the same seed give the same result.

    Raises ValueError without a row, for sides of different length, and for a negative or endless quantity.
    """
    import numpy as np  # noqa: PLC0415 - numpy and scipy load with it

    from pytest_llm_migrate.stats.resampling import replicates  # noqa: PLC0415 - likewise

    if len(source) != len(target):
        raise ValueError(f"{len(source)} source quantities do not pair with {len(target)} of the target")
    columns = np.column_stack([column_of(source), column_of(target)])
    figures = replicates(columns, seed)
    before = _one_side(columns[:, 0], figures[:, 0], confidence)
    after = _one_side(columns[:, 1], figures[:, 1], confidence)
    return {
        name: PairedQuantity(
            source=before[name],
            target=after[name],
            ratio=_ratio(name, before[name], after[name], figures[:, :, place]),
        )
        for place, name in enumerate(STATISTICS)
    }


def ratio_of(
    statistic: Statistic, source: Sequence[float], target: Sequence[float], *, confidence: float, seed: int
) -> Estimate:
    """Estimate the ratio target over source of one statistic, as `paired_quantities` does.

    Raises ValueError as it does, and when the source's figure is 0.
    """
    ratio = paired_quantities(source, target, confidence=confidence, seed=seed)[statistic].ratio
    if ratio is None:
        raise ValueError(f"the source's {statistic} is 0, so there is no ratio to it")
    return ratio


def quantities(values: Sequence[float], *, confidence: float, seed: int) -> dict[Statistic, Estimate]:
    """Estimate every statistic of one side from the same resamples; conditions as in `paired_quantities`."""
    from pytest_llm_migrate.stats.resampling import replicates  # noqa: PLC0415 - numpy and scipy load with it

    column = column_of(values)
    return _one_side(column, replicates(column[:, None], seed)[:, 0], confidence)


def column_of(values: Sequence[float]) -> Floats:
    """Return quantities as a column; raises ValueError for none, and for one that is negative or endless."""
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    found = np.asarray(values, dtype=np.float64)
    if not len(found):
        raise ValueError("no quantities to estimate from")
    outside = found[~((found >= 0) & (found <= LARGEST))]
    if len(outside):
        raise ValueError(f"a quantity lies between 0 and {LARGEST:g}, got {float(outside[0])!r}")
    return found


def _one_side(column: Floats, figures: Floats, confidence: float) -> dict[Statistic, Estimate]:
    from pytest_llm_migrate.stats.resampling import statistics_of  # noqa: PLC0415 - numpy and scipy load with it

    sides = {}
    for place, (name, value) in enumerate(zip(STATISTICS, statistics_of(column), strict=True)):
        unlimited = _unlimited(name, float(value), len(column), confidence)
        sides[name] = _limited(name, unlimited, figures[:, place], figures[:, place])
    return sides


def _ratio(name: Statistic, source: Estimate, target: Estimate, figures: Floats) -> Estimate | None:
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    if source.value == 0:
        return None
    before, after = figures.T
    with np.errstate(over="ignore"):
        ratios = np.divide(after, before, out=np.full(len(before), np.inf), where=before > 0)
    # Nothing against nothing may be any ratio: each limit is told the one that widens the interval.
    lows = np.where(after > 0, ratios, 0.0)
    unlimited = _unlimited(name, target.value / source.value, source.n, source.confidence)
    return _limited(name, unlimited, lows, ratios)


def _unlimited(name: Statistic, value: float, rows: int, confidence: float) -> Estimate:
    needed = f"none: {name} needs {LEAST_ROWS[name]} rows"
    return Estimate(value=value, low=0.0, high=math.inf, confidence=confidence, n=rows, method=needed)


def _limited(name: Statistic, unlimited: Estimate, lows: Floats, highs: Floats) -> Estimate:
    """Return the estimate with the limits of its resampled figures, if it has rows enough for any."""
    from pytest_llm_migrate.stats.resampling import limits  # noqa: PLC0415 - numpy and scipy load with it

    if unlimited.n < LEAST_ROWS[name]:
        return unlimited
    low, _ = limits(lows, unlimited.n, unlimited.confidence)
    _, high = limits(highs, unlimited.n, unlimited.confidence)
    return replace(
        unlimited,
        low=min(low, unlimited.value),
        high=max(high, unlimited.value),
        method=f"bootstrap of {len(highs)} resamples",
    )
