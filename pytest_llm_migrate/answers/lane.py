"""One model's queue: what is kept is handed out, the rest is called in parallel and kept, each answer once."""

from __future__ import annotations

import math
import random
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from pytest_llm_migrate.answers.calling import Job, Return, outcome_of
from pytest_llm_migrate.answers.ledger import LEASE_SECONDS, USE_CASE, Closed, Wanted
from pytest_llm_migrate.answers.retries import CROWDED, STANDARD, cost_of_failure
from pytest_llm_migrate.answers.waiting import WaitingJobs
from pytest_llm_migrate.domain import Answer, CallFailure
from pytest_llm_migrate.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_llm_migrate.answers.pace import Quota
    from pytest_llm_migrate.answers.retries import Patience
    from pytest_llm_migrate.answers.store import Grant, Store
    from pytest_llm_migrate.domain import Model, Outcome, Request

_POLL_SECONDS = 0.05  # how often to look for room, or for an answer that another process is fetching
_POLL_AT_ONCE = 256
_IDLE_SECONDS = 1.0
DEADLINE = 660.0
"""Seconds after which a call is given up, whatever its own client waits for."""
DROUGHT = 300.0
"""Seconds of nothing but crowding after which a model's calls are given up."""
_DROUGHT_CALLS = 20

NOT_RUN = "budget_spent"
"""The kind of failure that means: not called, for lack of budget; the row is not run, never failed."""
LEFT = "not_called"
"""The kind of failure that means: the run ended before the call was made."""


