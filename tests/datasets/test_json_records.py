"""JSON Lines and JSON: what is a row, and where a fault stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.datasets import table
from pytest_llm_migrate.errors import DatasetError

if TYPE_CHECKING:
    from tests.datasets.conftest import Reader


def test_null_and_a_missing_key_are_nothing_and_an_empty_text_is_a_text(read: Reader) -> None:
    """Nothing and an empty text are kept apart, and all rows share the columns."""
    dataset = read("rows.jsonl", '{"id": 1, "a": null}\n{"id": 2, "b": ""}\n')
    assert [dict(row.values) for row in dataset] == [
        {"sample_id": "1", "a": None, "b": None},
        {"sample_id": "2", "a": None, "b": ""},
    ]


def test_ground_truth_keeps_its_structure(read: Reader) -> None:
    """Ground truth may be any JSON value."""
    lines = '{"id": "A", "expected": {"x": [1, 2.5]}}\n{"id": "B", "expected": 3}\n{"id": "C", "expected": [true]}\n'
    assert [row.reference for row in read("rows.jsonl", lines)] == [{"x": [1, 2.5]}, 3, [True]]


def test_an_object_may_hold_the_list_of_rows(read: Reader) -> None:
    """Facts about a dataset may stand beside its rows, lists of texts among them."""
    text = '{"version": 2, "tags": ["x"], "rows": [{"id": 1}, {"id": 2}]}'
    assert [row.place for row in read("rows.json", text)] == ["rows.json, row 1", "rows.json, row 2"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "rows.jsonl",
            '{"id": 1}\n\n{"id": 2,}\n',
            (
                "rows.jsonl:3: broken JSON: Expecting property name enclosed in double quotes at column 10. "
                "Each line holds one JSON object."
            ),
        ),
        (
            "rows.jsonl",
            '{"id": "1\n',
            "rows.jsonl:1: broken JSON: Unterminated string starting at column 8. Each line holds one JSON object.",
        ),
        (
            "rows.jsonl",
            '[\n{"id": 1}\n]\n',
            "rows.jsonl:1: broken JSON: Expecting value at column 2. Each line holds one JSON object.",
        ),
        ("rows.jsonl", '{"id": 1}\n[{"id": 2}]\n', "rows.jsonl:2: this is a JSON array, not an object."),
        ("rows.jsonl", '{"id": 1}\n"two"\n', "rows.jsonl:2: this is a JSON text, not an object."),
        ("rows.jsonl", "3\n", "rows.jsonl:1: this is a JSON number, not an object."),
        ("rows.jsonl", '{"id": 1, "q": 1, "q": 2}', "rows.jsonl:1: the key 'q' stands twice in one object."),
        (
            "rows.jsonl",
            '{"id": 1, "expected": [{"a": 1, "a": 1}]}',
            "rows.jsonl:1, column 'expected': the key 'a' stands twice in one object.",
        ),
        (
            "rows.jsonl",
            '{"id": 1}\n{"id": 2, "latency_source_llm": NaN}',
            "rows.jsonl:2, column 'latency_source_llm': NaN is not JSON; write null where there is no value.",
        ),
        (
            "rows.jsonl",
            '{"id": 1, "note": [-Infinity]}',
            "rows.jsonl:1, column 'note': -Infinity is not JSON; write null where there is no value.",
        ),
        ("rows.jsonl", '{"id": ' + "[" * 200_000, "rows.jsonl:1: the JSON is nested too deeply."),
        (
            "rows.json",
            '[{"id": 1},\n {"id": }]',
            "rows.json:2: broken JSON: Expecting value at column 9. A file of one JSON object a line is named .jsonl.",
        ),
        (
            "rows.json",
            '{"id": 1}\n{"id": 2}\n',
            "rows.json:2: broken JSON: Extra data at column 1. A file of one JSON object a line is named .jsonl.",
        ),
        ("rows.json", '[{"id": 1}, null]', "rows.json, row 2: this is a JSON null, not an object."),
        ("rows.json", '[{"id": 1}, true]', "rows.json, row 2: this is a JSON boolean, not an object."),
        ("rows.json", '[{"id": 1}, {"id": 2, "id": 3}]', "rows.json, row 2: the key 'id' stands twice in one object."),
        ("rows.json", '{"rows": [], "rows": []}', "rows.json: the key 'rows' stands twice in one object."),
        (
            "rows.json",
            '{"id": 1, "question": "Why?"}',
            "rows.json: the file holds no list of objects. It needs one: a list of rows.",
        ),
        ("rows.json", "3", "rows.json: the file holds no list of objects. It needs one: a list of rows."),
        (
            "rows.json",
            '{"dev": [{"id": 1}], "holdout": [{"id": 2}]}',
            "rows.json: the file holds 2 lists of objects ('dev', 'holdout'). It needs one: a list of rows.",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(read: Reader, name: str, text: str, message: str) -> None:
    """What is no proper row is refused where it stands."""
    with pytest.raises(DatasetError) as caught:
        read(name, text)
    assert str(caught.value) == message


def test_an_integer_of_thousands_of_digits_is_refused(read: Reader) -> None:
    """A number that Python will not read is told with its line."""
    with pytest.raises(DatasetError, match=r"^rows\.jsonl:2: broken JSON: .*digits"):
        read("rows.jsonl", '{"id": 1}\n{"id": 2, "n": ' + "9" * 5_000 + "}\n")


def test_lone_surrogates_are_replaced_and_said(read: Reader) -> None:
    """Half a surrogate pair never enters, in a value, a nested value or a key; a whole pair is a character."""
    lines = '{"id": 1, "a": "\\ud83d\\ude00"}\n{"id": 2, "a": "x\\ud800", "b": [{"\\udfff": "\\uDFFF"}]}\n'
    dataset = read("rows.jsonl", lines)
    assert dataset.rows[0]["a"] == "\U0001f600"
    assert dataset.rows[1]["a"] == "x\ufffd"
    assert dataset.rows[1]["b"] == [{"\ufffd": "\ufffd"}]
    assert dataset.warnings == (
        "rows.jsonl: 3 texts held a lone surrogate, read as U+FFFD; the first at rows.jsonl:2, column 'a'",
    )


def test_surrogates_of_a_json_file_are_replaced_too(read: Reader) -> None:
    """A list of objects is mended like lines are."""
    dataset = read("rows.json", '[{"id": "\\udc00"}]')
    assert dataset.rows[0].sample_id == "\ufffd"
    assert dataset.warnings == (
        "rows.json: 1 text held a lone surrogate, read as U+FFFD; the first at rows.json, row 1, column 'id'",
    )


def test_a_deep_value_that_needs_mending_is_refused(read: Reader) -> None:
    """A value that can be parsed but not walked through is a fault of the file, not a crash."""
    with pytest.raises(DatasetError, match="nested too deeply"):
        read("rows.jsonl", '{"id": 1, "a": ' + "[" * 800 + '"\\ud800"' + "]" * 800 + "}")


def test_keys_that_differ_in_lone_surrogates_only_are_refused(read: Reader) -> None:
    """No value is lost because two keys became one."""
    with pytest.raises(DatasetError) as caught:
        read("rows.jsonl", '{"id": 1, "a": {"\\ud800": 1, "\\ud801": 2}}')
    assert str(caught.value) == "rows.jsonl:1, column 'a': two keys differ in lone surrogates only."


def test_keys_that_are_data_do_not_fill_the_memory(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose every line has keys of its own is refused before a table of them grows."""
    monkeypatch.setattr(table, "MOST_KEYS", 5)
    lines = "".join(f'{{"T-{number}": {{}}}}\n' for number in range(10))
    with pytest.raises(DatasetError) as caught:
        read("rows.jsonl", lines)
    assert str(caught.value) == "rows.jsonl:6: the records have more than 5 different keys."
