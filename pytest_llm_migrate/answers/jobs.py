"""Batch jobs in the store: which there are, which attempts are their records, and which process waits for them.

Functions on an open database, each to be called inside a transaction of the store.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pytest_llm_migrate.answers import ledger
from pytest_llm_migrate.errors import masked

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_llm_migrate.answers.ledger import Owner, Wanted

LEASE_SECONDS = 600.0
"""Seconds without a word after which a job's process counts as dead: it may be sending a large file."""
QUOTA = "batch jobs"
"""Records count against no quota of calls."""
_CHUNK = 500
_COLUMNS = "name, id, region, state, started, run, host, pid, lease"


class JobPhase(StrEnum):
    """What this project knows of a job: written down, started, over, or over without an answer to its records."""

    BEGUN = "begun"
    RUNNING = "running"
    ENDED = "ended"
    GIVEN_UP = "given up"


class Begun(StrEnum):
    """What became of the wish to begin a job."""

    YES = "yes"
    TAKEN = "taken"
    """A record is answered or in flight by now."""
    SHORT = "short"
    """The budget does not hold the job while calls are in flight that may cost less than they could."""
    SPENT = "spent"
    """The budget does not hold the job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job about to be started: its own name, its model's reference and its region."""

    name: str
    model: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownJob:
    """A job in the store.

    Attributes:
        name: Its name here and at the service.
        id: The service's id, ``None`` while the service may not have been asked.
        region: Where it runs.
        phase: How far it is.
        started: When it was begun, in seconds since the epoch.
        is_mine: Whether this process is the one that waits for it.
    """

    name: str
    id: str | None
    region: str
    phase: JobPhase
    started: float
    is_mine: bool

    @property
    def is_over(self) -> bool:
        """Whether its results were read, or never will be."""
        return self.phase in {JobPhase.ENDED, JobPhase.GIVEN_UP}


def begin(database: sqlite3.Connection, owner: Owner, job: NewJob, wanted: Iterable[Wanted]) -> None:
    """Write a job and its records down, before the service is asked."""
    now = time.time()
    row = (job.name, None, masked(job.model), job.region, JobPhase.BEGUN, now, owner.run, owner.host, owner.pid)
    database.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, now + LEASE_SECONDS))
    for item in wanted:
        ledger.open_attempt(database, owner, job.model, QUOTA, item)


def note(database: sqlite3.Connection, name: str, phase: JobPhase, job: str | None = None) -> None:
    """Write down how far a job is, and its id once that is known."""
    database.execute("UPDATE jobs SET state = ?, id = coalesce(?, id) WHERE name = ?", (phase, job, name))


def in_flight(database: sqlite3.Connection, keys: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Yield those keys whose attempt is in flight, with the job that it is a record of."""
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        query = f"SELECT key, job FROM attempts WHERE ended IS NULL AND key IN ({marks})"  # noqa: S608 - values are bound
        yield from database.execute(query, chunk)


def found(database: sqlite3.Connection, owner: Owner, names: Iterable[str]) -> list[KnownJob]:
    """Return jobs by their names."""
    return [_known(owner, row) for row in _rows(database, names)]


def orphans(database: sqlite3.Connection, owner: Owner, names: Iterable[str]) -> list[str]:
    """Return those jobs that are not over and whose process is gone."""
    now = time.time()
    return [
        row[0]
        for row in _rows(database, names)
        if not _known(owner, row).is_over and not _is_mine(owner, row) and (float(row[8]) < now or _is_gone(owner, row))
    ]


def adopt(database: sqlite3.Connection, owner: Owner, names: Iterable[str]) -> None:
    """Make this process the one that waits for jobs, and its run the one that pays for their records."""
    for name in names:
        database.execute(
            "UPDATE jobs SET run = ?, host = ?, pid = ?, lease = ? WHERE name = ?",
            (owner.run, owner.host, owner.pid, time.time() + LEASE_SECONDS, name),
        )
        database.execute("UPDATE attempts SET run = ? WHERE job = ? AND ended IS NULL", (owner.run, name))


def renew(database: sqlite3.Connection, owner: Owner) -> None:
    """Tell other processes that this one still waits for its jobs."""
    database.execute(
        "UPDATE jobs SET lease = ? WHERE host = ? AND pid = ? AND run = ?",
        (time.time() + LEASE_SECONDS, owner.host, owner.pid, owner.run),
    )


def records(database: sqlite3.Connection, name: str) -> dict[str, int]:
    """Return a job's records without an outcome: their keys, in order, with their numbers in the ledger."""
    query = "SELECT key, id FROM attempts WHERE job = ? AND ended IS NULL ORDER BY id"
    return {str(key): int(number) for key, number in database.execute(query, (name,))}


def count_running(database: sqlite3.Connection, run: str) -> int:
    """Return how many jobs of a run are not over."""
    query = "SELECT count(*) FROM jobs WHERE run = ? AND state IN (?, ?)"
    return int(database.execute(query, (run, JobPhase.BEGUN, JobPhase.RUNNING)).fetchone()[0])


def _rows(database: sqlite3.Connection, names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    for name in names:
        yield from database.execute(f"SELECT {_COLUMNS} FROM jobs WHERE name = ?", (name,))  # noqa: S608 - our names


def _known(owner: Owner, row: Sequence[str]) -> KnownJob:
    name, job, region, state, started = row[:5]
    return KnownJob(
        name=name,
        id=job,
        region=region,
        phase=JobPhase(state),
        started=float(started),
        is_mine=_is_mine(owner, row),
    )


def _is_mine(owner: Owner, row: Sequence[object]) -> bool:
    return tuple(row[5:8]) == (owner.run, owner.host, owner.pid)


def _is_gone(owner: Owner, row: Sequence[object]) -> bool:
    return ledger.is_gone(owner, str(row[6]), int(str(row[7])))
