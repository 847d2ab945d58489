"""Rows of a dataset, made from a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.datasets.cells import reader_of
from pytest_llm_migrate.datasets.columns import identify
from pytest_llm_migrate.datasets.values import Surrogates, UnfitError
from pytest_llm_migrate.domain.row import Dataset, Row
from pytest_llm_migrate.errors import CellError, DatasetError, RepeatedIdsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_llm_migrate.datasets.columns import Column
    from pytest_llm_migrate.datasets.table import Table


class SharedValues(Mapping[str, Any]):
    """A row's values by column; all rows of a dataset share the names, so that many rows stay small."""

    __slots__ = ("_cells", "_positions")

    def __init__(self, positions: Mapping[str, int], cells: Sequence[Any]) -> None:
        self._positions = positions
        self._cells = cells

    def __getitem__(self, column: str) -> Any:
        return self._cells[self._positions[column]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._positions)

    def __len__(self) -> int:
        return len(self._positions)

    def __repr__(self) -> str:
        return repr(dict(self))


def assemble(table: Table, columns: Mapping[str, str] | None, sha256: str | None = None) -> Dataset:
    """Return the dataset that a table holds; without a file's hash it gets one of its rows.

    Raises a `MigrateError` that names the place of what cannot be.
    """
    path = table.origin.path
    if not table.numbers:
        raise DatasetError(path, f"there are {'columns but ' if table.header else ''}no rows")
    found = identify(table.header, columns, path)
    reading = _Reading(table, found.columns)
    rows = [reading.row(number, cells) for number, cells in zip(table.numbers, table.cells, strict=True)]
    _refuse_repeated_ids(table, rows)
    return Dataset(
        path=path,
        sha256=sha256 or _hash(rows),
        rows=rows,
        columns=tuple(reading.names),
        warnings=(*table.warnings, *found.warnings, *_nameless(table), *reading.surrogates.warnings),
    )


class _Reading:
    """Reads the cells of one record after another."""

    def __init__(self, table: Table, columns: Sequence[Column]) -> None:
        spread = [(name, column.position) for column in columns for name in column.names]
        self.names = {name: index for index, (name, _) in enumerate(spread)}
        self.surrogates = Surrogates(path=table.origin.path)
        self._origin = table.origin
        self._picks = [position for _, position in spread]
        readers = [(column, reader_of(column)) for column in columns]
        self._readers = [(column, reader) for column, reader in readers if reader]

    def row(self, number: int, cells: Sequence[Any]) -> Row:
        place = self._origin.at(number)
        read = list(cells)
        for column, reader in self._readers:
            read[column.position] = self._cell(place, column, reader, read[column.position])
        values = SharedValues(self.names, tuple([read[position] for position in self._picks]))
        return Row(sample_id=values["sample_id"], values=values, place=place)

    def _cell(self, place: str, column: Column, reader: Callable[[Any], Any], value: Any) -> Any:
        try:
            read = reader(value)
        except UnfitError as error:
            raise CellError(place, column.label, str(error)) from error
        if isinstance(read, list):  # parsed from a text, it may hold what the text had escaped
            return self.surrogates.mend(read, f"{place}, column {column.label!r}")
        return read


def _refuse_repeated_ids(table: Table, rows: Sequence[Row]) -> None:
    numbers = {row.sample_id: number for row, number in zip(rows, table.numbers, strict=True)}
    if len(numbers) == len(rows):
        return
    found: dict[str, list[int]] = {}
    for row, number in zip(rows, table.numbers, strict=True):
        found.setdefault(row.sample_id, []).append(number)
    repeated = {sample_id: places for sample_id, places in found.items() if len(places) > 1}
    raise RepeatedIdsError(table.origin.path, table.origin.unit, repeated)


def _nameless(table: Table) -> list[str]:
    nameless = [position for position, name in enumerate(table.header) if not name.strip()]
    filled = [position for position in nameless if any(cells[position] not in (None, "") for cells in table.cells)]
    return [f"{table.origin.path}: column {position + 1} has no name and is left out" for position in filled]


def _hash(rows: Sequence[Row]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(dict(row.values)).encode() + b"\n")
    return digest.hexdigest()
