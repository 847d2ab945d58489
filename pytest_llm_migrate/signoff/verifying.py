"""Verifying a run without a network: its files against its evidence, and its evidence against the signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import SignatureFileError
from pytest_llm_migrate.signoff.changes import Change, changes_of
from pytest_llm_migrate.signoff.evidence import EVIDENCE_FILE, file_hashes, read_evidence
from pytest_llm_migrate.signoff.signing import SIGNATURES
from pytest_llm_migrate.signoff.sshsig import fingerprint
from pytest_llm_migrate.signoff.standing import FAULTY, RECORDED, standing_of
from pytest_llm_migrate.signoff.statement import read_signoff

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_llm_migrate.signoff.evidence import Evidence
    from pytest_llm_migrate.signoff.keys import Signer
    from pytest_llm_migrate.signoff.standing import Standing
    from pytest_llm_migrate.signoff.statement import SignOff, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found out about a run.

    Attributes:
        run: Its id.
        root: The root of its evidence, as ``evidence.json`` has it.
        files: How many files that covers.
        rows: How many rows.
        changes: What is not as the run left it, or as it was signed.
        signoffs: Its sign-offs, with where each stands.
        is_trusted: Whether the keys were held against those that the reader trusts.
    """

    run: str
    root: str
    files: int
    rows: int
    changes: list[Change]
    signoffs: list[tuple[SignOff, Standing]]
    is_trusted: bool

    @property
    def holds(self) -> bool:
        """Whether nothing changed, and every migration that was signed has a signature that still holds."""
        standings = [standing.state for _, standing in self.signoffs]
        if self.changes or any(state in FAULTY for state in standings):
            return False
        signed = {found.statement.migration for found, standing in self.signoffs if standing.state != RECORDED}
        valid = {found.statement.migration for found, standing in self.signoffs if standing.holds}
        return bool(signed) and signed == valid

    def to_record(self) -> dict[str, Any]:
        """Return all of it as JSON-ready builtins."""
        return {
            "run": self.run,
            "root": self.root,
            "files": self.files,
            "rows": self.rows,
            "holds": self.holds,
            "keys_checked": self.is_trusted,
            "changes": [change.to_record() for change in self.changes],
            "signoffs": [_signoff_record(found, standing) for found, standing in self.signoffs],
        }


def verify(folder: Path, *, signers: Sequence[Signer] | None, now: dt.datetime) -> Verification:
    """Return what is so of a run and its sign-offs; ``signers`` are the keys to trust, ``None`` to take any.

    Raises:
        RunFolderError: The folder has no evidence that can be read.
        MissingExtraError: There are signatures, and the library that checks them is not installed.
    """
    evidence = read_evidence(folder)
    changes = list(changes_of(folder, evidence))
    signoffs = []
    for path in signature_files(folder):
        try:
            found = read_signoff(path)
        except SignatureFileError as error:
            changes.append(_change(_named(path), f"{_named(path)} is not as it was written: {error.reason}"))
            continue
        signoffs.append((found, standing_of(found, signers, now)))
    seen = {change.file for change in changes}
    for found, standing in signoffs:
        if standing.state not in FAULTY:
            changes += (change for change in _since(folder, evidence, found.statement) if change.file not in seen)
    return Verification(
        run=evidence.run,
        root=evidence.root,
        files=len(evidence.files),
        rows=len(evidence.rows),
        changes=list(dict.fromkeys(changes)),
        signoffs=signoffs,
        is_trusted=signers is not None,
    )


def signature_files(folder: Path) -> list[Path]:
    """Return the sign-offs of a run in the order in which they were given."""
    return sorted((folder / SIGNATURES).glob("*.json"), key=lambda path: (len(path.stem), path.stem))


def _since(folder: Path, evidence: Evidence, statement: Statement) -> Iterator[Change]:
    """Yield what was replaced after a signature, together with the evidence that it was signed with."""
    if statement.root == evidence.root:
        return
    since = f"since {statement.name} signed on {statement.day}"
    yield _change(EVIDENCE_FILE, f"{EVIDENCE_FILE} was written anew {since}")
    found = {file.path: file.sha256 for file in file_hashes(folder)}
    for name in sorted({*found, *statement.files}):
        if found.get(name) != statement.files.get(name):
            yield _change(name, f"{name} was replaced {since}, and {EVIDENCE_FILE} with it")


def _change(name: str, sentence: str) -> Change:
    return Change(kind="changed", file=name, sentence=sentence)


def _named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _signoff_record(found: SignOff, standing: Standing) -> dict[str, Any]:
    said = found.statement
    return {
        "file": _named(found.path),
        "state": standing.state,
        "sentence": standing.sentence,
        "key": found.key and fingerprint(found.key),
        "key_of": standing.signer,
        **{
            name: getattr(said, name)
            for name in ("migration", "subject", "target", "verdict", "name", "role", "decision", "reason")
        },
        "conditions": said.conditions,
        "signed_at": said.signed_at,
        "expires_at": said.expires_at,
    }
