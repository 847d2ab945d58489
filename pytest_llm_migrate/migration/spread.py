"""How far both sides' scores of a row may differ, by what is known, and what rows prove then."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

from pytest_llm_migrate.stats import (
    rows_needed,
    rows_needed_graded,
    smallest_margin,
    smallest_margin_graded,
    two_sided_confidence,
    wilson,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.stats.estimate import Bounds

LEAST_PILOT = 10
"""Rows with both sides' scores from which on these tell how far they differ."""
CAUTION = 0.8
"""How sure a pilot's cautious figure is: few rows may show less than there is."""
CORRELATIONS = (0.5, 0.0)
"""How closely both sides' scores of a row may go together where the source's alone are known."""
DISAGREEMENTS = (0.0, 0.1, 0.2)
"""Shares of rows on which right/wrong sides may disagree where nothing is known."""

Basis = Literal["pilot", "source", "assumed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far a row's scores differ, under one assumption.

    Attributes:
        measure: ``disagreement``, the share of rows that one side alone gets right, or ``deviation``, the standard
            deviation of the rows' differences.
        value: That share or deviation, the latter as a part of the metric's whole range; from 0 to 1.
        assumed: Where it is from: ``seen`` in a pilot, its ``upper`` limit, or ``correlation 0.5`` and the like.
        span: The metric's whole range.
    """

    measure: Literal["disagreement", "deviation"]
    value: float
    assumed: str
    span: float = 1.0

    def margin(self, rows: int) -> float:
        """Return the margin, in the metric's own units, that so many rows just do not prove."""
        smallest = smallest_margin if self.measure == "disagreement" else smallest_margin_graded
        return self.span * smallest(rows, self.value)

    def rows(self, margin: float) -> int:
        """Return the rows that prove a margin in the metric's own units; raises ValueError for none that there is."""
        needed = rows_needed if self.measure == "disagreement" else rows_needed_graded
        return needed(margin / self.span, self.value)

    def to_record(self, rows: int) -> dict[str, Any]:
        """Return the spread and the margin of so many rows as JSON-ready builtins."""
        value = self.value if self.measure == "disagreement" else self.value * self.span
        return {"measure": self.measure, "value": value, "assumed": self.assumed, "margin": self.margin(rows)}


def of_pilot(source: Sequence[float], target: Sequence[float], bounds: Bounds) -> tuple[Spread, Spread]:
    """Return how far the sides differed in a pilot, and how far they may at most by 80 % of such pilots.

    Right/wrong scores differ by the share of rows in disagreement, whose upper limit is Wilson's; others by the
    deviation of their differences, whose upper limit is that of a normal sample (Browne 1995). What the target
    scored on average is left out: a margin is no longer fixed in advance by one who has seen that.
    """
    low, high = bounds
    span = high - low
    changes = [(after - before) / span for before, after in zip(source, target, strict=True)]
    differing = sum(change != 0 for change in changes)
    most = wilson(differing, len(changes), confidence=two_sided_confidence(CAUTION)).high
    if {*source, *target} <= {low, high}:
        return _pair("disagreement", differing / len(changes), most, span)
    seen = statistics.stdev(changes)
    # Rows that all agree show no deviation to go by; differences of at most 1 deviate by no more than this.
    upper = _upper_deviation(seen, len(changes)) if seen else math.sqrt(most)
    return _pair("deviation", min(seen, 1.0), min(upper, 1.0), span)


def of_source(deviation: float, span: float) -> list[Spread]:
    """Return how far the sides may differ, by the deviation of the source's scores, for each of `CORRELATIONS`."""
    # The variance of a difference of two scores that vary alike; for right/wrong scores it is their disagreement.
    values = [(share, deviation / span * math.sqrt(2 * (1 - share))) for share in CORRELATIONS]
    return [
        Spread(measure="deviation", value=min(value, 1.0), assumed=f"correlation {share:g}", span=span)
        for share, value in values
    ]


def assumed(span: float) -> list[Spread]:
    """Return how far right/wrong sides may differ where nothing is known."""
    return [
        Spread(measure="disagreement", value=share, assumed=f"disagreement {share:g}", span=span)
        for share in DISAGREEMENTS
    ]


def _pair(
    measure: Literal["disagreement", "deviation"], seen: float, upper: float, span: float
) -> tuple[Spread, Spread]:
    return (
        Spread(measure=measure, value=seen, assumed="seen", span=span),
        Spread(measure=measure, value=max(seen, upper), assumed="upper", span=span),
    )


def _upper_deviation(seen: float, n: int) -> float:
    # The chi-square quantile by Wilson and Hilferty (1931), within 1 % from 9 degrees of freedom on.
    freedom = n - 1
    part = 2 / (9 * freedom)
    quantile = freedom * (1 - part - NormalDist().inv_cdf(CAUTION) * math.sqrt(part)) ** 3
    return seen * math.sqrt(freedom / quantile)
