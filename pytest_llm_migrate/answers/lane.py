"""One model's queue: what is kept is handed out, the rest is called in parallel and kept, each answer once."""

from __future__ import annotations

import json
import math
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from pytest_llm_migrate.answers.store import LEASE_SECONDS, Closed, Wanted
from pytest_llm_migrate.domain import Answer, CallFailure
from pytest_llm_migrate.errors import CallFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llm_migrate.answers.store import Grant, Store
    from pytest_llm_migrate.domain import Model, Outcome, Request

_POLL_SECONDS = 0.05  # how often to look for an answer that another process is fetching
_POLL_AT_ONCE = 256
_IDLE_SECONDS = 1.0

NOT_RUN = "budget_spent"
"""The kind of failure that means: not called, for lack of budget; the row is not run, never failed."""


@dataclass(slots=True, eq=False, kw_only=True)
class Job:
    """An answer that somebody waits for.

    Attributes:
        key: The identity of the answer.
        request: What is sent.
        ordinal: The job's place in its lane, from 0.
        reserve: US dollars the call may cost at most, ``None`` when unknown.
        urgent: Somebody waits for it now.
        counted: Somebody has waited for it already.
        future: Gets the outcome, never an exception.
    """

    key: str
    request: Request
    ordinal: int
    reserve: float | None
    urgent: bool = False
    counted: bool = False
    future: Future[Outcome] = field(default_factory=Future)


