"""A small stored run with everything that a run leaves, and people who sign it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pytest_llm_migrate.report import write_json, write_lines, write_markdown, write_report, write_text
from pytest_llm_migrate.signoff import Decision, SigningKey, sign, write_evidence
from tests.report.sample import sample

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llm_migrate.signoff import Statement

NOW = dt.datetime(2026, 11, 21, 12, 0, 0, tzinfo=dt.UTC)
SIZES = (5, 3, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a key."""

    name: str
    private: Ed25519PrivateKey

    @property
    def key(self) -> SigningKey:
        """What signs."""
        return SigningKey(self.private)

    @property
    def line(self) -> str:
        """The line of an ``allowed_signers`` file."""
        form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        return f"{self.name} {self.private.public_key().public_bytes(*form).decode()}\n"


def person(number: int = 1) -> Person:
    """Return somebody; of another number it is somebody else."""
    return Person(name=f"p{number}@example.com", private=Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


def records() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the results and the rows of the run; its first migration is a GO."""
    results, rows = sample(sizes=SIZES)
    results["migrations"][0]["verdict"] = "GO"
    return results, rows


def store(folder: Path) -> Path:
    """Write the run to a folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    results, rows = records()
    write_json(folder / "results.json", results)
    write_lines(folder / "rows.jsonl", rows)
    write_json(folder / "sealed.json", seal_of(results))
    write_text(folder / "latency.jsonl", '{"migration": "x"}\n')
    write_report(folder / "report.html", results, rows)
    write_markdown(folder / "summary.md", results, rows)
    leave_evidence(folder)
    return folder


def leave_evidence(folder: Path) -> str:
    """Write the evidence of what a folder holds now, as somebody would who changed it, and return the root."""
    results = json.loads((folder / "results.json").read_bytes())
    lines = [json.loads(line) for line in (folder / "rows.jsonl").read_bytes().splitlines()]
    keys = [(row["migration"], row["sample_id"]) for row in lines]
    return write_evidence(folder, results["run"]["id"], [record["id"] for record in results["migrations"]], keys)


def seal_of(results: dict[str, Any]) -> dict[str, Any]:
    """Return what was sealed of the run."""
    return {
        "schema_version": 1,
        "run": results["run"]["id"],
        "sealed_at": "2026-11-21T09:30:12+00:00",
        "options": {"error_tolerance": 0.02, "sample": None},
        "migrations": [sealed(record) for record in results["migrations"]],
        "gates": [sealed_gate(record["id"], gate) for record in results["migrations"] for gate in record["gates"]],
    }


def sealed(record: dict[str, Any]) -> dict[str, Any]:
    """Return what was sealed of a migration."""
    sides = ("source", "target")
    return {
        "id": record["id"],
        "dataset": record["dataset"],
        **{side: {"ref": record[side]["ref"], "prompt_sha256": record[side]["prompt"]["sha256"]} for side in sides},
        "metrics": [{"name": "exact_match", "version": "1"}],
        "judge": None,
        "slices": [],
        "weight": None,
        "cluster": None,
        "critical": None,
    }


def sealed_gate(migration: str, gate: dict[str, Any], text: str = "margin=0.3") -> dict[str, Any]:
    """Return what was sealed of a migration's gate."""
    return {
        "nodeid": gate["nodeid"],
        "migration": migration,
        "parameters": None,
        "sha256": sha256(text.encode()).hexdigest(),
        "text": text,
        "module": {"path": "test_triage.py", "sha256": sha256(b"module").hexdigest()},
    }


def approve(folder: Path, who: Person | None = None, **more: Any) -> Statement:
    """Sign the run's first migration, or record the approval where nobody signs."""
    about = {name: more.pop(name) for name in ("decision", "conditions", "expires", "reason") if name in more}
    said: dict[str, Any] = {"name": "A. Meyer", "role": "release manager", "decision": "approve", "reason": "Fine."}
    named: dict[str, Any] = {"migration": records()[0]["migrations"][0]["id"], "now": NOW, **more}
    statement, _ = sign(folder, Decision(**said | about), key=who.key if who else None, **named)
    return statement
