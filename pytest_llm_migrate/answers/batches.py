"""Answers from batch jobs: what is missing is sent as jobs, jobs of earlier commands are joined, the rest is called."""

from __future__ import annotations

import math
import secrets
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from pytest_llm_migrate.answers.harvest import Harvest, failure_of
from pytest_llm_migrate.answers.jobs import Begun, JobPhase, NewJob
from pytest_llm_migrate.answers.lane import LEFT, NOT_RUN
from pytest_llm_migrate.answers.ledger import UNKNOWN, USE_CASE, Wanted
from pytest_llm_migrate.answers.parcels import GIVEN_UP, Parcel
from pytest_llm_migrate.answers.retries import PASSING, UNCLEAR
from pytest_llm_migrate.domain import NO_BATCH, TOO_FEW, CallFailure
from pytest_llm_migrate.errors import CallFailedError, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.answers.calling import Job
    from pytest_llm_migrate.answers.jobs import KnownJob
    from pytest_llm_migrate.answers.lane import Lane
    from pytest_llm_migrate.answers.parcels import BatchTerms
    from pytest_llm_migrate.answers.store import Store
    from pytest_llm_migrate.domain import Answer, Batches, BatchState, Outcome, Request


@dataclass(slots=True, kw_only=True)
class _Watch:
    """A job of this process.

    Attributes:
        due: When it is looked at next; on the monotonic clock, as ``said``.
        said: When it was spoken of last.
        ended: How it ended, in words.
    """

    due: float
    said: float
    ended: str = ""


