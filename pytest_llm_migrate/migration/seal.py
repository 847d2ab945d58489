"""What decides a run, noted before the first call: the texts of the gates, and the terms that they judge under."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import SIDES
from pytest_llm_migrate.errors import masked, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.domain import Metric
    from pytest_llm_migrate.migration.migration import Terms

SEAL_FILE = "sealed.json"
SEAL_VERSION = 1
Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedGate:
    """A gate as its test file has it before anything is asked.

    Attributes:
        nodeid: The test.
        migration: The id of what it judges.
        parameters: What tells it from other tests of the same function; ``None`` where there is but one.
        text: The source text of its function; ``None`` where that cannot be read.
        module: The file that the function is in, seen from the root folder.
        module_sha256: The hash of that file; ``None`` where it cannot be read.
    """

    nodeid: str
    migration: str
    parameters: str | None
    text: str | None
    module: str
    module_sha256: str | None

    def to_record(self) -> Record:
        """Return the gate as JSON-ready builtins; the hash is of the text as it is, the text shown has no secrets."""
        return {
            "nodeid": self.nodeid,
            "migration": self.migration,
            "parameters": self.parameters,
            "sha256": None if self.text is None else sha256(self.text.encode("utf-8", "surrogatepass")),
            "text": None if self.text is None else without_secrets(self.text),
            "module": {"path": self.module, "sha256": self.module_sha256},
        }


def sha256(content: bytes) -> str:
    """Return a hash as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sealed_terms(terms: Terms, metrics: Sequence[Metric], judge: str | None) -> Record:
    """Return what of a migration's terms decides its verdict, JSON-ready; ``judge`` is a model's reference."""
    known = terms.to_record()
    return {
        "id": terms.id,
        "dataset": known["dataset"],
        **{side: _sealed_side(known[side]) for side in SIDES},
        "metrics": [{"name": metric.name, "version": metric.version} for metric in metrics],
        "judge": judge and masked(judge),
        **{name: known[name] for name in ("slices", "weight", "cluster", "critical")},
    }


def _sealed_side(side: Mapping[str, Any]) -> Record:
    return {"ref": side["ref"], "prompt_sha256": side["prompt"] and side["prompt"]["sha256"]}


def seal_of(
    run: str, at: str, migrations: Iterable[Record], gates: Iterable[SealedGate], options: Mapping[str, Any]
) -> Record:
    """Return ``sealed.json`` of a run; ``at`` is ISO 8601, ``options`` are those that decide, by their names.

    The order of the tests makes no difference.
    """
    return {
        "schema_version": SEAL_VERSION,
        "run": run,
        "sealed_at": at,
        "options": dict(options),
        "migrations": sorted(migrations, key=lambda found: str(found["id"])),
        "gates": [gate.to_record() for gate in sorted(gates, key=lambda gate: gate.nodeid)],
    }


def content_sha256(seal: Mapping[str, Any]) -> str:
    """Return the hash of all that a seal says but its time, which is the same in every process of a run."""
    content = {name: value for name, value in seal.items() if name != "sealed_at"}
    return sha256(json.dumps(content, sort_keys=True).encode())


def gate_hashes(seal: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the hash of every sealed gate's text by its node id."""
    return {gate["nodeid"]: gate["sha256"] for gate in seal["gates"]}


def seal_warnings(seal: Mapping[str, Any], hash_of: Callable[[str], str | None]) -> Iterator[str]:
    """Yield a sentence for each gate whose text was not sealed, or whose module is not what was sealed.

    ``hash_of`` gives the hash that a module, by its path in the seal, has now.
    """
    gates = {gate["nodeid"].partition("[")[0]: gate for gate in seal["gates"]}
    for name, gate in gates.items():
        module = gate["module"]
        if gate["sha256"] is None:
            yield f"the text of {name} is not to be had, and was not sealed"
        if hash_of(module["path"]) != module["sha256"]:
            yield f"{name} changed after it was sealed: {module['path']} is not the file that it was before the calls"
