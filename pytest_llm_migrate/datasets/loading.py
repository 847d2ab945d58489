"""From a file or rows in memory to a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.datasets.delimited import read_csv, read_tsv
from pytest_llm_migrate.datasets.files import check, find_encoding, sha256
from pytest_llm_migrate.datasets.json_records import read_json, read_json_lines
from pytest_llm_migrate.datasets.rows import assemble
from pytest_llm_migrate.datasets.tabular import read_memory, read_parquet, read_workbook
from pytest_llm_migrate.datasets.values import mend_text
from pytest_llm_migrate.errors import DatasetError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pytest_llm_migrate.datasets.table import Table
    from pytest_llm_migrate.datasets.tabular import Frame
    from pytest_llm_migrate.domain.row import Dataset

_TEXT_FORMATS = {
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json,
}
_BINARY_FORMATS = {".parquet": read_parquet, ".xlsx": read_workbook}
_TOO_DEEP = "a value is nested too deeply"


def load(path: Path, *, columns: Mapping[str, str] | None = None, shown: str | None = None) -> Dataset:
    """Read a golden dataset; the file's suffix says its format.

    ``columns`` is ``{canonical name: column in the file}`` where names differ; ``shown`` is the path as the
    user named it. Raises a `MigrateError` that names file, line or row, and column of what cannot be read.
    """
    name = mend_text(shown or str(path))
    try:
        check(path, name)
        return assemble(read_table(path, name), columns, sha256(path))
    except OSError as error:
        raise DatasetError(name, f"the file cannot be read: {error.strerror}") from error
    except RecursionError as error:
        raise DatasetError(name, _TOO_DEEP) from error


def read_table(path: Path, name: str) -> Table:
    """Return the table of a file by its suffix; raises `UnknownNameError` for a suffix that no format has."""
    suffix = path.suffix.lower()
    if suffix in _BINARY_FORMATS:
        return _BINARY_FORMATS[suffix](path, name)
    if suffix not in _TEXT_FORMATS:
        raise UnknownNameError("file format", suffix, _TEXT_FORMATS | _BINARY_FORMATS, where=name)
    return _TEXT_FORMATS[suffix](path, name, find_encoding(path, name))


def dataset_of(
    records: Iterable[Mapping[str, object]] | Frame,
    *,
    name: str = "records",
    columns: Mapping[str, str] | None = None,
) -> Dataset:
    """Make a dataset of rows in memory: mappings, or a pandas DataFrame, whose missing values become ``None``.

    Raises a `MigrateError` that names row and column of what cannot be.
    """
    try:
        return assemble(read_memory(records, name), columns)
    except RecursionError as error:
        raise DatasetError(name, _TOO_DEEP) from error
