"""Rows that broke by what changed in the answer, as text: what the terminal, Markdown and HTML all show of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.report.numbers import UNKNOWN, count, interval, percent, ratio

if TYPE_CHECKING:
    from pytest_llm_migrate.report.figures import Record

GROUP_HEADS = ("change", "rows", "share of the broken", "share of the others", "lift", "examples")
_SAID = 3
_ONLY = "only there"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """The rows that broke and in which one thing changed.

    Attributes:
        change: What changed.
        rows: How many rows.
        share: Their share of the rows that broke, with its interval.
        others: The share of the rows that did not break and in which it changed as well.
        lift: The one share divided by the other, ``only there`` where the other is 0.
        examples: Ids of rows, two at most.
    """

    change: str
    rows: str
    share: str
    others: str
    lift: str
    examples: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRows:
    """What changed in the rows that broke in one metric.

    Attributes:
        metric: The metric.
        broke: How many rows broke.
        others: How many did not.
        groups: The groups, the most telling first.
        sentence: The same in a line or two.
    """

    metric: str
    broke: str
    others: str
    groups: list[ErrorGroup]
    sentence: str


def broken_rows(migration: Record) -> list[BrokenRows]:
    """Return what changed in the rows that broke, for every metric in which some did."""
    found = migration.get("error_groups", {})
    return [_broken(metric, record) for metric, record in found.items() if record["broke"]]


def _broken(metric: str, record: Record) -> BrokenRows:
    groups = [_group(group) for group in record["groups"]]
    broke = count(record["broke"])
    said = [f"{group.change} {group.rows} ({group.share.partition(' ')[0]}, {_against(group)})" for group in groups]
    more = f"; {len(said) - _SAID} more" if len(said) > _SAID else ""
    return BrokenRows(
        metric=metric,
        broke=broke,
        others=count(record["others"]),
        groups=groups,
        sentence=f"{broke} broke in {metric}: {', '.join(said[:_SAID])}{more}",
    )


def _against(group: ErrorGroup) -> str:
    return group.lift if group.lift in {_ONLY, UNKNOWN} else f"{group.others} of others"


def _group(record: Record) -> ErrorGroup:
    return ErrorGroup(
        change=record["change"],
        rows=count(record["rows"]),
        share=f"{percent(record['share'])} {interval(record['interval'], percent)}",
        others=percent(record["others"]["share"]),
        lift=_lift(record),
        examples=record["examples"],
    )


def _lift(record: Record) -> str:
    if record["others"]["share"] is None:
        return UNKNOWN
    return _ONLY if record["lift"] is None else ratio(record["lift"])
