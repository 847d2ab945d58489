"""The end of a run, as seen by those who sign: its evidence, and whether the sign-off that was asked for is there."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.errors import MigrateError
from pytest_llm_migrate.signoff import lacking_signoffs, write_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llm_migrate.plugin.run import Run


def leave_evidence(run: Run, results: dict[str, Any], rows: Iterable[dict[str, Any]]) -> None:
    """Write ``evidence.json`` over what a run left; raises `ReportFileError` when that fails."""
    keys = ((row["migration"], row["sample_id"]) for row in rows)
    write_evidence(run.folder, run.identity.id, [record["id"] for record in results["migrations"]], keys)


def require_signoffs(session: pytest.Session, run: Run, results: dict[str, Any]) -> None:
    """Fail a run that came to its end without the sign-offs it was to have, with a warning that says why."""
    has_ended = session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    if not run.settings.require_signoff or run.settings.self_test or not has_ended:
        return
    try:
        lacking = lacking_signoffs(run.folder, results["migrations"], run.settings.signoffs, dt.datetime.now(tz=dt.UTC))
    except MigrateError as error:
        lacking = [str(error)]
    if lacking:
        results["warnings"] += [f"sign-off: {said}" for said in lacking]
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
        results["run"]["exit_status"] = int(session.exitstatus)
