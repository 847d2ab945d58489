"""Seconds, US dollars and counts as people read them; what is not known is called unknown, never zero."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Callable

UNKNOWN = "unknown"
PRICED_ROWS = 1000
"""Rows that a mean cost is shown for, since the cost of one is too small to picture."""
_COST_DIGITS = 3


def is_known(value: float | None) -> TypeGuard[float]:
    """Return whether a value is a finite number."""
    return value is not None and math.isfinite(value)


def or_unknown(show: Callable[[float], str]) -> Callable[[float | None], str]:
    """Return what shows a number, or says that it is `UNKNOWN`."""

    @functools.wraps(show)
    def shown(value: float | None) -> str:
        return show(value) if is_known(value) else UNKNOWN

    return shown


@or_unknown
def seconds(value: float) -> str:
    """Return seconds, below one of them as milliseconds: ``840 ms``, ``1.24 s``, ``12.4 s``, ``124 s``."""
    milliseconds = value * 1000
    if abs(milliseconds) < 9.95:  # noqa: PLR2004 - from here on two digits suffice
        return f"{milliseconds:.2g} ms"
    if abs(milliseconds) < 999.5:  # noqa: PLR2004 - rounds to less than a second
        return f"{milliseconds:.0f} ms"
    return f"{value:.{decimals(value, 3)}f} s"


@or_unknown
def usd(value: float) -> str:
    """Return US dollars with digits enough to tell prices of a call apart: ``$0.00041``, ``$1.24``, ``$1,240``."""
    size, sign = abs(value), "-" if value < 0 else ""
    if size >= 1 or size == 0:
        return f"{sign}${size:,.0f}" if round(size) >= 1000 else f"{sign}${size:.2f}"  # noqa: PLR2004 - cents are noise
    places = _COST_DIGITS - 1 - math.floor(math.log10(size))
    whole, _, cents = f"{size:.{places}f}".partition(".")
    return f"{sign}${whole}.{cents.rstrip('0').ljust(2, '0')}"


@or_unknown
def count(value: float) -> str:
    """Return a whole number with its thousands told apart: ``1,234``."""
    return f"{value:,.0f}"


@or_unknown
def amount(value: float) -> str:
    """Return a number of tokens, which as a mean may have a fraction: ``83.4``, ``12``, ``1,234``."""
    return count(value) if abs(value) >= 99.95 else trimmed(plain(value, 1))  # noqa: PLR2004 - from here on whole


def quantity(unit: str) -> Callable[[float | None], str]:
    """Return what shows values of a unit: ``s``, ``USD``, or anything that is counted."""
    return {"s": seconds, "USD": usd}.get(unit, amount)


def plain(value: float, places: int) -> str:
    """Return a number with so many decimals, and no minus before a zero."""
    text = f"{value:.{places}f}"
    return text[1:] if text[0] == "-" and float(text) == 0 else text


def trimmed(text: str) -> str:
    """Return a number's digits without zeros that say nothing."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimals(value: float, digits: int) -> int:
    """Return how many decimals show ``digits`` digits of a value of 1 or more."""
    before = len(str(int(abs(float(f"{value:.{digits}g}")))))
    return max(digits - before, 0)
