"""The end of a run: notes are merged into records, records become reports, and the verdicts are printed."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.answers import Mode, read_recording, recording_path, write_recording
from pytest_llm_migrate.domain import Answer
from pytest_llm_migrate.errors import MigrateError, ReportFileError
from pytest_llm_migrate.migration.results import Seen, row_records, run_record
from pytest_llm_migrate.migration.spool import read_spool
from pytest_llm_migrate.plugin.keys import OUTCOMES, RESULTS, RUN, UNWRITTEN
from pytest_llm_migrate.plugin.run import command_of
from pytest_llm_migrate.report import (
    checked_sections,
    terminal_lines,
    write_json,
    write_lines,
    write_markdown,
    write_report,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.plugin.outcomes import Outcomes
    from pytest_llm_migrate.plugin.run import Run

_LIBRARIES = ("pytest-llm-migrate", "pytest", "boto3", "scipy")


def finish(session: pytest.Session) -> None:
    """Write everything the run leaves: called where reports arrive, after all processes closed their notes."""
    config = session.config
    run = config.stash[RUN]
    outcomes = config.stash[OUTCOMES]
    seen = Seen(read_spool(run.spool.path.parent))
    if outcomes and not getattr(config.option, "setuponly", False):
        _judge_exit_status(session, outcomes)
        results = _results(session, run, seen, outcomes)
        config.stash[RESULTS] = results
        try:
            _write(run, results, seen, outcomes)
            _write_recordings(run, seen)
        except ReportFileError as error:
            config.stash[UNWRITTEN] = str(error)
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
    shutil.rmtree(run.spool.path.parent, ignore_errors=True)
    with suppress(OSError):  # not empty, or never made
        run.folder.rmdir()
    has_ended = session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    if run.settings.answers == Mode.FRESH and has_ended and not seen.is_cut_short:
        run.store.end_fresh(command_of(config))
    run.store.close()


def print_summary(reporter: Any, config: pytest.Config) -> None:
    """Print the section of verdicts at the end of a run."""
    results = config.stash.get(RESULTS, None)
    if results is None:
        return
    run = config.stash[RUN]
    reporter.section("llm migration", sep="=")
    lines = terminal_lines(
        results,
        config.get_terminal_writer().fullwidth,
        rows=_written_rows(run.folder / "rows.jsonl"),
        report=_near(run.settings.report or run.folder / "report.html"),
        folder=_near(run.folder),
    )
    for text, style in lines:
        reporter.write_line(text, **({style: True} if style else {}))
    if unwritten := config.stash.get(UNWRITTEN, None):
        reporter.write_line(f"llm-migrate: {unwritten}", red=True)


def _written_rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


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
        "git_commit": _git_commit(config.rootpath),
        "versions": {name: version(name) for name in _LIBRARIES},
    }
    prices = {"source": run.prices.source, "as_of": run.prices.as_of}
    results = run_record(about, seen, outcomes.of, prices)
    calls, dollars, unpriced = run.store.spending()
    results["spending"] = {"calls": calls, "usd": dollars, "unpriced_calls": unpriced}
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


def _write(run: Run, results: dict[str, Any], seen: Seen, outcomes: Outcomes) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        for migration in results["migrations"]:
            name = migration["id"]
            yield from row_records(name, seen.cases.get(name, ()), outcomes.of(name), migration["metrics"])

    settings, folder = run.settings, run.folder
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "results.json", results)
    write_lines(folder / "rows.jsonl", rows())
    write_report(folder / "report.html", results, rows())
    write_markdown(folder / "summary.md", results, rows())
    if job_summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with _writing(job_summary), Path(job_summary).open("a", encoding="utf-8") as file:
            file.write((folder / "summary.md").read_text(encoding="utf-8"))
    for name, extra in (
        ("report.html", settings.report),
        ("results.json", settings.json),
        ("summary.md", settings.summary),
    ):
        if extra:
            with _writing(extra):
                extra.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / name, extra)


def _write_recordings(run: Run, seen: Seen) -> None:
    files: dict[Path, list[tuple[str, str, Answer]]] = {}
    for record in seen.used:
        terms = seen.migrations[record["migration"]]
        path = Path(run.config.rootpath, terms["nodeid"])
        where = recording_path(path.parent, path.stem, terms[record["side"]]["ref"])
        answer = Answer.from_record(record["answer"])
        files.setdefault(where, []).append((record["sample_id"], record["key"], answer))
    for where, answers in files.items():
        with _writing(where):
            write_recording(where, answers, keep=read_recording(where))


@contextmanager
def _writing(path: object) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReportFileError(path, error.strerror or str(error)) from error


def _iso(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).isoformat(timespec="seconds")


def _git_commit(folder: Path) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run([git, "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    return done.stdout.strip() or None
