"""Answers are begun ahead of the tests, for exactly the rows that the selected tests need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.answers import Mode, together
from pytest_llm_migrate.errors import MigrateError
from pytest_llm_migrate.plugin.collection import is_gate, is_skipped, migration_of, row_of
from pytest_llm_migrate.plugin.keys import RUN
from pytest_llm_migrate.plugin.run import is_worker, usage_errors
from pytest_llm_migrate.plugin.sealing import seal_gates, selected_gates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

    from pytest_llm_migrate.answers import Forecast
    from pytest_llm_migrate.domain import Row
    from pytest_llm_migrate.migration.grid import Grid
    from pytest_llm_migrate.migration.migration import Migration
    from pytest_llm_migrate.plugin.run import Run


def begin_answers(session: pytest.Session) -> None:
    """Begin the answers of the selected tests; what is wrong ends the run before any call.

    A worker cannot end a run in one clear line: there every test that needs an answer says it instead.
    """
    run = session.config.stash[RUN]
    if is_worker(session.config):
        try:
            _begin(session, run)
        except MigrateError as error:
            run.stopped = str(error)
        return
    with usage_errors():
        _begin(session, run)


def _begin(session: pytest.Session, run: Run) -> None:
    needed, grids = rows_needed(session, run), grids_needed(session, run)
    in_all = sum(len(rows) for _, rows in needed)
    if run.settings.stop_early:
        from pytest_llm_migrate.plugin.stopping import at_first_look

        forecast = _forecast_of_all(needed)
        needed = at_first_look(session, run, needed)
    # All of them, before the first call: a run that cannot be made must not have been paid for in part.
    for migration, rows in needed:
        migration.prepare(rows)
    for migration, grid in grids:
        grid.prepare(migration.rows)
    _note_judges(run, needed, {migration.terms.id: grid for migration, grid in grids})
    if not run.settings.stop_early:
        forecast = _forecast([migration for migration, _ in needed], [grid for _, grid in grids])
    if forecast and forecast.calls:
        run.spool.forecast(forecast)
    run.headway.expect(in_all, forecast)
    seal_gates(session, run)
    for migration, rows in needed:
        migration.begin(rows)
    for migration, grid in grids:
        grid.begin(migration.rows)


def _forecast(migrations: Sequence[Migration], grids: Sequence[Grid]) -> Forecast | None:
    """Return what the run's calls are expected to take, if all are known before they are made."""
    sides = [side.expected() for migration in migrations for side in (migration.source, migration.target)]
    sides += [forecast for grid in grids for forecast in grid.expected()]
    known = [forecast for forecast in sides if forecast]
    return together(known) if len(known) == len(sides) else None


def _forecast_of_all(needed: Sequence[tuple[Migration, Sequence[Row]]]) -> Forecast | None:
    """Return what the run's calls would take if no gate stopped early, where that is known."""
    sides = [(side, rows) for migration, rows in needed for side in (migration.source, migration.target)]
    if any(side.expected() is None for side, _ in sides):
        return None
    return together(side.forecast(rows) for side, rows in sides)


def _note_judges(run: Run, needed: Sequence[tuple[Migration, Sequence[Row]]], grids: Mapping[str, Grid]) -> None:
    """Note what the run's judges are expected to be asked, if they may be asked at all."""
    from pytest_llm_migrate.migration.judge_plan import judges_ahead

    if run.settings.answers != Mode.REPLAY:
        run.spool.judges(judges_ahead([(each, rows, grids.get(each.terms.id)) for each, rows in needed]))


def grids_needed(session: pytest.Session, run: Run) -> list[tuple[Migration, Grid]]:
    """Return each migration that a selected gate judges and whose attribution grid is wanted, with that grid."""
    judged = {migration.terms.id: migration for _, migration in selected_gates(session, run)}
    return [(migration, migration.grid) for migration in judged.values() if migration.grid]


def rows_needed(session: pytest.Session, run: Run) -> list[tuple[Migration, list[Row]]]:
    """Return each migration with the rows that the selected tests need; all of them where a gate is selected."""
    rows: dict[str, dict[str, Row]] = {}
    migrations: dict[str, Migration] = {}
    for item in session.items:
        migration = None if is_skipped(item) else migration_of(item, run)
        if migration is None:
            continue
        migrations[migration.terms.id] = migration
        needed = rows.setdefault(migration.terms.id, {})
        row = row_of(item)
        if is_gate(item):
            needed.update((each.sample_id, each) for each in migration.rows)
        elif row is not None:
            needed[row.sample_id] = row
    return [(migrations[name], list(needed.values())) for name, needed in rows.items()]
