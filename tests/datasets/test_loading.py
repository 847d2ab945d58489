"""Files as a whole: formats, what is no file, identity, and what importing costs."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.datasets import load
from pytest_llm_migrate.errors import DatasetError, MigrateError, MissingDatasetError

if TYPE_CHECKING:
    from tests.datasets.conftest import Reader

TEXTS = st.text(max_size=20)
DIALECTS = ["excel", "unix"]  # quotes where needed, and around every cell
IDS = st.lists(TEXTS.filter(str.strip), min_size=1, max_size=5, unique=True)


def written(tmp_path: Path, name: str, content: bytes) -> Path:
    """Return a new file."""
    path = tmp_path / name
    path.write_bytes(content)
    return path


def loaded(name: str, content: bytes) -> list[dict[str, Any]]:
    """Return the values of every row of a file that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        return [dict(row.values) for row in load(written(Path(folder), name, content))]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.csv", "sample_id,question\nA-1,Why?\n"),
        ("rows.CSV", "sample_id,question\r\nA-1,Why?\r\n"),
        ("rows.tsv", "sample_id\tquestion\nA-1\tWhy?\n"),
        ("rows.jsonl", '{"sample_id": "A-1", "question": "Why?"}\n'),
        ("rows.ndjson", '\n{"sample_id": "A-1", "question": "Why?"}\n\n'),
        ("rows.json", '[{"sample_id": "A-1", "question": "Why?"}]'),
    ],
)
def test_each_text_format_gives_the_same_row(read: Reader, name: str, text: str) -> None:
    """The suffix decides on the format, in whichever case it is written."""
    dataset = read(name, text)
    assert [dict(row.values) for row in dataset] == [{"sample_id": "A-1", "question": "Why?"}]
    assert dataset.columns == ("sample_id", "question")
    assert dataset.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert dataset.path == name
    assert dataset.warnings == ()


def test_a_file_is_named_as_it_was_given_when_the_user_named_it_no_other_way(tmp_path: Path) -> None:
    """Without ``shown`` the path itself stands in the dataset and in every place."""
    path = written(tmp_path, "rows.csv", b"id\nA\n")
    dataset = load(path)
    assert dataset.path == str(path)
    assert dataset.rows[0].place == f"{path}:2"


def test_an_unknown_suffix_lists_the_known_ones(read: Reader) -> None:
    """A format that is not read is told with those that are."""
    with pytest.raises(MigrateError) as caught:
        read("rows.jsnl", "{}")
    assert str(caught.value) == (
        "rows.jsnl: unknown file format '.jsnl'. Did you mean '.jsonl'? "
        "Known: .csv, .json, .jsonl, .ndjson, .parquet, .tsv, .xlsx."
    )


def test_a_missing_file_is_told_with_its_nearest_neighbour(tmp_path: Path) -> None:
    """A misspelt file name is answered with the file that stands there."""
    written(tmp_path, "tickets.csv", b"")
    with pytest.raises(MissingDatasetError) as caught:
        load(tmp_path / "ticket.csv", shown="data/ticket.csv")
    assert str(caught.value) == "data/ticket.csv: there is no such file. Did you mean 'tickets.csv'?"


def test_a_missing_file_without_a_like_neighbour_is_just_missing(tmp_path: Path) -> None:
    """No name is suggested that is nothing like the one asked for."""
    with pytest.raises(MissingDatasetError) as caught:
        load(tmp_path / "ticket.csv", shown="ticket.csv")
    assert str(caught.value) == "ticket.csv: there is no such file."


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    """The message tells a wrong folder from a wrong file."""
    with pytest.raises(DatasetError) as caught:
        load(tmp_path / "nowhere" / "ticket.csv", shown="nowhere/ticket.csv")
    assert str(caught.value) == "nowhere/ticket.csv: there is no such file, nor its folder."


def test_a_folder_is_no_dataset(tmp_path: Path) -> None:
    """A folder is refused by name."""
    with pytest.raises(DatasetError) as caught:
        load(tmp_path, shown="data")
    assert str(caught.value) == "data: this is a folder, not a file."


def test_a_file_that_may_not_be_read_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the system refuses is told with its reason and without a traceback."""
    path = written(tmp_path, "rows.csv", b"id\nA\n")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DatasetError) as caught:
        load(path, shown="rows.csv")
    assert str(caught.value) == "rows.csv: the file cannot be read: Permission denied."


def test_a_file_name_with_a_lone_surrogate_is_shown_without_it(tmp_path: Path) -> None:
    """A name that is no proper text does not reach a message."""
    with pytest.raises(DatasetError) as caught:
        load(tmp_path / "missing.csv", shown="\udcffmissing.csv")
    assert str(caught.value) == "\ufffdmissing.csv: there is no such file."


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("rows.csv", "", "rows.csv: the file is empty."),
        ("rows.csv", "\n  \n", "rows.csv: the file is empty."),
        ("rows.tsv", "\ufeff", "rows.tsv: the file is empty."),
        ("rows.jsonl", "\n\n", "rows.jsonl: the file is empty."),
        ("rows.json", " \n", "rows.json: the file is empty."),
        ("rows.csv", "sample_id,question\n", "rows.csv: there are columns but no rows."),
        ("rows.json", "[]", "rows.json: there are no rows."),
    ],
)
def test_nothing_to_judge_is_an_error(read: Reader, name: str, text: str, message: str) -> None:
    """A file without rows is refused and says which kind of emptiness it has."""
    with pytest.raises(DatasetError) as caught:
        read(name, text)
    assert str(caught.value) == message


@given(ids=IDS, data=st.data())
def test_csv_gives_back_every_text_that_was_written(ids: list[str], data: st.DataObject) -> None:
    """Quotes, line breaks, separators and NUL survive a round trip; nothing becomes a number or a gap."""
    rows = [{"sample_id": name, "note": data.draw(TEXTS), "question": data.draw(TEXTS)} for name in ids]
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, ["sample_id", "note", "question"], dialect=data.draw(st.sampled_from(DIALECTS)))
    writer.writeheader()
    writer.writerows(rows)
    assert loaded("rows.csv", file.getvalue().encode()) == rows


@given(ids=IDS, data=st.data())
def test_json_lines_give_back_every_value_that_was_written(ids: list[str], data: st.DataObject) -> None:
    """Any JSON value of an input or of the ground truth survives a round trip."""
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
    values = st.recursive(scalars, lambda part: st.lists(part) | st.dictionaries(TEXTS, part), max_leaves=5)
    rows = [{"sample_id": name, "note": data.draw(values), "answer_ground_truth": data.draw(values)} for name in ids]
    lines = "".join(json.dumps(row, ensure_ascii=data.draw(st.booleans())) + "\n" for row in rows)
    assert loaded("rows.jsonl", lines.encode()) == rows


def test_importing_the_room_imports_no_table_library() -> None:
    """The heavy readers are imported by the files that need them, not by the package."""
    heavy = "{'pandas', 'numpy', 'pyarrow', 'openpyxl'}"
    command = f"import sys, pytest_llm_migrate.datasets; print({heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
