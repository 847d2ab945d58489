"""The store: every answer that was paid for, every call that was made, in one SQLite file that processes share."""

from __future__ import annotations

import json
import math
import os
import socket
import sqlite3
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import Answer, CallFailure, Score
from pytest_llm_migrate.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_llm_migrate.domain import Outcome

SCHEMA_VERSION = 1
LEASE_SECONDS = 60.0
_BUSY_SECONDS = 60.0
_CHUNK = 500  # bound variables per statement; SQLite guarantees at least 999

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, model TEXT NOT NULL, at REAL NOT NULL, record TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS calls (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, model TEXT NOT NULL, run TEXT NOT NULL, host TEXT NOT NULL,
  pid INTEGER NOT NULL, started REAL NOT NULL, lease REAL NOT NULL, ended REAL, outcome TEXT, cost REAL
);
CREATE UNIQUE INDEX IF NOT EXISTS calls_in_flight ON calls (key) WHERE ended IS NULL;
CREATE INDEX IF NOT EXISTS calls_of_run ON calls (run);
CREATE TABLE IF NOT EXISTS scores (
  key TEXT PRIMARY KEY, value REAL NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fresh_runs (
  command TEXT PRIMARY KEY, started REAL NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A call that a process would like to make.

    Attributes:
        key: The identity of the answer.
        reserve: US dollars the call may cost at most, ``None`` when the model has no known price.
    """

    key: str
    reserve: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the store let a process do with the calls it wanted.

    Attributes:
        call: Keys it may call now; each is in the ledger as in flight.
        elsewhere: Keys that another process is calling; its answer will be in the store.
        answered: Keys that were answered meanwhile.
        spent: The budget does not hold the next call.
    """

    call: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    answered: Mapping[str, Answer] = field(default_factory=dict)
    spent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A call that ended, to be written down, with its cost in US dollars where that is known."""

    key: str
    model: str
    outcome: Outcome
    cost: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under which terms a process uses the store.

    Attributes:
        run: The run that pays.
        since: Answers older than this (seconds since the epoch) do not count; 0 accepts all.
        started: When the run began (seconds since the epoch); older answers are marked as cached.
        max_cost: US dollars this run may spend, ``None`` for no limit.
    """

    run: str
    since: float = 0.0
    started: float = math.inf
    max_cost: float | None = None


class Store:
    """Answers, calls and scores on disk; safe for many threads and processes at once.

    Raises:
        StoreError: The file cannot be opened, is no store, or was written by a newer version.
    """

    def __init__(self, path: Path, terms: Terms) -> None:
        self.path, self.terms = path, terms
        self._lock = threading.Lock()
        self._host, self._pid = socket.gethostname(), os.getpid()
        try:
            self._database = _open(path)
        except (sqlite3.DatabaseError, OSError) as error:
            raise StoreError(path, str(error)) from error

    @property
    def _owner(self) -> tuple[str, int, str]:
        return self._host, self._pid, self.terms.run

    def close(self) -> None:
        """Close the file; another thread's use of this object fails afterwards."""
        with self._lock:
            self._database.close()

    def find(self, keys: Sequence[str]) -> dict[str, Answer]:
        """Return the answers kept under these keys, those of earlier runs marked as cached."""
        with self._reading() as database:
            return dict(_answers(database, keys, self.terms))

    def take(self, model: str, wanted: Sequence[Wanted], limit: int, closed: Sequence[Closed] = ()) -> Grant:
        """Write down what ended, then claim as many wanted calls as the model's limit leaves room for.

        One transaction: no two processes are granted the same key, and no more than ``limit`` calls of a
        model are in flight over all of them.
        """
        with self._writing() as database:
            self._write_closed(database, closed)
            if not wanted:
                return Grant()
            self._release_dead(database)
            room = limit - _count_in_flight(database, model)
            answered = dict(_answers(database, [item.key for item in wanted], self.terms))
            free = [item for item in wanted if item.key not in answered]
            return replace(self._claim(database, model, free, room), answered=answered)

    def renew(self) -> None:
        """Tell other processes that this one still works on its calls."""
        with self._writing() as database:
            database.execute(
                "UPDATE calls SET lease = ? WHERE ended IS NULL AND host = ? AND pid = ? AND run = ?",
                (time.time() + LEASE_SECONDS, *self._owner),
            )

    def find_scores(self, keys: Sequence[str]) -> dict[str, Score]:
        """Return the scores kept under these keys."""
        with self._reading() as database:
            found = _select(database, "key, value, reason", "scores", keys)
            return {key: Score(float(value), reason) for key, value, reason in found}

    def keep_scores(self, scores: Mapping[str, Score]) -> None:
        """Keep scores; failures are not kept, so that the next run tries again."""
        rows = [(key, float(score), score.reason) for key, score in scores.items()]
        with self._writing() as database:
            database.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?, ?)", rows)

    def begin_fresh(self, command: str) -> float:
        """Return since when answers count for a fresh run: now, or the start of the same command's unfinished run."""
        with self._writing() as database:
            database.execute("INSERT OR IGNORE INTO fresh_runs VALUES (?, ?)", (command, time.time()))
            row = database.execute("SELECT started FROM fresh_runs WHERE command = ?", (command,)).fetchone()
            return float(row[0])

    def end_fresh(self, command: str) -> None:
        """Note that a fresh run got to its end: the same command asks anew next time."""
        with self._writing() as database:
            database.execute("DELETE FROM fresh_runs WHERE command = ?", (command,))

    def spending(self) -> tuple[int, float, int]:
        """Return this run's calls, US dollars of those with a known price, and calls without one."""
        query = "SELECT count(*), total(cost), sum(cost IS NULL) FROM calls WHERE run = ? AND ended IS NOT NULL"
        with self._reading() as database:
            calls, dollars, unpriced = database.execute(query, (self.terms.run,)).fetchone()
            return int(calls), float(dollars), int(unpriced or 0)

    def _claim(self, database: sqlite3.Connection, model: str, wanted: Sequence[Wanted], room: int) -> Grant:
        call: list[str] = []
        elsewhere: list[str] = []
        left = self._money_left(database)
        for item in wanted:
            if len(call) >= room:
                break
            if left is not None and (item.reserve or 0.0) > left:
                # Calls in flight cost less than they may: the money is spent when none can give any back.
                spent = not self._is_calling(database)
                return Grant(call=tuple(call), elsewhere=tuple(elsewhere), spent=spent)
            if not self._open_call(database, model, item):
                elsewhere.append(item.key)
                continue
            call.append(item.key)
            left = None if left is None else left - (item.reserve or 0.0)
        return Grant(call=tuple(call), elsewhere=tuple(elsewhere))

    def _open_call(self, database: sqlite3.Connection, model: str, item: Wanted) -> bool:
        now = time.time()
        row = (item.key, model, *self._owner, now, now + LEASE_SECONDS, item.reserve)
        statement = (
            "INSERT OR IGNORE INTO calls (key, model, host, pid, run, started, lease, cost) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        return database.execute(statement, row).rowcount == 1

    def _money_left(self, database: sqlite3.Connection) -> float | None:
        if self.terms.max_cost is None:
            return None
        spent = database.execute("SELECT total(cost) FROM calls WHERE run = ?", (self.terms.run,)).fetchone()[0]
        return float(self.terms.max_cost - spent)

    def _is_calling(self, database: sqlite3.Connection) -> bool:
        query = "SELECT EXISTS (SELECT 1 FROM calls WHERE run = ? AND ended IS NULL)"
        return bool(database.execute(query, (self.terms.run,)).fetchone()[0])

    def _write_closed(self, database: sqlite3.Connection, closed: Iterable[Closed]) -> None:
        now = time.time()
        for item in closed:
            said = item.outcome.kind if isinstance(item.outcome, CallFailure) else "answered"
            database.execute(
                # Given up for dead and not dead: what was unknown is known after all.
                "UPDATE calls SET ended = ?, outcome = ?, cost = ? "
                "WHERE key = ? AND (ended IS NULL OR outcome = 'unknown') AND host = ? AND pid = ? AND run = ?",
                (now, said, item.cost, item.key, *self._owner),
            )
            if isinstance(item.outcome, Answer):
                record = json.dumps(item.outcome.to_record(), ensure_ascii=False)
                row = (item.key, item.model, now, record)
                database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", row)

    def _release_dead(self, database: sqlite3.Connection) -> None:
        now = time.time()
        query = (
            "SELECT DISTINCT host, pid, run, lease < ? FROM calls "
            "WHERE ended IS NULL AND NOT (host = ? AND pid = ? AND run = ?)"
        )
        for host, pid, run, expired in database.execute(query, (now, *self._owner)).fetchall():
            if expired or (host == self._host and not self._may_live(pid)):
                # Sent or not, answered or not: nobody can tell any more, and the ledger says so.
                database.execute(
                    "UPDATE calls SET ended = ?, outcome = 'unknown' "
                    "WHERE ended IS NULL AND host = ? AND pid = ? AND run = ?",
                    (now, host, pid, run),
                )

    def _may_live(self, pid: int) -> bool:
        # In a container every run has the same few process ids: a call of ours from another run is a dead one's.
        return pid != self._pid and _is_alive(pid)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._database
            except sqlite3.DatabaseError as error:
                raise StoreError(self.path, str(error)) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _prepare(database)
    except BaseException:
        database.close()
        raise
    return database


def _share(database: sqlite3.Connection) -> None:
    # Of processes that open a new file at once some are told that it is locked: the timeout does not cover this.
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _prepare(database: sqlite3.Connection) -> None:
    _share(database)
    database.execute("PRAGMA synchronous = NORMAL")
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise sqlite3.DatabaseError(f"written by a newer version (schema {version}, this one knows {SCHEMA_VERSION})")
    if version < SCHEMA_VERSION:
        database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def _select(database: sqlite3.Connection, columns: str, table: str, keys: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        yield from database.execute(
            f"SELECT {columns} FROM {table} WHERE key IN ({marks})",  # noqa: S608 - names are ours, values are bound
            chunk,
        )


def _answers(database: sqlite3.Connection, keys: Sequence[str], terms: Terms) -> Iterator[tuple[str, Answer]]:
    for key, at, record in _select(database, "key, at, record", "answers", keys):
        if float(at) >= terms.since:
            yield key, Answer.from_record(json.loads(record) | {"cached": float(at) < terms.started})


def _count_in_flight(database: sqlite3.Connection, model: str) -> int:
    query = "SELECT count(*) FROM calls WHERE ended IS NULL AND model = ?"
    return int(database.execute(query, (model,)).fetchone()[0])


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
