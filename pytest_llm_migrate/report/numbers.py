"""Numbers as people read them; what is not known is called unknown, never zero."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNKNOWN = "unknown"
NO_LIMIT = "no limit"
_COST_DIGITS = 3


def is_known(value: float | None) -> TypeGuard[float]:
    """Return whether a value is a finite number."""
    return value is not None and math.isfinite(value)


def _or_unknown(show: Callable[[float], str]) -> Callable[[float | None], str]:
    @functools.wraps(show)
    def shown(value: float | None) -> str:
        return show(value) if is_known(value) else UNKNOWN

    return shown


@_or_unknown
def percent(value: float) -> str:
    """Return a share of 1 as per cent: 0.713 is ``71.3%``."""
    return f"{_plain(value * 100, 1)}%"


@_or_unknown
def percent_change(value: float) -> str:
    """Return a relative change as whole per cent with its sign: 0.083 is ``+8%``."""
    return f"{_signed(value * 100, 0)}%"


@_or_unknown
def points(value: float) -> str:
    """Return a difference of shares in percentage points: -0.032 is ``-3.2 pp``."""
    return f"{_signed(value * 100, 1)} pp"


@_or_unknown
def score(value: float) -> str:
    """Return a score or a mean of scores, three decimals at most: 0.5, 1, 3.417."""
    return _trimmed(_plain(value, 3))


@_or_unknown
def score_change(value: float) -> str:
    """Return a difference of scores with its sign, three decimals at most: ``-0.25``."""
    return _trimmed(_signed(value, 3))


@_or_unknown
def seconds(value: float) -> str:
    """Return seconds, below one of them as milliseconds: ``840 ms``, ``1.24 s``, ``12.4 s``, ``124 s``."""
    milliseconds = value * 1000
    if abs(milliseconds) < 9.95:  # noqa: PLR2004 - from here on two digits suffice
        return f"{milliseconds:.2g} ms"
    if abs(milliseconds) < 999.5:  # noqa: PLR2004 - rounds to less than a second
        return f"{milliseconds:.0f} ms"
    return f"{value:.{_decimals(value, 3)}f} s"


@_or_unknown
def usd(value: float) -> str:
    """Return US dollars with digits enough to tell prices of a call apart: ``$0.00041``, ``$1.24``, ``$1,240``."""
    size, sign = abs(value), "-" if value < 0 else ""
    if size >= 1 or size == 0:
        return f"{sign}${size:,.0f}" if round(size) >= 1000 else f"{sign}${size:.2f}"  # noqa: PLR2004 - cents are noise
    decimals = _COST_DIGITS - 1 - math.floor(math.log10(size))
    whole, _, cents = f"{size:.{decimals}f}".partition(".")
    return f"{sign}${whole}.{cents.rstrip('0').ljust(2, '0')}"


@_or_unknown
def usd_change(value: float) -> str:
    """Return a difference of US dollars with its sign: ``+$1.24``, ``-$1,240``."""
    return f"+{usd(value)}" if value > 0 else usd(value)


@_or_unknown
def ratio(value: float) -> str:
    """Return a factor: ``x0.62``, ``x12.4``, ``x0.062``."""
    if 0 < abs(value) < 0.0995:  # noqa: PLR2004 - two decimals would leave one digit or none
        return f"x{_trimmed(f'{value:.{1 - math.floor(math.log10(abs(value)))}f}')}"
    return f"x{value:,.{min(_decimals(value, 3), 2)}f}"


@_or_unknown
def p_value(value: float) -> str:
    """Return a p-value with three decimals at most, and ``< 0.001`` below."""
    return score(value) if value >= 0.001 else "< 0.001"  # noqa: PLR2004 - the last one that shows


@_or_unknown
def count(value: float) -> str:
    """Return a whole number with its thousands told apart: ``1,234``."""
    return f"{value:,.0f}"


@_or_unknown
def amount(value: float) -> str:
    """Return a number of tokens, which as a mean may have a fraction: ``83.4``, ``12``, ``1,234``."""
    return count(value) if abs(value) >= 99.95 else _trimmed(_plain(value, 1))  # noqa: PLR2004 - from here on whole


def quantity(unit: str) -> Callable[[float | None], str]:
    """Return what shows values of a unit: ``s``, ``USD``, or anything that is counted."""
    return {"s": seconds, "USD": usd}.get(unit, amount)


def interval(limits: Sequence[float | None] | None, show: Callable[[float | None], str]) -> str:
    """Return an interval as ``[low, high]``; a limit that is missing is ``no limit``, both are ``unknown``."""
    if limits is None or not any(is_known(limit) for limit in limits):
        return UNKNOWN
    low, high = (show(limit) if is_known(limit) else NO_LIMIT for limit in limits)
    return f"[{low}, {high}]"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: ``1 row``, ``1,240 rows``."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def _plain(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text[1:] if text[0] == "-" and float(text) == 0 else text


def _signed(value: float, decimals: int) -> str:
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _decimals(value: float, digits: int) -> int:
    """Return how many decimals show ``digits`` digits of a value of 1 or more."""
    before = len(str(int(abs(float(f"{value:.{digits}g}")))))
    return max(digits - before, 0)
