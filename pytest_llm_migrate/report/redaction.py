"""An edition of a run without what people and models wrote: scores, groups and hashes stay."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import SIDES
from pytest_llm_migrate.report.files import write_json, write_lines
from pytest_llm_migrate.report.html import write_report
from pytest_llm_migrate.report.markdown import write_markdown
from pytest_llm_migrate.report.sheet import write_sheet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_llm_migrate.report.figures import Record

RESULTS, ROWS = "results.redacted.json", "rows.redacted.jsonl"
REPORT, SUMMARY, SHEET = "report.redacted.html", "summary.redacted.md", "rows.redacted.csv"
_WARNING = (
    "redacted edition: inputs, contexts, answers, reasons, messages and prompts are replaced by their length and the "
    "beginning of their SHA-256"
)
_DIGITS = 12
_TEXTS = ("text", "reasoning")
_NAMED_TEXTS = ("reasons", "failures", "raws")


def write_redacted(folder: Path, results: Record, rows: Iterable[Record]) -> list[Path]:
    """Write a run's five files without texts, and return them; ``rows`` are gone through once a file.

    Raises `ReportFileError` when one cannot be written.
    """
    shown = redacted_results(results)
    write_json(folder / RESULTS, shown)
    write_lines(folder / ROWS, map(redacted_row, rows))
    write_report(folder / REPORT, shown, map(redacted_row, rows), is_redacted=True)
    write_markdown(folder / SUMMARY, shown, map(redacted_row, rows))
    write_sheet(folder / SHEET, shown, map(redacted_row, rows))
    return [folder / name for name in (REPORT, SUMMARY, RESULTS, ROWS, SHEET)]


def mark(value: Any) -> str:
    """Return what stands for a text: its length and the beginning of its SHA-256; other values count as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    found = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"[{len(text)} characters, sha256 {found[:_DIGITS]}]"


def redacted_row(row: Record) -> Record:
    """Return a line of ``rows.jsonl`` without inputs, ground truth, answers, reasons and messages."""
    return {
        **row,
        "inputs": _marked(row["inputs"]),
        "reference": _mark_of(row["reference"]),
        **{side: _side(row[side]) for side in SIDES},
        "tests": [{**test, "message": _mark_of(test["message"])} for test in row["tests"]],
        # A detail may be a sentence of an answer.
        "changes": [{**change, "detail": _mark_of(change["detail"])} for change in row.get("changes", ())],
    }


def redacted_results(results: Record) -> Record:
    """Return ``results.json`` without the texts of prompts, of plugins' sections, and of assertions."""
    return {
        **results,
        "warnings": [_WARNING, *results["warnings"]],
        "migrations": [_migration(record) for record in results["migrations"]],
        "sections": [_section(section) for section in results["sections"]],
    }


def _mark_of(value: Any) -> Any:
    return mark(value) if value not in (None, "") else value


def _marked(texts: Record) -> Record:
    return {name: _mark_of(value) for name, value in texts.items()}


def _side(side: Record) -> Record:
    if "error" in side:
        return {"error": {**side["error"], "message": _mark_of(side["error"]["message"])}}
    found = dict(side)
    found |= {name: _mark_of(side[name]) for name in _TEXTS if name in side}
    found |= {name: _marked(side[name]) for name in _NAMED_TEXTS if name in side}
    if "tool_calls" in side:
        found["tool_calls"] = [{**call, "arguments": _mark_of(call["arguments"])} for call in side["tool_calls"]]
    return found


def _migration(record: Record) -> Record:
    sides: Record = {side: {**record[side], "prompt": _prompt(record[side].get("prompt"))} for side in SIDES}
    gates = [_gate(gate) for gate in record["gates"]]
    return {**record, **sides, "gates": gates, **_audit(record), **_marks(record)}


def _audit(record: Record) -> Record:
    if not (audit := record.get("gold_audit")):
        return {}
    # A reason may quote an answer, or what a person wrote of the ground truth.
    rows = [{**row, "reason": _mark_of(row["reason"])} for row in audit["rows"]]
    return {"gold_audit": {**audit, "rows": rows}}


def _marks(record: Record) -> Record:
    if "marked" not in record:
        return {}
    found = record["marked"].items()
    return {"marked": {row: [{**each, "comment": _mark_of(each["comment"])} for each in said] for row, said in found}}


def _prompt(prompt: Record | None) -> Record | None:
    if prompt is None:
        return None
    texts = {name: _mark_of(prompt[name]) for name in ("system", "user")}
    examples = [[mark(part) for part in example] for example in prompt["examples"]]
    return {**prompt, **texts, "examples": examples, "options": _marked(prompt.get("options", {}))}


def _gate(gate: Record) -> Record:
    # A plain assertion may say anything; what our gates state are figures.
    return gate if gate["statements"] else {**gate, "statement": _mark_of(gate["statement"])}


def _section(section: Record) -> Record:
    if "text" in section:
        return {**section, "text": _mark_of(section["text"])}
    rows = [[_mark_of(cell) if isinstance(cell, str) else cell for cell in row] for row in section["rows"]]
    return {**section, "rows": rows}
