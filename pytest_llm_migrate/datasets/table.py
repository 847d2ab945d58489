"""What a reader hands over: a header and its records, not yet understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pytest_llm_migrate.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_KEYS = 1_000
"""Different keys that records may have together; where there are more, keys are data and a table would burst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where records come from, to name places in messages.

    Attributes:
        path: The file as the user named it.
        unit: What numbers count: lines of a text file, or rows.
    """

    path: str
    unit: Literal["line", "row"]

    def at(self, number: int) -> str:
        """Return the place of one record: ``tickets.csv:7``, or ``tickets.xlsx, row 7``."""
        return f"{self.path}:{number}" if self.unit == "line" else f"{self.path}, row {number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Records in file order.

    Attributes:
        header: The file's own column names; a nameless column's is empty.
        numbers: Each record's line or row.
        cells: Each record's values, one a column.
        warnings: What the reader had to assume.
    """

    origin: Origin
    header: Sequence[str]
    numbers: Sequence[int]
    cells: Sequence[Sequence[Any]]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Lays records with keys of their own out under one header; a key that a record lacks becomes ``None``."""

    origin: Origin
    index: dict[str, int] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    cells: list[list[Any]] = field(default_factory=list)

    def add(self, number: int, record: Mapping[str, Any]) -> None:
        """Take one record; raise `DatasetError` when the keys have become too many."""
        positions = [self.index.setdefault(key, len(self.index)) for key in record]
        if len(self.index) > MOST_KEYS:
            raise DatasetError(self.origin.at(number), f"the records have more than {MOST_KEYS} different keys")
        cells = [None] * len(self.index)
        for position, value in zip(positions, record.values(), strict=True):
            cells[position] = value
        self.numbers.append(number)
        self.cells.append(cells)

    def table(self, warnings: tuple[str, ...] = ()) -> Table:
        """Return all records taken, each as wide as the header."""
        for cells in self.cells:
            cells.extend([None] * (len(self.index) - len(cells)))
        return Table(
            origin=self.origin, header=list(self.index), numbers=self.numbers, cells=self.cells, warnings=warnings
        )
