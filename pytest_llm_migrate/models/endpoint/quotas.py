"""Quotas: a bucket of tokens for each model, as the service has."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.models.endpoint.engines import Fault

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many requests each model takes; beyond that it answers with a ``ThrottlingException``.

    Attributes:
        requests_per_second: In the long run, above 0.
        burst: At once, at least 1.
        says_when: Give the refusals a ``Retry-After`` header.
    """

    requests_per_second: float
    burst: int = 1
    says_when: bool = False


class Meter:
    """Holds the requests of all models to one quota, each model by itself."""

    def __init__(self, quota: Quota, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._quota, self._clock = quota, clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, model: str) -> None:
        """Let a request pass, or raise the fault that refuses it; a refused one costs nothing."""
        with self._lock:
            wait = self._taken(model)
        if wait > 0:
            message = "Too many requests, please wait before trying again."
            raise Fault("ThrottlingException", message, round(wait, 3) if self._quota.says_when else None)

    def _taken(self, model: str) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        now, rate, burst = self._clock(), self._quota.requests_per_second, self._quota.burst
        tokens, then = self._buckets.get(model, (float(burst), now))
        tokens = min(burst, tokens + (now - then) * rate)
        passes = tokens >= 1
        self._buckets[model] = (tokens - passes, now)
        return 0 if passes else (1 - tokens) / rate
