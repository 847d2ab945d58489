"""What a gate says: GO, NO-GO, NOT ENOUGH EVIDENCE or CANNOT JUDGE, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ERROR_TOLERANCE = 0.02
"""Share of rows that may lack what a gate judges by before it cannot judge, where nobody says otherwise."""


class Ruling(StrEnum):
    """The four answers a gate can give, from best to worst."""

    GO = "GO"
    NOT_ENOUGH_EVIDENCE = "NOT ENOUGH EVIDENCE"
    CANNOT_JUDGE = "CANNOT JUDGE"
    NO_GO = "NO-GO"


_RANK = {ruling: rank for rank, ruling in enumerate(Ruling)}


def worst(rulings: Iterable[Ruling]) -> Ruling | None:
    """Return the worst of several rulings, or ``None`` for none."""
    return max(rulings, key=_RANK.__getitem__, default=None)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Verdict:
    """A gate's answer: true only on GO, and its own explanation otherwise.

    Attributes:
        ruling: One of the four answers.
        gate: What was asked, as it is written in a test: ``exact_match.non_inferior(margin=0.03)``.
        statement: One sentence that a manager understands.
        detail: One sentence that a statistician checks: n, estimate, interval, margin, method.
        figures: The numbers behind it, JSON-ready.
    """

    ruling: Ruling
    gate: str
    statement: str
    detail: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.ruling is Ruling.GO

    def __repr__(self) -> str:
        return f"{self.ruling}: {self.statement} [{self.detail}]"

    def to_record(self) -> dict[str, Any]:
        """Return the verdict as JSON-ready builtins."""
        return {
            "verdict": str(self.ruling),
            "gate": self.gate,
            "statement": self.statement,
            "detail": self.detail,
            "figures": dict(self.figures),
        }
