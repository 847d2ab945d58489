"""The store: every answer that was paid for, every attempt that was made, in one SQLite file that processes share."""

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
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers import jobs, ledger, timings
from pytest_llm_migrate.answers.database import open_database, select, store_fault
from pytest_llm_migrate.answers.jobs import Begun, JobPhase
from pytest_llm_migrate.answers.ledger import Owner
from pytest_llm_migrate.answers.pace import Ended, Pace
from pytest_llm_migrate.domain import Answer, CallFailure, Score
from pytest_llm_migrate.errors import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_llm_migrate.answers.jobs import KnownJob, NewJob
    from pytest_llm_migrate.answers.ledger import Closed, Spending, Wanted
    from pytest_llm_migrate.answers.pace import Quota
    from pytest_llm_migrate.answers.timings import PassClaim

_PACE_HOLDS = 600.0  # seconds after which what was found out about a quota is forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the store let a process do with the calls it wanted.

    Attributes:
        call: Keys it may call now, with the attempt's number in the ledger.
        elsewhere: Keys that another process is calling; its answer will be in the store.
        answered: Keys that were answered meanwhile.
        spent: The budget does not hold the next call.
    """

    call: Mapping[str, int] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()
    answered: Mapping[str, Answer] = field(default_factory=dict)
    spent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the answers to some questions are.

    Attributes:
        answered: Answers that are there, by key.
        jobs: The batch jobs that keys are records of, by key.
        calls: Keys that are called for one by one.
    """

    answered: Mapping[str, Answer]
    jobs: Mapping[str, str]
    calls: frozenset[str]


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
    """Answers, attempts and scores on disk; safe for many threads and processes at once.

    Raises:
        StoreError: The file cannot be opened or written, is no store, or is another version's.
        DamagedStoreError: The file is damaged; it was set aside.
    """

    def __init__(self, path: Path, terms: Terms) -> None:
        self.path, self.terms = path, terms
        self._lock = threading.Lock()
        self._host, self._pid = socket.gethostname(), os.getpid()
        self._database = open_database(path)

    @property
    def _owner(self) -> Owner:
        return Owner(host=self._host, pid=self._pid, run=self.terms.run)

    def close(self) -> None:
        """Close the file; another thread's use of this object fails afterwards."""
        with self._lock:
            self._database.close()

    def find(self, keys: Sequence[str]) -> dict[str, Answer]:
        """Return the answers kept under these keys, those of earlier runs marked as cached."""
        with self._reading() as database:
            return dict(_answers(database, keys, self.terms))

    def oldest(self, keys: Sequence[str]) -> float | None:
        """Return when the oldest answer under these keys was kept (seconds since the epoch), ``None`` where none is."""
        with self._reading() as database:
            return min((float(at) for (at,) in select(database, "at", "answers", keys)), default=None)

    def take(self, model: str, quota: Quota, wanted: Sequence[Wanted], closed: Sequence[Closed] = ()) -> Grant:
        """Write down what ended, then claim as many wanted calls as the model's quota leaves room for.

        One transaction: no two processes are granted the same key, and no more calls than the quota's pace
        allows are in flight over all of them.
        """
        quota = replace(quota, name=masked(quota.name))
        with self._writing() as database:
            ledger.close_attempts(database, closed)
            _keep(database, model, closed)
            now = time.time()
            pace = _pace(database, quota, now).seen(now, _ended(closed), quota)
            grant = Grant()
            if wanted:
                ledger.release_dead(database, self._owner)
                answered = dict(_answers(database, [item.key for item in wanted], self.terms))
                free = [item for item in wanted if item.key not in answered]
                in_flight = ledger.count_in_flight(database, quota.name)
                claimed = self._claim(database, model, quota, free, pace.room(now, in_flight, quota))
                pace = pace.sent(now, len(claimed.call), in_flight, quota)
                grant = replace(claimed, answered=answered)
            if closed or grant.call:
                _keep_pace(database, quota, pace, now)
            return grant

    def renew(self) -> None:
        """Tell other processes that this one still works on its calls."""
        with self._writing() as database:
            ledger.renew(database, self._owner)
            jobs.renew(database, self._owner)

    def standing(self, keys: Sequence[str]) -> Standing:
        """Return which answers are there, and which are on their way."""
        with self._reading() as database:
            in_flight, answered = dict(jobs.in_flight(database, keys)), dict(_answers(database, keys, self.terms))
        in_jobs = {key: job for key, job in in_flight.items() if job is not None}
        return Standing(answered=answered, jobs=in_jobs, calls=frozenset(in_flight.keys() - in_jobs.keys()))

    def begin_job(self, job: NewJob, wanted: Sequence[Wanted]) -> Begun:
        """Write a batch job with all its records down in one transaction, or nothing; before the service is asked."""
        with self._writing() as database:
            ledger.release_dead(database, self._owner)
            keys = [item.key for item in wanted]
            if any(jobs.in_flight(database, keys)) or any(_answers(database, keys, self.terms)):
                return Begun.TAKEN
            left = self._money_left(database)
            if left is not None and sum(item.reserve or 0.0 for item in wanted) > left:
                return Begun.SHORT if ledger.is_calling(database, self.terms.run) else Begun.SPENT
            jobs.begin(database, self._owner, job, wanted)
            return Begun.YES

    def note_job(self, name: str, job: str) -> None:
        """Write down the id that the service gave a job."""
        with self._writing() as database:
            jobs.note(database, name, JobPhase.RUNNING, job)

    def find_jobs(self, names: Sequence[str]) -> list[KnownJob]:
        """Return batch jobs; those whose process is gone become this one's to wait for and to pay."""
        with self._reading() as database:
            orphans = jobs.orphans(database, self._owner, names)
        if orphans:
            with self._writing() as database:
                jobs.adopt(database, self._owner, jobs.orphans(database, self._owner, orphans))
        with self._reading() as database:
            return jobs.found(database, self._owner, names)

    def open_records(self, name: str) -> dict[str, int]:
        """Return a job's records without an outcome: their keys, in order, with their numbers in the ledger."""
        with self._reading() as database:
            return jobs.records(database, name)

    def close_records(self, model: str, closed: Sequence[Closed]) -> None:
        """Write down what came of records of a batch job."""
        with self._writing() as database:
            ledger.close_attempts(database, closed)
            _keep(database, model, closed)

    def end_job(self, name: str, phase: JobPhase, closed: Sequence[Closed] = ()) -> None:
        """Write down that a job is over, and what that makes of its last records."""
        with self._writing() as database:
            ledger.close_attempts(database, closed)
            jobs.note(database, name, phase)

    def running_jobs(self) -> int:
        """Return how many batch jobs of this run are not over."""
        with self._reading() as database:
            return jobs.count_running(database, self.terms.run)

    def find_scores(self, keys: Sequence[str]) -> dict[str, Score]:
        """Return the scores kept under these keys."""
        with self._reading() as database:
            found = select(database, "key, value, reason", "scores", keys)
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

    def spending(self) -> Spending:
        """Return what this run's attempts came to."""
        with self._reading() as database:
            return ledger.spending(database, self.terms.run)

    def typical(self, model: str, purpose: str) -> Answer | None:
        """Return an answer of the mean length of a model's answers for a purpose, ``None`` where none is known."""
        with self._reading() as database:
            return ledger.typical(database, model, purpose)

    def unknown_attempts(self) -> list[dict[str, Any]]:
        """Return attempts of killed runs that were found since this run began: whether they were paid is unknown."""
        with self._reading() as database:
            return ledger.unknown_attempts(database, self.terms.started)

    def is_calling(self) -> bool:
        """Tell whether a process of this run has a call in flight; records of batch jobs are none."""
        with self._writing() as database:
            ledger.release_dead(database, self._owner)
            return timings.is_calling(database, self.terms.run)

    def claim_pass(self, key: str) -> PassClaim | None:
        """Return a latency pass, claimed where it is not finished; ``None`` while any process measures one."""
        with self._writing() as database:
            return timings.claim_pass(database, self._owner, key, self.terms.since)

    def has_pass(self, key: str) -> bool:
        """Tell whether the store holds a finished and valid latency pass."""
        with self._reading() as database:
            return timings.has_pass(database, key, self.terms.since)

    def keep_pass(self, key: str, record: Mapping[str, Any], *, is_finished: bool = False) -> None:
        """Write down how far a latency pass of this process is, or its result."""
        with self._writing() as database:
            timings.keep_pass(database, self._owner, key, record, is_finished=is_finished)

    def leave_pass(self, key: str) -> None:
        """Give up the claim on a latency pass."""
        with self._writing() as database:
            timings.leave_pass(database, self._owner, key)

    def _claim(
        self, database: sqlite3.Connection, model: str, quota: Quota, wanted: Iterable[Wanted], room: int
    ) -> Grant:
        call: dict[str, int] = {}
        elsewhere: list[str] = []
        left = self._money_left(database)
        for item in wanted:
            if len(call) >= room:
                break
            if left is not None and (item.reserve or 0.0) > left:
                # Calls in flight cost less than they may: the money is spent when none can give any back.
                spent = not ledger.is_calling(database, self.terms.run)
                return Grant(call=call, elsewhere=tuple(elsewhere), spent=spent)
            attempt = ledger.open_attempt(database, self._owner, model, quota.name, item)
            if attempt is None:
                elsewhere.append(item.key)
                continue
            call[item.key] = attempt
            left = None if left is None else left - (item.reserve or 0.0)
        return Grant(call=call, elsewhere=tuple(elsewhere))

    def _money_left(self, database: sqlite3.Connection) -> float | None:
        if self.terms.max_cost is None:
            return None
        return self.terms.max_cost - ledger.committed(database, self.terms.run)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._database
            except sqlite3.DatabaseError as error:
                raise store_fault(self.path, error) from error

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


