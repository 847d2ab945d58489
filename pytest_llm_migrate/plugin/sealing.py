"""The seal of a run: what its gates say is written down before the first call, and looked at again at the end."""

from __future__ import annotations

import datetime as dt
import json
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import ERROR_TOLERANCE
from pytest_llm_migrate.migration.margins import loosened
from pytest_llm_migrate.migration.seal import (
    SEAL_FILE,
    SealedGate,
    content_sha256,
    gate_hashes,
    seal_of,
    seal_warnings,
    sealed_terms,
    sha256,
)
from pytest_llm_migrate.plugin.collection import is_gate, is_skipped, migration_of
from pytest_llm_migrate.plugin.gate_texts import function_of, text_of
from pytest_llm_migrate.report import write_json_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from pytest_llm_migrate.migration.migration import Migration
    from pytest_llm_migrate.migration.results import Seen
    from pytest_llm_migrate.migration.settings import Settings
    from pytest_llm_migrate.plugin.run import Run

_MOST_RUNS = 20
"""Earlier runs that are looked through for one that accepted a gate."""


def seal_gates(session: pytest.Session, run: Run) -> None:
    """Write down what the selected gates say and judge under, where there is one; the first process of a run does.

    Raises `ReportFileError` when that cannot be written: then nothing may be called.
    """
    found = selected_gates(session, run)
    if not found:
        return
    reader = _Reader(run.config.rootpath)
    migrations = {migration.terms.id: migration for _, migration in found}
    judge = run.settings.judge_model
    seal = seal_of(
        run.identity.id,
        dt.datetime.now(tz=dt.UTC).isoformat(timespec="milliseconds"),
        [sealed_terms(each.terms, each.scorer.metrics, judge) for each in migrations.values()],
        [reader.gate(item, migration.terms.id) for item, migration in found],
        _sealed_options(run.settings),
    )
    write_json_once(run.folder / SEAL_FILE, seal)
    run.spool.seal(content_sha256(seal))


def selected_gates(session: pytest.Session, run: Run) -> list[tuple[pytest.Item, Migration]]:
    """Return the gates that are to run, each with what it judges."""
    return [(item, migration) for item in session.items if (migration := _judged_by(item, run))]


def _sealed_options(settings: Settings) -> dict[str, Any]:
    """Return the options that decide beside the gates' texts."""
    return {
        "error_tolerance": ERROR_TOLERANCE if settings.error_tolerance is None else settings.error_tolerance,
        "undecided": settings.undecided,
        "latency_rows": settings.latency_rows,
        "repeats": settings.repeats,
        "sample": settings.sample,
        "prompt_strategy": settings.prompt_strategy,
        **({"against": settings.against} if settings.against else {}),
        **({"stop_early": True} if settings.stop_early else {}),
    }


def _judged_by(item: pytest.Item, run: Run) -> Migration | None:
    return migration_of(item, run) if is_gate(item) and not is_skipped(item) else None


class _Reader:
    """Reads what gates say, each function and each file once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._text, self._hash = cache(text_of), cache(_hash_of)

    def gate(self, item: Any, migration: str) -> SealedGate:
        text, path = self._text(function_of(item))
        path = path or item.path
        return SealedGate(
            nodeid=item.nodeid,
            migration=migration,
            parameters=item.callspec.id or None,
            text=text,
            module=_seen_from(self._root, path),
            module_sha256=self._hash(path),
        )


def _hash_of(path: Path) -> str | None:
    try:
        return sha256(path.read_bytes())
    except OSError:
        return None


def _seen_from(root: Path, path: Path) -> str:
    try:
        return Path(os.path.relpath(path, root)).as_posix()
    except ValueError:  # on another drive
        return path.as_posix()


def add_seal(run: Run, seen: Seen, results: dict[str, Any]) -> None:
    """Put the seal on a run's record: when, its hash, each gate's own, and what changed since as warnings."""
    sealed: dict[str, Any] | None = None
    hashes: dict[str, str | None] = {}
    if seen.seals:
        try:
            sealed, hashes = _checked(run, seen, results["warnings"])
        except (OSError, ValueError, AttributeError):
            results["warnings"].append(f"{SEAL_FILE} is gone or was changed: what was sealed is unknown")
    results["run"]["sealed"] = sealed
    for migration in results["migrations"]:
        for gate in migration["gates"]:
            gate["sealed_sha256"] = hashes.get(gate["nodeid"])


def _checked(run: Run, seen: Seen, warnings: list[str]) -> tuple[dict[str, Any], dict[str, str | None]]:
    content = (run.folder / SEAL_FILE).read_bytes()
    seal = json.loads(content)
    if content_sha256(seal) not in seen.seals:
        raise ValueError(SEAL_FILE)
    if len(seen.seals) > 1:
        warnings.append(f"not every process of this run found the gates and terms that {SEAL_FILE} holds")
    warnings += seal_warnings(seal, lambda module: _hash_of(run.config.rootpath / module))
    sealed = {"at": seal["sealed_at"], "sha256": sha256(content), "options": seal["options"]}
    return sealed, gate_hashes(seal)


def add_loosened(run: Run, results: dict[str, Any]) -> None:
    """Add a warning for each margin that is looser than in the last run that accepted its gate."""
    results["warnings"] += loosened(results, earlier_runs(run.folder))


def earlier_runs(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of earlier runs, the newest first; their names begin with when they ran."""
    found = (path for path in folder.parent.glob("*/results.json") if path.parent.name < folder.name)
    for path in sorted(found, reverse=True)[:_MOST_RUNS]:
        with suppress(OSError, ValueError, RecursionError):
            yield json.loads(path.read_bytes())
