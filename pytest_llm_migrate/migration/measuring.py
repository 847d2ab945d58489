"""Measuring: the threads of one latency pass, and what they bring."""

from __future__ import annotations

import hashlib
import random
import secrets
import statistics
import threading
import time
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llm_migrate.domain import SIDES, Answer, CallFailure
from pytest_llm_migrate.migration.samples import Sample
from pytest_llm_migrate.migration.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.answers import SingleCalls
    from pytest_llm_migrate.domain import Outcome, Request, Row, SideName
    from pytest_llm_migrate.migration.sides import TimedSide

SILENCE = 660.0
"""Seconds without the end of any call after which a pass is given up."""
GRACE = 10.0
"""Seconds to wait for calls in flight when a pass is interrupted: they are paid for, and their answers kept."""
_KEEP_SECONDS = 1.0


class Turn(NamedTuple):
    """One call to be timed: its place in the order, its pair from 0, its side and its row."""

    place: int
    pair: int
    side: SideName
    row: Row


def turns(rows: Sequence[Row], seed: int) -> list[Turn]:
    """Return both sides' calls in the order in which they go out: ABBA or BAAB for every two pairs, rows shuffled."""
    random_ = random.Random(seed)  # noqa: S311 - an order that can be repeated, not a secret
    shuffled = random_.sample(list(rows), len(rows))
    order: list[tuple[int, SideName]] = []
    for pair in range(0, len(rows), 2):
        first, second = random_.sample(SIDES, 2)
        order += [(pair, first), (pair, second), (pair + 1, second), (pair + 1, first)]
    whole = [(pair, side) for pair, side in order if pair < len(rows)]
    return [Turn(place, pair, side, shuffled[pair]) for place, (pair, side) in enumerate(whole)]


