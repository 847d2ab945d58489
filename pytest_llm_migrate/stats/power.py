"""How many rows a claim needs, and how small a margin some rows can prove, before and after a run."""

from __future__ import annotations

import math
from bisect import bisect_left
from statistics import NormalDist
from typing import TYPE_CHECKING

from pytest_llm_migrate.stats.estimate import UNIT, deviate, least_reach, two_sided_confidence

if TYPE_CHECKING:
    from pytest_llm_migrate.stats.estimate import Bounds, Estimate

SMALLEST_MARGIN = 1e-6
"""No golden dataset proves less; a smaller margin is a slip."""

MOST_ROWS = 1_000_000_000
"""More rows than this settle nothing in practice."""

_ENDLESS = 10**15
"""Above what the smallest margin takes at any confidence and power that a float can tell from 1."""


def rows_needed(margin: float, disagreement: float, *, confidence: float = 0.95, power: float = 0.8) -> int:
    """Return how many right/wrong rows show that the target is at most ``margin`` worse, if it is equally good.

    ``disagreement`` is the share of rows, 0 to 1, that one side alone gets right. These are the fewest rows at which
    the exact power of Tango's test reaches ``power`` (`power_of`): 0.80 to 0.83 where 5 % of rows or more disagree,
    up to 0.94 where so few do that a single row moves it further, 1 without any. A few rows more may have up to 0.011
    less than was asked, as counts are whole. Above 600 rows that disagree the normal approximation takes over,
    (z_confidence + z_power)² · disagreement / margin². Raises ValueError for a margin, share, confidence or power out
    of range.
    """
    from pytest_llm_migrate.stats.exact_power import SMOOTH, fewest_rows  # noqa: PLC0415 - scipy loads with it

    _refuse_share("disagreement", disagreement)
    guess = _rows(margin, math.sqrt(disagreement), confidence, power)
    if not disagreement or guess * disagreement > SMOOTH:
        return guess
    return fewest_rows(margin, disagreement, _deviates(confidence, power)[0], power, guess)


def rows_needed_graded(margin: float, sd: float, *, confidence: float = 0.95, power: float = 0.8) -> int:
    """Return what `rows_needed` does for scores in [0, 1] whose row differences have the deviation ``sd``.

    By the normal approximation, with the width that the interval has at least: in simulation, with rows that are
    even, normal, tied or heavy-tailed and ``sd`` from 0.05 to 0.3, the power was 0.76 to 0.84 from about 50 rows on,
    and up to 0.94 with fewer, where that width decides and a single row moves the power by 0.05.
    """
    _refuse_share("sd", sd)
    return _rows(margin, sd, confidence, power)


def smallest_margin(n: int, disagreement: float, *, confidence: float = 0.95, power: float = 0.8) -> float:
    """Return what a margin must exceed for ``n`` right/wrong rows to prove it with ``power``, at most 1.

    The inverse of `rows_needed`, for a target that is equally good; raises as it does.
    """
    from pytest_llm_migrate.stats.exact_power import SMOOTH, least_margin  # noqa: PLC0415 - scipy loads with it

    _refuse_share("disagreement", disagreement)
    deviates = _deviates(confidence, power)
    guess = min(1.0, _margin(n, math.sqrt(disagreement), deviates))
    if not disagreement or n * disagreement > SMOOTH:
        return guess
    return least_margin(n, disagreement, deviates[0], power)


def smallest_margin_graded(n: int, sd: float, *, confidence: float = 0.95, power: float = 0.8) -> float:
    """Return what `smallest_margin` does for scores in [0, 1] whose row differences have the deviation ``sd``."""
    _refuse_share("sd", sd)
    return min(1.0, _margin(n, sd, _deviates(confidence, power)))


def rows_to_settle(estimate: Estimate, *, margin: float, bounds: Bounds = UNIT) -> int | None:
    """Return how many more rows like these lift the lower limit of a paired difference above ``-margin``.

    ``estimate`` is one of scores within ``bounds``. 0 where the limit is there already. None where the
    difference seen is ``-margin`` or worse, so that more rows like these never make it a GO, or where it would
    take more than a billion. Exact for rows that all agree; else the interval is taken to shrink with the root
    of the rows.
    """
    height = estimate.value + bounds[1] - bounds[0]
    return _more_rows(estimate, estimate.value - estimate.low, estimate.value + margin, height)


def rows_to_settle_floor(estimate: Estimate, *, floor: float, bounds: Bounds = UNIT) -> int | None:
    """Return what `rows_to_settle` does for one side's mean score and "at least ``floor``"."""
    height = estimate.value - bounds[0]
    return _more_rows(estimate, estimate.value - estimate.low, estimate.value - floor, height)


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
    n, z = estimate.effective_n or estimate.n, deviate(estimate.confidence)
    wanted = n * (reach / gap) ** 2 if reach / gap < MOST_ROWS else math.inf
    if height is not None and reach <= least_reach(height, z * z / n) * (1 + 1e-9):
        wanted = z * z * (height - gap) / gap
    if wanted >= MOST_ROWS:
        return None
    if estimate.effective_n is None:
        return max(math.floor(wanted) + 1 - estimate.n, 1)
    return max(math.ceil(estimate.n * (wanted / n - 1)), 1)  # rows that count no more than these do


def _rows(margin: float, sd: float, confidence: float, power: float) -> int:
    if not SMALLEST_MARGIN <= margin <= 1:
        raise ValueError(f"a margin lies between {SMALLEST_MARGIN} and 1, got {margin!r}")
    deviates = _deviates(confidence, power)
    return 1 + bisect_left(range(1, _ENDLESS), x=True, key=lambda n: _margin(n, sd, deviates) < margin)


def _margin(n: int, sd: float, deviates: tuple[float, float]) -> float:
    """Return how far the lower limit lies below 0, plus how far below the mean itself may come out."""
    if n < 1:
        raise ValueError(f"{n} rows prove no margin")
    z, luck = deviates
    error = sd / math.sqrt(n)
    return max(least_reach(1.0, z * z / n), z * error) + luck * error


def _deviates(confidence: float, power: float) -> tuple[float, float]:
    if not 0.5 <= power < 1:  # noqa: PLR2004 - a study more likely to fail than not is no plan
        raise ValueError(f"a power lies between 0.5 and 1, got {power!r}")
    return deviate(two_sided_confidence(confidence)), NormalDist().inv_cdf(power)


def _refuse_share(name: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"{name} lies between 0 and 1, got {share!r}")
