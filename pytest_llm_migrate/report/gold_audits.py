"""Suspect ground truth as text: what the terminal, Markdown and HTML all show of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.report.numbers import counted

if TYPE_CHECKING:
    from pytest_llm_migrate.report.figures import Record

_NAMED = 3
_NO_ROW = "no row is left"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateWithout:
    """A gate with its verdict over all rows, and without the suspect ones.

    Attributes:
        gate: What was asked.
        rows: Which rows it was asked of.
        verdict: The verdict that counts.
        without: What it would be without the suspect rows.
        statement: What the gate would say then.
    """

    gate: str
    rows: str
    verdict: str
    without: str
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldAudit:
    """The suspect rows of a migration.

    Attributes:
        rows: Ids with the reason.
        gates: Gates on metrics.
        sentence: All of it in a line or two.
    """

    rows: list[tuple[str, str]]
    gates: list[GateWithout]
    sentence: str


def gold_audit_of(migration: Record) -> GoldAudit | None:
    """Return the audit of the ground truth, ``None`` where no row is suspect."""
    found = migration.get("gold_audit")
    if not found or not found["rows"]:
        return None
    rows = [(row["sample_id"], row["reason"]) for row in found["rows"]]
    gates = [_gate(record) for record in found["verdicts"]]
    names = [name for name, _ in rows]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    said = f"{counted(len(rows), 'row')} with suspect ground truth: {', '.join(names[:_NAMED])}{more}"
    return GoldAudit(rows=rows, gates=gates, sentence=f"{said}{_consequence(gates, len(rows))}")


def _gate(record: Record) -> GateWithout:
    return GateWithout(
        gate=record["gate"],
        rows=record["rows"],
        verdict=record["with"],
        without=record["without"] or _NO_ROW,
        statement=record["statement"],
    )


def _consequence(gates: list[GateWithout], rows: int) -> str:
    if not gates:
        return ""
    without = f"without {'it' if rows == 1 else 'them'}"
    changed = [_changed(gate) for gate in gates if gate.without != gate.verdict]
    if changed:
        return f"; {without} {', '.join(changed)}"
    return f"; {without} every gate on a metric says the same"


def _changed(gate: GateWithout) -> str:
    if gate.without == _NO_ROW:
        return f"{_NO_ROW} for {gate.gate}"
    return f"{gate.gate} is {gate.without}, not {gate.verdict}"
