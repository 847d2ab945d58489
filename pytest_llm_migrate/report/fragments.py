"""Rendered rows on their way to the page: kept on disk in the order they come, taken out worst first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Pile:
    """The rendered rows of one migration, in a file that piles may share."""

    _file: IO[bytes]
    counts: Counter[str] = field(default_factory=Counter)
    _places: list[tuple[Any, int, int]] = field(default_factory=list)

    def add(self, outcome: str, badness: Any, html: str) -> None:
        """Keep a rendered row; ``badness`` sorts it among the others, the earlier first among equals."""
        self.counts[outcome] += 1
        content = html.encode("utf-8")
        self._places.append((badness, self._file.seek(0, 2), len(content)))
        self._file.write(content)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Markup]:
        for _, place, length in sorted(self._places):
            self._file.seek(place)
            yield Markup(self._file.read(length).decode("utf-8"))  # noqa: S704 - a template escaped it
