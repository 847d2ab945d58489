"""``--migration-plan``: what a run would take, and what its rows can prove; nothing is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.plugin.ahead import rows_needed
from pytest_llm_migrate.plugin.keys import RUN
from pytest_llm_migrate.plugin.run import is_worker, usage_errors

if TYPE_CHECKING:
    import pytest

    from pytest_llm_migrate.domain import Row
    from pytest_llm_migrate.migration.migration import Migration

DISAGREEMENTS = (0.0, 0.1, 0.2)
"""Shares of rows on which the sides may disagree, for which the plan says what the rows can prove."""


def print_plan(session: pytest.Session) -> bool:
    """Print each migration's plan and end the run without a test."""
    config = session.config
    if is_worker(config):
        return True
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    reporter.section("llm migration plan", sep="=")
    with usage_errors():
        for migration, rows in rows_needed(session, config.stash[RUN]):
            for line in plan_lines(migration, rows):
                reporter.write_line(line)
    return True


def plan_lines(migration: Migration, rows: list[Row]) -> list[str]:
    """Return what a migration would take and can prove, a line each."""
    from pytest_llm_migrate.stats import smallest_margin

    lines = [f"{migration.terms.name}: {len(rows)} rows"]
    for name, side, described in (
        ("source", migration.source, migration.terms.source),
        ("target", migration.target, migration.terms.target),
    ):
        forecast = side.forecast(rows)
        cost = "unpriced" if forecast.cost is None else f"at most ${forecast.cost:.4f}"
        calls = f"{forecast.calls} calls ({cost}), {forecast.kept} kept" if forecast.calls else "no call"
        lines.append(f"  {name} {described['ref']}: {calls}")
    for disagreement in DISAGREEMENTS:
        margin = smallest_margin(len(rows), disagreement) if rows else 1.0
        lines.append(
            f"  with {disagreement:.0%} disagreement these rows can prove a right/wrong margin of {margin:.3f}"
        )
    return lines
