"""Decisions on a migration, and what the page needs to put a new one together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llm_migrate.report.figures import Record

DECISIONS = ("approve", "approve-with-conditions", "reject")
"""What can be decided, as ``sign`` takes it."""
VALID_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision that was filed.

    Attributes:
        who: The approver and the role.
        what: The decision.
        reason: Why, with the conditions where there are some.
        period: From when until when it holds.
        state: Whether it was signed, and by which key.
    """

    who: str
    what: str
    reason: str
    period: str
    state: str


def decisions_of(results: Record, migration: Record) -> list[Decided]:
    """Return the decisions on a migration that were filed when the page was written, the oldest first."""
    found = [item for item in results.get("signatures", ()) if item["migration"] == migration["id"]]
    return [_decided(item) for item in sorted(found, key=lambda item: str(item["signed_at"]))]


def _decided(item: Record) -> Decided:
    conditions = f"; conditions: {item['conditions']}" if item.get("conditions") else ""
    until = f" until {item['expires_at']}" if item.get("expires_at") else ""
    return Decided(
        who=f"{item['name']}, {item['role']}",
        what=item["decision"].replace("-", " "),
        reason=f"{item['reason']}{conditions}",
        period=f"{item['signed_at']}{until}",
        state=_state(item),
    )


def _state(item: Record) -> str:
    if not item["key"]:
        return "recorded, not signed"
    return f"signed with {item['key']}" if item["holds"] else f"the signature with {item['key']} does not hold"
