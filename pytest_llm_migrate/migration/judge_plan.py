"""What asking judges would take, by the verdicts that are missing and by what earlier ones took."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llm_migrate.domain import JudgedMetric, PairedMetric, Score
from pytest_llm_migrate.errors import UnpricedBudgetError
from pytest_llm_migrate.migration.pipelines import PipelineSide
from pytest_llm_migrate.migration.scoring import Scorer
from pytest_llm_migrate.migration.sides import AskedSide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Metric, Row, Side
    from pytest_llm_migrate.migration.grid import Grid
    from pytest_llm_migrate.migration.judging import DeskJudge
    from pytest_llm_migrate.migration.migration import Migration

    Pairs = Sequence[tuple[Side, Side | None]]

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgePlan:
    """What one judge would be asked.

    Attributes:
        ref: Its model's reference.
        calls: Requests at most, if every verdict can be used; one that cannot is asked for once more.
        input_tokens: Tokens that they are expected to read, ``None`` where the judge was never asked.
        output_tokens: Tokens that they are expected to write, likewise.
        usd_expected: US dollars expected, ``None`` where tokens or price are unknown.
    """

    ref: str
    calls: int
    input_tokens: int | None
    output_tokens: int | None
    usd_expected: float | None

    def to_record(self) -> dict[str, Any]:
        """Return the judge's part as JSON-ready builtins."""
        return {name: getattr(self, name) for name in self.__slots__}

    def with_more(self, other: JudgePlan) -> JudgePlan:
        """Return what the same judge would be asked by both plans; a sum with an unknown part is unknown."""
        return replace(
            self,
            calls=self.calls + other.calls,
            input_tokens=_sum(self.input_tokens, other.input_tokens),
            output_tokens=_sum(self.output_tokens, other.output_tokens),
            usd_expected=_sum(self.usd_expected, other.usd_expected),
        )


def judge_calls(metric: Metric) -> int:
    """Return how many requests a metric makes for an answer, or for a pair of answers; 1 where it does not say."""
    return int(getattr(metric, "calls", 1))


def judge_plans(migration: Migration, rows: int, pairs: Pairs, grid: Grid | None = None) -> list[JudgePlan]:
    """Return what every judge would be asked over so many rows; ``pairs`` are the scored sides that are there."""
    return [_judge_plan(judge, migration, rows, pairs, grid) for judge in migration.judges]


def judges_ahead(asked: Sequence[tuple[Migration, Sequence[Row], Grid | None]]) -> list[JudgePlan]:
    """Return what every judge of a run would be asked about these rows; no judge is."""
    plans: dict[str, JudgePlan] = {}
    for migration, rows, grid in asked:
        if migration.judges:
            for plan in judge_plans(migration, len(rows), _known(migration, rows), grid):
                plans[plan.ref] = plans[plan.ref].with_more(plan) if plan.ref in plans else plan
    return [plan for plan in plans.values() if plan.calls]


def check_judges(migration: Migration, rows: Sequence[Row]) -> None:
    """Raise `UnpricedBudgetError` where there is a budget, and a judge without a price would have to be asked."""
    pairs = _known(migration, rows)
    for judge in migration.judges:
        if judge.is_unpriced_under_budget() and _judge_plan(judge, migration, len(rows), pairs, None).calls:
            raise UnpricedBudgetError(judge.ref)


def _known(migration: Migration, rows: Sequence[Row]) -> Pairs:
    """Return the sides that are there with the verdicts that are kept: this must not ask for the others."""
    judged = [metric for metric in migration.scorer.metrics if isinstance(metric, JudgedMetric)]
    return list(migration.known_sides(rows, Scorer(metrics=judged, store=migration.scorer.store, may_ask=False)))


def _judge_plan(judge: DeskJudge, migration: Migration, rows: int, pairs: Pairs, grid: Grid | None) -> JudgePlan:
    asking = [metric for metric in migration.scorer.metrics if metric.name in judge.asked_by]
    calls = sum(_calls(metric, migration, rows, pairs, len(grid.cells) if grid else 0) for metric in asking)
    typical = judge.typical()
    if typical is None:
        return JudgePlan(ref=judge.shown, calls=calls, input_tokens=None, output_tokens=None, usd_expected=None)
    cost = judge.cost(typical)
    return JudgePlan(
        ref=judge.shown,
        calls=calls,
        input_tokens=(typical.input_tokens or 0) * calls,
        output_tokens=(typical.output_tokens or 0) * calls,
        usd_expected=None if cost is None else cost * calls,
    )


def _calls(metric: Metric, migration: Migration, rows: int, pairs: Pairs, cells: int) -> int:
    repeats = [_repeats(side) for side in (migration.source, migration.target)]
    seats = sum(metric.name in judge.asked_by for judge in migration.judges)
    each = math.ceil(judge_calls(metric) / seats)
    known = [sum(_is_scored(side, metric.name) for side in sides) for sides in zip(*pairs, strict=True)] or [0, 0]
    if isinstance(metric, PairedMetric):
        return each * (rows - known[0]) * max(repeats)
    sides = sum((rows - found) * times for found, times in zip(known, repeats, strict=True))
    return each * (sides + rows * cells * max(repeats))


def _sum(one: Number | None, other: Number | None) -> Number | None:
    return None if one is None or other is None else one + other


def _is_scored(side: Side | None, metric: str) -> bool:
    return side is not None and not side.failure and isinstance(side.scores.get(metric), Score)


def _repeats(side: object) -> int:
    return side.repeats if isinstance(side, (AskedSide, PipelineSide)) else 1
