"""Rows on their way into the page: kept on disk in the order they come, taken out worst first, packed small."""

from __future__ import annotations

import base64
import json
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_GZIP = 31
"""Window bits by which zlib writes gzip's format, which browsers read."""
_GROUP = 4
_PIECE = 1 << 16
_PLAIN = bytes.maketrans(b"&<>", b",/.")
"""Letters of base 85 that mean something to HTML, and those that stand for them."""


@dataclass(slots=True)
class Pile:
    """The records of one migration's rows, in a file that piles may share."""

    _file: IO[bytes]
    counts: Counter[str] = field(default_factory=Counter)
    _places: list[tuple[Any, int, int]] = field(default_factory=list)

    def add(self, outcome: str, badness: Any, record: dict[str, Any]) -> None:
        """Keep a row; ``badness`` sorts it among the others, the earlier first among equals."""
        self.counts[outcome] += 1
        content = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        self._places.append((badness, self._file.seek(0, 2), len(content)))
        self._file.write(content)

    def __len__(self) -> int:
        return len(self._places)

    def lines(self) -> Iterator[bytes]:
        """Yield every row's record, worst first."""
        for _, place, length in sorted(self._places):
            self._file.seek(place)
            yield self._file.read(length)

    def packed(self) -> Iterator[str]:
        """Yield the lines deflated, in letters that mean nothing to HTML, some at a time."""
        return packed(self.lines())


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
