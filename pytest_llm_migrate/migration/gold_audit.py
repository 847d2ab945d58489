"""The audit of the ground truth: suspect rows, and what every gate would say without them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.suspect_gold import suspects
from pytest_llm_migrate.domain import JudgedMetric, PairedMetric, SidedMetric, is_monitor
from pytest_llm_migrate.metrics.reference import ReferenceMetric, SettledMetric
from pytest_llm_migrate.migration.compared import comparison_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.comparison import Comparison, MetricComparison
    from pytest_llm_migrate.domain import Metric, Verdict

Record = dict[str, Any]
_SAME = ("n", "estimate", "low", "high")
"""Figures by which a gate is known again."""
_ALL = "all"
_ANY_SHARE = 1.0
"""The gate's own verdict has ruled already on how many rows may lack scores."""


def by_judges(metrics: Iterable[Metric]) -> tuple[str, ...]:
    """Return the names of metrics that say what a judge or a person thinks of one answer."""
    return tuple(
        metric.name
        for metric in metrics
        if isinstance(metric, (JudgedMetric, SidedMetric)) and not isinstance(metric, PairedMetric)
    )


def by_truth(metrics: Iterable[Metric]) -> tuple[str, ...]:
    """Return the names of metrics that compare with the ground truth, as far as that is known.

    A metric of the user's own is taken to do so.
    """
    return tuple(
        metric.name
        for metric in metrics
        if not isinstance(metric, (JudgedMetric, SidedMetric, PairedMetric))
        and not is_monitor(metric.name)
        and (isinstance(metric, ReferenceMetric) or not isinstance(metric, SettledMetric))
    )


def gold_audit(
    terms: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], gates: Sequence[Mapping[str, Any]], whole: Comparison
) -> Record:
    """Return the suspect rows, and every gate on a metric with its verdict with and without them.

    No verdict of the migration changes by it.

    Args:
        terms: The migration's, as written down.
        cases: All cases, as written down.
        gates: The gates' records, with what they said.
        whole: The comparison of all cases.
    """
    marked = terms.get("marked", {})
    found = list(suspects(whole, terms.get("by_truth", ()), terms.get("judged", ()), marked))
    rows = [suspect.to_record() for suspect in found]
    if not found:
        return {"rows": [], "verdicts": []}
    ids = {suspect.sample_id for suspect in found}
    sides = [cases, [record for record in cases if record["sample_id"] not in ids]]
    comparisons = [comparison_of(terms, kept, tolerance=_ANY_SHARE) for kept in sides]
    return {"rows": rows, "verdicts": list(_verdicts(gates, *comparisons))}


def _verdicts(gates: Sequence[Mapping[str, Any]], whole: Comparison, without: Comparison) -> Iterator[Record]:
    with_all, with_rest = dict(_parts(whole)), dict(_parts(without))
    for gate in gates:
        for said in gate["statements"]:
            found = [name for name, part in with_all.items() if _is_of(said, part)]
            if len(found) != 1 and _ALL not in found:  # of no metric, or of groups that cannot be told apart
                continue
            where = found[0]
            again = _asked(with_rest[where], said["figures"]) if where in with_rest else None
            yield {
                "nodeid": gate["nodeid"],
                "gate": said["gate"],
                "metric": said["figures"]["metric"],
                "rows": where,
                "with": said["verdict"],
                "without": str(again.ruling) if again is not None else None,
                "statement": again.statement if again is not None else "No row is left.",
            }


def _parts(comparison: Comparison) -> Iterator[tuple[str, Comparison]]:
    """Yield all that a gate may have been asked of, by a name for people: all rows, groups, critical rows."""
    yield _ALL, comparison
    for column, value, part in comparison.groups():
        yield f"{column} = {value}", part
    if comparison.critical_places:
        yield "critical", comparison.critical


def _is_of(said: Mapping[str, Any], part: Comparison) -> bool:
    """Tell whether a statement is what a gate on these rows says."""
    figures = said["figures"]
    if figures.get("metric") not in part.metrics:
        return False
    verdict = _asked(part, figures)
    return verdict is not None and all(_is_near(verdict.figures.get(name), figures.get(name)) for name in _SAME)


def _is_near(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else math.isclose(one, other, abs_tol=1e-9)


def _asked(part: Comparison, figures: Mapping[str, Any]) -> Verdict | None:
    """Return what a gate with these figures says of these rows; ``None`` for a gate of another kind, or no row."""
    metric: MetricComparison = part[figures["metric"]]
    if not metric.n:
        return None
    match figures["kind"]:
        case "non_inferior":
            return metric.non_inferior(figures["margin"], figures["confidence"])
        case "superior":
            return metric.superior(figures["margin"], figures["confidence"])
        case "at_least":
            return metric.at_least(figures["floor"], figures["confidence"])
    return None