def _ended(closed: Sequence[Closed]) -> Ended:
    crowded = [item.outcome for item in closed if item.is_crowded]
    waits = [item.retry_after or 0.0 for item in crowded if isinstance(item, CallFailure)]
    return Ended(accepted=len(closed) - len(crowded), crowded=len(crowded), retry_after=max(waits, default=0.0))


def _keep(database: sqlite3.Connection, model: str, closed: Iterable[Closed]) -> None:
    now = time.time()
    rows = [
        (item.key, masked(model), now, json.dumps(item.outcome.to_record(), ensure_ascii=False))
        for item in closed
        if isinstance(item.outcome, Answer)
    ]
    database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", rows)


def _pace(database: sqlite3.Connection, quota: Quota, now: float) -> Pace:
    row = database.execute("SELECT at, record FROM paces WHERE quota = ?", (quota.name,)).fetchone()
    return Pace.from_record(json.loads(row[1])) if row and now - row[0] < _PACE_HOLDS else Pace()


def _keep_pace(database: sqlite3.Connection, quota: Quota, pace: Pace, now: float) -> None:
    database.execute("INSERT OR REPLACE INTO paces VALUES (?, ?, ?)", (quota.name, now, json.dumps(pace.to_record())))


def _answers(database: sqlite3.Connection, keys: Sequence[str], terms: Terms) -> Iterator[tuple[str, Answer]]:
    for key, at, record in select(database, "key, at, record", "answers", keys):
        if float(at) >= terms.since:
            yield key, Answer.from_record(json.loads(record) | {"cached": float(at) < terms.started})
