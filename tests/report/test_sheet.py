"""The rows as a table for spreadsheets."""

from __future__ import annotations

import copy
import csv
import math
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llm_migrate.report import write_sheet
from pytest_llm_migrate.report.sheet import LONGEST_CELL
from tests.report.hostile import hostile_run
from tests.report.sample import sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RESULTS, ROWS = sample(sizes=(3, 2, 1))
FORMULAS = ("=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(1)", "\t=1", "\n=1", "＝1")  # noqa: RUF001 - a wide sign


def sheet(folder: Path, *rows: dict[str, Any]) -> list[dict[str, str]]:
    """Write rows and return the table as a program reads it."""
    write_sheet(folder / "rows.csv", RESULTS, rows)
    with (folder / "rows.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def changed(**answer: Any) -> dict[str, Any]:
    """Return the first row with another target."""
    row = copy.deepcopy(ROWS[0])
    row["target"] |= answer
    return row


def test_a_line_tells_a_row(tmp_path: Path) -> None:
    """What became of it, its scores, answers, ground truth, times, tokens and costs stand in cells of their own."""
    [found] = sheet(tmp_path, ROWS[0])
    source, target = ROWS[0]["source"], ROWS[0]["target"]
    assert (found["migration"], found["sample_id"]) == ("triage", ROWS[0]["sample_id"])
    assert found["outcome"] == found["outcome exact_match"] == ROWS[0]["flips"]["exact_match"]
    assert (found["below_bar"], found["critical"]) == ("no", "")
    assert [found["exact_match source"], found["exact_match target"]] == ["1.0", "1.0"]
    assert (found["answer_ground_truth"], found["answer_source"]) == (ROWS[0]["reference"], source["text"])
    assert float(found["latency_target"]) == target["latency"]
    assert float(found["cost_source"]) == source["cost"]
    assert (found["input_tokens_target"], found["stop_reason_target"]) == (str(target["input_tokens"]), "end_turn")


def test_what_a_migration_does_not_have_is_empty(tmp_path: Path) -> None:
    """Rows of several migrations share the columns; a metric of another one has no outcome and no score."""
    first, *_, last = sheet(tmp_path, *ROWS)
    assert first["outcome rouge_l"] == first["rouge_l target"] == last["outcome exact_match"] == ""
    assert last["outcome rouge_l"] == "held"


def test_a_side_without_an_answer_names_its_error(tmp_path: Path) -> None:
    """The kind of the error stands there, and cells of the answer are empty, not zero."""
    row = {**ROWS[0], "target": {"error": {"kind": "throttled", "message": "slow down"}}}
    [found] = sheet(tmp_path, row)
    assert (found["outcome"], found["error_target"], found["error_source"]) == ("error", "throttled", "")
    assert found["answer_target"] == found["latency_target"] == found["exact_match target"] == ""


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_is_a_formula(tmp_path: Path, text: str) -> None:
    """An apostrophe stands before it, in answers, ids and stop reasons alike."""
    [found] = sheet(tmp_path, changed(text=text, stop_reason=text) | {"sample_id": text, "reference": text})
    names = ("answer_target", "stop_reason_target", "sample_id", "answer_ground_truth")
    assert [found[name] for name in names] == [f"'{text}"] * 4


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    """A score below zero has no apostrophe; what is no number is unknown."""
    [found] = sheet(tmp_path, changed(scores={"exact_match": -0.25}, latency=math.nan))
    assert (found["exact_match target"], found["latency_target"]) == ("-0.25", "")


@given(text=st.text(st.sampled_from("ab é東\"',;|=+-@\t\n"), max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_other_texts_read_back_the_same(text: str, tmp_path: Path) -> None:
    """Quotes, commas and line breaks survive, and a row stays one row."""
    found = [row["answer_target"] for row in sheet(tmp_path, changed(text=text), ROWS[1])]
    assert [found[0].removeprefix("'"), found[1]] == [text.removeprefix("'"), ROWS[1]["target"]["text"]]


def test_a_text_longer_than_a_cell_says_so(tmp_path: Path) -> None:
    """It is cut at what spreadsheets hold, and says how much more there is, and where."""
    [found] = sheet(tmp_path, changed(text="x" * (LONGEST_CELL + 1_234)))
    assert found["answer_target"] == "x" * LONGEST_CELL + "… 1,234 characters more stand in rows.jsonl."
    assert len(found["answer_target"]) <= 32_767


def test_hostile_texts_break_nothing(tmp_path: Path) -> None:
    """Controls and lone surrogates stand as escapes; every line has every cell, and none is a formula."""
    results, rows = hostile_run()
    write_sheet(tmp_path / "rows.csv", results, rows)
    content = (tmp_path / "rows.csv").read_bytes()
    assert not [control for control in (b"\0", b"\x1b", "\u202e".encode()) if control in content]
    with (tmp_path / "rows.csv").open(encoding="utf-8-sig", newline="") as file:
        heads, *lines = csv.reader(file, strict=True)
    assert {len(line) for line in lines} == {len(heads)}
    assert len(lines) == len(rows)
    assert "half \\ud83d of a pair" in {line[1] for line in lines}


def test_memory_does_not_grow_with_rows(tmp_path: Path) -> None:
    """Rows are written as they come."""

    def many() -> Iterator[dict[str, Any]]:
        for _ in range(2_000):
            yield changed(text="word " * 400)

    tracemalloc.start()
    try:
        write_sheet(tmp_path / "rows.csv", RESULTS, many())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (tmp_path / "rows.csv").stat().st_size > 4_000_000
    assert peak < 1_000_000
