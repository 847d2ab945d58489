"""The ledger: every attempt is written down before it is sent, and closed when its outcome is stored.

Functions on an open database, each to be called inside a transaction of the store.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llm_migrate.answers.retries import CROWDED
from pytest_llm_migrate.domain import Answer, CallFailure
from pytest_llm_migrate.errors import masked

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llm_migrate.domain import Outcome

LEASE_SECONDS = 60.0
ANSWERED = "answered"
UNKNOWN = "unknown"
"""The outcome of an attempt whose process died: sent or not, answered or not, paid or not."""

USE_CASE = "answer"
"""The purpose of calls that answer rows; every other purpose is kept apart from the use case's own cost."""

_USAGE = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
_CLOSE = (
    f"UPDATE attempts SET ended = ?, outcome = ?, cost = ?, "  # noqa: S608 - names are ours, values are bound
    f"{', '.join(f'{name} = ?' for name in _USAGE)} WHERE id = ?"
)
_OPEN = (
    "INSERT OR IGNORE INTO attempts "
    "(key, number, purpose, reserve, job, model, quota, host, pid, run, sent, lease) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A call that a process would like to make.

    Attributes:
        key: The identity of the answer.
        reserve: US dollars the call may cost at most, ``None`` when the model has no known price.
        purpose: What the answer is for: ``answer``, ``judge``, ``latency`` or ``optimize``.
        number: Which attempt at this answer it is, from 1.
        job: The batch job that it is a record of, ``None`` for a call by itself.
    """

    key: str
    reserve: float | None = None
    purpose: str = USE_CASE
    number: int = 1
    job: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """An attempt that ended, by its number in the ledger, with its cost in US dollars where that is known."""

    id: int
    key: str
    outcome: Outcome
    cost: float | None

    @property
    def is_crowded(self) -> bool:
        """Whether the service had no room for it."""
        return isinstance(self.outcome, CallFailure) and self.outcome.kind in CROWDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process that makes a call, and the run that pays for it."""

    host: str
    pid: int
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """A run's attempts that ended, at one model and for one purpose.

    Attributes:
        model: The model's reference, without its account.
        quota: What the service counts these calls by, likewise.
        purpose: What the answers are for.
        calls: Attempts, each retry one of them.
        answers: Attempts that brought an answer.
        retries: Attempts at an answer that an earlier attempt did not bring.
        throttled: Attempts that the service had no room for.
    """

    model: str
    quota: str
    purpose: str
    calls: int
    answers: int
    retries: int
    throttled: int

    def to_record(self) -> dict[str, Any]:
        """Return the counts as JSON-ready builtins."""
        names = ("model", "purpose", "calls", "answers", "retries", "throttled")
        return {name: getattr(self, name) for name in names}


class Paid(NamedTuple):
    """What attempts for one purpose came to: how many, the US dollars of those with a price, how many have none."""

    calls: int = 0
    usd: float = 0.0
    unpriced_calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a run's attempts came to.

    Attributes:
        calls: Attempts that ended.
        usd: US dollars of those with a known price.
        unpriced_calls: Attempts whose cost is unknown.
        failed_calls: Attempts without an answer, by the fault's name.
        purposes: What those for each purpose came to.
        traffic: Attempts by model and purpose.
        in_flight: Attempts that have not ended, but for records of batch jobs.
    """

    calls: int = 0
    usd: float = 0.0
    unpriced_calls: int = 0
    failed_calls: Mapping[str, int] = field(default_factory=dict)
    purposes: Mapping[str, Paid] = field(default_factory=dict)
    traffic: Sequence[Traffic] = ()
    in_flight: int = 0

    def to_record(self) -> dict[str, Any]:
        """Return the sums as JSON-ready builtins."""
        return {
            "calls": self.calls,
            "usd": self.usd,
            "unpriced_calls": self.unpriced_calls,
            "failed_calls": dict(self.failed_calls),
            "purposes": {name: paid._asdict() for name, paid in self.purposes.items()},
            "traffic": [found.to_record() for found in self.traffic],
        }


def open_attempt(database: sqlite3.Connection, owner: Owner, model: str, quota: str, item: Wanted) -> int | None:
    """Write an attempt down; returns its number, or ``None`` where the same call is in flight already."""
    now = time.time()
    row = (
        *(item.key, item.number, item.purpose, item.reserve, item.job),
        *(masked(model), quota, owner.host, owner.pid, owner.run, now, now + LEASE_SECONDS),
    )
    cursor = database.execute(_OPEN, row)
    return cursor.lastrowid if cursor.rowcount == 1 else None


def close_attempts(database: sqlite3.Connection, closed: Iterable[Closed]) -> None:
    """Write down how attempts ended; one that was given up for dead and was not is known after all."""
    now = time.time()
    for item in closed:
        outcome = item.outcome
        said = ANSWERED if isinstance(outcome, Answer) else outcome.kind
        usage = [getattr(outcome, name, None) for name in _USAGE]
        database.execute(_CLOSE, (now, said, item.cost, *usage, item.id))


def renew(database: sqlite3.Connection, owner: Owner) -> None:
    """Tell other processes that this one still works on its attempts."""
    database.execute(
        "UPDATE attempts SET lease = ? WHERE ended IS NULL AND host = ? AND pid = ? AND run = ?",
        (time.time() + LEASE_SECONDS, owner.host, owner.pid, owner.run),
    )


def release_dead(database: sqlite3.Connection, owner: Owner) -> None:
    """Close the attempts of processes that are gone: nobody can tell any more what became of them.

    Records of a batch job are left: the job goes on without the process, and its results will tell.
    """
    now = time.time()
    query = (
        "SELECT DISTINCT host, pid, run, lease < ? FROM attempts "
        "WHERE ended IS NULL AND job IS NULL AND NOT (host = ? AND pid = ? AND run = ?)"
    )
    for host, pid, run, expired in database.execute(query, (now, owner.host, owner.pid, owner.run)).fetchall():
        if expired or is_gone(owner, host, pid):
            database.execute(
                "UPDATE attempts SET ended = ?, outcome = ? "
                "WHERE ended IS NULL AND job IS NULL AND host = ? AND pid = ? AND run = ?",
                (now, UNKNOWN, host, pid, run),
            )


def is_gone(owner: Owner, host: str, pid: int) -> bool:
    """Tell whether the process of another run, or of another worker of this one, is seen to be dead."""
    # In a container every run has the same few process ids: our own under another run is a dead one's.
    return host == owner.host and (pid == owner.pid or not is_alive(pid))


def count_in_flight(database: sqlite3.Connection, quota: str) -> int:
    """Return how many attempts of all processes count against a quota now."""
    query = "SELECT count(*) FROM attempts WHERE ended IS NULL AND quota = ?"
    return int(database.execute(query, (quota,)).fetchone()[0])


def is_calling(database: sqlite3.Connection, run: str) -> bool:
    """Tell whether a run has an attempt in flight."""
    query = "SELECT EXISTS (SELECT 1 FROM attempts WHERE run = ? AND ended IS NULL)"
    return bool(database.execute(query, (run,)).fetchone()[0])


def committed(database: sqlite3.Connection, run: str) -> float:
    """Return US dollars that a run has spent or may have: what is not known to be cheaper counts at its dearest."""
    query = "SELECT total(coalesce(cost, reserve)) FROM attempts WHERE run = ?"
    return float(database.execute(query, (run,)).fetchone()[0])


def spending(database: sqlite3.Connection, run: str) -> Spending:
    """Return the sums of a run's attempts that ended, and how many have not."""
    query = (
        "SELECT purpose, outcome, count(*), total(cost), sum(cost IS NULL) FROM attempts "
        "WHERE run = ? AND ended IS NOT NULL GROUP BY purpose, outcome"
    )
    failed: Counter[str] = Counter()
    purposes: dict[str, Paid] = {}
    for purpose, outcome, calls, dollars, without in database.execute(query, (run,)):
        before = purposes.get(purpose, Paid())
        purposes[purpose] = Paid(before.calls + calls, before.usd + dollars, before.unpriced_calls + without)
        if outcome != ANSWERED:
            failed[outcome] += calls
    return Spending(
        calls=sum(paid.calls for paid in purposes.values()),
        usd=sum(paid.usd for paid in purposes.values()),
        unpriced_calls=sum(paid.unpriced_calls for paid in purposes.values()),
        failed_calls=failed,
        purposes=purposes,
        traffic=_traffic(database, run),
        in_flight=_in_flight(database, run),
    )


def _traffic(database: sqlite3.Connection, run: str) -> tuple[Traffic, ...]:
    crowded = ", ".join("?" * len(CROWDED))
    query = (
        "SELECT model, quota, purpose, count(*), sum(outcome = ?), sum(number > 1), "  # noqa: S608 - marks only
        f"sum(outcome IN ({crowded})) FROM attempts WHERE run = ? AND ended IS NOT NULL "
        "GROUP BY model, quota, purpose"
    )
    names = ("model", "quota", "purpose", "calls", "answers", "retries", "throttled")
    found = database.execute(query, (ANSWERED, *CROWDED, run))
    return tuple(Traffic(**dict(zip(names, row, strict=True))) for row in found)


def _in_flight(database: sqlite3.Connection, run: str) -> int:
    query = "SELECT count(*) FROM attempts WHERE run = ? AND ended IS NULL AND job IS NULL"
    return int(database.execute(query, (run,)).fetchone()[0])


def unknown_attempts(database: sqlite3.Connection, since: float) -> list[dict[str, Any]]:
    """Return attempts found dead since a moment: when they were sent, by which run, to which model."""
    query = (
        "SELECT key, number, purpose, model, run, sent FROM attempts WHERE outcome = ? AND ended >= ? ORDER BY sent, id"
    )
    names = ("key", "number", "purpose", "model", "run", "sent")
    return [dict(zip(names, row, strict=True)) for row in database.execute(query, (UNKNOWN, since))]


def typical(database: sqlite3.Connection, model: str, purpose: str) -> Answer | None:
    """Return an answer of the mean length of a model's answers for a purpose, ``None`` where none is known."""
    query = (
        "SELECT AVG(input_tokens), AVG(output_tokens) FROM attempts WHERE model = ? AND purpose = ? "
        "AND input_tokens IS NOT NULL AND output_tokens IS NOT NULL"
    )
    read, written = database.execute(query, (model, purpose)).fetchone()
    return None if read is None else Answer(text="", input_tokens=round(read), output_tokens=round(written))


def is_alive(pid: int) -> bool:
    """Tell whether a process of this machine is still there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
