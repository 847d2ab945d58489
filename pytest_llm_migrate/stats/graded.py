"""Graded scores by other ways than `paired_difference`'s: paired t, studentised bootstrap, and signed ranks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.stats.design import PLAIN
from pytest_llm_migrate.stats.estimate import Estimate, one_sided_confidence
from pytest_llm_migrate.stats.signed_rank import signed_rank_both

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.stats.bounded import Floats
    from pytest_llm_migrate.stats.design import Design

_DIGITS = 12
"""Changes that agree to so many decimals are ties: 0.7 - 0.6 and 0.8 - 0.7 differ in the sixteenth."""

_ENDLESS = 1e6
"""A resample further off than so many standard errors has none but by rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRanks:
    """What Wilcoxon's signed-rank test says of paired scores.

    Attributes:
        moved: Rows whose score changed; the others are left out.
        p: The two-sided p-value of "changes lie evenly around 0".
        p_better: The one-sided p-value against "the target is better"; small where it is better.
        p_worse: The one-sided p-value against "the target is worse"; small where it is worse.
    """

    moved: int
    p: float
    p_better: float
    p_worse: float


def wilcoxon(source: Sequence[float], target: Sequence[float]) -> SignedRanks:
    """Test whether graded scores moved, by Wilcoxon's signed ranks (Biometrics Bulletin 1945; 1: 80).

    The statistic is the sum of the ranks, by size, of the changes that went up. Rows without a change are left out
    (Wilcoxon's own way) and ties share their mean rank; `signed_rank` says where the p-value is exact. Two-sided it
    is twice the smaller one-sided p-value, at most 1. It tests that changes are symmetric about 0, not their mean,
    so that it stands beside a gate and decides none. Raises ValueError for sides of different length.
    """
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    changes = np.round(_changes(source, target), _DIGITS).tolist()
    better, worse = signed_rank_both(changes)
    return SignedRanks(
        moved=len(changes) - changes.count(0), p=min(1.0, 2 * min(better, worse)), p_better=better, p_worse=worse
    )


def paired_t(source: Sequence[float], target: Sequence[float], *, confidence: float) -> Estimate:
    """Estimate the mean of target minus source by Student's (1908) paired t, mean ± t(n - 1) s / √n.

    It holds where changes are near to normal, or many. Where a rare collapse makes the loss, its limits miss it in up
    to half of all runs, and without spread it has no width: so `paired_difference` does not use it. Raises ValueError
    for fewer than two rows and for sides of different length.
    """
    import numpy as np  # noqa: PLC0415 - numpy and scipy load with it
    from scipy.special import stdtrit  # noqa: PLC0415 - likewise

    changes = np.array(_changes(source, target))
    n = len(changes)
    if n < 2:  # noqa: PLR2004 - one row has no spread
        raise ValueError(f"a paired t needs two rows, and there is {n}")
    mean = math.fsum(changes) / n
    reach = float(stdtrit(n - 1, one_sided_confidence(confidence)) * changes.std(ddof=1)) / math.sqrt(n)
    return Estimate(value=mean, low=mean - reach, high=mean + reach, confidence=confidence, n=n, method="paired t")


def studentised_bootstrap(
    source: Sequence[float], target: Sequence[float], *, confidence: float, seed: int, design: Design = PLAIN
) -> Estimate:
    """Estimate the mean of target minus source by the bootstrap-t (Efron, 1982; Hall, 1988).

    Each resample draws rows, or whole clusters, with their weights, and gives (mean* - mean) / error*; its quantiles
    take the place of Student's: low = mean - t*(1 - a) error, high = mean - t*(a) error, with the linearised error of
    a ratio of totals. A limit is infinite where resamples without any spread are too many, and both are where units
    are fewer than two or do not vary. It sees skew, but not a collapse that no row shows, so that it is no default.
    The same rows in any order and the same seed give the same result. Raises ValueError as `paired_difference` does.
    """
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    from pytest_llm_migrate.stats.resampling import students  # noqa: PLC0415 - numpy and scipy load with it
    from pytest_llm_migrate.stats.units import Units  # noqa: PLC0415 - likewise

    units = Units.of(np.array(_changes(source, target))[:, None], design)
    changes, number = units.columns[:, 0], units.number
    mean = units.mean(changes)
    deviations = units.totals(changes - mean)
    error = math.sqrt(number / max(number - 1, 1) * float((deviations**2).sum())) / float(units.weights.sum())
    low, high = -math.inf, math.inf
    if number > 1 and error > 10**-_DIGITS:
        # Rounded, for a unit at the mean to be no further from it than nothing.
        scaled = np.round(deviations / error, _DIGITS)[:, None]
        below, above = _quantiles(students(units, scaled, seed)[:, 0], confidence)
        low, high = min(mean, mean - above * error), max(mean, mean - below * error)
    return Estimate(
        value=mean,
        low=low,
        high=high,
        confidence=confidence,
        n=units.rows,
        method="studentised bootstrap",
        effective_n=None if design.is_plain else float(number),
    )


def _quantiles(pivots: Floats, confidence: float) -> tuple[float, float]:
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    ordered = np.sort(np.where(abs(pivots) < _ENDLESS, pivots, np.copysign(np.inf, pivots)))
    outside = max(0, int((1 - confidence) / 2 * (len(ordered) + 1)) - 1)
    return float(ordered[outside]), float(ordered[-1 - outside])


def _changes(source: Sequence[float], target: Sequence[float]) -> list[float]:
    if len(source) != len(target):
        raise ValueError(f"{len(source)} source scores do not pair with {len(target)} target scores")
    return [after - before for before, after in zip(source, target, strict=True)]
