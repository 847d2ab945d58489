"""``--migration-plan``: what a run would take, and what its rows can prove; no model is called."""

from __future__ import annotations

import datetime as dt
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.migration.asked import asked_margins
from pytest_llm_migrate.migration.gate_plan import gate_plan
from pytest_llm_migrate.migration.plan import plan_of, plan_record
from pytest_llm_migrate.plugin.ahead import grids_needed, rows_needed
from pytest_llm_migrate.plugin.finish import add_to_job_summary, writing
from pytest_llm_migrate.plugin.gate_texts import function_of, text_of
from pytest_llm_migrate.plugin.keys import RUN
from pytest_llm_migrate.plugin.run import command_of, usage_errors
from pytest_llm_migrate.plugin.sealing import selected_gates
from pytest_llm_migrate.report import plan_lines, plan_markdown, write_json, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.migration.asked import AskedMargin
    from pytest_llm_migrate.migration.gate_plan import GatePlan
    from pytest_llm_migrate.migration.plan import Plan
    from pytest_llm_migrate.plugin.run import Run


def print_plan(session: pytest.Session) -> bool:
    """Print each migration's plan, write it where the options say, and end the run without a test."""
    config = session.config
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        raise pytest.UsageError("--migration-plan prints to the terminal, which '-p no:terminal' takes away")
    run = config.stash[RUN]
    with usage_errors():
        record = _record(session, run)
    reporter.section("llm migration plan", sep="=")
    for line in plan_lines(record):
        reporter.write_line(line)
    if run.settings.report:
        reporter.write_line("a plan has no HTML report; --migration-json and --migration-summary write it down")
    with usage_errors():
        _write(run, record)
    return True


def _record(session: pytest.Session, run: Run) -> dict[str, Any]:
    grids = {migration.terms.id: grid for migration, grid in grids_needed(session, run)}
    needed = [(migration, rows) for migration, rows in rows_needed(session, run) if rows]
    plans = [plan_of(migration, rows, grids.get(migration.terms.id)) for migration, rows in needed]
    about = {
        "planned_at": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        "command": command_of(session.config).partition(" @ ")[0],
        "prices": {"source": run.prices.source, "as_of": run.prices.as_of},
    }
    return plan_record(about, plans, list(_gate_plans(session, run, plans)))


def _gate_plans(session: pytest.Session, run: Run, plans: list[Plan]) -> Iterator[tuple[str, GatePlan]]:
    """Yield every margin that a selected gate asks for, after the id of its migration."""
    by_id = {plan.id: plan for plan in plans}
    for item, migration in selected_gates(session, run):
        plan = by_id.get(migration.terms.id)
        if plan:
            yield from ((plan.id, gate_plan(item.nodeid, asked, plan, migration.rows)) for asked in _asked(item))


def _asked(item: Any) -> list[AskedMargin]:
    function = function_of(item)
    text, _ = text_of(function)
    return asked_margins(text, getattr(inspect.unwrap(function), "__globals__", {}), item.callspec.params)


def _write(run: Run, record: dict[str, Any]) -> None:
    text, settings = plan_markdown(record), run.settings
    if settings.json:
        with writing(settings.json):
            settings.json.parent.mkdir(parents=True, exist_ok=True)
        write_json(settings.json, record)
    if settings.summary:
        with writing(settings.summary):
            settings.summary.parent.mkdir(parents=True, exist_ok=True)
        write_text(settings.summary, text)
    add_to_job_summary(text)
