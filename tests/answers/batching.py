"""A model with batch jobs that are over after a number of looks, and desks that use them without waiting."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from pytest_llm_migrate.answers.parcels import BatchTerms, Rhythm
from pytest_llm_migrate.answers.retries import Patience
from pytest_llm_migrate.domain import Answer, BatchPlace, BatchState, CallFailure
from pytest_llm_migrate.errors import CallFailedError
from tests.answers.asking import FakeModel

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from pytest_llm_migrate.domain import Batches, Outcome, Request

PLACE = BatchPlace(folder="s3://bucket", role="arn:aws:iam::123456789012:role/x")
QUICK = Rhythm(gather=0.01, turn=0.01, first=0.01, longest=0.02, said=0.02)
SOON = Patience(attempts=4, rounds=1, crowded=0.001, elsewhere=0.001)


@dataclass
class FakeJob:
    """A job and its records: ids with texts."""

    name: str
    records: dict[str, str]
    looks: int = 0
    read: int = 0


@dataclass(kw_only=True)
class FakeBatches:
    """Answers records with their text, or as it is told to.

    Attributes:
        reply: What comes of a record's text; ``None`` leaves it out of the results.
        looks: How often a job is looked at before it is over.
        status: As what it ends.
        faults: What goes wrong first, by the method's name.
        until: Jobs are not over before this is set.
        id: What jobs are numbered by.
    """

    reply: Callable[[str], Outcome | None] = lambda text: Answer(
        text=text, input_tokens=10, output_tokens=10, service_tier="batch"
    )
    least: int = 3
    most: int = 100
    most_bytes: int = 10**6
    region: str = "us-east-1"
    looks: int = 2
    status: str = "Completed"
    is_given_up: bool = False
    forgets: bool = False
    faults: dict[str, list[CallFailedError]] = field(default_factory=dict)
    until: threading.Event | None = None
    jobs: dict[str, FakeJob] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    refuses: str = "tools"

    def takes(self, request: Request) -> bool:
        """Tell whether a job takes a request."""
        return self.refuses not in request.turns[-1].text

    def record(self, record_id: str, request: Request) -> bytes:
        """Return a line."""
        text = request.turns[-1].text
        if "unreadable" in text:
            raise CallFailedError("attachment_changed", "the file is gone")
        return json.dumps([record_id, text]).encode() + b"\n"

    def start(self, name: str, records: IO[bytes]) -> str:
        """Start a job; the same name gives the same job."""
        records.seek(0)
        lines = dict(json.loads(line) for line in records)
        self.started.append(name)
        known = [number for number, job in self.jobs.items() if job.name == name]
        number = known[0] if known else f"job{len(self.jobs)}"
        self.jobs.setdefault(number, FakeJob(name, lines))
        self._fail("start")
        return number

    def look(self, job: str) -> BatchState | None:
        """Look at a job."""
        self._fail("look")
        if self.forgets:
            return None
        found = self.jobs[job]
        found.looks += 1
        if found.looks < self.looks or (self.until is not None and not self.until.is_set()):
            return BatchState(status="InProgress", is_ended=False, total=len(found.records), done=1, place=job)
        return BatchState(status=self.status, is_ended=True, is_given_up=self.is_given_up, place=job)

    def results(self, state: BatchState) -> Iterator[tuple[str, Outcome]]:
        """Yield outcomes in another order."""
        job = self.jobs[state.place]
        job.read += 1
        mixed = random.Random(1).sample(list(job.records.items()), len(job.records))  # noqa: S311 - an order
        for number, (key, text) in enumerate(mixed):
            if number == len(job.records) // 2:
                self._fail("results")
            outcome = self.reply(text)
            if outcome is not None:
                yield key, outcome

    def counted(self, state: BatchState) -> int | None:
        """Return what a manifest says."""
        return len(self.jobs[state.place].records)

    def _fail(self, method: str) -> None:
        if waiting := self.faults.get(method):
            raise waiting.pop(0)


@dataclass(kw_only=True)
class BatchingModel(FakeModel):
    """A model with batch jobs."""

    jobs: FakeBatches = field(default_factory=FakeBatches)

    def batches(self, place: BatchPlace | None) -> Batches:
        """Return the jobs; none can be started without a place."""
        self.jobs.refuses = "tools" if place else ""
        return self.jobs


def terms(lines: list[str], place: BatchPlace | None = PLACE) -> BatchTerms:
    """Return terms that wait for next to nothing."""
    return BatchTerms(place=place, tell=lines.append, rhythm=QUICK, patience=SOON)


def failing(kind: str, *, fatal: bool = False) -> CallFailedError:
    """Return a fault."""
    return CallFailedError(kind, f"scripted {kind}", fatal=fatal)


def failure(kind: str) -> CallFailure:
    """Return a record's failure."""
    return CallFailure(kind=kind, message=f"scripted {kind}")
