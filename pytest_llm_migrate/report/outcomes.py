"""What the move did to a row, and which rows a reader should see first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import is_monitor
from pytest_llm_migrate.report.numbers import score

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OUTCOMES = ("broke", "error", "not scored", "both wrong", "fixed", "both right", "held")
"""What can become of a row, the most telling first; ``error`` is a side without an answer, ``held`` a graded score."""
_RANK = {outcome: rank for rank, outcome in enumerate(OUTCOMES)}
_BELOW_BAR = frozenset({"failed", "xfailed"})
REPORTED = "below its bar, reported only"
"""What became of a row's test that would have failed, where the gates alone decide."""


def metric_outcome(row: Mapping[str, Any], metric: str) -> str:
    """Return what became of a row in one metric."""
    if "error" in row["source"] or "error" in row["target"]:
        return "error"
    return str(row["flips"].get(metric, "not scored"))


def outcome(row: Mapping[str, Any]) -> str:
    """Return the worst of what became of a row in its metrics."""
    if "error" in row["source"] or "error" in row["target"]:
        return "error"
    found: set[str] = set(row["flips"].values())
    if not found or _has_more(row["source"], row["flips"]) or _has_more(row["target"], row["flips"]):
        found.add("not scored")
    return min(found, key=_RANK.__getitem__)


def is_below_bar(row: Mapping[str, Any]) -> bool:
    """Return whether a test of the row failed, be it that the failure is reported only."""
    return any(test["outcome"] in _BELOW_BAR for test in row["tests"])


def outcome_words(row: Mapping[str, Any]) -> str:
    """Return what became of a row, and whether it is below its bar."""
    below = " (below its bar)" if is_below_bar(row) else ""
    return {"error": "no answer"}.get(outcome(row), outcome(row)) + below


def badness(row: Mapping[str, Any]) -> tuple[int, bool, float]:
    """Return a key that sorts rows worst first: by outcome, rows below their bar first, then by what was lost."""
    return _RANK[outcome(row)], not is_below_bar(row), min(_changes(row).values(), default=0.0)


def worst_rows(rows: Iterable[Mapping[str, Any]], limit: int) -> dict[str, list[Mapping[str, Any]]]:
    """Return each migration's worst rows, worst first; rows that came to no harm are not among them."""
    found: dict[str, list[tuple[Any, Mapping[str, Any]]]] = {}
    for place, row in enumerate(rows):
        if is_below_bar(row) or outcome(row) in {"broke", "error", "not scored"}:
            # The place keeps equally bad rows in their order, and rows themselves from being compared.
            kept = found.setdefault(row["migration"], [])
            kept.append(((*badness(row), place), row))
            kept.sort()
            del kept[limit:]
    return {name: [row for _, row in kept] for name, kept in found.items()}


def reason(row: Mapping[str, Any]) -> str:
    """Return in one sentence what is wrong with a row: its error, its lost score, or the test it failed."""
    for side in ("target", "source"):
        if "error" in row[side]:
            return f"{side}: {row[side]['error']['kind']}: {row[side]['error']['message']}"
    changes = _changes(row)
    lost = min(changes, key=changes.__getitem__, default="")
    if lost and changes[lost] < 0:
        why = row["target"].get("reasons", {}).get(lost)
        return f"{lost} {_moved(row, lost)}{f': {why}' if why else ''}"
    failures = [pair for side in ("target", "source") for pair in row[side].get("failures", {}).items()]
    messages = [test["message"] for test in row["tests"] if test["outcome"] in _BELOW_BAR]
    return next(
        iter([*messages, *(f"{metric} gave no score: {why}" for metric, why in failures if not is_monitor(metric))]), ""
    )


def _moved(row: Mapping[str, Any], metric: str) -> str:
    return f"{score(row['source']['scores'][metric])} -> {score(row['target']['scores'][metric])}"


def _changes(row: Mapping[str, Any]) -> dict[str, float]:
    source, target = row["source"].get("scores", {}), row["target"].get("scores", {})
    both = (
        name for name in source if not is_monitor(name) and source[name] is not None and target.get(name) is not None
    )
    return {name: target[name] - source[name] for name in both}


def _has_more(side: Mapping[str, Any], flips: Mapping[str, str]) -> bool:
    """Return whether a side has a metric, scored or not, that the other side has no score of."""
    return any(
        name not in flips and not is_monitor(name) for kind in ("scores", "failures") for name in side.get(kind, ())
    )
