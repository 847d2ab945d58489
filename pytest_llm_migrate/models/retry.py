"""Tries a call again when its failure may pass."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import CallFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain.answer import Answer
    from pytest_llm_migrate.domain.protocols import Model
    from pytest_llm_migrate.domain.request import Request

CROWDED = frozenset({"throttled", "model_not_ready"})
PASSING = CROWDED | {
    "bad_checksum",
    "connection_lost",
    "server_error",
    "stream_broken",
    "stream_ended_early",
    "timed_out",
    "truncated_body",
}
"""Kinds of failure that a second attempt may not meet."""

LONGEST_WAIT = 20.0
LONGEST_REQUESTED_WAIT = 60.0


class Retrying:
    """A model around a model that makes up to ``attempts`` attempts a request.

    Waits grow exponentially with full jitter, from 1 s where the service is crowded and 0.1 s elsewhere, up to 20 s; a
    longer wait that the service asks for is kept up to 60 s, and beyond that the failure stands. An answer's
    times are those of the attempt that gave it.
    """

    def __init__(
        self,
        model: Model,
        *,
        attempts: int = 5,
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._model, self._attempts = model, attempts
        self._sleep, self._jitter = sleep, jitter

    @property
    def ref(self) -> str:
        """The reference of the model within."""
        return self._model.ref

    @property
    def concurrency(self) -> int:
        """The concurrency of the model within."""
        return self._model.concurrency

    def answer(self, request: Request) -> Answer:
        """Return the first answer an attempt gives; raise the last `CallFailedError` when none does."""
        for attempt in range(1, self._attempts):
            try:
                return self._model.answer(request)
            except CallFailedError as failed:
                if not _may_pass(failed):
                    raise
                self._sleep(self._wait(attempt, failed))
        return self._model.answer(request)

    def _wait(self, attempt: int, failed: CallFailedError) -> float:
        first = 1.0 if failed.kind in CROWDED else 0.1
        backoff = min(first * 2.0 ** (attempt - 1), LONGEST_WAIT)
        return max(self._jitter() * backoff, failed.retry_after or 0.0)


def _may_pass(failed: CallFailedError) -> bool:
    return failed.kind in PASSING and (failed.retry_after or 0.0) <= LONGEST_REQUESTED_WAIT
