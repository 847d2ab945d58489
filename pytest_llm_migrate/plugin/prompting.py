"""``--migrate-prompts``: prompts are rewritten for the targets and filed in the catalog; no test runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import CallFailedError, MigrateError, UnknownNameError
from pytest_llm_migrate.migration.prompting import file_prompt, plan_record
from pytest_llm_migrate.migration.rewriting import prompt_migration
from pytest_llm_migrate.plugin.collection import TARGET
from pytest_llm_migrate.plugin.keys import MARKER, REWRITES, RUN
from pytest_llm_migrate.plugin.registry import strategies_of
from pytest_llm_migrate.plugin.run import usage_errors
from pytest_llm_migrate.report.rewrites import plan_lines, rewrite_lines
from pytest_llm_migrate.report.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from pytest_llm_migrate.domain import Strategy
    from pytest_llm_migrate.migration.prompting import PromptMigration
    from pytest_llm_migrate.migration.spec import MigrationSpec
    from pytest_llm_migrate.plugin.run import Run


def migrate_prompts(session: pytest.Session) -> bool:
    """Rewrite the prompts of the selected tests for every target, or print what that would take."""
    config = session.config
    run: Run = config.stash[RUN]
    with usage_errors():
        strategy = strategy_named(config, str(run.settings.migrate_prompts))
        jobs = list(_jobs(session, run, strategy))
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    say = reporter.write_line if reporter else str
    if reporter:
        reporter.section("llm prompt migration", sep="=")
    if not jobs:
        say("no selected test has a prompt of the catalog")
    for job in jobs:
        if run.settings.plan:
            _say_all(plan_lines(plan_record(job, strategy)), say)
        else:
            _migrate(session, job, strategy, say)
    run.desk.close(0)
    return True


def strategy_named(config: pytest.Config, name: str) -> Strategy:
    """Return a registered strategy; raises `UnknownNameError` with the nearest name."""
    known = strategies_of(config)
    if name not in known:
        raise UnknownNameError("strategy", name, known, where="--migrate-prompts")
    return known[name]


def _jobs(session: pytest.Session, run: Run, strategy: Strategy) -> Iterator[PromptMigration]:
    """Yield every prompt and target once, in the order of the tests."""
    seen: set[tuple[str, str]] = set()
    for spec, target in _specs(session, run):
        job = prompt_migration(run.workshop, spec, target, strategy)
        if job and (str(job.prompt.path), target) not in seen:
            seen.add((str(job.prompt.path), target))
            yield job


def _specs(session: pytest.Session, run: Run) -> Iterator[tuple[MigrationSpec, str]]:
    for item in session.items:
        mark, call = item.get_closest_marker(MARKER), getattr(item, "callspec", None)
        target = call and call.params.get(TARGET)
        if mark and target:
            yield run.spec(mark, item.path, item.nodeid.split("::")[0]), target


def _migrate(session: pytest.Session, job: PromptMigration, strategy: Strategy, say: Any) -> None:
    """Rewrite one prompt; what goes wrong is said and fails the run, and the other prompts go on."""
    config = session.config
    settings = config.stash[RUN].settings
    try:
        filed = file_prompt(
            job,
            strategy,
            settings=dict(settings.strategy_options),
            say=lambda line: say(visible(line)),
            force=settings.force,
        )
    except CallFailedError as error:
        _fail(session, f"{job.name} for {job.target}: {error.kind}: {error}", say)
    except MigrateError as error:
        _fail(session, f"{job.name} for {job.target}: {error}", say)
    else:
        config.stash.setdefault(REWRITES, []).append(filed.to_record())
        _say_all(rewrite_lines(filed.to_record()), say)


def _fail(session: pytest.Session, why: str, say: Any) -> None:
    for line in why.splitlines():
        say(visible(line))
    session.testsfailed += 1


def _say_all(lines: Iterator[str], say: Any) -> None:
    for line in lines:
        say(line)
