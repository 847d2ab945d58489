"""What comes of batch jobs: results are read as a stream, each record's attempt is closed, each answer kept."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from pytest_llm_migrate.answers.calling import printable, storable
from pytest_llm_migrate.answers.jobs import JobPhase
from pytest_llm_migrate.answers.ledger import LEASE_SECONDS, UNKNOWN, Closed
from pytest_llm_migrate.answers.parcels import GIVEN_UP, NOT_IN_RESULTS
from pytest_llm_migrate.answers.retries import cost_of_failure
from pytest_llm_migrate.domain import Answer, CallFailure
from pytest_llm_migrate.errors import CallFailedError, counted

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from pytest_llm_migrate.answers.retries import Patience
    from pytest_llm_migrate.answers.store import Store
    from pytest_llm_migrate.domain import Batches, BatchState, Outcome

_READ_AT_ONCE = 500
_OF_UNKNOWN_COST = frozenset({NOT_IN_RESULTS, GIVEN_UP, UNKNOWN})

Result = TypeVar("Result")


class Harvest:
    """Reads the jobs of one model into the store.

    Args:
        ref: The model's reference.
        batches: The model's jobs.
        store: Where answers are kept and records closed.
        price: What an answer did cost, for the ledger; ``None`` when unknown.
        patience: How often and how soon an attempt is made again.
        ends: Ends every wait.
    """

    def __init__(
        self,
        ref: str,
        batches: Batches,
        store: Store,
        *,
        price: Callable[[Answer], float | None],
        patience: Patience,
        ends: threading.Event,
    ) -> None:
        self._ref, self._batches, self._store, self._price = ref, batches, store, price
        self._patience, self._ends = patience, ends
        self._renewed = time.monotonic()

    def gather(self, name: str, job: str, state: BatchState) -> str:
        """Keep an ended job's results, and return what there is to say of it."""
        self.patiently(lambda: self._read(name, state))
        missing = len(self._store.open_records(name))
        claimed = self.patiently(lambda: self._batches.counted(state)) if missing else None
        about = f"batch job {job} ended as {state.status}"
        said = f"{about}: {state.message}" if state.message else about
        kind, phase = (GIVEN_UP, JobPhase.GIVEN_UP) if state.is_given_up else (NOT_IN_RESULTS, JobPhase.ENDED)
        self.end(name, phase, CallFailure(kind=kind, message=said))
        lost = f"; {counted(missing, 'record')} without a result" if missing else ""
        return f"{said}{lost}" + (f", though its manifest counts {claimed:,}" if claimed is not None else "")

    def end(self, name: str, phase: JobPhase, failure: CallFailure) -> None:
        """Write down that a job is over, and this failure for its records without an outcome."""
        closed = [self._closed(number, key, failure) for key, number in self._store.open_records(name).items()]
        self._store.end_job(name, phase, closed)

    def patiently(self, attempt: Callable[[], Result]) -> Result:
        """Make an attempt again while its failure may pass; raises the last `CallFailedError`."""
        made = 0
        while True:
            try:
                made += 1
                return attempt()
            except CallFailedError as failed:
                chance = random.random()  # noqa: S311 - jitter
                wait = self._patience.wait(failure_of(failed), made, chance)
                if wait is None or self._ends.wait(wait):
                    raise

    def renew(self) -> None:
        """Tell other processes, once in a while, that this one still waits for its jobs."""
        if time.monotonic() - self._renewed > LEASE_SECONDS / 4:
            self._store.renew()
            self._renewed = time.monotonic()

    def _read(self, name: str, state: BatchState) -> None:
        """Keep results in passing; those that an earlier attempt kept are passed over."""
        records, results = self._store.open_records(name), self._batches.results(state)
        while chunk := list(islice(results, _READ_AT_ONCE)):
            outcomes = {key: _storable(outcome) for key, outcome in chunk if key in records}
            closed = [self._closed(records.pop(key), key, outcome) for key, outcome in outcomes.items()]
            self._store.close_records(self._ref, closed)
            self.renew()

    def _closed(self, number: int, key: str, outcome: Outcome) -> Closed:
        if isinstance(outcome, Answer):
            cost = self._price(outcome)
        else:
            cost = None if outcome.kind in _OF_UNKNOWN_COST else cost_of_failure(outcome)
        return Closed(id=number, key=key, outcome=outcome, cost=cost)


def failure_of(failed: CallFailedError) -> CallFailure:
    """Return an error as a value."""
    message = printable(failed.said)
    return CallFailure(kind=failed.kind, message=message, fatal=failed.fatal, retry_after=failed.retry_after)


def _storable(outcome: Outcome) -> Outcome:
    if isinstance(outcome, CallFailure):
        return replace(outcome, message=printable(outcome.message))
    try:
        return storable(outcome)
    except ValueError as error:
        return CallFailure(kind="client_error", message=printable(f"{type(error).__name__}: {error}"))
