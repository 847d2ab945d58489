"""How many rows a claim needs, and how small a margin some rows can prove, before and after a run."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from pytest_llm_migrate.stats.bounded import least_reach
from pytest_llm_migrate.stats.estimate import deviate, two_sided_confidence

if TYPE_CHECKING:
    from pytest_llm_migrate.stats.estimate import Estimate

MOST_ROWS = 1_000_000_000
"""More rows than this settle nothing in practice."""


def rows_needed(margin: float, disagreement: float, *, confidence: float = 0.95, power: float = 0.8) -> int:
    """Return how many right/wrong rows show that the target is at most ``margin`` worse, if it is equally good.

    ``disagreement`` is the share of rows, 0 to 1, that one side alone gets right. The normal approximation
    (z_confidence + z_power)² · disagreement / margin², but never fewer rows than prove the margin when none
    disagrees: 88 for 0.03 and 52 for 0.05 at 95 %. Where that floor rules, the power may fall short.
    Raises ValueError for a margin, share, confidence or power out of range.
    """
    _refuse_share("disagreement", disagreement)
    return _rows(margin, disagreement, confidence, power)


def rows_needed_graded(margin: float, sd: float, *, confidence: float = 0.95, power: float = 0.8) -> int:
    """Return what `rows_needed` does for scores in [0, 1] whose row differences have the deviation ``sd``."""
    _refuse_share("sd", sd)
    return _rows(margin, sd * sd, confidence, power)


def smallest_margin(n: int, disagreement: float, *, confidence: float = 0.95, power: float = 0.8) -> float:
    """Return the margin that ``n`` right/wrong rows prove with ``power``, if the target is equally good.

    Every larger margin can be proven as well, this one just fails where no row disagrees; at most 1. The
    inverse of `rows_needed`, and raises as it does.
    """
    _refuse_share("disagreement", disagreement)
    return _margin(n, disagreement, confidence, power)


def smallest_margin_graded(n: int, sd: float, *, confidence: float = 0.95, power: float = 0.8) -> float:
    """Return what `smallest_margin` does for scores in [0, 1] whose row differences have the deviation ``sd``."""
    _refuse_share("sd", sd)
    return _margin(n, sd * sd, confidence, power)


def rows_to_settle(estimate: Estimate, *, margin: float) -> int | None:
    """Return how many more rows like these lift the lower limit of a paired difference above ``-margin``.

    ``estimate`` is one of scores in [0, 1]. 0 where the limit is there already. None where the difference seen
    is ``-margin`` or worse, so that more rows like these never make it a GO, or where it would take more than a
    billion. Exact for rows that all agree; else the interval is taken to shrink with the root of the rows.
    """
    return _more_rows(estimate, estimate.value - estimate.low, estimate.value + margin, 1 + estimate.value)


def rows_to_settle_floor(estimate: Estimate, *, floor: float) -> int | None:
    """Return what `rows_to_settle` does for one side's mean score in [0, 1] and "at least ``floor``"."""
    return _more_rows(estimate, estimate.value - estimate.low, estimate.value - floor, estimate.value)


def rows_to_settle_ceiling(estimate: Estimate, *, ceiling: float) -> int | None:
    """Return what `rows_to_settle` does for a ratio or quantity and "at most ``ceiling``".

    None also where the estimate has no upper limit.
    """
    return _more_rows(estimate, estimate.high - estimate.value, ceiling - estimate.value, None)


def _more_rows(estimate: Estimate, reach: float, gap: float, height: float | None) -> int | None:
    """Return the rows to add so that ``reach`` falls below ``gap``.

    ``height`` is how far the value lies from its bound: rows that reach no further than they must from it
    will go on shrinking with 1/n.
    """
    if reach < gap:
        return 0
    if gap <= 0 or not math.isfinite(reach):
        return None
    n, z = estimate.n, deviate(estimate.confidence)
    wanted = n * (reach / gap) ** 2 if reach / gap < MOST_ROWS else math.inf
    if height is not None and reach <= least_reach(height, z * z / n) * (1 + 1e-9):
        wanted = z * z * (height - gap) / gap
    return max(math.floor(wanted) + 1 - n, 1) if wanted < MOST_ROWS else None


def _rows(margin: float, variance: float, confidence: float, power: float) -> int:
    if not 0 < margin <= 1:
        raise ValueError(f"a margin lies above 0 and at most at 1, got {margin!r}")
    z = deviate(two_sided_confidence(confidence))
    agreeing = math.floor(z * z * (1 / margin - 1)) + 1
    return max(agreeing, math.ceil((z + _power_deviate(power)) ** 2 * variance / margin**2))


def _margin(n: int, variance: float, confidence: float, power: float) -> float:
    if n < 1:
        raise ValueError(f"{n} rows prove no margin")
    z = deviate(two_sided_confidence(confidence))
    spread = (z + _power_deviate(power)) * math.sqrt(variance / n)
    return min(1.0, max(least_reach(1.0, z * z / n), spread))


def _power_deviate(power: float) -> float:
    if not 0.5 <= power < 1:  # noqa: PLR2004 - a study more likely to fail than not is no plan
        raise ValueError(f"a power lies between 0.5 and 1, got {power!r}")
    return NormalDist().inv_cdf(power)


def _refuse_share(name: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"{name} lies between 0 and 1, got {share!r}")
