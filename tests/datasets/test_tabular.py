"""Workbooks, Parquet files and rows in memory."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import http
import io
import sys
import uuid
import warnings
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from openpyxl.worksheet.datavalidation import DataValidation
from pyarrow import parquet

from pytest_llm_migrate.datasets import dataset_of, load
from pytest_llm_migrate.errors import CellError, DatasetError, MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.datasets.conftest import Reader

MIDNIGHT = dt.datetime(2026, 3, 1)  # noqa: DTZ001 - tables hold times without a zone
MORNING = dt.datetime(2026, 3, 1, 9, 30)  # noqa: DTZ001 - tables hold times without a zone


def workbook(path: Path, *rows: list[Any], more_sheets: tuple[str, ...] = ()) -> Path:
    """Return a workbook whose first sheet holds these rows."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for name in more_sheets:
        book.create_sheet(name)
    book.save(path)
    return path


def parquet_file(path: Path, **columns: list[Any]) -> Path:
    """Return a Parquet file with these columns."""
    parquet.write_table(pa.table(columns), path)
    return path


def test_a_workbook_keeps_integers_and_gaps(tmp_path: Path) -> None:
    """An id of 12 is no 12.0, an empty cell is nothing, a date is a date."""
    path = workbook(
        tmp_path / "rows.xlsx",
        ["Sample ID", "question", "latency_ms_source_llm", "due", "seen"],
        [12, None, 1500, MIDNIGHT, MORNING],
        [13, "NA", None, None, None],
    )
    dataset = load(path, shown="rows.xlsx")
    assert [dict(row.values) for row in dataset] == [
        {
            "sample_id": "12",
            "question": None,
            "latency_source_llm": 1.5,
            "due": "2026-03-01",
            "seen": "2026-03-01 09:30:00",
        },
        {"sample_id": "13", "question": "NA", "latency_source_llm": None, "due": None, "seen": None},
    ]
    assert dataset.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert dataset.rows[1].place == "rows.xlsx, row 3"


def test_blank_rows_of_a_sheet_are_no_rows(tmp_path: Path) -> None:
    """Rows are counted as the workbook shows them, and blank ones are left out."""
    path = workbook(tmp_path / "rows.xlsx", [None, None], ["id", "q"], ["A", "x"], [None, None], ["B"], [None, None])
    dataset = load(path, shown="rows.xlsx")
    assert [(row.sample_id, row["q"], row.place) for row in dataset] == [
        ("A", "x", "rows.xlsx, row 3"),
        ("B", None, "rows.xlsx, row 5"),
    ]


def test_a_cell_right_of_the_header_is_said(tmp_path: Path) -> None:
    """What stands under no name is left out, and not silently."""
    path = workbook(tmp_path / "rows.xlsx", ["id", None, 2026], ["A", None, "x", "a remark"])
    dataset = load(path, shown="rows.xlsx")
    assert dict(dataset.rows[0].values) == {"sample_id": "A", "2026": "x"}
    assert dataset.warnings == ("rows.xlsx: column 4 has no name and is left out",)


def test_the_first_of_several_sheets_is_read_and_said(tmp_path: Path) -> None:
    """Nobody has to guess which sheet was judged."""
    path = workbook(tmp_path / "rows.xlsx", ["id"], ["A"], more_sheets=("notes",))
    assert load(path, shown="rows.xlsx").warnings == ("rows.xlsx: read the sheet 'Sheet', the first of 2",)


def test_what_a_workbook_has_beside_its_values_is_no_matter(tmp_path: Path) -> None:
    """Lists to choose from and the like raise no warning that a strict test run would stop at."""
    path = tmp_path / "rows.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id"])
    sheet.append(["A"])
    sheet.add_data_validation(DataValidation(type="list", formula1='"A,B"'))
    book.save(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load(path)) == 1


