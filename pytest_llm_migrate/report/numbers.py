"""Numbers as people read them; what is not known is called unknown, never zero."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain.amounts import (
    PRICED_ROWS,
    UNKNOWN,
    amount,
    count,
    decimals,
    is_known,
    or_unknown,
    plain,
    quantity,
    seconds,
    trimmed,
    usd,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "NO_LIMIT",
    "PRICED_ROWS",
    "UNKNOWN",
    "amount",
    "count",
    "counted",
    "interval",
    "is_known",
    "p_value",
    "percent",
    "percent_change",
    "points",
    "quantity",
    "ratio",
    "score",
    "score_change",
    "seconds",
    "usd",
    "usd_change",
]

NO_LIMIT = "no limit"


@or_unknown
def percent(value: float) -> str:
    """Return a share of 1 as per cent: 0.713 is ``71.3%``."""
    return f"{plain(value * 100, 1)}%"


@or_unknown
def percent_change(value: float) -> str:
    """Return a relative change as whole per cent with its sign: 0.083 is ``+8%``."""
    return f"{_signed(value * 100, 0)}%"


@or_unknown
def points(value: float) -> str:
    """Return a difference of shares in percentage points: -0.032 is ``-3.2 pp``."""
    return f"{_signed(value * 100, 1)} pp"


@or_unknown
def score(value: float) -> str:
    """Return a score or a mean of scores, three decimals at most: 0.5, 1, 3.417."""
    return trimmed(plain(value, 3))


@or_unknown
def score_change(value: float) -> str:
    """Return a difference of scores with its sign, three decimals at most: ``-0.25``."""
    return trimmed(_signed(value, 3))


@or_unknown
def usd_change(value: float) -> str:
    """Return a difference of US dollars with its sign: ``+$1.24``, ``-$1,240``."""
    return f"+{usd(value)}" if value > 0 else usd(value)


@or_unknown
def ratio(value: float) -> str:
    """Return a factor: ``x0.62``, ``x12.4``, ``x0.062``."""
    if 0 < abs(value) < 0.0995:  # noqa: PLR2004 - two decimals would leave one digit or none
        return f"x{trimmed(f'{value:.{1 - math.floor(math.log10(abs(value)))}f}')}"
    return f"x{value:,.{min(decimals(value, 3), 2)}f}"


@or_unknown
def p_value(value: float) -> str:
    """Return a p-value with three decimals at most, and ``< 0.001`` below."""
    return score(value) if value >= 0.001 else "< 0.001"  # noqa: PLR2004 - the last one that shows


def interval(limits: Sequence[float | None] | None, show: Callable[[float | None], str]) -> str:
    """Return an interval as ``[low, high]``; a limit that is missing is ``no limit``, both are ``unknown``."""
    if limits is None or not any(is_known(limit) for limit in limits):
        return UNKNOWN
    low, high = (show(limit) if is_known(limit) else NO_LIMIT for limit in limits)
    return f"[{low}, {high}]"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: ``1 row``, ``1,240 rows``."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def _signed(value: float, decimals: int) -> str:
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text
