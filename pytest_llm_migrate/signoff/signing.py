"""Signing a run: its evidence is looked at first, and the sign-off is filed with it."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import ChangedEvidenceError, DecisionError, ReportFileError, UnknownNameError
from pytest_llm_migrate.signoff.changes import changes_of
from pytest_llm_migrate.signoff.evidence import read_evidence
from pytest_llm_migrate.signoff.statement import APPROVE, CONDITIONS, REJECT, Statement, encoded
from pytest_llm_migrate.signoff.terms import SEAL_FILE, read_record, terms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_llm_migrate.signoff.evidence import Evidence
    from pytest_llm_migrate.signoff.keys import SigningKey

SIGNATURES = "signatures"
"""The folder of a run's sign-offs."""
VALID_DAYS = 90
_UNFIT = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an approver decides; ``expires`` is when it ends, ``None`` for `VALID_DAYS` from now."""

    name: str
    role: str
    decision: str
    reason: str
    conditions: str | None = None
    expires: dt.datetime | None = None


def sign(
    folder: Path,
    decision: Decision,
    *,
    key: SigningKey | None,
    now: dt.datetime,
    migration: str | None = None,
    signoffs: Path | None = None,
) -> tuple[Statement, list[Path]]:
    """File a decision on one migration of a run, and return it with the files that hold it.

    Without a ``key`` it is only recorded. ``migration`` is a name or an id, and may be left out where there is one;
    ``signoffs`` is a folder for a copy that stands without the run.

    Raises:
        RunFolderError: The folder is no run's.
        ChangedEvidenceError: The run's files are not those that it left.
        UnknownNameError: No migration is called so, or several.
        DecisionError: The decision does not fit the run.
        ReportFileError: A file cannot be written.
    """
    evidence = read_evidence(folder)
    if changes := [change.sentence for change in changes_of(folder, evidence)]:
        raise ChangedEvidenceError(folder, changes)
    record = _chosen(read_record(folder, "results.json")["migrations"], migration)
    _check(decision, record, now)
    terms = terms_of(_seal(folder), record)
    _check_gates(decision, record, terms["gates"])
    statement = _stated(decision, evidence, record, terms, now)
    text = encoded(statement, key)
    written = [_filed(folder / SIGNATURES, text)]
    if signoffs is not None:
        written.append(_copied(signoffs, statement, text))
    return statement, written


def _stated(
    decision: Decision, evidence: Evidence, record: dict[str, Any], terms: dict[str, Any], now: dt.datetime
) -> Statement:
    ends = decision.expires or now + dt.timedelta(days=VALID_DAYS)
    return Statement(
        run=evidence.run,
        root=evidence.root,
        files=evidence.hashes,
        migration=record["id"],
        subject=record["name"],
        verdict=record["verdict"],
        terms=terms,
        name=decision.name,
        role=decision.role,
        decision=decision.decision,
        reason=decision.reason,
        conditions=decision.conditions,
        signed_at=_iso(now),
        expires_at=None if decision.decision == REJECT else _iso(ends),
    )


def _seal(folder: Path) -> dict[str, Any]:
    return read_record(folder, SEAL_FILE) if (folder / SEAL_FILE).exists() else {"migrations": []}


def _chosen(records: Sequence[dict[str, Any]], name: str | None) -> dict[str, Any]:
    found = [record for record in records if name in {None, record["id"], record["name"]}]
    if len(found) == 1:
        return found[0]
    names = [record["name"] for record in records]
    known = [record["id"] if names.count(record["name"]) > 1 else record["name"] for record in records]
    if name is None or found:
        said = "Several are called so" if name else "Each has its own sign-off"
        raise DecisionError(f"the run has {len(records)} migrations", f"{said}: --migration {' | '.join(known)}")
    raise UnknownNameError("migration", name, known)


def _check(decision: Decision, record: dict[str, Any], now: dt.datetime) -> None:
    for what, text in (("name", decision.name), ("role", decision.role), ("reason", decision.reason)):
        if not text.strip():
            raise DecisionError(f"the {what} is empty", "Whoever reads the decision in a year needs it.")
    if decision.decision == APPROVE and record["verdict"] != "GO":
        raise DecisionError(
            f"the verdict on {record['name']} is {record['verdict'] or 'missing'}, not GO",
            f"Decide {CONDITIONS} and name them with --conditions, or {REJECT}.",
        )
    if (decision.decision == CONDITIONS) != bool(decision.conditions and decision.conditions.strip()):
        raise DecisionError(f"--conditions belongs to {CONDITIONS}, and to it alone", "Give both, or neither.")
    if decision.expires and decision.expires <= now:
        raise DecisionError(f"it would have expired on {_iso(decision.expires)}", "Give a day to come.")


def _check_gates(decision: Decision, record: dict[str, Any], sealed: Iterable[str]) -> None:
    """Refuse to approve a GO of some gates only: others were sealed with them, and were skipped or not come to."""
    judged = {gate["nodeid"] for gate in record["gates"] if gate["verdict"]}
    silent = [nodeid for nodeid in sealed if nodeid not in judged]
    if decision.decision == APPROVE and silent:
        raise DecisionError(
            f"the run ended without a verdict of {', '.join(silent)}",
            f"Run all gates of {record['name']} and sign that run, decide {CONDITIONS} and name them with "
            f"--conditions, or {REJECT}.",
        )


def _filed(folder: Path, text: str) -> Path:
    """Write a sign-off under the next free number; of several people who sign at once, each gets one."""
    beside = folder / f".{os.getpid()}.part"
    try:
        folder.mkdir(exist_ok=True)
        beside.write_text(text, encoding="ascii", newline="\n")
        number = 1 + max((int(path.stem) for path in folder.glob("*.json") if path.stem.isdigit()), default=0)
        while True:
            path = folder / f"{number}.json"
            with suppress(FileExistsError):
                path.hardlink_to(beside)
                return path
            number += 1
    except OSError as error:
        raise ReportFileError(folder, error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _copied(folder: Path, statement: Statement, text: str) -> Path:
    """Write a copy under a name that says whose and of what it is, and that no other sign-off has."""
    told = _UNFIT.sub("-", f"{statement.day}-{statement.subject}-{statement.target}-{statement.name}")
    path = folder / f"{told[:100]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.json"
    beside = path.with_name(f".{path.name}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="ascii", newline="\n")
        beside.replace(path)
    except OSError as error:
        raise ReportFileError(path, error.strerror or str(error)) from error
    return path


def _iso(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds")
