"""Single cells: numbers, ids, texts and lists in a text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.datasets import cells, dataset_of
from pytest_llm_migrate.datasets.cells import content
from pytest_llm_migrate.errors import CellError, DatasetError

if TYPE_CHECKING:
    from tests.datasets.conftest import Reader

TEXTS = st.lists(st.text(max_size=15), max_size=4)


def value(column: str, cell: Any) -> Any:
    """Return what a cell of a column is read as."""
    return dataset_of([{"sample_id": "A", column: cell}]).rows[0][column]


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("latency_source_llm", "1.25", 1.25),
        ("latency_source_llm", " 2 ", 2.0),
        ("ttft_target_llm", 0, 0.0),
        ("cost_target_llm", "1e-5", 0.00001),
        ("input_token_source_llm", "12", 12),
        ("output_token_source_llm", "12.0", 12),
        ("output_token_target_llm", 12.0, 12),
        ("human_score_source_llm", "-1", -1.0),
        ("llm_judge_score_target_llm", 8, 8.0),
        ("latency_source_llm", "", None),
        ("latency_source_llm", None, None),
        ("input_token_source_llm", " ", None),
        ("answer_source_llm", {"a": "ö"}, '{"a": "ö"}'),
        ("answer_source_llm", 42, "42"),
        ("answer_source_llm", "", ""),
        ("answer_source_llm", None, None),
        ("stop_reason_source_llm", "end_turn", "end_turn"),
        ("split", 1, "1"),
        ("config_source_llm", {"temperature": 0}, {"temperature": 0}),
    ],
)
def test_a_canonical_column_has_its_own_kind_of_value(column: str, cell: Any, expected: Any) -> None:
    """Times, money and scores are floats, tokens integers, answers texts; nothing is never zero."""
    read = value(column, cell)
    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(
    ("column", "cell", "fault"),
    [
        ("latency_source_llm", "fast", "'fast' is not a number"),
        ("latency_source_llm", "NA", "'NA' is not a number"),
        ("latency_source_llm", "1,5", "'1,5' is not a number; decimals take a point"),
        ("latency_source_llm", "1_000", "'1_000' is not a number"),
        ("latency_source_llm", "-0.5", "'-0.5' is below zero"),
        ("latency_source_llm", "nan", "'nan' is not a finite number"),
        ("latency_ms_source_llm", "inf", "'inf' is not a finite number"),
        ("latency_ms_source_llm", -3, "-3 is below zero"),
        ("ttft_source_llm", float("-inf"), "-inf is not a finite number"),
        ("cost_source_llm", True, "True is not a number"),
        ("cost_source_llm", [1], "[1] is not a number"),
        ("input_token_source_llm", "1.5", "'1.5' is not a whole number"),
        ("input_token_source_llm", -1, "-1 is below zero"),
        ("human_score_target_llm", "x" * 100, f"'{'x' * 59}... is not a number"),
    ],
)
def test_a_number_that_is_none_is_told_with_its_place(column: str, cell: Any, fault: str) -> None:
    """The message names row, column and value."""
    with pytest.raises(CellError) as caught:
        value(column, cell)
    assert str(caught.value) == f"records, row 1, column {column!r}: {fault}."


def test_a_number_beyond_all_floats_is_not_finite() -> None:
    """An integer too large for a float is refused like infinity."""
    with pytest.raises(CellError, match="is not a finite number"):
        value("cost_source_llm", 10**400)


def test_a_fault_names_the_files_own_column_and_line(read: Reader) -> None:
    """A renamed column is told by the name that stands in the file."""
    with pytest.raises(CellError) as caught:
        read("rows.csv", "id,Took (ms)\nA,1\nB,soon\n", columns={"latency_source_llm_ms": "Took (ms)"})
    assert str(caught.value) == "rows.csv:3, column 'Took (ms)': 'soon' is not a number."


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        (None, "the id is missing"),
        ("", "the id is empty"),
        (" \t", "the id is empty"),
        (12.0, "12.0 is neither a text nor an integer"),
        (True, "True is neither a text nor an integer"),
        (["A"], "['A'] is neither a text nor an integer"),
    ],
)
def test_an_id_is_a_text_or_an_integer(cell: Any, fault: str) -> None:
    """A row that cannot be told from others is refused."""
    with pytest.raises(CellError) as caught:
        dataset_of([{"sample_id": "A"}, {"sample_id": cell}])
    assert str(caught.value) == f"records, row 2, column 'sample_id': {fault}."


@pytest.mark.parametrize("cell", ["A-1", " padded ", "日本", 12, 0])
def test_an_id_is_kept_as_it_is_written(cell: Any) -> None:
    """Ids are texts, letter by letter."""
    (row,) = dataset_of([{"sample_id": cell}])
    assert row.sample_id == row["sample_id"] == str(cell)


def test_repeated_ids_are_told_with_their_lines(read: Reader) -> None:
    """Each id that stands more than once is named with every line it stands in."""
    with pytest.raises(DatasetError) as caught:
        read("rows.csv", "id\nA\nB\nA\nC\nB\nA\n")
    assert str(caught.value) == (
        "rows.csv: every row needs a sample_id of its own, but 'A' stands in lines 2, 4 and 7, "
        "'B' stands in lines 3 and 6."
    )


def test_an_integer_and_its_text_are_one_id() -> None:
    """Ids are compared as texts, and of many repeated ones the first few are named."""
    records = [{"id": number} for number in range(7)] + [{"id": str(number)} for number in range(7)]
    with pytest.raises(DatasetError, match=r"'0' stands in rows 1 and 8, .*'4' stands in rows 5 and 12, and 2 more\.$"):
        dataset_of(records)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('["a", "b"]', ["a", "b"]),
        (' [ "a" ] ', ["a"]),
        ("['it', \"it's\",]", ["it", "it's"]),
        (r"['line\nbreak', 'quote\'s', 'caf\xe9']", ["line\nbreak", "quote's", "café"]),
        ("[]", []),
        ('"[\\"a\\", \\"b\\"]"', ["a", "b"]),
        ("\"['a', 'b']\"", ["a", "b"]),
        (["['a', 'b']"], ["a", "b"]),
        ('["[\\"a\\"]"]', ["a"]),
        (["a", "b"], ["a", "b"]),
        (["[1] Only one"], ["[1] Only one"]),
        ([], []),
        (None, None),
        ("", ""),
    ],
)
def test_a_list_of_texts_in_a_text_is_read(cell: Any, expected: Any) -> None:
    """JSON, Python's own writing, and either wrapped once more."""
    assert content(cell) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "[Music] It was a dark night.",
        "[1]",
        '["a", 2]',
        '["a"] and more',
        "[see ['a']",
        "['a' 'b']",
        "['''a''']",
        "[b'a']",
        "['a', __import__('os')]",
        "[['a'], ['b']]",
        r"['\d']",
        r"['\U00ffffff']",
        '"A quoted sentence."',
        "'['",
        "[" * 100_000,
        "[NaN]",
        '{"a": ["b"]}',
        [1, 2],
        [{"text": "a"}],
    ],
)
def test_whatever_is_not_a_list_of_texts_stays_what_it_is(cell: Any) -> None:
    """A text that merely begins like a list is a text; nothing is evaluated and no two texts are joined."""
    assert content(cell) == cell


