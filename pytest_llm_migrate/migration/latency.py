"""The latency pass: a few rows, one attempt a call, both sides in one window, few calls at once.

The protocol is that of a fair comparison: sides interleaved in a random but repeatable ABBA order, connections warmed
up, starts spread, and whatever was not timed cleanly counted and left out together with the other side of its pair.
"""

from __future__ import annotations

import hashlib
import json
import random
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers import NOT_CALLED, SingleCalls
from pytest_llm_migrate.datasets import sample
from pytest_llm_migrate.domain import SIDES, Answer, CallFailure
from pytest_llm_migrate.errors import MigrateError
from pytest_llm_migrate.migration.samples import Sample, pass_record, reason_of
from pytest_llm_migrate.migration.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.answers import Store
    from pytest_llm_migrate.answers.timings import PassClaim
    from pytest_llm_migrate.domain import Outcome, Request, Row, SideName
    from pytest_llm_migrate.migration.sides import TimedSide

CONCURRENCY = 4
MOST_AT_ONCE = 8
SEED = 0
SILENCE = 660.0
"""Seconds without the end of any call after which a pass is given up."""
GRACE = 10.0
_LOOK_SECONDS = 0.05
_KEEP_SECONDS = 1.0
_RENEW_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How a pass measures: rows a side, calls in flight over both sides (8 at most), and the seed of its order."""

    rows: int
    concurrency: int = CONCURRENCY
    seed: int = SEED


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One call to be timed: its place in the order, the pair it belongs to, and what is asked."""

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
    known = [(pair, side) for pair, side in order if pair < len(rows)]
    return [Turn(place=place, pair=pair, side=side, row=shuffled[pair]) for place, (pair, side) in enumerate(known)]


@dataclass(slots=True, kw_only=True)
class LatencyPass:
    """The latency pass of one migration, in whichever process comes first; the others wait for its result.

    Attributes:
        protocol: How it measures.
        rows: The migration's rows, of which a seeded sample is asked.
        sides: Both sides.
    """

    protocol: Protocol
    rows: Sequence[Row]
    sides: Mapping[SideName, TimedSide]
    _stopped: threading.Event = field(default_factory=threading.Event)
    _calls: dict[SideName, SingleCalls] = field(default_factory=dict)
    _cache_off: bool = False

    @property
    def sampled(self) -> Sequence[Row]:
        """The rows that are asked on both sides."""
        return sample(self.rows, self.protocol.rows, seed=self.protocol.seed)

    @property
    def store(self) -> Store:
        """Where samples are kept."""
        return self.sides["source"].desk.store

    def key(self) -> str:
        """Return the identity of the pass: the same requests, models and protocol give the same key."""
        desk, protocol = self.sides["source"].desk, self.protocol
        content = [protocol.concurrency, protocol.seed, desk.concurrency, desk.per_minute]
        asked = [
            [side, found.model.ref, row.sample_id, found.identity(row)]
            for side, found in self.sides.items()
            for row in self.sampled
        ]
        text = json.dumps([content, asked], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def calls_left(self) -> int:
        """Return how many calls measuring takes, warm-up included; none where the store holds the result."""
        found = self.store.find_pass(self.key())
        return 0 if found and found.is_finished else 2 * len(self.sampled) + self._lanes_at_most()

    def result(self) -> dict[str, Any]:
        """Return the record of the pass, measuring it where no process has, and waiting for one that does."""
        key = self.key()
        while (claim := self.store.claim_pass(key)) is None:
            time.sleep(_LOOK_SECONDS)
        if claim.is_finished:
            return dict(claim.record)
        try:
            return self._measured(key, claim)
        finally:
            self.store.leave_pass(key)

    def _measured(self, key: str, claim: PassClaim) -> dict[str, Any]:
        samples, lanes, warmed, watch = [], 0, 0, Watch(claim.record.get("watch"))
        failed, started = dict(claim.record.get("failed", {})), claim.record.get("started", time.time())
        try:
            self._connect()
        except MigrateError as error:
            return pass_record([], self._facts(0, 0, started), watch, unmeasured=str(error))
        while self.store.is_calling():  # others' load would pass for latency
            time.sleep(_LOOK_SECONDS)
        lanes = self._lanes()
        is_shared = any(getattr(calls.model, "runs_here", False) for calls in self._calls.values())
        mean, warmed = self._warm_up(lanes)
        order, done = turns(self.sampled, self.protocol.seed), SimpleQueue[Sample]()
        with Watch(claim.record.get("watch"), is_shared=is_shared) as watch:
            threads = self._start(order, done, _Work(f"{key} {claim.generation}", failed, watch, mean), lanes)
            try:
                samples = self._collected(key, len(order), done, watch, started)
            finally:
                self._stopped.set()
                _join(threads)
        record = pass_record(samples, self._facts(lanes, warmed, started), watch)
        if not any(item.reason in NOT_CALLED for item in samples):
            self.store.keep_pass(key, record, is_finished=True)
        return record
