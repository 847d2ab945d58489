"""The self-check of a latency pass: whether the client itself was quick enough to be trusted with a clock."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

BEAT = 0.01
"""Seconds between two looks at the clock."""
MOST_CPU = 0.5
"""Share of a core beyond which a client's times are its own doing."""
LEAST_LAG = 0.01
LAG_SHARE = 0.05
"""A beat may be late by this many seconds, or by this share of the median time to the first text."""
_STEP = 1e-4  # seconds by which lags are told apart


class Watch:
    """Watches the client while it measures: a heartbeat that should never be late, and its CPU time.

    Args:
        before: What an interrupted pass had seen, as `to_record` gives it.
        is_shared: The models run in this process: only the CPU time reported through `spent` counts, not all of it.
    """

    def __init__(self, before: Mapping[str, Any] | None = None, *, is_shared: bool = False) -> None:
        self.is_shared = is_shared
        before = before or {"cpu": 0.0, "wall": 0.0, "lags": {}}
        self._lags = Counter({int(lag): times for lag, times in before["lags"].items()})
        self._cpu, self._wall = float(before["cpu"]), float(before["wall"])
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._began = self._cpu_at = 0.0

    def __enter__(self) -> Self:
        self._began, self._cpu_at = time.perf_counter(), time.process_time()
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._note()
        self._over.set()
        self._heart.join()

    def spent(self, seconds: float) -> None:
        """Take CPU time that a thread of the client spent on measuring."""
        if self.is_shared:
            with self._lock:
                self._cpu += seconds

    @property
    def cpu(self) -> float:
        """CPU time as a share of one core; more than 1 where several were busy."""
        self._note()
        return self._cpu / self._wall if self._wall else 0.0

    @property
    def lag(self) -> float:
        """The 99th percentile of how late beats were, in seconds."""
        with self._lock:
            late, left = sorted(self._lags.items()), math.ceil(0.99 * self._lags.total())
        for step, times in late:
            left -= times
            if left <= 0:
                return step * _STEP
        return 0.0

    def to_record(self) -> dict[str, Any]:
        """Return what was seen so far as JSON-ready builtins."""
        self._note()
        with self._lock:
            return {"cpu": self._cpu, "wall": self._wall, "lags": {str(lag): n for lag, n in self._lags.items()}}

    def _note(self) -> None:
        if self._over.is_set() or not self._began:
            return
        now, cpu = time.perf_counter(), time.process_time()
        with self._lock:
            self._wall += now - self._began
            self._cpu += 0.0 if self.is_shared else cpu - self._cpu_at
            self._began, self._cpu_at = now, cpu

    def _beat(self) -> None:
        while not self._over.is_set():
            before = time.perf_counter()
            time.sleep(BEAT)
            late = time.perf_counter() - before - BEAT
            with self._lock:
                self._lags[max(math.ceil(late / _STEP), 0)] += 1


def fault_of(cpu: float, lag: float, ttft: float | None) -> str | None:
    """Return why times measured so cannot be trusted, ``None`` where they can.

    Args:
        cpu: The client's CPU time as a share of one core.
        lag: The 99th percentile of how late its heartbeat was, in seconds.
        ttft: The median time to the first text, in seconds; ``None`` when unknown.
    """
    if cpu > MOST_CPU:
        return f"the client itself was busy {cpu:.0%} of the time, and at most {MOST_CPU:.0%} is tolerated"
    most = max(LEAST_LAG, LAG_SHARE * (ttft or 0.0))
    if lag > most:
        return (
            f"the client's own clock thread was up to {1000 * lag:.1f} ms late (p99), "
            f"and at most {1000 * most:.1f} ms is tolerated"
        )
    return None
