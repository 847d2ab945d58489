"""Batch inference: many requests as one job of a service, and what such a service promises."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.domain.answer import Outcome
    from pytest_llm_migrate.domain.request import Request

BATCH_TIER = "batch"
"""The service tier of a batch job's answers."""
TOO_FEW = "too_few_records"
"""The kind of failure that means: the service takes no job of so few records."""
NO_BATCH = "no_batch_inference"
"""The kind of failure that means: the service has no batch inference for this model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlace:
    """Where the files of batch jobs lie, and the role that the service reads and writes them with.

    Attributes:
        folder: ``s3://bucket/prefix``.
        role: The role's ARN; it holds the account's id and belongs in no file.
    """

    folder: str
    role: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """How far a job is.

    Attributes:
        status: In the service's words, such as ``InProgress``.
        is_ended: Whether it stays so.
        is_given_up: Ended by a fault of the whole job or by somebody's hand: what it did not answer is not asked again.
        total: Its records, ``None`` while unknown.
        done: Records answered or failed so far, ``None`` while unknown.
        message: Why it failed, where the service says so.
        place: Where its results lie, as a URI.
    """

    status: str
    is_ended: bool
    is_given_up: bool = False
    total: int | None = None
    done: int | None = None
    message: str = ""
    place: str = ""


class Batches(Protocol):
    """Jobs of one model; every method but `record` and `takes` makes calls, one attempt each.

    All raise `CallFailedError` as a model does.
    """

    @property
    def region(self) -> str:
        """Where the jobs run."""
        ...

    @property
    def least(self) -> int:
        """Records that a job has at least."""
        ...

    @property
    def most(self) -> int:
        """Records that a job has at most."""
        ...

    @property
    def most_bytes(self) -> int:
        """Bytes of all records of a job at most."""
        ...

    def takes(self, request: Request) -> bool:
        """Tell whether a job can answer the request as it is."""
        ...

    def record(self, record_id: str, request: Request) -> bytes:
        """Return a request as one line of a job's input."""
        ...

    def start(self, name: str, records: IO[bytes]) -> str:
        """Start a job of these lines and return its id; the same name and lines give the same job again."""
        ...

    def look(self, job: str) -> BatchState | None:
        """Return how far a job is, ``None`` where the service knows it no more."""
        ...

    def results(self, state: BatchState) -> Iterator[tuple[str, Outcome]]:
        """Yield the record ids of an ended job with their outcomes, in any order."""
        ...

    def counted(self, state: BatchState) -> int | None:
        """Return how many records the service says there are results of, ``None`` where it does not."""
        ...


@runtime_checkable
class BatchModel(Protocol):
    """A model with batch inference."""

    def batches(self, place: BatchPlace | None) -> Batches:
        """Return the model's jobs, with no place those alone that were started before.

        Calls nothing; raises a `MigrateError` for what can be known to be wrong.
        """
        ...
