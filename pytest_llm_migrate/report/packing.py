"""Rows on their way into the page: kept on disk in the order they come, taken out worst first, packed small."""

from __future__ import annotations

import base64
import json
import zlib
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_GZIP = 31
"""Window bits by which zlib writes gzip's format, which browsers read."""
_GROUP = 4
_PIECE = 1 << 16
_PLAIN = bytes.maketrans(b"&<>", b",/.")
"""Letters of base 85 that mean something to HTML, and those that stand for them."""


MOST_ROWS, MOST_BYTES = 20_000, 128 << 20
"""Rows, and bytes of their records before they are packed, that one page holds."""
_Place = tuple[Any, int, int, str]


@dataclass(slots=True)
class Pile:
    """The records of one migration's rows, in a file that piles may share: its worst, no more than a page holds."""

    _file: IO[bytes]
    counts: Counter[str] = field(default_factory=Counter)
    """How many rows there are of each outcome, those that are left out among them."""
    _places: list[_Place] = field(default_factory=list)
    _bar: Any = None

    def add(self, outcome: str, badness: Any, record: Callable[[], dict[str, Any]]) -> None:
        """Count a row, and keep it if it may be among the worst.

        ``badness`` sorts it among the others, the earlier first among equals. ``record`` makes what is kept.
        """
        self.counts[outcome] += 1
        if self._bar is not None and badness >= self._bar:
            return
        content = json.dumps(record(), ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        self._places.append((badness, self._file.seek(0, 2), len(content), outcome))
        self._file.write(content)
        if len(self._places) >= 2 * MOST_ROWS:
            self._trim(MOST_ROWS)
            self._bar = self._places[-1][0]

    def _trim(self, most: int) -> None:
        self._places.sort()
        del self._places[most:]

    def __len__(self) -> int:
        return len(self._places)

    @property
    def left_out(self) -> Counter[str]:
        """How many rows of each outcome are counted but not kept."""
        return self.counts - Counter(outcome for *_, outcome in self._places)

    def lines(self) -> Iterator[bytes]:
        """Yield every record that is kept, worst first."""
        for _, place, length, _ in sorted(self._places):
            self._file.seek(place)
            yield self._file.read(length)

    def packed(self) -> Iterator[str]:
        """Yield the lines deflated, in letters that mean nothing to HTML, some at a time."""
        return packed(self.lines())


def share_out(piles: Sequence[Pile]) -> None:
    """Leave in piles the worst rows that one page holds, as many of each as of the others while it has them."""
    for pile in piles:
        pile._trim(MOST_ROWS)  # noqa: SLF001 - piles of one page
    turns = sorted(
        (turn, number, length)
        for number, pile in enumerate(piles)
        for turn, (_, _, length, _) in enumerate(pile._places)  # noqa: SLF001 - likewise
    )[:MOST_ROWS]
    sizes = accumulate(length for *_, length in turns)
    fitting = Counter(number for (_, number, _), size in zip(turns, sizes, strict=True) if size <= MOST_BYTES)
    for number, pile in enumerate(piles):
        pile._trim(fitting[number])  # noqa: SLF001 - likewise


def packed(lines: Iterator[bytes]) -> Iterator[str]:
    """Yield lines deflated as gzip has it, in base 85 (five letters for four bytes); a line holds no line break."""
    press, waiting = zlib.compressobj(9, wbits=_GZIP), b""
    for line in lines:
        waiting += press.compress(line + b"\n")
        if len(waiting) >= _PIECE:
            whole = len(waiting) - len(waiting) % _GROUP
            yield _letters(waiting[:whole])
            waiting = waiting[whole:]
    yield _letters(waiting + press.flush())


def _letters(content: bytes) -> str:
    return base64.b85encode(content).translate(_PLAIN).decode("ascii")
