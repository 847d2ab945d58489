"""What a migration would take and could prove, by what is known before a call is made."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers import together
from pytest_llm_migrate.comparison.flips import score_of
from pytest_llm_migrate.domain import SIDES, is_monitor, side_column
from pytest_llm_migrate.errors import MigrateError, masked
from pytest_llm_migrate.migration.grid import EXCHANGED
from pytest_llm_migrate.migration.judge_plan import judge_plans
from pytest_llm_migrate.migration.pipelines import PipelineSide
from pytest_llm_migrate.migration.scoring import bounds_of
from pytest_llm_migrate.migration.sides import AskedSide
from pytest_llm_migrate.migration.spread import LEAST_PILOT, assumed, of_pilot, of_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llm_migrate.answers import Forecast
    from pytest_llm_migrate.domain import Metric, Row, Side, SideName
    from pytest_llm_migrate.migration.gate_plan import GatePlan
    from pytest_llm_migrate.migration.grid import Grid
    from pytest_llm_migrate.migration.judge_plan import JudgePlan
    from pytest_llm_migrate.migration.migration import Migration
    from pytest_llm_migrate.migration.sides import SideAnswers
    from pytest_llm_migrate.migration.spread import Basis, Spread

PLAN_VERSION = 1
CONFIDENCE, POWER = 0.95, 0.8
"""What a plan's margins and rows are for: one-sided limits, and how likely a target as good as the source is a GO."""
Record = dict[str, Any]
Scores = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SidePlan:
    """What one side would take.

    Attributes:
        name: ``source`` or ``target``, or what of an attribution grid it is.
        ref: The model's reference.
        repeats: Answers a row.
        forecast: Calls, kept answers, tokens and money.
        is_least: A pipeline may make more calls than one a row.
        seconds: How long the calls take, ``None`` when unknown.
        why_unknown: Why the time is unknown.
    """

    name: str
    ref: str
    repeats: int
    forecast: Forecast
    is_least: bool
    seconds: float | None
    why_unknown: str = ""

    def to_record(self) -> Record:
        """Return the side as JSON-ready builtins."""
        return {
            "ref": self.ref,
            "repeats": self.repeats,
            **_forecast_record(self.forecast, is_least=self.is_least),
            "seconds": self.seconds if self.forecast.calls else 0.0,
            "why_unknown": self.why_unknown if self.forecast.calls and self.seconds is None else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricPlan:
    """What the rows could prove in one metric, judged by answers that are there already.

    Attributes:
        name: The metric.
        bounds: Its least and its greatest score.
        basis: What that is judged by: a ``pilot`` of both sides' scores, the ``source``'s, or ``assumed``.
        n: Rows of that pilot, or whose source answer is scored.
        source: The mean and the standard deviation of the source's scores, ``None`` without one.
        spreads: How far both sides may differ, the more hopeful first.
    """

    name: str
    bounds: tuple[float, float]
    basis: Basis
    n: int
    source: tuple[float, float] | None
    spreads: Sequence[Spread]

    def to_record(self, rows: int) -> Record:
        """Return the metric as JSON-ready builtins."""
        mean, deviation = self.source or (None, None)
        return {
            "name": self.name,
            "bounds": list(self.bounds),
            "basis": self.basis,
            "n": self.n,
            "source": {"mean": mean, "deviation": deviation},
            "margins": [spread.to_record(rows) for spread in self.spreads],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a migration would take and could prove.

    Attributes:
        id: The migration's identity.
        name: The migration's name.
        rows: Rows to be judged.
        sides: Both sides' part of the work, and that of an attribution grid.
        metrics: What its metrics can prove.
        latency_calls: Calls of a latency pass, at most, should a gate be judged.
        counted_by: Columns by which rows do not count once each: those of the weights and of the clusters.
        judges: What metrics would ask judges.
    """

    id: str
    name: str
    rows: int
    latency_calls: int
    sides: Sequence[SidePlan]
    metrics: Sequence[MetricPlan]
    counted_by: Sequence[str] = ()
    judges: Sequence[JudgePlan] = ()

    def to_record(self) -> Record:
        """Return the plan as JSON-ready builtins, without its gates."""
        return {
            "id": self.id,
            "name": self.name,
            "rows": self.rows,
            "latency_calls": self.latency_calls,
            "counted_by": list(self.counted_by),
            "sides": {side.name: side.to_record() for side in self.sides},
            "judges": [judge.to_record() for judge in self.judges],
            "metrics": [metric.to_record(self.rows) for metric in self.metrics],
        }


def plan_of(migration: Migration, rows: Sequence[Row], grid: Grid | None = None) -> Plan:
    """Return what judging one or more rows takes and can prove; no model is called, but tokens may be counted.

    ``grid`` is the attribution grid that will be asked, too.
    """
    exchanged = grid.cells.items() if grid else ()
    pairs = list(migration.known_sides(rows, migration.scorer))
    return Plan(
        id=migration.terms.id,
        name=migration.terms.name,
        rows=len(rows),
        latency_calls=migration.latency_calls(),
        sides=[
            *(_side_plan(migration, side, side, getattr(migration, side), rows) for side in SIDES),
            *(_side_plan(migration, EXCHANGED[side], side, answers, rows) for side, answers in exchanged),
        ],
        metrics=_metric_plans(migration, pairs),
        judges=judge_plans(migration, len(rows), pairs, grid),
        counted_by=[column for column in (migration.terms.weight, migration.terms.cluster) if column],
    )


def plan_record(about: Mapping[str, Any], plans: Sequence[Plan], gates: Sequence[tuple[str, GatePlan]]) -> Record:
    """Return all plans of a command as JSON-ready builtins; each gate is given after its migration's id.

    The total counts an answer that several migrations share once; what judges would be asked stands beside answers.
    """
    is_least = any(side.is_least for plan in plans for side in plan.sides)
    answers = together(side.forecast for plan in plans for side in plan.sides)
    return {
        "schema_version": PLAN_VERSION,
        **about,
        "confidence": CONFIDENCE,
        "power": POWER,
        "migrations": [
            plan.to_record() | {"gates": [gate.to_record() for name, gate in gates if name == plan.id]}
            for plan in plans
        ],
        "total": _forecast_record(answers, is_least=is_least),
        "judges": _judges_record(plans, answers),
    }


def _judges_record(plans: Sequence[Plan], answers: Forecast) -> Record:
    """Return what all judges would be asked, and what they and the answers would cost together."""
    asked = [judge for plan in plans for judge in plan.judges if judge.calls]
    costs = [judge.usd_expected for judge in asked]
    usd = None if None in costs else math.fsum(cost for cost in costs if cost is not None)
    answered = answers.expected_cost if answers.calls else 0.0
    return {
        "calls": sum(judge.calls for judge in asked),
        "usd_expected": usd,
        "usd_with_answers": None if usd is None or answered is None else usd + answered,
    }


def _forecast_record(forecast: Forecast, *, is_least: bool) -> Record:
    return {
        "calls": forecast.calls,
        "is_least": is_least,
        "kept": forecast.kept,
        "input_tokens": forecast.input_tokens,
        "output_tokens": forecast.output_tokens,
        "usd_expected": forecast.expected_cost,
        "usd_at_most": forecast.cost,
    }


def _side_plan(migration: Migration, name: str, model: SideName, side: SideAnswers, rows: Sequence[Row]) -> SidePlan:
    ref = str(getattr(migration.terms, model)["ref"])
    forecast = side.forecast(rows, may_count=True)
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
        repeats=side.repeats if isinstance(side, (AskedSide, PipelineSide)) else 1,
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


def _metric_plans(migration: Migration, pairs: Sequence[tuple[Side, Side | None]]) -> list[MetricPlan]:
    return [
        _metric_plan(metric, *(_scores([pair[place] for pair in pairs], metric.name) for place in (0, 1)))
        for metric in migration.scorer.metrics
        if not is_monitor(metric.name)
    ]


def _scores(sides: Iterable[Side | None], metric: str) -> Scores:
    found = {side.sample_id: score_of(side, metric) for side in sides if side}
    return {row: float(score) for row, score in found.items() if score is not None}


def _metric_plan(metric: Metric, source: Scores, target: Scores) -> MetricPlan:
    bounds = bounds_of(metric)
    span, both = bounds[1] - bounds[0], [row for row in source if row in target]
    basis: Basis
    spreads: Sequence[Spread]
    seen = (statistics.fmean(source.values()), statistics.pstdev(source.values())) if source else None
    if len(both) >= LEAST_PILOT:
        basis, spreads = "pilot", of_pilot([source[row] for row in both], [target[row] for row in both], bounds)
    elif seen:
        basis, spreads = "source", of_source(seen[1], span)
    else:
        basis, spreads = "assumed", assumed(span)
    n = len(both) if basis == "pilot" else len(source)
    return MetricPlan(name=metric.name, bounds=bounds, basis=basis, n=n, source=seen, spreads=spreads)
