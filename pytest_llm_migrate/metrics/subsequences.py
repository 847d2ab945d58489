"""The longest common subsequence of two sequences of words.

Bit-parallel (Crochemore and others, 2001): one step holds a word of one text against all of the other, whose places
are the bits of one integer; a bit that falls to 0 is one more word in common.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def common_length(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest common subsequence."""
    shorter, longer = sorted((first, second), key=len)
    row = (1 << len(shorter)) - 1
    for row in _rows(shorter, longer):  # noqa: B007 - the last row is the result
        pass
    return len(shorter) - row.bit_count()


def common_places(wanted: Sequence[str], got: Sequence[str]) -> list[int]:
    """Return where in ``wanted`` a longest common subsequence stands, last place first.

    Of several it is the one that Google's ``rouge-score`` reads from its table of lengths: in a row a bit is 0
    where the length grows with its word.
    """
    rows = list(_rows(wanted, got))
    places: list[int] = []
    place, column = len(wanted) - 1, len(got) - 1
    while place >= 0 and column >= 0:
        if wanted[place] == got[column]:
            places.append(place)
            place, column = place - 1, column - 1
        elif rows[column] >> place & 1:
            place -= 1
        else:
            column -= 1
    return places


def _rows(bits: Sequence[str], steps: Sequence[str]) -> Iterator[int]:
    """Yield the row of bits after each step."""
    places: dict[str, int] = {}
    for index, word in enumerate(bits):
        places[word] = places.get(word, 0) | 1 << index
    everywhere = (1 << len(bits)) - 1
    row = everywhere
    for word in steps:
        if here := row & places.get(word, 0):
            row = (row + here | row - here) & everywhere
        yield row
