"""The rules of the gates: from an interval and a margin to one of four answers, in words for both readers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Ruling, Verdict

if TYPE_CHECKING:
    from pytest_llm_migrate.stats import Estimate

ERROR_TOLERANCE = 0.02
"""Share of rows that may lack a pair of values before a gate cannot judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a gate judges by.

    Attributes:
        estimate: The value in question: a difference, a mean or a ratio.
        low: Its lower one-sided confidence limit.
        high: Its upper one-sided confidence limit.
        confidence: Of each limit.
        n: Rows, or clusters, behind it.
        method: How the limits were found.
        missing: Rows without a value on both sides.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    n: int
    method: str
    missing: int = 0

    def detail(self, bar: str) -> str:
        """Return the sentence that a statistician checks."""
        missing = f", {self.missing} without a pair of values" if self.missing else ""
        return (
            f"n={self.n}{missing}; estimate {self.estimate:+.4f}, one-sided {self.confidence:.0%} limits "
            f"[{self.low:+.4f}, {self.high:+.4f}]; {bar}; {self.method}"
        )

    def figures(self, kind: str, **more: Any) -> dict[str, Any]:
        """Return the numbers for the records."""
        known = {name: getattr(self, name) for name in self.__slots__}
        return {"kind": kind, **known, "low": finite(self.low), "high": finite(self.high), **more}


def evidence_of(found: Estimate, confidence: float, *, missing: int) -> Evidence:
    """Return an estimate as evidence: each limit of its two-sided interval holds at ``confidence``."""
    return Evidence(
        estimate=found.value,
        low=found.low,
        high=found.high,
        confidence=confidence,
        n=found.n,
        method=found.method,
        missing=missing,
    )


def finite(limit: float) -> float | None:
    """Return a limit, or ``None`` where there is none: JSON knows no infinity."""
    return limit if math.isfinite(limit) else None


def more_words(more: int | None) -> str:
    """Return what more rows would do for an undecided gate."""
    if more is None:
        return "more rows like these would not make it a GO"
    return f"about {more:,} more rows like these would make it a GO"


def above(evidence: Evidence, bar: float) -> Ruling:
    """GO when the value surely lies above the bar, NO-GO when surely below, NOT ENOUGH EVIDENCE between."""
    if evidence.low > bar:
        return Ruling.GO
    return Ruling.NO_GO if evidence.high < bar else Ruling.NOT_ENOUGH_EVIDENCE


def at_least(evidence: Evidence, bar: float) -> Ruling:
    """Like `above`, with the bar itself still good."""
    if evidence.low >= bar:
        return Ruling.GO
    return Ruling.NO_GO if evidence.high < bar else Ruling.NOT_ENOUGH_EVIDENCE


def at_most(evidence: Evidence, bar: float) -> Ruling:
    """GO when the value surely is no more than the bar, NO-GO when surely more, NOT ENOUGH EVIDENCE between."""
    if evidence.high <= bar:
        return Ruling.GO
    return Ruling.NO_GO if evidence.low > bar else Ruling.NOT_ENOUGH_EVIDENCE


def cannot_judge(gate: str, reason: str, detail: str) -> Verdict:
    """Return the verdict of a gate that has nothing to judge by."""
    return Verdict(ruling=Ruling.CANNOT_JUDGE, gate=gate, statement=reason, detail=detail, figures={"kind": "none"})


def too_few_pairs(gate: str, what: str, n: int, rows: int) -> Verdict | None:
    """Return CANNOT JUDGE when there is no row, or too many lack the values that the gate compares."""
    missing = rows - n
    detail = f"n={n} of {rows} rows; tolerated without a pair of values: {ERROR_TOLERANCE:.0%}"
    if n == 0:
        return cannot_judge(gate, f"There is nothing to judge: no row has {what} on both sides.", detail)
    if missing > ERROR_TOLERANCE * rows:
        return cannot_judge(gate, f"{missing} of {rows} rows lack {what} on a side, too many to judge.", detail)
    return None