class Lane:
    """Calls one model for jobs in order, never more at once than its quota, over all processes on the store.

    A call whose failure may pass is tried again, each attempt in the ledger by itself; one that runs out of attempts
    goes to the end of the queue for a last round.

    Args:
        model: The model to call; it makes one attempt a request.
        store: Where answers are kept and calls are claimed.
        quota: Calls in flight, and calls a minute.
        reserve: What a call may cost at most, for the budget; ``None`` when unknown.
        price: What an answer did cost, for the ledger; ``None`` when unknown.
        ahead: How many jobs may be called before the first of them is waited for; ``None`` for all.
        patience: How often and how soon a call is tried again.
        deadline: Seconds after which an attempt is given up.
    """

    def __init__(
        self,
        model: Model,
        store: Store,
        *,
        quota: Quota,
        reserve: Callable[[Request], float | None],
        price: Callable[[Answer], float | None],
        ahead: int | None = None,
        patience: Patience = STANDARD,
        deadline: float = DEADLINE,
    ) -> None:
        self._model, self._store, self._quota = model, store, quota
        self._reserve, self._price, self._ahead = reserve, price, ahead
        self._patience, self._deadline = patience, deadline
        self._pending = WaitingJobs()
        self._resting: dict[str, Job] = {}
        self._in_flight: dict[str, Job] = {}
        self._calls: SimpleQueue[tuple[Job, int] | None] = SimpleQueue()
        self._returned: SimpleQueue[Return | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._waited_for = 0
        self._polling = False
        self._ordinals = 0
        self._stopped: CallFailure | None = None
        self._renewed = self._accepted_at = time.monotonic()
        self._crowded = 0
        self._given_up: set[int] = set()
        self._started = self._leaving = False

    @property
    def is_stopped(self) -> bool:
        """Whether it makes no more calls: the budget is spent, or every further call would fail alike."""
        return self._stopped is not None

    @property
    def in_flight(self) -> int:
        """How many calls have gone out and not come back."""
        return len(self._in_flight)

    @property
    def is_at_rest(self) -> bool:
        """Whether no call is on its way or will be made."""
        return not (self._pending or self._resting or self._in_flight)

    def add(self, requests: Mapping[str, Request], purpose: str = USE_CASE) -> dict[str, Job]:
        """Queue requests by key and return a job for each; a key that is on its way already keeps its job."""
        with self._lock:
            jobs = {
                key: self._on_its_way(key) or self._queued(key, request, purpose) for key, request in requests.items()
            }
            if not self._started:
                self._start()
        self._returned.put(None)
        return jobs

    def wait(self, job: Job) -> Outcome:
        """Return a job's outcome, letting it go ahead of those that nobody waits for if it has not begun."""
        with self._lock:
            self._pending.hurry(job)
        self._returned.put(None)
        outcome = job.future.result()
        with self._lock:
            self._waited_for += not job.counted
            job.counted = True
        self._returned.put(None)
        return outcome

    def leave(self) -> None:
        """Make no more calls; those in flight are kept when they come back."""
        self._leaving = True
        self._returned.put(None)

    def _on_its_way(self, key: str) -> Job | None:
        return self._pending.get(key) or self._in_flight.get(key) or self._resting.get(key)

    def _queued(self, key: str, request: Request, purpose: str) -> Job:
        job = Job(key=key, request=request, ordinal=self._ordinals, reserve=self._reserve(request), purpose=purpose)
        if self._stopped:
            job.future.set_result(self._stopped)
            return job
        self._ordinals += 1
        self._pending.add(job)
        return job

    def _start(self) -> None:
        self._started = True
        self._renewed = self._accepted_at = time.monotonic()
        _run(self._dispatch)
        for _ in range(self._quota.in_flight):
            _run(self._work)

    def _work(self) -> None:
        while call := self._calls.get():
            job, attempt = call
            self._returned.put(Return(job, attempt, outcome_of(self._model, job.request)))
            if attempt in self._given_up:
                return  # another thread works in this one's place

    def _dispatch(self) -> None:
        left = CallFailure(kind=LEFT, message="the run ended before this call was made")
        try:
            while not (self._leaving and self.is_at_rest):
                returned = self._drain()
                if self._leaving:
                    self._stop(left)
                self._turn(returned)
            self._stop(left)
        except Exception as error:  # noqa: BLE001 - a dispatcher that died would leave every test waiting for ever
            self._stop(CallFailure(kind="store", message=str(error)), everything=True)
        finally:
            for _ in range(self._quota.in_flight):
                self._calls.put(None)

    def _turn(self, returned: list[Return]) -> None:
        fatal = self._fatal(returned)
        wanted = {} if fatal else self._next_jobs(self._quota.in_flight - len(self._in_flight) + len(returned))
        if not returned and not wanted:
            return
        closed = [self._closed(item) for item in returned]
        asked = [
            Wanted(key=job.key, reserve=job.reserve, purpose=job.purpose, number=job.sent + 1)
            for job in wanted.values()
        ]
        try:
            grant = self._store.take(self._model.ref, self._quota, asked, closed)
        except StoreError:
            # Answers that cannot be kept are paid for all the same: whoever waits for them gets them.
            self._hand_out(returned, last=True)
            raise
        self._hand_out(returned, last=fatal is not None)
        self._follow(grant, wanted)
        if fatal:
            self._stop(fatal)

    def _fatal(self, returned: Iterable[Return]) -> CallFailure | None:
        """Return the failure that every further call would meet, if one came back or nothing else does."""
        now = time.monotonic()
        for item in returned:
            if not isinstance(item.outcome, CallFailure) or item.outcome.kind not in CROWDED:
                self._accepted_at, self._crowded = now, 0
            else:
                self._crowded += 1
            if isinstance(item.outcome, CallFailure) and item.outcome.fatal:
                return item.outcome
        if self._crowded >= _DROUGHT_CALLS and now - self._accepted_at > DROUGHT:
            message = f"no call was accepted in {DROUGHT / 60:g} minutes. Try later: the same command goes on."
            return CallFailure(kind="throttled", message=message, fatal=True)
        return None

    def _closed(self, item: Return) -> Closed:
        outcome = item.outcome
        cost = self._price(outcome) if isinstance(outcome, Answer) else cost_of_failure(outcome)
        return Closed(id=item.attempt, key=item.job.key, outcome=outcome, cost=cost)

    def _hand_out(self, returned: Iterable[Return], *, last: bool) -> None:
        for item in returned:
            wait = None if last else self._wait(item)
            if item.job.key not in self._in_flight or item.job.attempt != item.attempt:
                continue  # given up already
            if wait is None:
                self._end(item.job, item.outcome)
            else:
                self._rest(item.job, wait)

    def _wait(self, item: Return) -> float | None:
        """Return seconds until the next attempt, ``None`` where the outcome stands."""
        if isinstance(item.outcome, Answer):
            return None
        return self._patience.wait(item.outcome, item.job.sent, random.random())  # noqa: S311 - jitter

    def _rest(self, job: Job, seconds: float) -> None:
        job.rests_until = time.monotonic() + seconds
        with self._lock:
            del self._in_flight[job.key]
            self._resting[job.key] = job

    def _follow(self, grant: Grant, wanted: dict[str, Job]) -> None:
        for key, answer in grant.answered.items():
            self._end(wanted[key], answer)
        deadline = time.monotonic() + self._deadline
        with self._lock:
            for key in grant.call:
                self._pending.pop(key)
                self._in_flight[key] = wanted[key]
        for key, attempt in grant.call.items():
            job = wanted[key]
            job.sent, job.attempt, job.deadline = job.sent + 1, attempt, deadline
            self._calls.put((job, attempt))
        # What is left waits for room, for money to come back, or for another process's answer.
        self._polling = len(wanted) > len(grant.call) + len(grant.answered)
        if grant.spent:
            self._stop(CallFailure(kind=NOT_RUN, message="not called: the budget of --migration-max-cost is spent"))

    def _next_jobs(self, room: int) -> dict[str, Job]:
        # While other processes hold all the room, look further ahead for what they have answered.
        most = self._quota.in_flight + _POLL_AT_ONCE if self._polling else room
        reach = math.inf if self._ahead is None else self._waited_for + self._ahead
        with self._lock:
            self._wake()
            return self._pending.first(most, reach)

    def _wake(self) -> None:
        """Queue jobs whose rest is over: the next attempt goes first, the last round goes last."""
        now = time.monotonic()
        for job in [job for job in self._resting.values() if job.rests_until <= now]:
            del self._resting[job.key]
            if self._patience.ends_round(job.sent):
                self._pending.add(job)
            else:
                self._pending.return_first(job)

    def _drain(self) -> list[Return]:
        """Wait for something to do, then return all attempts that ended or were given up."""
        returned: list[Return] = []
        try:
            item = self._returned.get(timeout=self._pause())
            while True:
                if item is not None:
                    returned.append(item)
                item = self._returned.get_nowait()
        except Empty:
            pass
        if time.monotonic() - self._renewed > LEASE_SECONDS / 4:
            self._store.renew()
            self._renewed = time.monotonic()
        return returned + self._overdue(returned)

    def _pause(self) -> float:
        longest = _POLL_SECONDS if self._polling else _IDLE_SECONDS
        due = min((job.rests_until for job in self._resting.values()), default=math.inf)
        return max(0.0, min(longest, due - time.monotonic()))

    def _overdue(self, returned: Iterable[Return]) -> list[Return]:
        """Give up attempts beyond their deadline: their threads are left, and others take their place."""
        now, back = time.monotonic(), {item.job.key for item in returned}
        late = [job for job in self._in_flight.values() if job.deadline <= now and job.key not in back]
        failure = CallFailure(kind="timed_out", message=f"no end after {self._deadline:g} seconds")
        for job in late:
            self._given_up.add(job.attempt)
            _run(self._work)
        return [Return(job, job.attempt, failure) for job in late]

    def _end(self, job: Job, outcome: Outcome) -> None:
        with self._lock:
            self._pending.pop(job.key)
            self._in_flight.pop(job.key, None)
        job.future.set_result(outcome)

    def _stop(self, failure: CallFailure, *, everything: bool = False) -> None:
        """Give every job that was not called this failure, and those in flight too if they are beyond reach."""
        with self._lock:
            self._stopped = self._stopped or failure
            jobs = [*self._pending.clear(), *self._resting.values()]
            self._resting.clear()
            if everything:
                jobs += self._in_flight.values()
                self._in_flight.clear()
        for job in jobs:
            job.future.set_result(failure)


def _run(work: Callable[[], None]) -> None:
    # A daemon: an interrupted run must be able to end at once, with what is stored kept and the rest unknown.
    threading.Thread(target=work, daemon=True).start()
