"""Rows that broke by what changed in the answer, as text: what the terminal, Markdown and HTML all show of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.report.numbers import UNKNOWN, count, counted, interval, percent, ratio

if TYPE_CHECKING:
    from pytest_llm_migrate.report.figures import Record

GROUP_HEADS = (
    "what changed",
    "broken rows with it",
    "of all that broke",
    "of those that did not",
    "times as often",
    "examples",
)
_SAID = 3
_ONLY = "only in broken rows"
_OTHER = "other"
"""The change of a row whose answer is another one, in none of the ways that have a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """The rows that broke and in which one thing changed.

    Attributes:
        change: What changed.
        rows: How many rows.
        share: Their share of the rows that broke, with its interval.
        others: The share of the rows that did not break and in which it changed as well.
        lift: The one share divided by the other, in words where the other is 0.
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


def change_name(change: str) -> str:
    """Return what a kind of change is called where people read it."""
    return "something else changed" if change == _OTHER else change


def _broken(metric: str, record: Record) -> BrokenRows:
    found, broke = record["groups"], record["broke"]
    more = f"; {len(found) - _SAID} more kinds of change" if len(found) > _SAID + 1 else ""
    said = [_said(group, broke, record["others"]) for group in found[: _SAID if more else _SAID + 1]]
    return BrokenRows(
        metric=metric,
        broke=count(broke),
        others=count(record["others"]),
        groups=[_group(group) for group in found],
        sentence=f"{metric}: {count(broke)} of {counted(broke + record['others'], 'row')} broke"
        f"{'; in ' if said else ''}{'; in '.join(said)}{more}",
    )


def _said(group: Record, broke: int, others: int) -> str:
    """Return in how many of the rows that broke something changed, and in how many of the others it did, too."""
    change = change_name(group["change"])
    of = "it" if broke == 1 else f"all {count(broke)}" if group["rows"] == broke else f"{count(group['rows'])} of them"
    if not others:
        return f"{of}: {change}"
    also = group["others"]["rows"]
    beside = "in none of" if not also else "also in all" if also == others else f"also in {count(also)} of"
    return f"{of}: {change} ({beside} the {counted(others, 'row')} that did not break)"


def _group(record: Record) -> ErrorGroup:
    return ErrorGroup(
        change=change_name(record["change"]),
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
