"""The first screen of a run of several migrations: what each came to, and what is to be known before."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import Ruling
from pytest_llm_migrate.report.cautions import shared_cautions
from pytest_llm_migrate.report.figures import gates_sentence, metric_figures
from pytest_llm_migrate.report.heat import metric_cell, ratio_cell
from pytest_llm_migrate.report.moved import run_facts
from pytest_llm_migrate.report.names import side_name
from pytest_llm_migrate.report.numbers import count, counted, is_known, usd_change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.report.figures import Record
    from pytest_llm_migrate.report.forest import ForestLine
    from pytest_llm_migrate.report.heat import HeatCell
    from pytest_llm_migrate.report.page import MigrationView

_METRICS = 2
"""Metrics that a line shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexLine:
    """A migration among several: its gates, its closest margin, and how it moved.

    Attributes:
        migration: Its view.
        gates: How many of its gates are a GO.
        margin: What its gates asked first, beside what was found.
        quality: Its first metrics, with their names.
        economics: Latency, and cost.
        below: Rows below their bar.
        month: What a month changes by, empty where no volume was given.
    """

    migration: MigrationView
    target: str
    gates: str
    margin: list[ForestLine]
    quality: list[tuple[str, HeatCell]]
    economics: list[tuple[str, HeatCell]]
    below: str
    month: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Several migrations at a glance.

    Attributes:
        heading: How many came to which verdict.
        warnings: What weakens them, each once, with whose it is.
        facts: From which model, when, of which code, by whom.
        lines: The migrations.
        is_monthly: Whether a monthly volume was given.
    """

    heading: str
    warnings: list[str]
    facts: list[tuple[str, str]]
    lines: list[IndexLine]
    is_monthly: bool


def index_of(results: Record, views: Sequence[MigrationView]) -> Index | None:
    """Return the index of a run; ``None`` where there is nothing to choose from."""
    if len(views) < 2:  # noqa: PLR2004 - one migration is its own first screen
        return None
    lines = [_line(view) for view in views]
    return Index(
        heading=_heading([view.record for view in views]),
        warnings=[f"{_whose(names)}: {warning}" for names, warning in shared_cautions(results["migrations"])],
        facts=[("source", _sources(views)), *run_facts(results)],
        lines=lines,
        is_monthly=any(line.month for line in lines),
    )


def _heading(records: Sequence[Record]) -> str:
    found = Counter(record["verdict"] for record in records)
    said = [f"{count(found[ruling])} {ruling}" for ruling in Ruling if found[ruling]]
    return ", ".join([*said, *([f"{count(found[None])} without a verdict"] if found[None] else [])])


def _whose(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else counted(len(names), "migration")


def _sources(views: Sequence[MigrationView]) -> str:
    return ", ".join(dict.fromkeys(side_name(view.record["source"]) for view in views))


def _line(view: MigrationView) -> IndexLine:
    record = view.record
    names = [figure.name for figure in metric_figures(record)[:_METRICS]]
    speed, price = ratio_cell(record, "latency", "p95"), ratio_cell(record, "cost", "mean")
    lines = [line for forest in view.forests for line in forest.lines if line.drawing]
    closest = sorted(lines, key=lambda line: (line.verdict == "GO", line.room))[:1]
    month = (record.get("projection") or {}).get("difference_usd")
    return IndexLine(
        migration=view,
        target=side_name(record["target"]),
        gates=gates_sentence(record),
        margin=closest,
        quality=[(name, metric_cell(record, name, record["metrics"][name])) for name in names],
        economics=[("Latency p95", speed), ("Cost", price)],
        below=count(record["rows_below_bar"]),
        month=usd_change(month) if is_known(month) else "",
    )
