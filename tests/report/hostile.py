"""Texts that try to be more than text, and a run in which every text is one of them."""

from __future__ import annotations

import copy
from typing import Any

from tests.report.sample import sample

SCRIPT = "</script><script>window.pwned = 1</script>"
IMAGE = '<img src="https://evil.example/x.png" onerror="window.pwned = 1">'
QUOTES = "\"' onmouseover='window.pwned = 1' style=\"position:fixed"
TURNED = "safe \u202efdp.exe\u202c and \u2066hidden\u2069"
CONTROLS = "\x00\x1b[31mred\x1b[0m\x07\x9b2J"
LONE = "half \ud83d of a pair"
LONG_LINE = "W" * 1_000_000
HOSTILE = (SCRIPT, IMAGE, QUOTES, TURNED, CONTROLS, LONE, "{{ 7 * 7 }} ${7*7}", "-->]]></style></title></textarea>")


def hostile_run() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a run of one row a hostile text, which is also its every label and message."""
    results, rows = sample(sizes=(len(HOSTILE), 1, 1))
    everything = " ".join(HOSTILE)
    results, rows = copy.deepcopy(results), copy.deepcopy(rows)
    migration = results["migrations"][0]
    migration |= {"name": everything, "heading": everything, "nodeid": everything, "warnings": list(HOSTILE)}
    migration["source"]["ref"] = everything
    migration["target"]["prompt"] |= {"name": everything, "system": everything, "user": everything}
    migration["dataset"]["path"] = everything
    migration["metrics"][everything] = migration["metrics"]["exact_match"]
    for gate in migration["gates"]:
        gate |= {"doc": everything, "statement": everything, "nodeid": f"t.py::{everything}"}
        for said in gate["statements"]:
            said |= {"statement": everything, "detail": everything, "gate": everything}
    results["sections"] = [{"title": everything, "text": everything}, table(everything)]
    results["warnings"] = list(HOSTILE)
    results["run"] |= {"command": everything, "id": everything}
    for row, text in zip(rows, HOSTILE, strict=False):
        spoil(row, text)
    rows[0]["inputs"]["ticket"] = rows[0]["target"]["text"] = LONG_LINE
    return results, rows


def table(text: str) -> dict[str, Any]:
    """Return a section whose every cell is the text."""
    return {"title": text, "columns": [text], "rows": [[text], [None], [0.5]]}


def spoil(row: dict[str, Any], text: str) -> None:
    """Put the text wherever a row has one."""
    row |= {"sample_id": text, "reference": text, "inputs": {text: text, "list": [text, text], "deep": {text: [text]}}}
    for side in ("source", "target"):
        row[side] |= {"text": text, "stop_reason": text, "reasons": {"exact_match": text}, "failures": {text: text}}
        row[side]["steps"] = [{"name": text, "latency": 0.2}]
    row["tests"] = [{"nodeid": f"t.py::{text}", "outcome": "failed", "message": text, "checks": []}]
