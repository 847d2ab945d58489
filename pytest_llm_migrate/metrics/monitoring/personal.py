"""Personal data and secrets that can be told by their form."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from pytest_llm_migrate.domain import Score
from pytest_llm_migrate.metrics.monitoring.watching import Monitor

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain import Row

_CARD_DIGITS = range(13, 20)
_IBAN_LENGTHS = range(15, 35)
_LENGTHS = {
    "NO": 15,
    "BE": 16,
    **dict.fromkeys(("DK", "NL"), 18),
    "SI": 19,
    **dict.fromkeys(("AT", "EE", "LT", "LU"), 20),
    **dict.fromkeys(("CH", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "DE", "GB", "IE"), 22),
    **dict.fromkeys(("AE", "IL"), 23),
    **dict.fromkeys(("CZ", "ES", "RO", "SA", "SE", "SK"), 24),
    "PT": 25,
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("FR", "GR", "IT", "MC"), 27),
    **dict.fromkeys(("CY", "HU", "PL"), 28),
    "MT": 31,
}
"""Characters of an IBAN by country, for where words follow."""
_TWO_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData(Monitor):
    """1 when nothing has the form of personal data or of a secret, else 0; the reason counts kinds, and quotes none.

    Looked for: e-mail addresses, IBANs (by their check digits), card numbers (Luhn), phone numbers with a country code
    or in the American form, US social security numbers, IP addresses, AWS access keys and private keys. Names and
    postal addresses have no form, and are not found.
    """

    meaning: ClassVar[str] = "1 shows no personal data of a known form, 0 shows some"

    name: str = "monitor:pii"

    def watch(self, text: str, row: Row) -> Score:  # noqa: ARG002 - the text alone decides
        """Return 1 or 0."""
        counts = Counter(kinds_in(text))
        listed = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        return Score(0.0, f"found: {listed}") if counts else Score(1.0)


def kinds_in(text: str) -> list[str]:
    """Return the kind of every piece of personal data in a text; what is a card or an IBAN is no phone number."""
    kinds: list[str] = []
    for kind, pattern, is_one in _KINDS:
        text = pattern.sub(partial(_noted, kinds, kind, is_one), text)
    return kinds


def is_luhn(number: str) -> bool:
    """Return whether digits, with blanks or hyphens between them, are a card number by length and check digit."""
    digits = [int(digit) for digit in number if digit.isdigit()]
    doubled = [digit * 2 - _TWO_DIGITS * (digit * 2 > _TWO_DIGITS) for digit in digits[-2::-2]]
    return len(digits) in _CARD_DIGITS and any(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Return whether a text is an IBAN by its check digits (ISO 13616), also one that words follow."""
    plain = re.sub(r"\s", "", text)
    plain = plain[: _LENGTHS.get(plain[:2], len(plain))]
    if len(plain) not in _IBAN_LENGTHS or not (plain.isascii() and plain.isalnum()):
        return False
    return int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1


def _noted(kinds: list[str], kind: str, is_one: Callable[[str], bool], match: re.Match[str]) -> str:
    if not is_one(match.group()):
        return match.group()
    kinds.append(kind)
    return "\n"


def _is_ip(text: str) -> bool:
    if ":" in text and not any(character.isdigit() for character in text):  # a name such as add::cafe
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _always(_text: str) -> bool:
    return True


_KINDS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = tuple(
    (kind, re.compile(pattern, re.ASCII), is_one)
    for kind, pattern, is_one in (
        ("private key", r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----", _always),
        ("AWS access key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", _always),
        ("e-mail address", r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[A-Za-z]{2,24}\b", _always),
        ("IBAN", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b", is_iban),
        ("card number", r"(?<!\d)(?<!\d[ -])[3-6](?:[ -]?\d){12,18}(?![ -]?\d)", is_luhn),
        ("IP address", r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)", _is_ip),
        ("IP address", r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:|::){1,7}:?(?:[0-9A-Fa-f]{1,4})?(?![\w:])", _is_ip),
        ("social security number", r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])", _always),
        ("phone number", r"(?<![\d+])\+[1-9](?:[ .()/-]{0,2}\d){7,14}(?!\d)", _always),
        ("phone number", r"(?<![\d.-])(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\d-])", _always),
    )
)
