"""Records of a run with several targets and their attribution grids."""

from __future__ import annotations

from typing import Any

from pytest_llm_migrate.migration.attribution import attribution_record
from pytest_llm_migrate.migration.ranking import rankings
from tests.report.sample import run_of, sample

OTHER = "us.amazon.nova-micro-v1:0"


def several_targets(text: str = "") -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a run of one use case to two targets and its rows; a text given stands in every label."""
    results, rows = sample(sizes=(60, 1, 1))
    first, ours = results["migrations"][0], [row for row in rows if row["migration"] == "triage"]
    if text:
        first = first | {"name": text, "metrics": {text: first["metrics"]["exact_match"]}}
        ours = [renamed(row, text) for row in ours]
    second = first | {"id": "other", "verdict": "GO", "target": first["target"] | {"ref": text or OTHER}}
    second |= {"cost": None}
    theirs = [row | {"migration": "other"} for row in ours]
    noted = [{"slices": {}, **row} for row in ours]
    exchanged = {
        row["sample_id"]: {"source": row["target"]["scores"], "target": row["source"]["scores"]} for row in ours
    }
    for migration in (first, second):
        terms = migration | {"metrics": list(migration["metrics"]), "attribution": text}
        migration["attribution"] = attribution_record(terms, noted, exchanged)
    made = run_of([first, second])
    return made | {"rankings": rankings([first, second], {"triage": noted, "other": noted})}, [*ours, *theirs]


def renamed(row: dict[str, Any], metric: str) -> dict[str, Any]:
    """Return a row whose only metric has another name."""
    sides = {
        side: row[side] | {"scores": {metric: row[side]["scores"]["exact_match"]}} for side in ("source", "target")
    }
    return row | sides | {"flips": {metric: row["flips"]["exact_match"]}}