class Lane:
    """Calls one model for jobs in order, never more at once than its limit, over all processes on the store.

    Args:
        model: The model to call.
        store: Where answers are kept and calls are claimed.
        limit: Calls in flight at most.
        reserve: What a call may cost at most, for the budget; ``None`` when unknown.
        price: What an answer did cost, for the ledger; ``None`` when unknown.
        ahead: How many jobs may be called before the first of them is waited for; ``None`` for all.
    """

    def __init__(
        self,
        model: Model,
        store: Store,
        *,
        limit: int,
        reserve: Callable[[Request], float | None],
        price: Callable[[Answer], float | None],
        ahead: int | None = None,
    ) -> None:
        self._model, self._store, self._limit = model, store, limit
        self._reserve, self._price, self._ahead = reserve, price, ahead
        self._pending: OrderedDict[str, Job] = OrderedDict()
        self._in_flight: dict[str, Job] = {}
        self._calls: SimpleQueue[Job] = SimpleQueue()
        self._ended: SimpleQueue[tuple[Job, Outcome] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._waited_for = 0
        self._polling = False
        self._ordinals = 0
        self._stopped: CallFailure | None = None
        self._renewed = time.monotonic()
        self._threads: list[threading.Thread] = []

    @property
    def is_stopped(self) -> bool:
        """Whether it makes no more calls: the budget is spent, or every further call would fail alike."""
        return self._stopped is not None

    def add(self, requests: Mapping[str, Request]) -> dict[str, Job]:
        """Queue requests by key and return a job for each; a key that is on its way already keeps its job."""
        with self._lock:
            jobs = {key: self._on_its_way(key) or self._queued(key, request) for key, request in requests.items()}
            if not self._threads:
                self._start()
        self._ended.put(None)
        return jobs

    def wait(self, job: Job) -> Outcome:
        """Return a job's outcome, letting it go ahead of the others if it has not begun."""
        with self._lock:
            job.urgent = True
            if job.key in self._pending:
                self._pending.move_to_end(job.key, last=False)
        self._ended.put(None)
        outcome = job.future.result()
        with self._lock:
            self._waited_for += not job.counted
            job.counted = True
        self._ended.put(None)
        return outcome

    def _on_its_way(self, key: str) -> Job | None:
        return self._pending.get(key) or self._in_flight.get(key)

    def _queued(self, key: str, request: Request) -> Job:
        job = Job(key=key, request=request, ordinal=self._ordinals, reserve=self._reserve(request))
        if self._stopped:
            job.future.set_result(self._stopped)
            return job
        self._ordinals += 1
        self._pending[key] = job
        return job

    def _start(self) -> None:
        # Daemons: an interrupted run must end at once, with what is stored kept and the rest unknown.
        self._threads = [threading.Thread(target=self._dispatch, daemon=True)]
        self._threads += [threading.Thread(target=self._work, daemon=True) for _ in range(self._limit)]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        while True:
            job = self._calls.get()
            self._ended.put((job, _outcome_of(self._model, job.request)))

    def _dispatch(self) -> None:
        try:
            while True:
                self._turn(self._drain())
        except Exception as error:  # noqa: BLE001 - a dispatcher that died would leave every test waiting for ever
            self._stop(CallFailure(kind="store", message=str(error)), everything=True)

    def _turn(self, ended: list[tuple[Job, Outcome]]) -> None:
        fatal = next((out for _, out in ended if isinstance(out, CallFailure) and out.fatal), None)
        wanted = {} if fatal else self._next_jobs(self._limit - len(self._in_flight) + len(ended))
        if not ended and not wanted:
            return
        closed = [self._closed(job, outcome) for job, outcome in ended]
        asked = [Wanted(key=job.key, reserve=job.reserve) for job in wanted.values()]
        grant = self._store.take(self._model.ref, asked, self._limit, closed)
        for job, outcome in ended:
            self._end(job, outcome)
        self._follow(grant, wanted)
        if fatal:
            self._stop(fatal)

    def _closed(self, job: Job, outcome: Outcome) -> Closed:
        cost = self._price(outcome) if isinstance(outcome, Answer) else 0.0
        return Closed(key=job.key, model=self._model.ref, outcome=outcome, cost=cost)

    def _follow(self, grant: Grant, wanted: dict[str, Job]) -> None:
        for key, answer in grant.answered.items():
            self._end(wanted[key], answer)
        with self._lock:
            self._in_flight.update((key, self._pending.pop(key)) for key in grant.call)
        for key in grant.call:
            self._calls.put(wanted[key])
        # What is left waits for room, for money to come back, or for another process's answer.
        self._polling = len(wanted) > len(grant.call) + len(grant.answered)
        if grant.spent:
            self._stop(CallFailure(kind=NOT_RUN, message="not called: the budget of --migration-max-cost is spent"))

    def _next_jobs(self, room: int) -> dict[str, Job]:
        # While other processes hold all the room, look further ahead for what they have answered.
        most = self._limit + _POLL_AT_ONCE if self._polling else room
        reach = math.inf if self._ahead is None else self._waited_for + self._ahead
        with self._lock:
            allowed = takewhile(lambda job: job.urgent or job.ordinal < reach, self._pending.values())
            return {job.key: job for job in islice(allowed, most)}

    def _drain(self) -> list[tuple[Job, Outcome]]:
        """Wait for something to do, then return all calls that ended."""
        ended: list[tuple[Job, Outcome]] = []
        try:
            item = self._ended.get(timeout=_POLL_SECONDS if self._polling else _IDLE_SECONDS)
            while True:
                if item is not None:
                    ended.append(item)
                item = self._ended.get_nowait()
        except Empty:
            pass
        if time.monotonic() - self._renewed > LEASE_SECONDS / 4:
            self._store.renew()
            self._renewed = time.monotonic()
        return ended

    def _end(self, job: Job, outcome: Outcome) -> None:
        with self._lock:
            self._pending.pop(job.key, None)
            self._in_flight.pop(job.key, None)
        job.future.set_result(outcome)

    def _stop(self, failure: CallFailure, *, everything: bool = False) -> None:
        """Give every job that was not called this failure, and those in flight too if they are beyond reach."""
        with self._lock:
            self._stopped = failure
            jobs = [*self._pending.values(), *(self._in_flight.values() if everything else ())]
            self._pending.clear()
        for job in jobs:
            job.future.set_result(failure)


def _outcome_of(model: Model, request: Request) -> Outcome:
    try:
        return _storable(model.answer(request))
    except CallFailedError as error:
        return CallFailure(kind=error.kind, message=printable(error.said), fatal=error.fatal)
    except BaseException as error:  # noqa: BLE001 - a plugin's bug is this call's failure; its thread must live on
        return CallFailure(kind="client_error", message=printable(f"{type(error).__name__}: {error}"))


def _storable(answer: Answer) -> Answer:
    """Return the answer as any file takes it; raises where it holds what none does."""
    checked = replace(answer, text=printable(answer.text))
    json.dumps(checked.to_record(), ensure_ascii=False).encode()
    return checked


def printable(text: str) -> str:
    """Return the text without lone surrogates, which no file and no other process can take."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
