"""Fiscal years, quarters and dates as people write them, found in text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_FLAGS = re.IGNORECASE | re.ASCII  # else a long s would pass for an s, and make a month that no table has
_YEAR = r"(?:(?:19|20)\d\d)"
_FISCAL = re.compile(
    rf"(?<!\w)(?:FY\s?['\u2019]?|fiscal(?:\s(?:years?|'))?\s|financial\syear\s)({_YEAR}|\d\d)(?!\d)", _FLAGS
)
_PLAIN = re.compile(rf"(?<![\w.,$€£-])({_YEAR})(?![\w%]|[.,-]\d)", _FLAGS)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
_QUARTER = re.compile(
    rf"""
    (?<!\w)(?:(?P<before>{_YEAR})[ -]?)?
    (?:q\ ?(?P<number>[1-4]) | (?P<first>[1-4])q | (?P<word>{"|".join(_ORDINALS)})[ -](?:fiscal\ )?quarter)
    (?:
        (?:\ |,\ |\ of\ |\ in\ |[-/])?(?:the\ )?(?:fy\ ?|fiscal\ (?:year\ )?)?['\u2019]?(?P<full>{_YEAR})(?!\d)
      | \ ?(?:of\ )?(?:fy\ ?['\u2019]?|['\u2019])(?P<short>\d\d)(?!\d)
      | (?P<close>\d\d)(?![\d%])
    )?
    (?![a-z\d])
    """,
    _FLAGS | re.VERBOSE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_DATES = (
    (re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)"), (1, 2, 3)),
    (re.compile(rf"(?<!\w){_MONTH}\s{_DAY},?\s(\d{{4}})(?!\d)", _FLAGS), (3, 1, 2)),
    (re.compile(rf"(?<!\w){_DAY}\s(?:of\s)?{_MONTH},?\s(\d{{4}})(?!\d)", _FLAGS), (3, 2, 1)),
)
_CENTURY = 100


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter, in a year where the text gives one beside it."""

    year: int | None
    number: int

    def __str__(self) -> str:
        return f"Q{self.number} {self.year}" if self.year else f"Q{self.number}"


def fiscal_years(text: str) -> list[int]:
    """Return the years that a text names as fiscal ones or beside a quarter, in order: 2018 for ``FY18``."""
    named = [_full(match[1]) for match in _FISCAL.finditer(text)]
    beside = [quarter.year for quarter in quarters(text) if quarter.year]
    return list(dict.fromkeys([*named, *beside]))


def years(text: str) -> list[int]:
    """Return the years that a text names in any way, in order."""
    return list(dict.fromkeys([*fiscal_years(text), *(int(match[1]) for match in _PLAIN.finditer(text))]))


def quarters(text: str) -> list[Quarter]:
    """Return the quarters that a text names, in order, each once: ``Q3 FY18``, ``3Q18``, ``third quarter of 2018``."""
    return list(dict.fromkeys(_quarter(match) for match in _QUARTER.finditer(text)))


def dates(text: str) -> set[date]:
    """Return the dates that a text gives in full: ``2024-01-05``, ``January 5, 2024``, ``5 January 2024``."""
    found = (
        _date(*(match[place] for place in places)) for pattern, places in _DATES for match in pattern.finditer(text)
    )
    return {day for day in found if day}


def _quarter(match: re.Match[str]) -> Quarter:
    number, year = match["number"] or match["first"], _year_of(match)
    return Quarter(_full(year) if year else None, int(number) if number else _ORDINALS[match["word"].lower()])


def _year_of(match: re.Match[str]) -> str | None:
    return next((match[name] for name in ("full", "short", "close", "before") if match[name]), None)


def _full(year: str) -> int:
    return int(year) if int(year) >= _CENTURY else 2000 + int(year)


def _date(year: str, month: str, day: str) -> date | None:
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    try:
        return date(int(year), number, int(day))
    except ValueError:
        return None
