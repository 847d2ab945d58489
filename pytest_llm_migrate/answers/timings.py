"""Keeping latency passes: one process measures, the others wait, and a finished pass is not paid for again.

Functions on an open database, each to be called inside a transaction of the store.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers.ledger import LEASE_SECONDS, is_alive

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from pytest_llm_migrate.answers.ledger import Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class PassClaim:
    """What the store holds of a latency pass.

    Attributes:
        generation: Tells the pass from earlier ones of the same key; its samples' keys hold it.
        record: The whole result of a finished pass; else what an interrupted one left, or nothing.
        is_finished: Whether there is nothing left to measure.
    """

    generation: int
    record: Mapping[str, Any]
    is_finished: bool


def claim_pass(database: sqlite3.Connection, owner: Owner, key: str, since: float) -> PassClaim | None:
    """Return the pass, claimed for this process where it is not finished; ``None`` while any process measures one.

    A pass that began before ``since`` does not count, nor does an invalid one of an earlier run: it is measured anew.
    """
    now = time.time()
    found = database.execute(
        "SELECT generation, begun, ended, run, record FROM latency_passes WHERE key = ?", (key,)
    ).fetchone()
    generation, begun, ended, run, text = found or (0, now, None, owner.run, "{}")
    record: dict[str, Any] = json.loads(text)
    is_stale = begun < since or (ended is not None and run != owner.run and not record["valid"])
    if ended is not None and not is_stale:
        return PassClaim(generation=generation, record=record, is_finished=True)
    if _is_measuring(database, owner, now):
        return None
    if is_stale:
        generation, begun, record = generation + 1, now, {}
    row = (key, generation, begun, None, owner.run, owner.host, owner.pid, now + LEASE_SECONDS, json.dumps(record))
    database.execute("INSERT OR REPLACE INTO latency_passes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    return PassClaim(generation=generation, record=record, is_finished=False)


def has_pass(database: sqlite3.Connection, key: str, since: float) -> bool:
    """Tell whether a finished and valid pass is there that began no earlier than ``since``."""
    query = "SELECT record FROM latency_passes WHERE key = ? AND ended IS NOT NULL AND begun >= ?"
    found = database.execute(query, (key, since)).fetchone()
    return found is not None and bool(json.loads(found[0])["valid"])


def is_calling(database: sqlite3.Connection, run: str) -> bool:
    """Tell whether a run has a call in flight that could slow others down."""
    query = "SELECT EXISTS (SELECT 1 FROM attempts WHERE run = ? AND ended IS NULL AND job IS NULL)"
    return bool(database.execute(query, (run,)).fetchone()[0])


def keep_pass(
    database: sqlite3.Connection, owner: Owner, key: str, record: Mapping[str, Any], *, is_finished: bool = False
) -> None:
    """Write down how far a pass is, or its result, and renew the claim."""
    now = time.time()
    database.execute(
        "UPDATE latency_passes SET record = ?, ended = ?, lease = ? WHERE key = ? AND host = ? AND pid = ? AND run = ?",
        (
            json.dumps(record),
            now if is_finished else None,
            now + LEASE_SECONDS,
            key,
            owner.host,
            owner.pid,
            owner.run,
        ),
    )


def leave_pass(database: sqlite3.Connection, owner: Owner, key: str) -> None:
    """Give up a claim: whoever comes next goes on with what is there."""
    database.execute(
        "UPDATE latency_passes SET lease = 0 WHERE key = ? AND host = ? AND pid = ? AND run = ?",
        (key, owner.host, owner.pid, owner.run),
    )


def _is_measuring(database: sqlite3.Connection, owner: Owner, now: float) -> bool:
    query = "SELECT host, pid, run FROM latency_passes WHERE ended IS NULL AND lease >= ?"
    others = [item for item in database.execute(query, (now,)) if item != (owner.host, owner.pid, owner.run)]
    # In a container every run has the same few process ids: our own under another run is a dead one's.
    return any(host != owner.host or (pid != owner.pid and is_alive(pid)) for host, pid, _ in others)