class BatchLane:
    """Gets the answers of one model from batch jobs, over all processes on the store: each job is read by one.

    Args:
        ref: The model's reference.
        batches: The model's jobs.
        store: Where answers are kept, and records and jobs are written down.
        lane: Calls one by one for what no job answers.
        reserve: What a record may cost at most, for the budget; ``None`` when unknown.
        price: What an answer did cost, for the ledger; ``None`` when unknown.
        terms: Where files go, and how often jobs are looked at.
    """

    def __init__(
        self,
        ref: str,
        batches: Batches,
        store: Store,
        *,
        lane: Lane,
        reserve: Callable[[Request], float | None],
        price: Callable[[Answer], float | None],
        terms: BatchTerms,
    ) -> None:
        self._ref, self._batches, self._store, self._lane = ref, batches, store, lane
        self._reserve, self._terms, self._rhythm = reserve, terms, terms.rhythm
        self._left: dict[str, Parcel] = {}
        self._jobs: dict[str, list[str]] = {}
        self._watches: dict[str, _Watch] = {}
        self._lock, self._wakes = threading.Lock(), threading.Event()
        self._harvest = Harvest(ref, batches, store, price=price, patience=terms.patience, ends=self._wakes)
        self._stopped: CallFailure | None = None
        self._is_unsorted = self._is_leaving = self._is_working = self._gave_up = False
        self._ready = time.monotonic()

    @property
    def is_stopped(self) -> bool:
        """Whether records were given up before they were sent or read."""
        return self._gave_up or self._stopped is not None

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is waited for."""
        return not self._is_working

    def add(self, requests: Mapping[str, Request]) -> dict[str, Parcel]:
        """Take requests by key in and return a parcel for each; they are sent once no more come."""
        with self._lock:
            parcels = {key: self._left.get(key) or self._new(key, request) for key, request in requests.items()}
            self._is_unsorted, self._ready = True, time.monotonic() + self._rhythm.gather
            if self._left and not self._is_working:
                self._is_working = True
                # A daemon, as a lane's threads are: a job goes on without it.
                threading.Thread(target=self._work, daemon=True).start()
        return parcels

    def leave(self) -> None:
        """Wait for nothing any more; jobs go on at the service, and whoever asks again joins them."""
        self._is_leaving = True
        self._wakes.set()

    def _new(self, key: str, request: Request) -> Parcel:
        parcel = Parcel(key=key, request=request, lane=self._lane)
        if self._stopped:
            parcel.future.set_result(self._stopped)
        else:
            self._left[key] = parcel
        return parcel

    def _work(self) -> None:
        try:
            while self._has_work():
                self._turn()
                self._wakes.wait(self._rhythm.turn)
        except Exception as error:  # noqa: BLE001 - a thread that died would leave every test waiting for ever
            self._stop(CallFailure(kind="store", message=str(error)))
            self._is_working = False

    def _has_work(self) -> bool:
        if self._is_leaving:
            self._stop(CallFailure(kind=LEFT, message="the run ended before this answer was there"))
        with self._lock:
            self._is_working = bool(self._left)
            return self._is_working

    def _turn(self) -> None:
        now = time.monotonic()
        if now < self._ready:
            return
        if self._is_unsorted:
            self._sort_out()
        for job in self._store.find_jobs(list(self._jobs)):
            if job.is_over:
                self._leave_job(job)
            elif job.is_mine:
                self._attend(job)
        if self._watches:
            self._harvest.renew()

    def _sort_out(self) -> None:
        with self._lock:
            self._is_unsorted = False
            keys = list(self._left)
        standing = self._store.standing(keys)
        for key, answer in standing.answered.items():
            self._hand_out(key, answer)
        self._jobs = {}
        for key, name in standing.jobs.items():
            self._jobs.setdefault(name, []).append(key)
        with self._lock:
            waiting = [parcel for key, parcel in self._left.items() if key not in standing.jobs]
        self._call([parcel for parcel in waiting if parcel.key in standing.calls])
        self._send([parcel for parcel in waiting if parcel.key not in standing.calls])

    def _send(self, parcels: Sequence[Parcel]) -> None:
        new = [parcel for parcel in parcels if not parcel.was_sent and self._batches.takes(parcel.request)]
        if 0 < len(new) < self._batches.least:
            few, least = counted(len(new), "record"), self._batches.least
            self._say(f"{few} for {self._ref}, and a batch job takes {least:,} or more: called one by one")
            new = []
        sent = set(map(id, new))
        self._call([parcel for parcel in parcels if id(parcel) not in sent])
        for part, records in self._parts(new) if new else ():
            with records:
                if not self._stopped:
                    self._begin(part, records)

    def _parts(self, parcels: Sequence[Parcel]) -> Iterator[tuple[list[Parcel], IO[bytes]]]:
        """Yield jobs' parcels with their lines, as few jobs as the service's limits allow, of like numbers."""
        each = math.ceil(len(parcels) / math.ceil(len(parcels) / self._batches.most))
        part: list[Parcel] = []
        records: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - whoever gets it closes it
        for parcel in parcels:
            line = self._line(parcel)
            if part and (len(part) == each or records.tell() + len(line) > self._batches.most_bytes):
                yield part, records
                part, records = [], tempfile.TemporaryFile()  # noqa: SIM115 - likewise
            if line:
                part.append(parcel)
                records.write(line)
        yield part, records

    def _line(self, parcel: Parcel) -> bytes:
        try:
            return self._batches.record(parcel.key, parcel.request)
        except CallFailedError:  # a call by itself says what is wrong
            self._call([parcel])
            return b""

    def _begin(self, part: Sequence[Parcel], records: IO[bytes]) -> None:
        if len(part) < self._batches.least:
            self._call(part)
            return
        name = f"llm-migrate-{secrets.token_hex(8)}"
        wanted = [Wanted(key=item.key, reserve=self._reserve(item.request), job=name) for item in part]
        begun = self._store.begin_job(NewJob(name=name, model=self._ref, region=self._batches.region), wanted)
        if begun is Begun.YES:
            self._start(name, part, records)
        elif begun is Begun.SPENT:
            said = f"not called: the budget of --migration-max-cost does not hold a batch job of {len(part):,} records"
            self._gave_up = True
            self._hand_all(part, CallFailure(kind=NOT_RUN, message=said))
        else:
            self._is_unsorted = True
            self._ready = time.monotonic() + (self._rhythm.first if begun is Begun.SHORT else 0.0)

    def _start(self, name: str, part: Sequence[Parcel], records: IO[bytes]) -> None:
        try:
            job = self._harvest.patiently(lambda: self._batches.start(name, records))
        except CallFailedError as failed:
            self._not_started(name, part, failed)
            return
        self._store.note_job(name, job)
        self._jobs[name] = [parcel.key for parcel in part]
        self._watch(name, self._rhythm.first)
        self._say(f"batch job {job} for {len(part):,} records of {self._ref}")

    def _not_started(self, name: str, part: Sequence[Parcel], failed: CallFailedError) -> None:
        failure = failure_of(failed)
        if failure.kind in UNCLEAR:
            # It may have been started: only the same name and records find out.
            said = f"{failure.message.rstrip('.')}. The same command finds out whether the batch job was started."
            self._gave_up = True
            self._hand_all(part, CallFailure(kind=failure.kind, message=said))
            return
        is_refused = failure.kind in {TOO_FEW, NO_BATCH}
        self._harvest.end(name, JobPhase.ENDED if is_refused else JobPhase.GIVEN_UP, failure)
        if is_refused:
            self._say(f"no batch job for {self._ref}: {failed.message.rstrip('.')}. Its rows are called one by one")
            self._call(part)
            return
        if failure.fatal:
            self._stop(failure)
        self._hand_all(part, failure)

    def _attend(self, job: KnownJob) -> None:
        watch = self._watches.get(job.name) or self._join(job)
        if job.region != self._batches.region:
            said = f"its batch job runs in {job.region}, and this command's region is {self._batches.region}"
            self._give_up(
                job, CallFailure(kind="wrong_region", message=f"{said}. Set AWS_DEFAULT_REGION to the first.")
            )
        elif job.id is None:
            self._resume(job)
        elif time.monotonic() >= watch.due:
            watch.due = time.monotonic() + self._rhythm.pause(time.time() - job.started)
            self._look(job, job.id, watch)

    def _join(self, job: KnownJob) -> _Watch:
        if job.id is not None:
            count = len(self._store.open_records(job.name))
            self._say(f"batch job {job.id} for {count:,} records of {self._ref} was started before: joined")
        return self._watch(job.name, 0.0)

    def _resume(self, job: KnownJob) -> None:
        """Start a job again that was written down by a process that died before it knew the job's id."""
        found = [self._left.get(key) for key in self._store.open_records(job.name)]
        parcels = [parcel for parcel in found if parcel is not None and self._batches.takes(parcel.request)]
        if len(parcels) < len(found):
            unknown = "the process died while it started the batch job, and this command asks for other rows"
            self._harvest.end(job.name, JobPhase.ENDED, CallFailure(kind=UNKNOWN, message=unknown))
            return
        with tempfile.TemporaryFile() as records:
            records.writelines(self._batches.record(parcel.key, parcel.request) for parcel in parcels)
            self._start(job.name, parcels, records)

    def _look(self, job: KnownJob, number: str, watch: _Watch) -> None:
        try:
            state = self._batches.look(number)
            if state is None:
                gone = CallFailure(kind=UNKNOWN, message=f"the service knows no batch job {number}")
                self._harvest.end(job.name, JobPhase.ENDED, gone)
            elif state.is_ended:
                watch.ended = self._harvest.gather(job.name, number, state)
                self._say(watch.ended)
            elif time.monotonic() >= watch.said + self._rhythm.said:
                watch.said = time.monotonic()
                self._say(f"batch job {number}: {_progress(state)}")
        except CallFailedError as failed:
            if failed.kind not in PASSING:
                said = f"{failed.said.rstrip('.')}. Batch job {number} goes on; the same command joins it."
                self._give_up(job, CallFailure(kind=failed.kind, message=said, fatal=failed.fatal))

    def _leave_job(self, job: KnownJob) -> None:
        """Turn to what a job left, whoever read it."""
        watch = self._watches.pop(job.name, None)
        said = watch.ended if watch else "its batch job failed or was stopped: the process that waited for it says why"
        keys = self._jobs.pop(job.name, [])
        self._is_unsorted = True
        answered = self._store.find(keys) if job.phase is JobPhase.GIVEN_UP else {}
        for parcel in filter(None, map(self._left.get, keys)):
            parcel.was_sent = True
            if job.phase is JobPhase.GIVEN_UP and parcel.key not in answered:
                self._hand_out(parcel.key, CallFailure(kind=GIVEN_UP, message=said))

    def _give_up(self, job: KnownJob, failure: CallFailure) -> None:
        """Wait no longer for a job that goes on."""
        self._gave_up = True
        if failure.fatal:
            self._stopped = failure
        self._watches.pop(job.name, None)
        for key in self._jobs.pop(job.name, []):
            self._hand_out(key, failure)

    def _watch(self, name: str, seconds: float) -> _Watch:
        now = time.monotonic()
        self._watches[name] = _Watch(due=now + seconds, said=now)
        return self._watches[name]

    def _call(self, parcels: Iterable[Parcel]) -> None:
        """Have parcels called for one by one."""
        requests = {parcel.key: parcel.request for parcel in parcels}
        for key, call in self._lane.add(requests, USE_CASE).items() if requests else ():
            self._hand_out(key, call)

    def _hand_out(self, key: str, found: Outcome | Job) -> None:
        with self._lock:
            parcel = self._left.pop(key, None)
        if parcel is not None:
            parcel.future.set_result(found)

    def _hand_all(self, parcels: Iterable[Parcel], failure: CallFailure) -> None:
        for parcel in parcels:
            self._hand_out(parcel.key, failure)

    def _stop(self, failure: CallFailure) -> None:
        self._stopped = self._stopped or failure
        with self._lock:
            parcels = list(self._left.values())
        self._hand_all(parcels, failure)

    def _say(self, line: str) -> None:
        self._terms.tell(f"llm-migrate: {line}")


def _progress(state: BatchState) -> str:
    if state.total is None or state.done is None:
        return state.status
    return f"{state.status}, {state.done:,} of {state.total:,} records done"
