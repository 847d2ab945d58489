"""Several targets side by side as text: what the terminal, Markdown and HTML all show of a ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.report.figures import Scale
from pytest_llm_migrate.report.numbers import PRICED_ROWS, UNKNOWN, interval, p_value, percent, ratio, seconds, usd

if TYPE_CHECKING:
    from pytest_llm_migrate.report.figures import Record

_FRONT = {"front": "yes", "beaten": "no", "not comparable": UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedTarget:
    """One target as text.

    Attributes:
        rank: Its rank, ``-`` without one.
        ref: Its reference.
        verdict: Its migration's verdict, ``None`` without one.
        change: The change of the first metric.
        limits: The interval of the change, which holds together with those of the others.
        latency: Its median latency.
        latency_ratio: The same divided by the source's.
        cost: US dollars per 1,000 rows.
        cost_ratio: The same divided by the source's.
        front: Whether it is on the Pareto front: ``yes``, ``no`` or ``unknown``.
        beaten_by: The targets that beat it.
        p: The adjusted p-value of being better than the source.
    """

    rank: str
    ref: str
    verdict: str | None
    change: str
    limits: str
    latency: str
    latency_ratio: str
    cost: str
    cost_ratio: str
    front: str
    beaten_by: str
    p: str

    @property
    def change_and_limits(self) -> str:
        """The change with its interval behind it."""
        return self.change if self.limits == UNKNOWN else f"{self.change} {self.limits}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The targets of one use case, the best first.

    Attributes:
        title: What is ranked.
        change: What the column of changes is called.
        targets: The targets.
        statements: What may be said of them, a sentence each.
    """

    title: str
    change: str
    targets: list[RankedTarget]
    statements: list[str]


def rankings_of(results: Record) -> list[Ranking]:
    """Return the ranking of every use case that has several targets."""
    migrations = {migration["id"]: migration for migration in results["migrations"]}
    return [_ranking(record, migrations[record["targets"][0]["id"]]) for record in results.get("rankings", ())]


def _ranking(record: Record, migration: Record) -> Ranking:
    metric = record["metric"]
    scale = Scale.of(migration, metric or "")
    return Ranking(
        title=f"{record['name']}: {len(record['targets'])} targets",
        change=f"change of {metric or 'quality'}, {percent(record['confidence'])} interval",
        targets=[_target(target, metric, scale) for target in record["targets"]],
        statements=list(record["statements"]),
    )


def _target(record: Record, metric: str | None, scale: Scale) -> RankedTarget:
    figures = record["metrics"][metric] if metric else {"delta": None, "interval": None}
    latency, cost, p = record["latency"], record["cost"], record["p_better_holm"]
    return RankedTarget(
        rank="-" if record["rank"] is None else str(record["rank"]),
        ref=record["ref"],
        verdict=record["verdict"],
        change=scale.change(figures["delta"]),
        limits=interval(figures["interval"], scale.change),
        latency=seconds(latency["p50"]),
        latency_ratio=ratio(latency["ratio"]),
        cost=UNKNOWN if cost["mean"] is None else usd(cost["mean"] * PRICED_ROWS),
        cost_ratio=ratio(cost["ratio"]),
        front=_FRONT[record["pareto"]],
        beaten_by=", ".join(record["beaten_by"]),
        p=UNKNOWN if p is None else p_value(p),
    )
