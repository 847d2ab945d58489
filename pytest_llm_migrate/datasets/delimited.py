"""CSV and TSV files."""

from __future__ import annotations

import csv
import re
from contextlib import contextmanager
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from pytest_llm_migrate.datasets.table import Origin, Table
from pytest_llm_migrate.errors import DatasetError, RaggedRowsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llm_migrate.datasets.files import Encoding

WIDEST_CELL = 1 << 30
"""Characters that one cell may hold."""

_SEPARATORS = (",", ";", "\t")
_CELL_LIMIT_LOCK = Lock()


def read_csv(path: Path, shown: str, encoding: Encoding) -> Table:
    """Return a CSV file's table; the header decides between comma, semicolon and tab. Raises `DatasetError`."""
    with path.open(encoding=encoding.name, newline="") as file:
        header = next((line for line in file if line.strip()), "")
    unquoted = re.sub(r'"[^"]*"', "", header)
    return _read(path, shown, encoding, max(_SEPARATORS, key=unquoted.count))


def read_tsv(path: Path, shown: str, encoding: Encoding) -> Table:
    """Return the table of a file whose cells are parted by tabs. Raises `DatasetError`."""
    return _read(path, shown, encoding, "\t")


def _read(path: Path, shown: str, encoding: Encoding, separator: str) -> Table:
    records: dict[int, list[str]] = {}
    with _wide_cells(), path.open(encoding=encoding.name, newline="") as file:
        reader = csv.reader(file, delimiter=separator, strict=True)
        start = 1
        try:
            for cells in reader:
                if cells and not (len(cells) == 1 and cells[0].isspace()):
                    records[start] = cells
                start = reader.line_num + 1
        except csv.Error as error:
            ahead = _lines_before_broken_cell(path, encoding, separator, start)
            raise _broken(shown, start, start + ahead, reader.line_num, str(error)) from error
    return _table(Origin(path=shown, unit="line"), records, encoding, separator)


def _table(origin: Origin, records: dict[int, list[str]], encoding: Encoding, separator: str) -> Table:
    if not records:
        raise DatasetError(origin.path, "the file is empty")
    header = records.pop(next(iter(records)))
    ragged = {line: len(cells) for line, cells in records.items() if len(cells) != len(header)}
    if ragged:
        raise RaggedRowsError(origin.path, len(header), ragged, separator)
    return Table(
        origin=origin,
        header=header,
        numbers=list(records),
        cells=list(records.values()),
        warnings=encoding.warnings,
    )


@contextmanager
def _wide_cells() -> Iterator[None]:
    # The limit belongs to the whole process: one reader at a time, or one would put it back under another.
    with _CELL_LIMIT_LOCK:
        before = csv.field_size_limit(WIDEST_CELL)
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _lines_before_broken_cell(path: Path, encoding: Encoding, separator: str, start: int) -> int:
    """Return how many lines after ``start`` the first cell stands that is no well-formed one."""
    plain = rf"[^{separator}\r\n]*+"
    cell = re.compile(rf'(?:"[^"]*+(?:""[^"]*+)*+"|(?!"){plain})(?:{separator}|\r\n|\r|\n)')
    with path.open(encoding=encoding.name, newline="") as file:
        text = "".join(islice(file, start - 1, None))
    position = 0
    while match := cell.match(text, position):
        position = match.end()
    return len(re.findall(r"\r\n|\r|\n", text[:position]))


def _broken(shown: str, start: int, opened: int, line: int, reason: str) -> DatasetError:
    if "unexpected end" in reason:
        return DatasetError(f"{shown}:{opened}", "the quote that opens here is never closed")
    if "expected after" in reason:
        return DatasetError(
            f"{shown}:{opened}",
            f"the quote that opens here closes in line {line} in the middle of a text",
            "Close it at the cell's end, and double each quote inside a cell.",
        )
    return DatasetError(f"{shown}:{start}", f"the line cannot be read: {reason}")