def test_a_huge_python_list_stays_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's parser is not given texts beyond a size."""
    monkeypatch.setattr(cells, "LONGEST_LITERAL", 10)
    assert content("['a', 'b', 'c']") == "['a', 'b', 'c']"
    assert content("['a']") == ["a"]


@given(texts=TEXTS)
def test_lists_written_by_json_and_by_python_come_back(texts: list[str]) -> None:
    """Any list of texts survives being written into a cell, unless it is a list wrapped in a list."""
    expected = content(texts)
    assert content(json.dumps(texts)) == expected
    assert content(repr(texts)) == expected
    assert content(json.dumps(json.dumps(texts))) == expected


@given(text=st.text())
def test_content_is_the_text_or_a_list_of_texts(text: str) -> None:
    """No text makes reading fail."""
    for cell in (text, f"[{text}]", f"['{text}']", f'"{text}"'):
        read = content(cell)
        assert read == cell or (isinstance(read, list) and all(isinstance(part, str) for part in read))


def test_a_list_in_a_cell_may_hold_no_lone_surrogate(read: Reader) -> None:
    """What a text had escaped is mended when the text is read as a list."""
    dataset = read("rows.csv", 'id,contexts\nA,"[""x\\ud800""]"\n')
    assert dataset.rows[0].context == ["x\ufffd"]
    assert dataset.rows[0]["contexts"] == ["x\ufffd"]
    assert dataset.warnings == (
        "rows.csv: 1 text held a lone surrogate, read as U+FFFD; the first at rows.csv:2, column 'contexts'",
    )
