"""The order of the jobs that wait to be called: those that somebody waits for come before the others."""

from __future__ import annotations

from collections import OrderedDict
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llm_migrate.answers.calling import Job


class WaitingJobs:
    """Jobs by key, first those that somebody waits for, in the order in which that began; not safe between threads."""

    def __init__(self) -> None:
        self._urgent: OrderedDict[str, Job] = OrderedDict()
        self._others: OrderedDict[str, Job] = OrderedDict()

    def __len__(self) -> int:
        return len(self._urgent) + len(self._others)

    def get(self, key: str) -> Job | None:
        """Return the job that waits by this key, ``None`` where none does."""
        return self._urgent.get(key) or self._others.get(key)

    def add(self, job: Job) -> None:
        """Put a job behind its like."""
        self._queue(job)[job.key] = job

    def return_first(self, job: Job) -> None:
        """Put a job before its like: its next attempt is due."""
        self.add(job)
        self._queue(job).move_to_end(job.key, last=False)

    def hurry(self, job: Job) -> None:
        """Say that somebody waits for a job now, which puts it behind those for whom somebody waits already."""
        job.urgent = True
        # Another job of this key may wait here, where this one has come back long ago.
        if self._others.get(job.key) is job:
            del self._others[job.key]
            self.add(job)

    def pop(self, key: str) -> Job | None:
        """Take the job of this key out, ``None`` where none waits."""
        return self._urgent.pop(key, None) or self._others.pop(key, None)

    def first(self, most: int, reach: float) -> dict[str, Job]:
        """Return up to so many jobs by key, leaving them here; of those nobody waits for, only ordinals below reach."""
        allowed = takewhile(lambda job: job.ordinal < reach, self._others.values())
        return {job.key: job for job in islice(chain(self._urgent.values(), allowed), most)}

    def clear(self) -> list[Job]:
        """Take all jobs out and return them."""
        jobs = [*self._urgent.values(), *self._others.values()]
        self._urgent.clear()
        self._others.clear()
        return jobs

    def _queue(self, job: Job) -> OrderedDict[str, Job]:
        return self._urgent if job.urgent else self._others
