"""The latency pass of a migration: made once, by one process, kept, and reused while nothing about it changes.

The protocol is that of a fair comparison: a seeded sample of the rows, both sides interleaved in one window in a random
but repeatable ABBA order, few calls at once, connections warmed up, starts spread, one attempt a call, and whatever was
not timed cleanly counted and left out together with the other side of its pair.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers import SingleCalls
from pytest_llm_migrate.datasets import sample
from pytest_llm_migrate.domain import SIDES
from pytest_llm_migrate.errors import MigrateError, counted
from pytest_llm_migrate.migration.measuring import Measuring, turns
from pytest_llm_migrate.migration.samples import Circumstances, iso, pass_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llm_migrate.answers import Store
    from pytest_llm_migrate.answers.timings import PassClaim
    from pytest_llm_migrate.domain import Row, SideName
    from pytest_llm_migrate.migration.samples import Sample
    from pytest_llm_migrate.migration.sides import TimedSide

CONCURRENCY = 4
"""Calls in flight over both sides; more than 8 would make the client a part of what it measures."""
SEED = 0
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyPass:
    """The latency pass of one migration, in whichever process comes first; the others wait for its result.

    Attributes:
        wanted: How many rows are asked on both sides.
        rows: The migration's rows.
        sides: Both sides.
        with_cache: Prompt caches stay on, and answers that came out of one count.
    """

    wanted: int
    rows: Sequence[Row]
    sides: Mapping[SideName, TimedSide]
    with_cache: bool = False

    @property
    def sampled(self) -> Sequence[Row]:
        """The rows that are asked on both sides."""
        return sample(self.rows, self.wanted, seed=SEED)

    def key(self) -> str:
        """Return the identity of the pass: the same requests, models and protocol give the same key."""
        asked = [
            [side, found.model.ref, row.sample_id, found.identity(row)]
            for side, found in self.sides.items()
            for row in self.sampled
        ]
        text = json.dumps([self._most, SEED, self.with_cache, asked], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def calls_left(self) -> int:
        """Return how many calls the pass takes, warm-up included; none where its result is kept."""
        return 0 if self._store.has_pass(self.key()) else len(SIDES) * len(self.sampled) + max(self._most, len(SIDES))

    def result(self) -> dict[str, Any]:
        """Return the record of the pass, measuring it where no process has, and waiting for one that does.

        ``kept`` says whether it was measured by an earlier run.
        """
        store, key = self._store, self.key()
        while (claim := store.claim_pass(key)) is None:
            time.sleep(_LOOK_SECONDS)
        if claim.is_finished:
            return {**claim.record, "kept": claim.record["run"] != store.terms.run}
        try:
            return {**self._measured(key, claim), "kept": False}
        finally:
            store.leave_pass(key)

    @property
    def _most(self) -> int:
        return min(CONCURRENCY, self.sides["source"].desk.concurrency or CONCURRENCY)

    def _measured(self, key: str, claim: PassClaim) -> dict[str, Any]:
        store, stopped = self._store, threading.Event()
        calls = {
            name: SingleCalls(desk=side.desk, connection=side.model, stopped=stopped)
            for name, side in self.sides.items()
        }
        started = str(claim.record.get("started") or iso(time.time()))
        try:
            lanes = _lanes(self._most, calls.values())
        except MigrateError as error:
            return {**self._unmeasured(started, str(error)), "run": store.terms.run}
        while store.is_calling():  # other calls' load would pass for latency
            time.sleep(_LOOK_SECONDS)
        most = f"at most {counted(self.calls_left(), 'call')}, {self._most} at a time"
        self.sides["source"].desk.batch.tell(f"llm-migrate: measuring latency apart: {most}")
        name = f"{key} {claim.generation}"
        measuring = Measuring(
            name, sides=self.sides, calls=calls, lanes=lanes, before=claim.record, with_cache=self.with_cache
        )

        def keep(progress: Mapping[str, Any]) -> None:
            store.keep_pass(key, {**progress, "started": started})
            store.renew()

        samples = measuring.run(turns(self.sampled, SEED), keep)
        record = {**self._record(measuring, samples, started), "run": store.terms.run}
        if stopped.is_set():
            keep(measuring.progress())
        else:
            store.keep_pass(key, record, is_finished=True)
        return record

    @property
    def _store(self) -> Store:
        return self.sides["source"].desk.store

    def _record(self, measuring: Measuring, samples: Sequence[Sample], started: str) -> dict[str, Any]:
        circumstances = Circumstances(
            rows=len(self.sampled),
            concurrency=measuring.lanes,
            order_seed=SEED,
            warm_up=measuring.warm_up,
            cache_off=measuring.cache_off,
            cpu_of="client threads" if measuring.watch.is_shared else "process",
            started=started,
        )
        return pass_record(circumstances, samples, measuring.watch, measuring.fault)

    def _unmeasured(self, started: str, why: str) -> dict[str, Any]:
        circumstances = Circumstances(
            rows=len(self.sampled),
            concurrency=0,
            order_seed=SEED,
            warm_up=0,
            cache_off=False,
            cpu_of="process",
            started=started,
        )
        return pass_record(circumstances, [], None, why)


def _lanes(most: int, calls: Iterable[SingleCalls]) -> int:
    """Return calls in flight over both sides; raises `MigrateError` where a model cannot be called."""
    found = list(calls)
    for each in found:
        each.check_budget()
    return min(most, *(each.model.concurrency for each in found))
