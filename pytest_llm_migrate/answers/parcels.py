"""What a batch lane is given and gives: its terms, and a parcel for every answer that somebody waits for."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llm_migrate.answers.calling import Job
from pytest_llm_migrate.answers.retries import STANDARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.answers.lane import Lane
    from pytest_llm_migrate.answers.retries import Patience
    from pytest_llm_migrate.domain import BatchPlace, Outcome, Request

NOT_IN_RESULTS = "not_in_results"
"""The kind of failure that means: the job's results have neither an answer nor an error for this record."""
GIVEN_UP = "batch_given_up"
"""The kind of failure that means: the job failed or was stopped before it answered this record."""
_POLL_SHARE = 0.1  # of the time that a job has run goes by before it is looked at again


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often jobs are looked at, in seconds.

    Attributes:
        gather: No question was added for so long: all that belongs in one job is there.
        turn: Between two looks into the store.
        first: Before the first look at a job, and between two at least.
        longest: Between two looks at most.
        said: Between two lines about a job.
    """

    gather: float = 0.5
    turn: float = 0.5
    first: float = 5.0
    longest: float = 60.0
    said: float = 60.0

    def pause(self, running: float) -> float:
        """Return seconds until the next look at a job that has run for so long."""
        return min(max(self.first, running * _POLL_SHARE), self.longest)


RHYTHM = Rhythm()
"""How often jobs are looked at unless somebody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTerms:
    """How a process uses batch jobs.

    Attributes:
        place: Where files go and which role reads them; ``None``: no job is started, but those running are joined.
        tell: Gets a line about what a run waits for long: a job, or a latency pass.
        rhythm: How often jobs are looked at.
        patience: How often and how soon an attempt is made again.
    """

    place: BatchPlace | None = None
    tell: Callable[[str], object] = str
    rhythm: Rhythm = field(default_factory=lambda: RHYTHM)
    patience: Patience = STANDARD


@dataclass(slots=True, eq=False, kw_only=True)
class Parcel:
    """An answer that somebody waits for, from a batch job or, where that gives none, from a call.

    Attributes:
        key: The identity of the answer, and its record's id.
        request: What is sent.
        lane: Where it is called for if need be.
        was_sent: It was a record of a job that is over.
        future: Gets the outcome, or the call that will have it.
    """

    key: str
    request: Request
    lane: Lane
    was_sent: bool = False
    future: Future[Outcome | Job] = field(default_factory=Future)

    @property
    def is_there(self) -> bool:
        """Whether `outcome` returns without waiting."""
        if not self.future.done():
            return False
        found = self.future.result()
        return not isinstance(found, Job) or found.future.done()

    def outcome(self) -> Outcome:
        """Return the outcome, waiting for it if need be."""
        found = self.future.result()
        return self.lane.wait(found) if isinstance(found, Job) else found
