"""The edition of a run without texts."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.report import write_redacted
from pytest_llm_migrate.report.redaction import mark, redacted_results, redacted_row
from tests.report.hostile import hostile_run
from tests.report.sample import sample
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from pathlib import Path

PLANTED = "xyzzy"


def planted() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a run with one word in every text that people, models or plugins wrote."""
    results, rows = copy.deepcopy(sample(sizes=(3, 2, 1)))
    results["sections"] = [
        {"title": "Notes", "text": PLANTED},
        {"title": "Table", "columns": ["a"], "rows": [[PLANTED], [1], [None]]},
    ]
    for record in results["migrations"]:
        record["marked"] = {"r1": [{"rater": "ann", "comment": PLANTED}, {"rater": "", "comment": ""}]}
        record["gates"].append({**record["gates"][0], "statements": [], "statement": PLANTED})
        for side in ("source", "target"):
            record[side]["prompt"] |= {
                "system": PLANTED,
                "user": PLANTED,
                "examples": [[PLANTED, PLANTED]],
                "options": {"tools": [PLANTED]},
            }
    for row in rows:
        row |= {"inputs": {"a": PLANTED, "b": {"c": [PLANTED]}, "contexts": [PLANTED]}, "reference": [PLANTED]}
        row["tests"] = [{"nodeid": "t.py::t", "outcome": "failed", "message": PLANTED, "checks": []}]
        row["source"] = {"error": {"kind": "throttled", "message": PLANTED}}
        row["target"] = {
            "text": PLANTED,
            "reasoning": PLANTED,
            "tool_calls": [{"name": "look_up", "arguments": {"q": PLANTED}}],
            **{name: {"exact_match": PLANTED} for name in ("reasons", "failures", "raws")},
            "cached": False,
            "scores": {"exact_match": 0.5},
            "latency": 1.5,
        }
    return results, rows


def test_no_text_is_left_and_every_figure_is() -> None:
    """Records without texts are valid, and differ from the full ones in texts alone."""
    results, rows = planted()
    shown, lines = redacted_results(results), [redacted_row(row) for row in rows]
    assert PLANTED not in json.dumps([shown, lines])
    validator("results").validate(shown)
    for row, line in zip(rows, lines, strict=True):
        validator("rows").validate(line)
        assert {name: line[name] for name in ("sample_id", "flips")} == {
            name: row[name] for name in ("sample_id", "flips")
        }
        assert line["target"]["scores"] == row["target"]["scores"]
        assert list(line["inputs"]) == list(row["inputs"])
        assert line["source"]["error"] == {"kind": "throttled", "message": mark(PLANTED)}
        assert line["target"]["tool_calls"] == [{"name": "look_up", "arguments": mark({"q": PLANTED})}]
    prompts = [record[side]["prompt"]["sha256"] for record in shown["migrations"] for side in ("source", "target")]
    assert prompts == [
        record[side]["prompt"]["sha256"] for record in results["migrations"] for side in ("source", "target")
    ]
    assert shown["migrations"][0]["marked"]["r1"] == [
        {"rater": "ann", "comment": mark(PLANTED)},
        {"rater": "", "comment": ""},
    ]
    assert shown["sections"][1]["rows"] == [[mark(PLANTED)], [1], [None]]


@pytest.mark.parametrize(("value", "shown"), [("", ""), (None, None), (0, "[1 characters, sha256 5feceb66ffc8]")])
def test_nothing_stays_nothing(value: Any, shown: Any) -> None:
    """An empty answer and a missing ground truth are seen as such; numbers are texts of their own."""
    row = sample(sizes=(1, 1, 1))[1][0] | {"reference": value}
    assert redacted_row(row)["reference"] == shown


def test_a_text_is_its_length_and_its_hash() -> None:
    """Equal texts have equal marks, of any characters."""
    assert mark("abc") == "[3 characters, sha256 ba7816bf8f01]"
    assert mark({"b": 1, "a": 2}) == mark({"a": 2, "b": 1})
    assert mark("\ud83d") != mark("?")


def test_the_five_files_have_no_text(tmp_path: Path) -> None:
    """Page, summary, table and records are written, whatever texts there were."""
    for results, rows in (planted(), hostile_run()):
        written = write_redacted(tmp_path, results, rows)
        assert [path.name for path in written] == [
            "report.redacted.html",
            "summary.redacted.md",
            "results.redacted.json",
            "rows.redacted.jsonl",
            "rows.redacted.csv",
        ]
        for path in written:
            assert PLANTED not in path.read_text("utf-8")
