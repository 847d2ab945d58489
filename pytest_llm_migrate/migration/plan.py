"""What a migration would take and could prove, by what is known before a call is made."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.answers import together
from pytest_llm_migrate.comparison.flips import score_of
from pytest_llm_migrate.domain import SIDES, side_column
from pytest_llm_migrate.errors import MigrateError, masked
from pytest_llm_migrate.migration.pipelines import PipelineSide
from pytest_llm_migrate.migration.scoring import bounds_of
from pytest_llm_migrate.migration.sides import AskedSide
from pytest_llm_migrate.stats import smallest_margin, smallest_margin_graded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llm_migrate.answers import Forecast
    from pytest_llm_migrate.domain import Metric, Row, SideName
    from pytest_llm_migrate.migration.migration import Migration
    from pytest_llm_migrate.migration.sides import SideAnswers

DISAGREEMENTS = (0.0, 0.1, 0.2)
"""Shares of rows on which the sides may disagree, for which a plan says what right/wrong rows can prove."""
LIKELY, UNRELATED = 0.5, 0.0
"""How closely both sides' scores of a row may go together: assumed for what a metric can prove."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SidePlan:
    """What one side would take.

    Attributes:
        name: ``source`` or ``target``.
        ref: The model's reference.
        forecast: Calls, kept answers and money.
        is_least: A pipeline may make more calls than one a row.
        seconds: How long the calls take, ``None`` when unknown.
        why_unknown: Why the time is unknown.
    """

    name: SideName
    ref: str
    forecast: Forecast
    is_least: bool
    seconds: float | None
    why_unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricPlan:
    """What the rows could prove in one metric, judged by source answers that are there already.

    Attributes:
        name: The metric.
        n: Rows whose source answer is scored.
        mean: Their mean score.
        deviation: Their standard deviation.
        margins: The smallest margin that all rows to be judged can prove, by the correlation of both sides' scores.
    """

    name: str
    n: int
    mean: float
    deviation: float
    margins: Mapping[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a migration would take and could prove.

    Attributes:
        name: The migration's name.
        rows: Rows to be judged.
        sides: Both sides' part of the work.
        margins: The smallest margin that right/wrong rows can prove, by the share on which the sides disagree.
        metrics: Those metrics for which source answers are there already.
        latency_calls: Calls of a latency pass, at most, should a gate be judged.
    """

    name: str
    rows: int
    latency_calls: int
    sides: Sequence[SidePlan]
    margins: Mapping[float, float]
    metrics: Sequence[MetricPlan]


def plan_of(migration: Migration, rows: Sequence[Row]) -> Plan:
    """Return what judging one or more rows takes and can prove; no model is called, but tokens may be counted."""
    return Plan(
        name=migration.terms.name,
        rows=len(rows),
        latency_calls=migration.latency_calls(),
        sides=[_side_plan(migration, side, rows) for side in SIDES],
        margins={share: smallest_margin(len(rows), share) for share in DISAGREEMENTS},
        metrics=_metric_plans(migration, rows),
    )


def total_of(plans: Iterable[Plan]) -> Forecast:
    """Return what the answers of all migrations would take; a call that several share is made once."""
    return together(side.forecast for plan in plans for side in plan.sides)


def _side_plan(migration: Migration, name: SideName, rows: Sequence[Row]) -> SidePlan:
    side, ref = getattr(migration, name), str(getattr(migration.terms, name)["ref"])
    forecast: Forecast = side.forecast(rows, may_count=True)
    latencies = [*side.latencies(rows), *_column_latencies(migration.terms.dataset.rows, ref)]
    seconds, why_unknown = None, "until a first call"
    if isinstance(side, AskedSide) and side.desk.batch.place:
        why_unknown = "in batch jobs"
    elif latencies:
        try:
            seconds = _seconds(side, forecast.calls, statistics.fmean(latencies))
        except MigrateError as error:
            why_unknown = f"as the model cannot be called: {error}"
    return SidePlan(
        name=name,
        ref=ref,
        forecast=forecast,
        is_least=isinstance(side, PipelineSide),
        seconds=seconds,
        why_unknown=why_unknown,
    )


def _seconds(side: SideAnswers, calls: int, each: float) -> float:
    """Return how long calls take, by their number in flight, and by a quota of calls a minute where one was given."""
    in_waves = each * math.ceil(calls / side.in_flight())
    per_minute = side.desk.per_minute if isinstance(side, (AskedSide, PipelineSide)) else None
    return max(in_waves, calls / per_minute * 60) if per_minute else in_waves


def _column_latencies(rows: Sequence[Row], ref: str) -> list[float]:
    """Return the latencies in the dataset's own columns of answers that are said to be this model's."""
    found = [
        row.get(side_column("latency", side))
        for row in rows
        for side in SIDES
        if masked(str(row.get(side_column("model", side)))) == ref
    ]
    return [seconds for seconds in found if seconds is not None]


def _metric_plans(migration: Migration, rows: Sequence[Row]) -> list[MetricPlan]:
    known = migration.source.known(rows)
    sides = [migration.scorer.side("source", row, known[row.sample_id]) for row in rows if known.get(row.sample_id)]
    plans = []
    for metric in migration.scorer.metrics:
        scores = [float(score) for side in sides if (score := score_of(side, metric.name)) is not None]
        if scores:
            plans.append(_metric_plan(metric, scores, len(rows)))
    return plans


def _metric_plan(metric: Metric, scores: Sequence[float], rows: int) -> MetricPlan:
    low, high = bounds_of(metric)
    deviation, span = statistics.pstdev(scores), high - low

    def margin(correlation: float) -> float:
        # The variance of a difference of two scores that vary alike; for right/wrong scores it is their disagreement.
        of_differences = deviation / span * math.sqrt(2 * (1 - correlation))
        return span * smallest_margin_graded(rows, min(of_differences, 1.0))

    return MetricPlan(
        name=metric.name,
        n=len(scores),
        mean=statistics.fmean(scores),
        deviation=deviation,
        margins={correlation: margin(correlation) for correlation in (LIKELY, UNRELATED)},
    )
