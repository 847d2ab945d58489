"""Numbers as people write them, found in text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DecimalMark = Literal[".", ","]

_SCALE_WORDS: Mapping[str, int | Fraction] = {
    "thousand": 10**3,
    "million": 10**6,
    "mn": 10**6,
    "billion": 10**9,
    "bn": 10**9,
    "trillion": 10**12,
    "tn": 10**12,
    "percent": Fraction(1, 100),
    "per cent": Fraction(1, 100),
    "pct": Fraction(1, 100),
    "%": Fraction(1, 100),
}
_COUNTS = {"dozen": 12, "hundred": 100}
_LETTERS = {"k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}
SCALES: Mapping[str, Fraction] = {name: Fraction(value) for name, value in [*_SCALE_WORDS.items(), *_LETTERS.items()]}
"""What each scale multiplies by; single letters count only where they touch the digits."""

# fmt: off
_UNITS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
# fmt: on
_WORDS = {"a": 1, "an": 1}
_WORDS |= {word: value for value, word in enumerate(_UNITS)} | {word: 10 * ten for ten, word in enumerate(_TENS, 2)}

_MOST_DIGITS = 60  # longer runs are keys or noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number found in a text.

    Attributes:
        digits: The number without its scale, 1.5 for ``$1.5 billion``; negative with a minus sign.
        grain: One in the last place shown, 0.1 for ``$1.5 billion``.
        scale: What the text multiplies it by; ``None`` where it names no scale.
        bracketed: Written in parentheses, as accountants write a loss.
        text: As it was written.
    """

    digits: Fraction
    grain: Fraction
    scale: Fraction | None
    bracketed: bool
    text: str


def quantities(text: str, *, decimal: DecimalMark = ".") -> list[Quantity]:
    """Return the numbers of a text, in order, in time linear in its length.

    Read are signs, currency signs and codes, thousands grouped by the other mark, an apostrophe or a no-break
    space, decimals, ``1.5e9``, the scales of `SCALES`, and English words up to ninety-nine (``forty``,
    ``two hundred million``, ``a dozen``). Not read are the digits of names (``GPT-4``, ``FY2018``), of dates and
    versions written with points, and the markers of a numbered list.
    """
    text = _without_list_markers(text)
    found = _PATTERNS[decimal].finditer(text)
    return [_quantity(match, decimal) for match in found if len(match["digits"] or "") <= _MOST_DIGITS]


def scale_in(unit: str) -> str | None:
    """Return the scale that a unit such as ``USD millions`` names, or ``None`` where it names none."""
    named = _SCALE.search(unit)
    return named["name"].lower() if named else None


def _any_of(names: Iterable[str]) -> str:
    # (?a:) because a dotless i would pass for an i otherwise, and make a word that no table has.
    return f"(?a:{'|'.join(sorted(map(re.escape, names), key=len, reverse=True))})"


_NAMES = re.compile(_any_of([*SCALES, *_COUNTS]))
_SCALE = re.compile(rf"(?<!\w)(?P<name>{_any_of(_SCALE_WORDS)})s?(?!\w)", re.IGNORECASE)


def _pattern(decimal: DecimalMark) -> re.Pattern[str]:
    # Every repeat is bounded or possessive (++): a megabyte of digits or blanks is read once.
    group, point = re.escape("," if decimal == "." else "."), re.escape(decimal)
    scale_words = rf"{_any_of([*_SCALE_WORDS, *_COUNTS])}s?(?!\w)"
    return re.compile(
        rf"""
        (?<!\w)(?<![^\W\d_]-)(?<!\d[.,])                    # not in a word, a name, a date
        (?P<bracket>\()?
        (?P<minus>(?:minus|negative)\ |[-\u2212\u2013](?=[\d.,$€£¥₹]))?
        (?:(?:us|ca|au)?[$€£¥₹]\ ?|(?:usd|eur|gbp|chf|jpy|cny|inr)\ ?)?
        (?P<inner_minus>[-\u2212\u2013](?=[\d.,]))?
        (?:
            (?P<digits>
                (?:\d{{1,3}}(?:[{group}'\u2019\u00a0\u2009\u202f]\d{{3}})++(?!\d) | \d++)(?:{point}\d++)? | {point}\d++
            )
            (?P<exponent>e[+-]?\d{{1,2}}(?!\w))?
            (?![.,]?\d)
            (?P<letter>{_any_of(_LETTERS)}(?!\w))?
          |
            (?P<word>
                an?(?=[ -]{scale_words}) | {_any_of(_TENS)}(?:[ -]{_any_of(_UNITS[1:10])})? | {_any_of(_UNITS)}
            )
            (?!\w)
        )
        (?(bracket)\)?)
        (?P<scales>(?:[\ \u00a0-]?{scale_words}){{0,3}})
        """,
        re.VERBOSE | re.IGNORECASE,
    )


_PATTERNS: Mapping[DecimalMark, re.Pattern[str]] = {".": _pattern("."), ",": _pattern(",")}
_LIST_MARKER = re.compile(r"^[ \t]*+\d{1,3}[.)](?=[ \t])", re.MULTILINE)


def _without_list_markers(text: str) -> str:
    # One such line may be an answer: "42. That is all."
    return _LIST_MARKER.sub("", text) if len(_LIST_MARKER.findall(text)) > 1 else text


def _quantity(match: re.Match[str], decimal: DecimalMark) -> Quantity:
    value, grain = _digits(match, decimal) if match["digits"] else (_word(match["word"]), Fraction(1))
    names = _NAMES.findall(((match["letter"] or "") + match["scales"]).lower())
    scales = [SCALES[name] for name in names if name in SCALES]
    value *= math.prod(_COUNTS.get(name, 1) for name in names)
    bracketed = bool(match["bracket"]) and (")" in match[0] or match.string.startswith(")", match.end()))
    return Quantity(
        digits=-value if match["minus"] or match["inner_minus"] else value,
        grain=grain,
        scale=math.prod(scales, start=Fraction(1)) if scales else None,
        bracketed=bracketed,
        text=match[0] if bracketed else match[0].lstrip("("),
    )


def _digits(match: re.Match[str], decimal: DecimalMark) -> tuple[Fraction, Fraction]:
    whole, _, places = match["digits"].partition(decimal)
    plain = "".join(filter(str.isdigit, whole)) or "0"
    last_place = int((match["exponent"] or "e0")[1:]) - len(places)
    grain = Fraction(10) ** last_place if last_place else Fraction(1)
    return int(plain + places) * grain, grain


def _word(words: str) -> Fraction:
    return Fraction(sum(_WORDS[word] for word in re.split(r"[ -]", words.lower())))
