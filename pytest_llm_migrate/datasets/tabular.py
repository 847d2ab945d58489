"""Parquet files, workbooks, and rows in memory."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from zipfile import BadZipFile

from pytest_llm_migrate.datasets.table import Origin, Spread, Table
from pytest_llm_migrate.datasets.values import Surrogates, UnfitError, plain
from pytest_llm_migrate.errors import CellError, DatasetError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_BATCH = 10_000
_DAMAGED_ZIP = (BadZipFile, zlib.error, EOFError, NotImplementedError, OSError)
_DAMAGED_SHEET = (SyntaxError, KeyError, IndexError, ValueError)  # an error in XML is a SyntaxError


@runtime_checkable
class Frame(Protocol):
    """A table in memory as pandas keeps it."""

    @property
    def columns(self) -> Iterable[Any]:
        """The columns' names."""
        ...

    def itertuples(self, index: bool = ..., name: None = ...) -> Iterable[tuple[Any, ...]]:  # noqa: FBT001 - pandas' own
        """Return the rows."""
        ...


def read_parquet(path: Path, shown: str) -> Table:
    """Return a Parquet file's table. Raises `DatasetError`, and `MissingExtraError` without pyarrow."""
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError(f"{shown}: reading Parquet", "pyarrow", "tables") from error
    try:
        with parquet.ParquetFile(path) as file:
            header = file.schema_arrow.names
            batches = [_rows_of(batch) for batch in file.iter_batches(_BATCH)]
    except (ArrowException, ValueError, OSError) as error:
        raise DatasetError(shown, f"this is no Parquet file that can be read: {_reason(error)}") from error
    return _plain_table(Origin(path=shown, unit="row"), header, dict(enumerate(chain.from_iterable(batches), 1)))


def _rows_of(batch: Any) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def read_workbook(path: Path, shown: str) -> Table:
    """Return the table of a workbook's first sheet, blank rows left out.

    Raises `DatasetError`, and `MissingExtraError` without openpyxl.
    """
    names, rows = _sheet(path, shown)
    rows = {number: row for number, row in rows.items() if any(value is not None for value in row)}
    if not rows:
        raise DatasetError(shown, f"the sheet {names[0]!r} is empty")
    width = max(map(len, rows.values()))
    padded = {number: (*row, *[None] * (width - len(row))) for number, row in rows.items()}
    header = ["" if name is None else str(name) for name in padded.pop(next(iter(padded)))]
    assumed = (f"{shown}: read the sheet {names[0]!r}, the first of {len(names)}",) if len(names) > 1 else ()
    return _plain_table(Origin(path=shown, unit="row"), header, padded, assumed)


def _sheet(path: Path, shown: str) -> tuple[list[str], dict[int, tuple[Any, ...]]]:
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError(f"{shown}: reading a workbook", "openpyxl", "tables") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of decorations it does not know; values are unaffected
            book = load_workbook(path, read_only=True, data_only=True)
            try:
                sheet = book.worksheets[0]
                sheet.reset_dimensions()  # some programs write them too small, and rows would be lost
                return book.sheetnames, dict(enumerate(sheet.iter_rows(values_only=True), 1))
            finally:
                book.close()
    except (*_DAMAGED_ZIP, *_DAMAGED_SHEET) as error:
        raise DatasetError(shown, f"this is no workbook that can be read: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__


def read_memory(records: Iterable[Mapping[str, object]] | Frame, name: str) -> Table:
    """Return the table of rows in memory. Raises `DatasetError`."""
    origin = Origin(path=name, unit="row")
    if isinstance(records, Frame):
        rows = dict(enumerate(records.itertuples(index=False, name=None), 1))
        return _plain_table(origin, [str(column) for column in records.columns], rows)
    spread = Spread(origin=origin)
    for number, record in enumerate(records, 1):
        if not isinstance(record, Mapping):
            raise DatasetError(origin.at(number), f"this is a {type(record).__name__!r}, not a mapping")
        spread.add(number, {str(key): value for key, value in record.items()})
    table = spread.table()
    return _plain_table(origin, table.header, dict(zip(table.numbers, table.cells, strict=True)))


def _plain_table(
    origin: Origin, header: Sequence[str], rows: Mapping[int, Sequence[Any]], assumed: tuple[str, ...] = ()
) -> Table:
    surrogates = Surrogates(path=origin.path)
    cells = [_plain_cells(origin.at(number), header, row, surrogates) for number, row in rows.items()]
    names = [surrogates.mend(name, f"{origin.path}, column {name!r}") for name in header]
    return Table(origin=origin, header=names, numbers=list(rows), cells=cells, warnings=assumed + surrogates.warnings)


def _plain_cells(place: str, header: Sequence[str], row: Sequence[Any], surrogates: Surrogates) -> list[Any]:
    cells = []
    for column, value in zip(header, row, strict=True):
        try:
            cells.append(surrogates.mend(plain(value), f"{place}, column {column!r}"))
        except UnfitError as error:
            raise CellError(place, column, str(error)) from error
    return cells
