"""The form in which two texts are compared."""

from __future__ import annotations

import unicodedata
from itertools import groupby

_LONGEST_STACK = 30
"""Marks on one character; Unicode's own bound for text that can be streamed (UAX #15)."""


def comparable(text: str, *, case: bool = False, punctuation: bool = True) -> str:
    """Return a text without what seldom matters: outer and repeated blanks, the way accents are encoded, case.

    ``case=True`` keeps case; ``punctuation=False`` drops punctuation, save between two digits (``3.5``).
    """
    text = composed(text if case else composed(text).casefold())
    return " ".join((text if punctuation else _unpunctuated(text)).split())


def composed(text: str) -> str:
    """Return the text in Unicode's composed form (NFC); as it is where marks pile up beyond any script's use.

    Sorting a pile of marks takes time that grows with its square: minutes for a megabyte of them.
    """
    if text.isascii() or _tallest_stack(text) > _LONGEST_STACK:
        return text
    return unicodedata.normalize("NFC", text)


def _tallest_stack(text: str) -> int:
    stacks = groupby(map(unicodedata.combining, text), key=bool)
    return max((sum(1 for _ in stack) for is_mark, stack in stacks if is_mark), default=0)


def _unpunctuated(text: str) -> str:
    padded = f" {text} "
    return "".join(
        character
        for before, character, after in zip(padded, text, padded[2:], strict=False)
        if not unicodedata.category(character).startswith("P") or (before.isdigit() and after.isdigit())
    )
