"""The end of a run: notes are merged into records, records become reports, and the verdicts are printed."""

from __future__ import annotations

import datetime as dt
import gc
import os
import platform
import shutil
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.answers import Mode, RecordedAnswer, recording_path, write_recording
from pytest_llm_migrate.errors import MigrateError, RecordingError, ReportFileError, counted, without_secrets
from pytest_llm_migrate.migration.history import add_history
from pytest_llm_migrate.migration.regions import add_regions
from pytest_llm_migrate.migration.results import SAMPLES_FILE, Seen, row_records, run_record, scales_of, spending_record
from pytest_llm_migrate.migration.spool import read_spool
from pytest_llm_migrate.plugin.ci_run import ci_run
from pytest_llm_migrate.plugin.commit import commit_of
from pytest_llm_migrate.plugin.keys import INTERRUPTED, OUTCOMES, RESULTS, ROWS, RUN, UNWRITTEN
from pytest_llm_migrate.plugin.run import command_of
from pytest_llm_migrate.plugin.sealing import add_loosened, add_seal, earlier_runs
from pytest_llm_migrate.plugin.self_tested import add_self_test
from pytest_llm_migrate.plugin.signing_off import leave_evidence, require_signoffs
from pytest_llm_migrate.report import (
    SHEET,
    checked_sections,
    redacted_results,
    redacted_row,
    self_test_lines,
    terminal_lines,
    write_json,
    write_lines,
    write_markdown,
    write_redacted,
    write_report,
    write_sheet,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.plugin.outcomes import Outcomes
    from pytest_llm_migrate.plugin.run import Run

_LIBRARIES = ("pytest-llm-migrate", "pytest", "boto3", "scipy")


@contextmanager
def _no_collections() -> Iterator[None]:
    # Records hold no cycles, and a search through all of them for some takes longer than writing a report.
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_no_collections()
def finish(session: pytest.Session) -> None:
    """Write everything the run leaves: called where reports arrive, after all processes closed their notes."""
    config = session.config
    run = config.stash[RUN]
    outcomes = config.stash[OUTCOMES]
    seen = Seen(read_spool(run.spool.path.parent))
    if outcomes and not getattr(config.option, "setuponly", False):
        _judge_exit_status(session, outcomes)
        results = _results(session, run, seen, outcomes)
        rows = list(_rows(results, seen, outcomes))
        config.stash[RESULTS], config.stash[ROWS] = results, rows
        try:
            _write(run, results, seen, rows)
        except ReportFileError as error:
            _note_unwritten(session, error)
    try:
        _write_recordings(run, seen)
    except (ReportFileError, RecordingError) as error:
        _note_unwritten(session, error)
    if session.exitstatus == pytest.ExitCode.INTERRUPTED and (run.desk.in_flight or run.store.spending().calls):
        config.stash[INTERRUPTED] = True
    shutil.rmtree(run.spool.path.parent, ignore_errors=True)
    with suppress(OSError):  # not empty, or never made
        run.folder.rmdir()
    has_ended = session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    if run.settings.answers == Mode.FRESH and has_ended and not seen.is_cut_short:
        run.store.end_fresh(command_of(config))
    if INTERRUPTED not in config.stash:
        run.store.close()


def _note_unwritten(session: pytest.Session, error: MigrateError) -> None:
    said = session.config.stash.get(UNWRITTEN, None)
    session.config.stash[UNWRITTEN] = f"{said}; {error}" if said else str(error)
    session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def _interrupted(run: Run) -> str:
    spent, out = run.store.spending(), run.desk.in_flight
    answers = counted(spent.calls - sum(spent.failed_calls.values()), "answer")
    left = f"; {counted(out, 'call')} in flight may have been paid for" if out else ""
    return f"interrupted: {answers} of this run kept{left}. The same command goes on from here."


def print_summary(reporter: Any, config: pytest.Config) -> None:
    """Print the section of verdicts at the end of a run."""
    if INTERRUPTED in config.stash:
        # Only now have workers come to their end, too.
        reporter.write_line(f"llm-migrate: {_interrupted(config.stash[RUN])}", yellow=True)
        config.stash[RUN].store.close()
    results = config.stash.get(RESULTS, None)
    if results is not None:
        _print_results(reporter, config, results)
    if unwritten := config.stash.get(UNWRITTEN, None):
        reporter.write_line(f"llm-migrate: {unwritten}", red=True)


def _print_results(reporter: Any, config: pytest.Config, results: dict[str, Any]) -> None:
    run, rows = config.stash[RUN], config.stash[ROWS]
    report, folder = _near(run.settings.report or run.folder / "report.html"), _near(run.folder)
    if run.settings.self_test:
        reporter.section("llm migration self-test", sep="=")
        lines = list(self_test_lines(results, report=report, folder=folder))
    else:
        reporter.section("llm migration", sep="=")
        width = config.get_terminal_writer().fullwidth
        shown, its_rows = _shown(run, results, rows)
        lines = terminal_lines(shown, width, rows=its_rows, report=report, folder=folder)
    del config.stash[ROWS]
    for text, style in lines:
        reporter.write_line(text, **({style: True} if style else {}))


def _shown(
    run: Run, results: dict[str, Any], rows: Sequence[dict[str, Any]]
) -> tuple[Mapping[str, Any], Iterable[Mapping[str, Any]]]:
    """Return what a terminal may show, which is often a log that others read."""
    return (redacted_results(results), map(redacted_row, rows)) if run.settings.redact else (results, rows)


def _near(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _judge_exit_status(session: pytest.Session, outcomes: Outcomes) -> None:
    # A run that could not judge must not look like one that judged well.
    if session.exitstatus == pytest.ExitCode.OK and outcomes.has_unjudged():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _results(session: pytest.Session, run: Run, seen: Seen, outcomes: Outcomes) -> dict[str, Any]:
    config = session.config
    about = {
        "id": run.identity.id,
        "started": _iso(run.identity.started),
        "ended": _iso(dt.datetime.now(tz=dt.UTC).timestamp()),
        "command": command_of(config).partition(" @ ")[0],
        "exit_status": int(session.exitstatus),
        **commit_of(config.rootpath, apart_from=run.folder.parents[1]),
        "by": run.settings.run_by and without_secrets(run.settings.run_by),
        "ci": ci_run(os.environ),
        "versions": {"Python": _python()} | {name: version(name) for name in _LIBRARIES},
    }
    prices = {"source": run.prices.source, "as_of": run.prices.as_of}
    tested = seen if not run.settings.self_test else Seen(())  # a source alone is no migration to judge
    results = run_record(about, tested, outcomes.of, prices, run.settings.monthly_requests)
    if run.settings.self_test:
        add_self_test(run, seen, outcomes, results)
    if run.settings.stop_early:
        from pytest_llm_migrate.plugin.stopping import add_stop_early

        add_stop_early(run, seen, results)
    results["spending"] = spending_record(run.store.spending(), seen.forecast, seen.judges)
    add_regions(results, run.store.spending().traffic)
    results["unknown_calls"] = run.store.unknown_attempts()
    if unknown := len(results["unknown_calls"]):
        was = "was" if unknown == 1 else "were"
        results["warnings"].append(
            f"{counted(unknown, 'call')} {was} in flight when an earlier run was killed: paid for or not is unknown"
        )
    add_seal(run, seen, results)
    add_loosened(run, results)
    add_history(results, earlier_runs(run.folder))
    require_signoffs(session, run, results)
    for migration in results["migrations"]:
        config.hook.pytest_llm_migrate_verdict(config=config, migration=migration)
    _add_sections(config, results)
    return results


def _add_sections(config: pytest.Config, results: dict[str, Any]) -> None:
    for sections in config.hook.pytest_llm_migrate_report_sections(config=config, results=results):
        try:
            results["sections"].extend(checked_sections(sections))
        except MigrateError as error:
            # The run is over and paid for: its reports are written without a section that cannot be shown.
            results["warnings"].append(str(error))


def _rows(results: dict[str, Any], seen: Seen, outcomes: Outcomes) -> Iterator[dict[str, Any]]:
    for migration in results["migrations"]:
        name = migration["id"]
        yield from row_records(name, seen.cases.get(name, ()), outcomes.of(name), scales_of(migration))


def _write(run: Run, results: dict[str, Any], seen: Seen, rows: Sequence[dict[str, Any]]) -> None:
    settings, folder = run.settings, run.folder
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "results.json", results)
    write_lines(folder / "rows.jsonl", rows)
    if any(migration["latency_pass"] for migration in results["migrations"]):
        write_lines(folder / SAMPLES_FILE, seen.samples())
    write_report(folder / "report.html", results, rows)
    write_markdown(folder / "summary.md", results, rows)
    write_sheet(folder / SHEET, results, rows)
    if settings.redact:
        write_redacted(folder, results, rows)
    leave_evidence(run, results, rows)
    # What is published is the edition without texts, where there is one.
    published = folder / ("summary.redacted.md" if settings.redact else "summary.md")
    add_to_job_summary(published.read_text(encoding="utf-8"))
    for name, extra in (
        ("report.html", settings.report),
        ("results.json", settings.json),
        ("summary.md", settings.summary),
    ):
        if extra:
            with writing(extra):
                extra.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / name, extra)


def add_to_job_summary(text: str) -> None:
    """Append Markdown to the summary of a GitHub job, where there is one; raises `ReportFileError` when that fails."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with writing(path), Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)


def _write_recordings(run: Run, seen: Seen) -> None:
    files: dict[Path, list[RecordedAnswer]] = {}
    for record in seen.used:
        path = Path(run.config.rootpath, record["nodeid"])
        where = recording_path(path.parent, path.stem, record["ref"])
        files.setdefault(where, []).append(RecordedAnswer.from_record(record))
    for where, answers in files.items():
        with writing(where):
            write_recording(where, answers)


@contextmanager
def writing(path: object) -> Iterator[None]:
    """Turn what the system says of a file that cannot be written into a `ReportFileError`."""
    try:
        yield
    except OSError as error:
        raise ReportFileError(path, error.strerror or str(error)) from error


def _iso(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).isoformat(timespec="seconds")


def _python() -> str:
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"
