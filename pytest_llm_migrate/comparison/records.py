"""The figures of a comparison's metrics as JSON-ready builtins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.slice_tests import slice_tests
from pytest_llm_migrate.domain import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llm_migrate.comparison.comparison import Comparison
    from pytest_llm_migrate.comparison.metric import MetricComparison
    from pytest_llm_migrate.domain import Case, Side, SideName

Record = dict[str, Any]


def metric_record(metric: MetricComparison) -> Record:
    """Return the figures of one metric."""
    found = metric.estimate() if metric.n else None
    return {
        "n": metric.n,
        "source": {"mean": metric.source.mean},
        "target": {"mean": metric.target.mean},
        "delta": metric.delta,
        "interval": found and [found.low, found.high],
        "confidence": found and found.confidence,
        "method": found and found.method,
        "effective_n": found and found.effective_n,
        **metric.change_tests,
        "graded": metric.scale.is_graded,
        "flips": metric.flips.counts(),
        "failures": {"source": metric.source.failures, "target": metric.target.failures},
    }


def flipped_rows(metric: MetricComparison) -> dict[str, dict[str, list[str]]]:
    """Return the ids of the rows that changed; those of the others are in the rows' own records."""
    return {"flipped": {"broke": list(metric.flips.broke), "fixed": list(metric.flips.fixed)}}


def critical_record(comparison: Comparison) -> Record | None:
    """Return how many critical rows broke, or may have, in every metric; ``None`` where the marker names none."""
    if comparison.critical_places is None:
        return None
    found = {name: rows for name in comparison.metrics if (rows := comparison[name].critical)}
    return {
        "rows": len(comparison.critical_places),
        "broke": {name: len(rows.broke) for name, rows in found.items()},
        "unseen": {name: len(rows.unseen) for name, rows in found.items()},
    }


def group_records(comparison: Comparison) -> Iterator[Record]:
    """Yield the figures of every group of every slice column, with tests of whether a metric changed in it."""
    groups = list(comparison.groups())
    tests = {name: slice_tests([group[name] for _, _, group in groups]) for name in comparison.metrics}
    for place, (column, value, group) in enumerate(groups):
        metrics = {name: metric_record(group[name]) | found[place] for name, found in tests.items()}
        yield {"column": column, "value": str(value), "rows": len(group), "metrics": metrics}


def fault_kinds(cases: Iterable[Case], side: SideName) -> Iterator[str]:
    """Yield the fault of every call of a side that gave no answer."""
    yield from (failure.kind for case in cases if (failure := getattr(case, side).failure))


def is_cached(side: Side) -> bool:
    """Tell whether a side has an answer that was kept from an earlier call."""
    return not side.failure and side.answer.cached


def served(cases: Iterable[Case], side: SideName) -> Iterator[str]:
    """Yield the tier and latency mode of every answer whose service said one."""
    for case in cases:
        outcome = getattr(case, side).outcome
        if isinstance(outcome, Answer) and (outcome.service_tier or outcome.latency_mode):
            yield ", ".join(filter(None, [outcome.service_tier, outcome.latency_mode]))


def stop_reasons(cases: Iterable[Case], side: SideName) -> Iterator[str]:
    """Yield why every answer ended, where its model said so."""
    for case in cases:
        outcome = getattr(case, side).outcome
        if isinstance(outcome, Answer) and outcome.stop_reason:
            yield outcome.stop_reason
