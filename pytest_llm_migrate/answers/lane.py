"""One model's queue: what is kept is handed out, the rest is called in parallel and kept, each answer once."""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, cast

from pytest_llm_migrate.answers.store import LEASE_SECONDS, Closed, Wanted
from pytest_llm_migrate.domain import Answer, CallFailure
from pytest_llm_migrate.errors import CallFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llm_migrate.answers.store import Grant, Store
    from pytest_llm_migrate.domain import Model, Outcome, Request

_POLL_SECONDS = 0.05  # how often to look for an answer that another process is fetching
_POLL_AT_ONCE = 256
_IDLE_SECONDS = 1.0

NOT_RUN = "budget_spent"
"""The kind of failure that means: not called, for lack of budget; the row is not run, never failed."""


@dataclass(slots=True, eq=False)
class Job:
    """An answer that somebody waits for."""

    key: str
    request: Request
    ordinal: int = 0
    urgent: bool = False
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
        self._pending: deque[Job] = deque()
        self._elsewhere: dict[str, Job] = {}
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
    def stopped(self) -> CallFailure | None:
        """The failure that ended this lane for good, or ``None``."""
        return self._stopped

    def add(self, jobs: Iterable[Job]) -> None:
        """Queue jobs; each job's future gets its outcome, never an exception."""
        with self._lock:
            for job in jobs:
                job.ordinal = self._ordinals
                self._ordinals += 1
                self._pending.append(job)
            if not self._threads:
                self._start()
        self._ended.put(None)

    def wait(self, job: Job) -> Outcome:
        """Return a job's outcome, letting it go ahead of the others if it has not begun."""
        if not job.future.done():
            job.urgent = True
            self._ended.put(None)
        outcome = job.future.result()
        self._waited_for += 1
        self._ended.put(None)
        return outcome

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
        wanted = self._next_jobs()
        if not ended and not wanted:
            return
        closed = [self._closed(job, outcome) for job, outcome in ended]
        asked = [Wanted(key=job.key, reserve=self._reserve(job.request)) for job in wanted.values()]
        grant = self._store.take(self._model.ref, asked, self._limit, closed)
        for job, outcome in ended:
            self._in_flight.pop(job.key, None)
            job.future.set_result(outcome)
        self._follow(grant, wanted)
        fatal = next((out for _, out in ended if isinstance(out, CallFailure) and out.fatal), None)
        if fatal or self._stopped:
            self._stop(fatal or cast(CallFailure, self._stopped))

    def _closed(self, job: Job, outcome: Outcome) -> Closed:
        cost = self._price(outcome) if isinstance(outcome, Answer) else 0.0
        return Closed(key=job.key, model=self._model.ref, outcome=outcome, cost=cost)

    def _follow(self, grant: Grant, wanted: dict[str, Job]) -> None:
        for key, answer in grant.answered.items():
            wanted.pop(key).future.set_result(answer)
        for key in grant.call:
            job = wanted.pop(key)
            self._in_flight[key] = job
            self._calls.put(job)
        self._elsewhere = {key: wanted.pop(key) for key in grant.elsewhere}
        self._polling = bool(wanted or self._elsewhere)
        with self._lock:
            self._pending.extendleft(reversed(wanted.values()))
        if grant.spent:
            self._stop(CallFailure(kind=NOT_RUN, message="not called: the budget of --migration-max-cost is spent"))

    def _next_jobs(self) -> dict[str, Job]:
        jobs, self._elsewhere = self._elsewhere, {}
        # While other processes hold all the room, look further ahead for what they have answered.
        most = _POLL_AT_ONCE if self._polling else self._limit - len(self._in_flight)
        held: list[Job] = []
        with self._lock:
            while self._pending and len(jobs) < most:
                job = self._pending.popleft()
                if job.urgent or self._ahead is None or job.ordinal < self._waited_for + self._ahead:
                    jobs[job.key] = job
                else:
                    held.append(job)
            self._pending.extendleft(reversed(held))
        return jobs

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

    def _stop(self, failure: CallFailure, *, everything: bool = False) -> None:
        """Give every job that was not called this failure, and those in flight too if they are beyond reach."""
        self._stopped = failure
        with self._lock:
            jobs = [*self._pending, *self._elsewhere.values()]
            jobs += self._in_flight.values() if everything else ()
            self._pending.clear()
            self._elsewhere = {}
        for job in jobs:
            job.future.set_result(failure)


def _outcome_of(model: Model, request: Request) -> Outcome:
    try:
        answer = model.answer(request)
    except CallFailedError as error:
        message = f"{error.message}{error.way_out and ' '}{error.way_out}"
        return CallFailure(kind=error.kind, message=printable(message), fatal=error.fatal)
    except Exception as error:  # noqa: BLE001 - a model may come from a plugin; its bug is this call's failure, by name
        return CallFailure(kind="client_error", message=printable(f"{type(error).__name__}: {error}"))
    return replace(answer, text=printable(answer.text))


def printable(text: str) -> str:
    """Return the text without lone surrogates, which no file and no other process can take."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