def zipped(**texts: str) -> bytes:
    """Return a zip file that holds these texts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "start"),
    [
        ("rows.xlsx", zipped(), "rows.xlsx: this is no workbook that can be read: "),
        ("rows.xlsx", zipped(**{"[Content_Types].xml": "<"}), "rows.xlsx: this is no workbook that can be read: "),
        ("rows.xlsx", b"no zip", "rows.xlsx: this is no workbook that can be read: "),
        ("rows.parquet", b"no parquet at all", "rows.parquet: this is no Parquet file that can be read: "),
        ("rows.parquet", b"", "rows.parquet: this is no Parquet file that can be read: "),
    ],
)
def test_a_file_of_another_kind_is_refused(read: Reader, name: str, content: bytes, start: str) -> None:
    """A file that is not what its suffix says is told so."""
    with pytest.raises(DatasetError) as caught:
        read(name, content)
    assert str(caught.value).startswith(start)


def test_an_empty_sheet_is_refused(tmp_path: Path) -> None:
    """A workbook without values is told with its sheet."""
    with pytest.raises(DatasetError) as caught:
        load(workbook(tmp_path / "rows.xlsx"), shown="rows.xlsx")
    assert str(caught.value) == "rows.xlsx: the sheet 'Sheet' is empty."


def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    """Integers stay integers although others are missing, lists are lists, and gaps are nothing."""
    path = parquet_file(
        tmp_path / "rows.parquet",
        id=[12, 13],
        contexts=[["a", "b"], None],
        expected=[{"x": 1}, {"x": None}],
        count=[None, 7],
        share=[0.5, float("nan")],
        at=[MIDNIGHT, MORNING],
        price=[Decimal("1.50"), None],
    )
    dataset = load(path, shown="rows.parquet")
    assert [row.sample_id for row in dataset] == ["12", "13"]
    assert [row.context for row in dataset] == [["a", "b"], None]
    assert [row.reference for row in dataset] == [{"x": 1}, {"x": None}]
    assert [row["count"] for row in dataset] == [None, 7]
    assert [row["share"] for row in dataset] == [0.5, None]
    assert [row["at"] for row in dataset] == ["2026-03-01", "2026-03-01 09:30:00"]
    assert [row["price"] for row in dataset] == ["1.50", None]
    assert dataset.rows[1].place == "rows.parquet, row 2"


def test_a_parquet_file_of_several_batches_is_read_whole(tmp_path: Path) -> None:
    """Rows are counted on from batch to batch."""
    dataset = load(parquet_file(tmp_path / "rows.parquet", id=list(range(25_000))), shown="rows.parquet")
    assert len(dataset) == 25_000
    assert dataset.rows[-1].place == "rows.parquet, row 25000"


def test_bytes_are_no_value(tmp_path: Path) -> None:
    """A column of bytes is refused by name."""
    path = parquet_file(tmp_path / "rows.parquet", id=["A"], image=[b"\x89PNG"])
    with pytest.raises(CellError) as caught:
        load(path, shown="rows.parquet")
    assert str(caught.value) == (
        "rows.parquet, row 1, column 'image': holds a value of type 'bytes', which no JSON file could hold."
    )


@pytest.mark.parametrize(
    ("name", "package", "message"),
    [
        (
            "rows.parquet",
            "pyarrow",
            "rows.parquet: reading Parquet needs pyarrow: pip install 'pytest-llm-migrate[tables]'",
        ),
        (
            "rows.xlsx",
            "openpyxl",
            "rows.xlsx: reading a workbook needs openpyxl: pip install 'pytest-llm-migrate[tables]'",
        ),
    ],
)
def test_a_missing_package_is_told_with_the_extra_that_brings_it(
    read: Reader, monkeypatch: pytest.MonkeyPatch, name: str, package: str, message: str
) -> None:
    """Whoever lacks a reader is told how to get it."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError) as caught:
        read(name, b"")
    assert str(caught.value) == message


def test_a_data_frame_is_a_dataset() -> None:
    """Missing values of every kind are nothing, and NumPy's numbers are Python's."""
    frame = pd.DataFrame(
        {
            "id": [1, 2],
            "question": ["Why?", None],
            "latency_source_llm": [0.5, np.nan],
            "count": pd.array([3, pd.NA], dtype="Int64"),
            "at": [pd.Timestamp("2026-03-01"), pd.NaT],
            "contexts": [np.array(["a", "b"]), None],
            "flag": [True, False],
            7: [np.int64(5), np.float64(2.5)],
        }
    )
    dataset = dataset_of(frame, name="tickets")
    assert [dict(row.values) for row in dataset] == [
        {
            "sample_id": "1",
            "question": "Why?",
            "latency_source_llm": 0.5,
            "count": 3,
            "at": "2026-03-01",
            "content": ["a", "b"],
            "contexts": ["a", "b"],
            "flag": True,
            "7": 5.0,
        },
        {
            "sample_id": "2",
            "question": None,
            "latency_source_llm": None,
            "count": None,
            "at": None,
            "content": None,
            "contexts": None,
            "flag": False,
            "7": 2.5,
        },
    ]
    assert dataset.path == "tickets"
    assert dataset.rows[1].place == "tickets, row 2"


