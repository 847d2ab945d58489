"""``--migrate-prompts``: prompts are rewritten for the targets and filed in the catalog; no test runs."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import (
    JobExportedError,
    MigrateError,
    StrategyIsPathError,
    UnknownNameError,
    counted,
    masked,
)
from pytest_llm_migrate.migration.prompt_plan import rewriting_plan
from pytest_llm_migrate.migration.prompting import SHARED_SETTINGS, file_prompt
from pytest_llm_migrate.migration.results import SCHEMA_VERSION
from pytest_llm_migrate.migration.rewriting import prompt_migration
from pytest_llm_migrate.plugin.collection import TARGET
from pytest_llm_migrate.plugin.finish import add_to_job_summary, writing
from pytest_llm_migrate.plugin.keys import MARKER, NOT_REWRITTEN, REWRITES, RUN
from pytest_llm_migrate.plugin.prompt_options import DEFAULT
from pytest_llm_migrate.plugin.registry import strategies_of
from pytest_llm_migrate.plugin.run import command_of, usage_errors
from pytest_llm_migrate.report import write_json, write_text
from pytest_llm_migrate.report.rewrites import WIDTH, plan_lines, rewrite_lines, rewrites_markdown, spending_lines
from pytest_llm_migrate.report.text import cut, visible, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pytest

    from pytest_llm_migrate.domain import Strategy
    from pytest_llm_migrate.migration.prompting import PromptMigration
    from pytest_llm_migrate.migration.spec import MigrationSpec
    from pytest_llm_migrate.plugin.run import Run

PROMPTS_FILE = "prompts.json"
_LONGEST_FAULT, _WIDEST_FAULT = 60, 1000  # lines and columns on the terminal; the file has all


def migrate_prompts(session: pytest.Session) -> bool:
    """Rewrite the prompts of the selected tests for every target, or print what that would take."""
    config = session.config
    run: Run = config.stash[RUN]
    with usage_errors():
        strategy = strategy_named(config, str(run.settings.migrate_prompts))
        jobs = list(_jobs(session, run, strategy))
        _check_optimizer(run)
        if not run.settings.plan:
            _check_needs(run, strategy, jobs)
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    say = reporter.write_line if reporter else str
    if reporter:
        reporter.section("llm prompt migration", sep="=")
    if not jobs:
        say("no selected test has a prompt of the catalog")
    for job in jobs:
        with _faults_said(session, job, say):
            if run.settings.plan:
                plan = rewriting_plan(job, strategy, dict(run.settings.strategy_options))
                _say_all(plan_lines(plan), say)
            else:
                _migrate(config, job, strategy, say)
    run.desk.close(0)
    if not run.settings.plan:
        _say_all(spending_lines(_spending(run)), say)
        with usage_errors():
            _write(session, run)
    return True


def _check_needs(run: Run, strategy: Strategy, jobs: Sequence[PromptMigration]) -> None:
    from pytest_llm_migrate.strategies.combined import check_needs, foresee

    settings = dict(run.settings.strategy_options)
    for job in jobs:
        check_needs(strategy, job.target, settings, job.optimizer.ref)
        foresee(strategy, job.task(settings))


def _check_optimizer(run: Run) -> None:
    """Refuse the name of an optimizer that its provider does not know; what else it lacks is told once it is asked."""
    if ref := run.settings.optimizer_model:
        try:
            run.models.connect(ref)
        except UnknownNameError as error:
            raise UnknownNameError(error.kind, error.name, error.known, where="--optimizer-model") from error
        except MigrateError:
            return


def strategy_named(config: pytest.Config, name: str) -> Strategy:
    """Return a registered strategy, or one made of several, as the user set it.

    Settings of the command line must be the strategy's; the ini file's may be there for several.

    Raises:
        StrategyIsPathError: The name is that of a file or folder.
        UnknownNameError: No strategy is called so.
        UnknownStrategySettingError: The command line has a setting that the strategy does not take.
        StrategySettingError: A setting has a value that is not taken.
    """
    from pytest_llm_migrate.strategies.combined import check_names, configured, named

    try:
        strategy = named(name, strategies_of(config), where="--migrate-prompts")
    except UnknownNameError as error:
        if _is_path(config, name):
            raise StrategyIsPathError(name, DEFAULT) from error
        raise
    check_names(strategy, [key for key, _ in config.getoption("strategy_option") or ()], SHARED_SETTINGS)
    return configured(strategy, dict(config.stash[RUN].settings.strategy_options))


def _is_path(config: pytest.Config, name: str) -> bool:
    """Return whether a name that is no strategy's looks like tests: a path, or a node id."""
    return "/" in name or "::" in name or (config.invocation_params.dir / name).exists()


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


@contextmanager
def _faults_said(session: pytest.Session, job: PromptMigration, say: Any) -> Iterator[None]:
    """Say what goes wrong with one prompt and fail the run by it; the other prompts go on, and so after an export."""
    try:
        yield
    except JobExportedError as error:
        _say_all(wrapped(visible(f"{job.name} for {job.target}: {error}"), WIDTH), say)
    except MigrateError as error:
        _fail(session, job, str(error), say)


def _migrate(config: pytest.Config, job: PromptMigration, strategy: Strategy, say: Any) -> None:
    settings = config.stash[RUN].settings
    filed = file_prompt(
        job,
        strategy,
        settings=dict(settings.strategy_options),
        say=lambda line: _say_all(wrapped(visible(line), WIDTH), say),
        force=settings.force,
    )
    record = filed.to_record()
    config.stash.setdefault(REWRITES, []).append(record)
    _say_all(rewrite_lines(record), say)


def _fail(session: pytest.Session, job: PromptMigration, why: str, say: Any) -> None:
    lines = f"{job.name} for {job.target}: {why}".splitlines()
    for line in lines[:_LONGEST_FAULT]:
        say(cut(visible(line), _WIDEST_FAULT))
    if len(lines) > _LONGEST_FAULT:
        say(f"... {counted(len(lines) - _LONGEST_FAULT, 'more line')} in {PROMPTS_FILE} of the run's folder")
    failed = {"prompt": job.name, "target": masked(job.target), "why": why}
    session.config.stash.setdefault(NOT_REWRITTEN, []).append(failed)
    session.testsfailed += 1


def _write(session: pytest.Session, run: Run) -> None:
    """Write down what became of the prompts: in the run's folder, and where the options say."""
    config = session.config
    record = {
        "schema_version": SCHEMA_VERSION,
        "migrated_at": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        "command": command_of(config).partition(" @ ")[0],
        "strategy": str(run.settings.migrate_prompts),
        "prompts": config.stash.get(REWRITES, []),
        "failed": config.stash.get(NOT_REWRITTEN, []),
        "spending": _spending(run),
    }
    text = rewrites_markdown(record)
    for path in filter(None, (run.folder / PROMPTS_FILE, run.settings.json)):
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, record)
    if run.settings.summary:
        with writing(run.settings.summary):
            run.settings.summary.parent.mkdir(parents=True, exist_ok=True)
        write_text(run.settings.summary, text)
    add_to_job_summary(text)


def _spending(run: Run) -> dict[str, Any]:
    spent = run.store.spending()
    return {"calls": spent.calls, "usd": spent.usd, "unpriced_calls": spent.unpriced_calls}


def _say_all(lines: Iterable[str], say: Any) -> None:
    for line in lines:
        say(line)
