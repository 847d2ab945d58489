"""One attempt after another at one answer: what is asked, what came back, and when it is tried again."""

from __future__ import annotations

import json
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.answers.ledger import USE_CASE
from pytest_llm_migrate.domain import CallFailure
from pytest_llm_migrate.errors import CallFailedError

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Answer, Model, Outcome, Request


@dataclass(slots=True, eq=False, kw_only=True)
class Job:
    """An answer that somebody waits for.

    Attributes:
        key: The identity of the answer.
        request: What is sent.
        ordinal: The job's place in its lane, from 0.
        reserve: US dollars the call may cost at most, ``None`` when unknown.
        purpose: What the answer is for, for the ledger.
        urgent: Somebody waits for it now.
        counted: Somebody has waited for it already.
        sent: Attempts so far.
        attempt: The ledger's number of the attempt in flight.
        deadline: When the attempt in flight is given up; on the monotonic clock, like ``rests_until``.
        rests_until: When a job that waits for its next attempt is due.
        future: Gets the outcome, never an exception.
    """

    key: str
    request: Request
    ordinal: int
    reserve: float | None
    purpose: str = USE_CASE
    urgent: bool = False
    counted: bool = False
    sent: int = 0
    attempt: int = 0
    deadline: float = 0.0
    rests_until: float = 0.0
    future: Future[Outcome] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Return:
    """What came of an attempt, by its number in the ledger."""

    job: Job
    attempt: int
    outcome: Outcome


def outcome_of(model: Model, request: Request) -> Outcome:
    """Make one attempt; whatever is raised becomes a failure with a name."""
    try:
        return storable(model.answer(request))
    except CallFailedError as error:
        return CallFailure(
            kind=error.kind, message=printable(error.said), fatal=error.fatal, retry_after=error.retry_after
        )
    except BaseException as error:  # noqa: BLE001 - a plugin's bug is this call's failure; its thread must live on
        return CallFailure(kind="client_error", message=printable(f"{type(error).__name__}: {error}"))


def storable(answer: Answer) -> Answer:
    """Return the answer as any file takes it; raises where it holds what none does."""
    checked = replace(answer, text=printable(answer.text))
    json.dumps(checked.to_record(), ensure_ascii=False).encode()
    return checked


def printable(text: str) -> str:
    """Return the text without lone surrogates, which no file and no other process can take."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
