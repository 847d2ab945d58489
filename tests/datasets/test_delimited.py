"""CSV and TSV: separators, quotes, line numbers, and wide cells."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.datasets import delimited
from pytest_llm_migrate.errors import DatasetError, RaggedRowsError

if TYPE_CHECKING:
    from tests.datasets.conftest import Reader


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("id,question", "A,x;y"),
        ("id;question", "A;x,y"),
        ("id\tquestion", "A\tx,y"),
        ('"id, of all";id;question', "1;A;x,y"),
        ("id;question;a,b", "A;x,y;1"),
    ],
)
def test_the_header_decides_what_parts_the_cells(read: Reader, header: str, line: str) -> None:
    """A CSV file may use commas, semicolons or tabs; separators inside quotes do not count."""
    (row,) = read("rows.csv", f"{header}\n{line}\n")
    assert row.sample_id == "A"
    assert row["question"] in {"x;y", "x,y"}


def test_a_tsv_file_is_parted_by_tabs_alone(read: Reader) -> None:
    """Commas in the header of a TSV file are part of a name."""
    (row,) = read("rows.tsv", "id\ta,b,c\nA\t1,2\n")
    assert row["a,b,c"] == "1,2"


def test_places_count_lines_of_the_file(read: Reader) -> None:
    """A row's place is the line where it starts, whatever blank lines and line breaks stand before it."""
    dataset = read("rows.csv", '\r\nid,question\r\n\r\nA,"one\r\ntwo"\r\n   \r\nB,three\r\n')
    assert [row.place for row in dataset] == ["rows.csv:4", "rows.csv:7"]
    assert dataset.rows[0]["question"] == "one\r\ntwo"


def test_an_empty_cell_is_an_empty_text_and_a_missing_number(read: Reader) -> None:
    """Nothing in a text column is a text; nothing in a numeric one is no number, and words for nothing are words."""
    dataset = read("rows.csv", "id,question,note,latency_source_llm\nA,,NA,\nB,null,NaN, \n")
    assert [row["question"] for row in dataset] == ["", "null"]
    assert [row["note"] for row in dataset] == ["NA", "NaN"]
    assert [row["latency_source_llm"] for row in dataset] == [None, None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('id,q\nA,"x\nB,y\n', "rows.csv:2: the quote that opens here is never closed."),
        ('id,q\nA,"x"\nB,"say ""hi""\n\n\n', "rows.csv:3: the quote that opens here is never closed."),
        ('id,q,r\nA,"1\n2","3\n4\n', "rows.csv:3: the quote that opens here is never closed."),
        (
            'id,q\nA,"x\nB,"y"\n',
            (
                "rows.csv:2: the quote that opens here closes in line 3 in the middle of a text. "
                "Close it at the cell's end, and double each quote inside a cell."
            ),
        ),
        (
            'id,q\r\nA,5" pipe\r\nB,"5" pipe"\r\n',
            (
                "rows.csv:3: the quote that opens here closes in line 3 in the middle of a text. "
                "Close it at the cell's end, and double each quote inside a cell."
            ),
        ),
    ],
)
def test_a_broken_quote_is_found_where_it_opens(read: Reader, text: str, message: str) -> None:
    """The line named is the one to mend, not the one where reading gave up."""
    with pytest.raises(DatasetError) as caught:
        read("rows.csv", text)
    assert str(caught.value) == message


def test_rows_of_another_width_are_named_with_their_lines(read: Reader) -> None:
    """Too many and too few cells are told line by line, the first few in full."""
    lines = ["A,1", "B", "C,2,3", "D,4", *(f"E{n}" for n in range(4))]
    with pytest.raises(RaggedRowsError) as caught:
        read("rows.csv", "id,q\n" + "\n".join(lines))
    assert str(caught.value) == (
        "rows.csv: the header has 2 cells, but line 3 has 1, line 4 has 3, line 6 has 1, line 7 has 1, line 8 has 1, "
        "and 1 more. Put double quotes around a text that holds ',' or a line break."
    )
    assert caught.value.found == {3: 1, 4: 3, 6: 1, 7: 1, 8: 1, 9: 1}


def test_an_empty_quoted_cell_is_a_row(read: Reader) -> None:
    """A blank line is no row, but a line with a quoted nothing is one: its id is empty."""
    with pytest.raises(DatasetError) as caught:
        read("rows.csv", 'id\n\nA\n""\n')
    assert str(caught.value) == "rows.csv:4, column 'id': the id is empty."


def test_very_wide_cells_are_read_and_the_limit_is_put_back(read: Reader) -> None:
    """A cell of many megabytes is read although the csv module refuses it by default, and the default stays."""
    before = csv.field_size_limit()
    wide = "x" * 5_000_000
    (row,) = read("rows.csv", f"id,q\nA,{wide}\n")
    assert row["q"] == wide
    assert csv.field_size_limit() == before


def test_files_read_at_once_do_not_lower_each_others_limit(read: Reader) -> None:
    """Several threads may read wide cells, and the limit is as before when the last is done."""
    before = csv.field_size_limit()
    wide = "x" * 1_000_000
    with ThreadPoolExecutor(8) as pool:
        datasets = list(pool.map(lambda n: read(f"{n}.csv", f"id,q\nA,{wide}\n"), range(16)))
    assert all(dataset.rows[0]["q"] == wide for dataset in datasets)
    assert csv.field_size_limit() == before


def test_a_cell_beyond_the_limit_is_told_and_the_limit_is_put_back(
    read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no cell should hold is refused with its line."""
    before = csv.field_size_limit()
    monkeypatch.setattr(delimited, "WIDEST_CELL", 10)
    with pytest.raises(DatasetError) as caught:
        read("rows.csv", "id,q\nA,short\nB,longer than ten\n")
    assert str(caught.value) == "rows.csv:3: the line cannot be read: field larger than field limit (10)."
    assert csv.field_size_limit() == before


def test_nameless_columns_are_left_out_and_said_when_they_hold_something(read: Reader) -> None:
    """The index that pandas writes is no input; an empty column at the end is not worth a word."""
    dataset = read("rows.csv", ",id,q,\n0,A,x,\n1,B,y,\n")
    assert dataset.columns == ("sample_id", "q")
    assert dataset.warnings == ("rows.csv: column 1 has no name and is left out",)
