"""The rules of the gates: from an interval and a margin to one of four answers, in words for both readers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Ruling, Verdict

if TYPE_CHECKING:
    from pytest_llm_migrate.comparison.row_price import RowPrice
    from pytest_llm_migrate.stats import Estimate


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
        missing: Rows without the values that are judged.
        effective_n: How many rows that count once would say as much; ``None`` where every row does.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    n: int
    method: str
    missing: int = 0
    effective_n: float | None = None

    def detail(self, bar: str) -> str:
        """Return the sentence that a statistician checks."""
        missing = f", {self.missing} without values" if self.missing else ""
        worth = "" if self.effective_n is None else f", worth {_rows_that_count_once(self.effective_n)}"
        return (
            f"n={self.n}{worth}{missing}; estimate {_signed(self.estimate)}, "
            f"one-sided {percent(self.confidence)} limits {signed_limits(self.low, self.high)}; {bar}; {self.method}"
        )

    def figures(self, kind: str, **more: Any) -> dict[str, Any]:
        """Return the numbers for the records."""
        known = {name: getattr(self, name) for name in self.__slots__}
        limits = {name: finite(known[name]) for name in ("estimate", "low", "high")}
        return {"kind": kind, **known, **limits, **more}


def _rows_that_count_once(rows: float) -> str:
    return "1 row that counts once" if round(rows) == 1 else f"{rows:.0f} rows that count once"


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
        effective_n=found.effective_n,
    )


def _signed(value: float) -> str:
    # Dollars a row may be a few millionths: four decimals would call them nothing.
    return f"{value:+.4f}" if abs(value) >= 0.01 or value == 0 else f"{value:+.4g}"  # noqa: PLR2004 - four decimals


def signed_limits(low: float, high: float) -> str:
    """Return two limits as a statistician reads them."""
    return f"[{_signed(low)}, {_signed(high)}]"


def percent(confidence: float) -> str:
    """Return a share in per cent."""
    return f"{100 * confidence:.4g}%"


def finite(limit: float) -> float | None:
    """Return a limit, or ``None`` where there is none: JSON knows no infinity."""
    return limit if math.isfinite(limit) else None


def more_words(more: int | None, price: RowPrice) -> str:
    """Return what more rows would do for an undecided gate, and what they would cost."""
    if more is None:
        return "more rows like these would not make it a GO"
    return f"about {more:,} more rows like these would make it a GO, {price.words(more)}"


def difference_words(kind: str, ruling: Ruling, margin: float, hope: str) -> str:
    """Return what a gate on a difference found; ``hope`` is added where it is open."""
    if kind == "non_inferior":
        claim = f"a loss of {margin:g}"
        shown, refuted = f"{claim} or more is ruled out", f"it lost more than {margin:g}"
    else:
        claim = f"a gain of more than {margin:g}" if margin else "a gain"
        shown, refuted = f"{claim} is shown", f"{claim} is ruled out"
    open_still = f"these rows neither show nor rule out {claim}{hope}"
    return {Ruling.GO: shown, Ruling.NO_GO: refuted}.get(ruling, open_still)


def floor_words(ruling: Ruling, floor: float, hope: str) -> str:
    """Return what a gate on a floor found; ``hope`` is added where it is open."""
    if ruling is Ruling.GO:
        return f"at least {floor:g} is shown"
    if ruling is Ruling.NO_GO:
        return f"it is below {floor:g}"
    return f"these rows neither show nor rule out {floor:g}{hope}"


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


def too_few(
    gate: str, what: str, n: int, rows: int, *, tolerance: float, paired: bool = True, why: str = ""
) -> Verdict | None:
    """Return CANNOT JUDGE when there is no row, or more than ``tolerance``, a share, lack what the gate judges by.

    ``paired`` gates compare both sides; others look at the target alone. ``why`` is what is known of the lack.
    Rows that all have the same score are no reason by themselves: a score interval stays z²/(n + z²) wide where
    nothing varies, so that they are judged like others, and too few of them are NOT ENOUGH EVIDENCE. `headroom` has
    the rule for rows that leave nothing to lose.
    """
    missing = rows - n
    pair, because = "a pair of values" if paired else "a value", f" {why}." if why else ""
    detail = f"n={n} of {rows} rows; tolerated without {pair}: {percent(tolerance)}"
    if n == 0:
        where = "on both sides" if paired else "on the target side"
        return cannot_judge(gate, f"There is nothing to judge: no row has {what} {where}.{because}", detail)
    if missing > tolerance * rows:
        where = "on a side" if paired else "on the target side"
        too_many = f"too many to judge: {percent(tolerance)} are tolerated.{because}"
        return cannot_judge(gate, f"{missing} of {rows} rows lack {what} {where}, {too_many}", detail)
    return None