def test_columns_of_a_data_frame_with_one_name_are_refused() -> None:
    """No column is lost because another has its name."""
    with pytest.raises(DatasetError, match="the columns 'q' and 'q' have the same name"):
        dataset_of(pd.DataFrame([["A", 1, 2]], columns=["id", "q", "q"]))


def test_values_in_memory_become_json_ready() -> None:
    """Dates, decimals and other exact things are texts; tuples are lists; keys are texts."""
    key = uuid.UUID(int=1)
    record: dict[str, object] = {
        "id": key,
        "day": dt.date(2026, 3, 1),
        "time": dt.time(9, 30),
        "span": dt.timedelta(minutes=5),
        "pair": (1, Decimal("NaN")),
        "nested": {1: np.int64(2), "t": np.str_("x")},
    }
    (row,) = dataset_of([record])
    assert dict(row.values) == {
        "sample_id": str(key),
        "day": "2026-03-01",
        "time": "09:30:00",
        "span": "0:05:00",
        "pair": [1, None],
        "nested": {"1": 2, "t": "x"},
    }


class Tone(str, enum.Enum):  # noqa: UP042 - the kind whose str() is not its value
    """A text that is no plain one."""

    KIND = "kind"


def test_enumerated_texts_and_numbers_are_their_values() -> None:
    """A prompt shows an enumerated value, not the name of its class."""
    (row,) = dataset_of([{"id": 1, "tone": Tone.KIND, "status": http.HTTPStatus.OK}])
    assert (str(row["tone"]), str(row["status"])) == ("kind", "200")


def test_an_object_without_a_json_form_is_refused() -> None:
    """A value that could not be kept in a file is told with its type."""
    with pytest.raises(CellError) as caught:
        dataset_of([{"id": 1, "model": object()}])
    assert str(caught.value) == (
        "records, row 1, column 'model': holds a value of type 'object', which no JSON file could hold."
    )


def test_lone_surrogates_in_memory_are_replaced_and_said() -> None:
    """Names and values from memory are mended like those of a file."""
    dataset = dataset_of([{"id": "\ud800", "n\udfff": "x"}])
    assert dict(dataset.rows[0].values) == {"sample_id": "\ufffd", "n\ufffd": "x"}
    assert dataset.warnings == (
        "records: 2 texts held a lone surrogate, read as U+FFFD; the first at records, row 1, column 'id'",
    )


def test_a_record_that_is_no_mapping_is_refused() -> None:
    """Rows in memory are mappings."""
    records: list[Any] = [{"id": 1}, ["A"]]
    with pytest.raises(DatasetError) as caught:
        dataset_of(records)
    assert str(caught.value) == "records, row 2: this is a 'list', not a mapping."


def test_a_value_in_memory_that_holds_itself_is_refused() -> None:
    """A list without an end has no JSON form."""
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(DatasetError) as caught:
        dataset_of([{"id": 1, "a": endless}])
    assert str(caught.value) == "records: a value is nested too deeply."


def test_no_records_are_refused() -> None:
    """An empty list is no dataset."""
    with pytest.raises(DatasetError) as caught:
        dataset_of([])
    assert str(caught.value) == "records: there are no rows."


def test_the_hash_of_rows_in_memory_is_that_of_their_values() -> None:
    """Equal rows have equal hashes, whichever way they came; one other value gives another."""
    rows = [{"id": 1, "q": "a"}, {"id": 2, "q": "b"}]
    assert dataset_of(rows).sha256 == dataset_of(iter(rows)).sha256 == dataset_of(pd.DataFrame(rows)).sha256
    assert dataset_of(rows).sha256 != dataset_of([{"id": 1, "q": "a"}, {"id": 2, "q": "c"}]).sha256
