"""An engine that answers by a script: for tests, rehearsals and benchmarks that need no model."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from pytest_llm_migrate.models.endpoint.batches import Batch
from pytest_llm_migrate.models.endpoint.engines import BATCH_RECORD, Fault, Finish
from pytest_llm_migrate.models.endpoint.quotas import Meter
from pytest_llm_migrate.models.endpoint.replies import Reply
from pytest_llm_migrate.models.endpoint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llm_migrate.models.endpoint.engines import Answer, Converse, Inquiry, Piece
    from pytest_llm_migrate.models.endpoint.lookups import FoundationModel, InferenceProfile
    from pytest_llm_migrate.models.endpoint.quotas import Quota
    from pytest_llm_migrate.models.endpoint.rules import ScriptedFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Rules, of which the first that accepts a request answers it; the default (the text ``ok``) answers the rest.

    Attributes:
        rules: In order.
        default: Answers what no rule accepts.
        quota: How many requests each model takes; ``None`` is any number.
        seed: Decides what is left to chance.
        padding: Give each frame of a stream the member ``p`` that the service gives it.
        foundation_models: What ListFoundationModels and GetFoundationModel know.
        inference_profiles: What ListInferenceProfiles and GetInferenceProfile know.
        batch: How batch jobs go.
    """

    rules: tuple[Rule, ...] = ()
    default: Reply = field(default_factory=Reply)
    quota: Quota | None = None
    seed: int = 0
    padding: bool = False
    foundation_models: tuple[FoundationModel, ...] = ()
    inference_profiles: tuple[InferenceProfile, ...] = ()
    batch: Batch = field(default_factory=Batch)


class ScriptedEngine:
    """Answers by a script; only the quota's state and the faults that have happened are remembered."""

    def __init__(self, script: Script, *, sleep: Callable[[float], object] = time.sleep) -> None:
        self.script, self._sleep = script, sleep
        self._meter = Meter(script.quota) if script.quota else None
        self._lock = threading.Lock()
        self._faults: Counter[object] = Counter()
        # Chance in a rehearsal is no secret, and must be the same in the next one.
        self._random = Random(script.seed)  # noqa: S311

    def converse(self, request: Converse) -> Answer:
        """Yield the scripted pieces at their times, or break as the script says."""
        is_record = request.operation == BATCH_RECORD
        if self._meter and not is_record:
            self._meter.take(request.model)
        rule = self._rule(request)
        reply = rule.reply or self.script.default
        if is_record:
            reply = replace(reply, latency=0, gap=0)  # a job takes its own time
        text = reply.answer(request.question)
        yield from self._played(self._due(rule, request), reply, reply.pieces(text), request)
        yield reply.finish(request, text)

    def optimize(self, inquiry: Inquiry) -> Answer:
        """Yield an analysis of a prompt and the scripted prompt in its place."""
        rule = self._rule(inquiry)
        reply = rule.reply or self.script.default
        fault = self._due(rule, inquiry)
        if reply.optimized is None and (fault is None or fault.passes):
            raise Fault("ValidationException", "The script has no `optimized` text for this prompt.")
        yield from self._played(fault, reply, (reply.analysis, reply.optimized or ""))
        yield Finish(stop_reason="end_turn", input_tokens=0, output_tokens=0)

    def count_tokens(self, request: Converse) -> int:
        """Return the scripted number of tokens, or the number of words."""
        asked = replace(request, operation="CountTokens")
        self.admit(asked)
        return (self._rule(asked).reply or self.script.default).read_tokens(asked)

    def admit(self, asked: Converse | Inquiry) -> None:
        """Let a request pass that is answered at once, or raise what the script has against it."""
        fault = self._due(self._rule(asked), asked)
        if fault:
            self._strike(fault)

    def _rule(self, asked: Converse | Inquiry) -> Rule:
        return next((rule for rule in self.script.rules if rule.accepts(asked)), Rule())

    def _played(
        self, fault: ScriptedFault | None, reply: Reply, pieces: Iterable[Piece], request: Converse | None = None
    ) -> Answer:
        if fault and fault.position == 0:
            self._strike(fault)
            fault = None
        served = request and reply.served(request)
        if served:
            yield served
        for index, piece in enumerate(pieces):
            self._sleep(reply.gap if index else reply.latency)
            yield piece
            if fault and fault.position == index + 1:
                self._strike(fault)
                fault = None
        if fault:
            self._strike(fault)

    def _strike(self, fault: ScriptedFault) -> None:
        """Let a fault happen; return only when the answer goes on after it."""
        if fault.seconds:
            self._sleep(fault.seconds)
        if not fault.passes:
            raise fault.raised()

    def _due(self, rule: Rule, asked: Converse | Inquiry) -> ScriptedFault | None:
        dangers = rule.dangers(asked.operation)
        with self._lock:
            return next((fault for fault in dangers if self._happens(rule, fault, asked)), None)

    def _happens(self, rule: Rule, fault: ScriptedFault, asked: Converse | Inquiry) -> bool:
        if fault.chance < 1 and self._random.random() >= fault.chance:
            return False
        if fault.times is None:
            return True
        key = (id(rule), id(fault), asked.identity if fault.each else None)
        if self._faults[key] >= fault.times:
            return False
        self._faults[key] += 1
        return True
