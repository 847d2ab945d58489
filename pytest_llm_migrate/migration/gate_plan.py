"""How many rows the margins need that the gates ask for, beside the rows that there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.stats import rows_needed_graded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Row
    from pytest_llm_migrate.migration.asked import AskedMargin, Kind
    from pytest_llm_migrate.migration.plan import MetricPlan, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePlan:
    """A margin or floor of a gate, and the rows that prove it for a target as good as the source.

    Attributes:
        nodeid: The gate.
        asked: What it asks for.
        rows: The rows that there are for it; ``None`` where its text does not tell which.
        needed: The rows that it needs, by the spreads of the metric's plan or the one of its source, hopeful first;
            empty where nobody can tell.
        why_unknown: Why nobody can; empty where somebody can.
    """

    nodeid: str
    asked: AskedMargin
    rows: int | None
    needed: Sequence[int] = ()
    why_unknown: str = ""

    def to_record(self) -> dict[str, Any]:
        """Return the gate's margin as JSON-ready builtins."""
        column, value = self.asked.slice or (None, None)
        return {
            "nodeid": self.nodeid,
            "kind": self.asked.kind,
            "metric": self.asked.metric,
            "value": self.asked.value,
            "slice": None if column is None else {"column": column, "value": str(value)},
            "rows": self.rows,
            "rows_needed": list(self.needed),
            "why_unknown": self.why_unknown or None,
        }


def gate_plan(nodeid: str, asked: AskedMargin, plan: Plan, rows: Sequence[Row]) -> GatePlan:
    """Return what one margin of a gate needs; ``rows`` are all that the migration judges."""
    if asked.value is None or asked.metric is None:
        return GatePlan(nodeid=nodeid, asked=asked, rows=None, why_unknown=asked.unread)
    there = len(rows) if asked.slice is None else sum(row.get(asked.slice[0]) == asked.slice[1] for row in rows)
    metric = next((metric for metric in plan.metrics if metric.name == asked.metric), None)
    needed, why = _needed(asked.kind, asked.value, metric, is_group=asked.slice is not None)
    return GatePlan(nodeid=nodeid, asked=asked, rows=there, needed=needed, why_unknown=why)


def _needed(kind: Kind | None, value: float, metric: MetricPlan | None, *, is_group: bool) -> tuple[list[int], str]:
    if metric is None:
        return [], "the marker does not name its metric"
    if kind == "superior":
        return [], "rows prove no gain of a target that is as good as the source"
    try:
        return _for_floor(value, metric) if kind == "at_least" else _for_margin(value, metric, is_group=is_group)
    except ValueError:
        low, high = metric.bounds
        return [], f"no such loss is possible in scores from {low:g} to {high:g}"


def _for_margin(margin: float, metric: MetricPlan, *, is_group: bool) -> tuple[list[int], str]:
    needed = [spread.rows(margin) for spread in metric.spreads]
    # The source's mean is that of all rows: what it has to lose in a group is not known by it.
    if not is_group and metric.source is not None and metric.source[0] - metric.bounds[0] < margin:
        return [], f"the source's own mean of {metric.source[0]:.3f} has less than that to lose"
    return needed, ""


def _for_floor(floor: float, metric: MetricPlan) -> tuple[list[int], str]:
    if metric.source is None:
        return [], "how far the source lies above it is unknown until it is scored"
    (mean, deviation), (low, high) = metric.source, metric.bounds
    if mean <= floor:
        return [], f"the source's own mean of {mean:.3f} is not above it"
    return [rows_needed_graded((mean - floor) / (high - low), deviation / (high - low))], ""
