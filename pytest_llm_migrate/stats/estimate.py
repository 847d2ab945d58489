"""What a statistic was estimated to be, and the conversions between its two-sided and one-sided confidence."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

Statistic = Literal["mean", "p50", "p90", "p95", "p99"]
STATISTICS: tuple[Statistic, ...] = ("mean", "p50", "p90", "p95", "p99")

Bounds = tuple[float, float]
"""The lowest and the highest score that there can be."""

UNIT: Bounds = (0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure seen on some rows, with the two-sided interval that all rows like them may have.

    Attributes:
        value: The figure on the rows seen.
        low: The lower limit; never above `value`.
        high: The upper limit; never below `value`; ``inf`` where the rows give none.
        confidence: The two-sided confidence of the interval, between 0 and 1.
        n: How many rows it rests on.
        method: How the interval was made, in a few words for a report.
        effective_n: How many rows that count once would say as much; ``None`` where every row does.
    """

    value: float
    low: float
    high: float
    confidence: float
    n: int
    method: str
    effective_n: float | None = None


def two_sided_confidence(one_sided: float) -> float:
    """Return the confidence of the interval whose limits each hold at ``one_sided``: 0.90 for 0.95.

    Raises ValueError outside of 0.5 to 1 (both excluded), where there is no such interval.
    """
    if not 0.5 < one_sided < 1:  # noqa: PLR2004 - a limit no better than a coin's toss is none
        raise ValueError(f"a one-sided confidence lies between 0.5 and 1, got {one_sided!r}")
    return 2 * one_sided - 1


def one_sided_confidence(two_sided: float) -> float:
    """Return the confidence at which each limit of an interval of ``two_sided`` holds: 0.95 for 0.90."""
    return (1 + two_sided) / 2


def deviate(two_sided: float) -> float:
    """Return how many standard errors an interval of this confidence reaches to each side: 1.96 for 0.95.

    Raises ValueError when the confidence does not lie between 0 and 1.
    """
    z = -NormalDist().inv_cdf((1 - two_sided) / 2) if 0 < two_sided < 1 else 0.0
    if z <= 0:
        raise ValueError(f"a confidence lies between 0 and 1, got {two_sided!r}")
    return z


def least_reach(height: float, step: float) -> float:
    """Return how far below a mean of bounded values its lower limit lies at least.

    ``height`` is the mean's distance from the lower bound and ``step`` z²/n. Rows that all agree reach exactly
    as far, and others no less.
    """
    return height * step / (1 + step)