class Measuring:
    """Times calls in order, each once, in a few threads; what an interrupted pass left is not asked again.

    ``watch`` is the self-check, ``warm_up`` the calls thrown away before, ``cache_off`` whether cache points were left
    out, and ``fault`` why the whole pass came to nothing.

    Args:
        name: Tells the pass from every other; keys of its samples hold it.
        sides: Both sides.
        calls: Makes both sides' calls; one event stops them all.
        lanes: Calls in flight at most.
        before: What an interrupted pass kept, as `progress` gives it.
        with_cache: Prompt caches stay on, and answers that came out of one count.
    """

    def __init__(
        self,
        name: str,
        *,
        sides: Mapping[SideName, TimedSide],
        calls: Mapping[SideName, SingleCalls],
        lanes: int,
        before: Mapping[str, Any],
        with_cache: bool = False,
    ) -> None:
        self._with_cache = with_cache
        self._name, self._sides, self._calls, self.lanes = name, sides, calls, lanes
        self._failed: dict[str, dict[str, Any]] = dict(before.get("failed", {}))
        is_shared = any(getattr(found.model, "runs_here", False) for found in calls.values())
        self.watch = Watch(before.get("watch"), is_shared=is_shared)
        self.warm_up = max(lanes, len(SIDES))
        self.cache_off, self.fault = False, ""
        self._stopped = calls["source"].stopped
        self._ended: SimpleQueue[Sample] = SimpleQueue()
        self._left: list[Turn] = []
        self._lock = threading.Lock()

    def progress(self) -> dict[str, Any]:
        """Return what is to be kept besides the answers, should the pass be interrupted."""
        return {"failed": dict(self._failed), "watch": self.watch.to_record()}

    def run(self, order: Sequence[Turn], keep: Callable[[dict[str, Any]], object]) -> list[Sample]:
        """Return a sample for every turn; ``keep`` gets the progress about once a second."""
        self._left = list(reversed(order))
        mean = self._warmed_up(order)
        with self.watch:
            threads = [_started(self._lane, random.uniform(0, mean)) for _ in range(self.lanes)]  # noqa: S311 - spread
            try:
                samples = self._collected(len(order), keep)
            except BaseException:
                self._stopped.set()
                _join(threads)
                keep(self.progress())
                raise
        return samples

    def _warmed_up(self, order: Sequence[Turn]) -> float:
        """Make a call for every connection, both models in turn, all at once; return their mean seconds."""
        taken: SimpleQueue[Outcome] = SimpleQueue()

        def warm(number: int) -> None:
            side = SIDES[number % len(SIDES)]
            turn = Turn(-1 - number, -1, side, order[number % len(order)].row)
            taken.put(self._asked(turn, f"warm-up {secrets.token_hex(4)}"))

        _join([_started(warm, number) for number in range(self.warm_up)], SILENCE)
        found = [taken.get() for _ in range(taken.qsize())]
        times = [item.latency for item in found if isinstance(item, Answer) and item.latency is not None]
        return statistics.fmean(times) if times else 0.0

    def _lane(self, wait: float) -> None:
        self._stopped.wait(wait)
        while (turn := self._next()) is not None:
            began, sent = time.thread_time(), time.time()
            outcome = self._kept_failure(turn) or self._asked(turn, str(turn.place))
            self.watch.spent(time.thread_time() - began)
            when = None if isinstance(outcome, Answer) and outcome.cached else sent
            self._ended.put(_sample(turn, when, outcome, with_cache=self._with_cache))

    def _next(self) -> Turn | None:
        with self._lock:
            return self._left.pop() if self._left else None

    def _kept_failure(self, turn: Turn) -> CallFailure | None:
        found = self._failed.get(str(turn.place))
        return CallFailure(**found) if found else None

    def _asked(self, turn: Turn, name: str) -> Outcome:
        side, calls, steps = self._sides[turn.side], self._calls[turn.side], iter(range(1_000_000))

        def ask(request: Request) -> Outcome:
            text = f"{self._name} {turn.side} {name} {next(steps)}"
            return calls.outcome(hashlib.sha256(text.encode()).hexdigest()[:32], self._uncached(request))

        outcome = side.timed(turn.row, ask)
        self._look(turn.side, outcome)
        return outcome

    def _uncached(self, request: Request) -> Request:
        # A prompt that is sent a second time would be read from the cache, as fast as production never is at first.
        if self._with_cache or "cache" not in request.options:
            return request
        self.cache_off = True
        return replace(request, options={name: value for name, value in request.options.items() if name != "cache"})

    def _collected(self, count: int, keep: Callable[[dict[str, Any]], object]) -> list[Sample]:
        samples: list[Sample] = []
        heard = kept = time.monotonic()
        while len(samples) < count:
            with suppress(Empty):
                samples.append(self._ended.get(timeout=_KEEP_SECONDS))
                heard = time.monotonic()
                self._note(samples[-1])
            if time.monotonic() - heard > SILENCE:
                self._stopped.set()
                self.fault = f"no call ended in {SILENCE / 60:g} minutes"
                return samples
            if time.monotonic() - kept > _KEEP_SECONDS:
                kept = time.monotonic()
                keep(self.progress())
        return samples

    def _note(self, sample: Sample) -> None:
        if isinstance(sample.outcome, CallFailure) and not self._stopped.is_set():
            self._failed[str(sample.place)] = sample.outcome.to_record()

    def _look(self, side: SideName, outcome: Outcome) -> None:
        if isinstance(outcome, CallFailure) and outcome.fatal:
            self.fault = f"the {side} model cannot be called: {outcome.kind}: {outcome.message}"


def _sample(turn: Turn, sent: float | None, outcome: Outcome, *, with_cache: bool) -> Sample:
    return Sample(
        place=turn.place,
        pair=turn.pair,
        side=turn.side,
        sample_id=turn.row.sample_id,
        sent=sent,
        outcome=outcome,
        with_cache=with_cache,
    )


def _started(work: Callable[[Any], None], argument: Any) -> threading.Thread:
    # A daemon: an interrupted run must be able to end at once.
    thread = threading.Thread(target=work, args=(argument,), daemon=True)
    thread.start()
    return thread


def _join(threads: Sequence[threading.Thread], seconds: float = GRACE) -> None:
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
