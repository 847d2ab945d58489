"""Answers of use cases of several calls, whose code is the user's."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers import Forecast, Question, RecordedAnswer, printable
from pytest_llm_migrate.domain import Answer, CallFailure, Step
from pytest_llm_migrate.errors import CallFailedError, CannotConnectError, MigrateError, UnpricedBudgetError
from pytest_llm_migrate.migration.calling import CallingSide
from pytest_llm_migrate.migration.sides import latencies_of, priced
from pytest_llm_migrate.models import ModelHandle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.answers import Connection
    from pytest_llm_migrate.domain import Outcome, Request, Row

_FOR_EVERY_ROW = (CannotConnectError, UnpricedBudgetError)


@dataclass(slots=True, kw_only=True)
class PipelineSide(CallingSide):
    """Answers of a use case of several calls; each step is kept, timed, priced and recorded by itself."""

    model: Connection
    prompt: Any
    pipeline: Callable[[ModelHandle, Any, Row], Answer | str]
    origin: str
    repeats: int
    threads: int
    _futures: dict[str, list[Future[Outcome]]] = field(default_factory=dict)
    _used: list[RecordedAnswer] = field(default_factory=list)
    _work: SimpleQueue[tuple[Row, int, Future[Outcome]]] = field(default_factory=SimpleQueue)
    _started: bool = False

    def prepare(self, rows: Sequence[Row]) -> None:
        """Do nothing: what a pipeline calls, and whether it is kept, is known when it runs."""

    def begin(self, rows: Sequence[Row]) -> None:
        """Queue every row for the pipeline's threads."""
        for row in rows:
            if row.sample_id not in self._futures:
                self._futures[row.sample_id] = [Future() for _ in range(self.repeats)]
                for repeat, future in enumerate(self._futures[row.sample_id]):
                    self._work.put((row, repeat, future))
        if rows and not self._started:
            self._started = True
            for _ in range(self.threads):
                threading.Thread(target=self._run, daemon=True).start()

    def outcomes(self, row: Row) -> Sequence[Outcome]:
        """Return a row's outcomes, waiting for its pipeline to end."""
        return [future.result() for future in self._futures[row.sample_id]]

    def used(self) -> Sequence[RecordedAnswer]:
        """Return the answers of all steps so far."""
        return list(self._used)

    def forecast(self, rows: Sequence[Row], *, may_count: bool = False) -> Forecast:  # noqa: ARG002 - as the protocol has it
        """Return at least one call a row and repeat; how many a pipeline makes is not known before it runs."""
        return Forecast(calls=len(rows) * self.repeats, kept=0, cost=None)

    def expected(self) -> None:
        """Return nothing: how many calls a pipeline makes, and which are kept, is known when it runs."""

    def known(self, rows: Sequence[Row]) -> Mapping[str, Sequence[Answer]]:  # noqa: ARG002 - as the protocol has it
        """Return nothing: what a pipeline would ask is known when it runs."""
        return {}

    def latencies(self, rows: Sequence[Row]) -> Sequence[float]:  # noqa: ARG002 - as the protocol has it
        """Return the latencies of recorded steps."""
        return latencies_of([answer for _, answer in self.recorded.values()])

    def in_flight(self) -> int:
        """Return what the user asked for, or what the model and the pipeline's threads take."""
        return self.desk.concurrency or min(self.threads, self.model.connect().concurrency)

    def identity(self, row: Row) -> object:
        """Return the keys of the row's steps so far: what a pipeline would send is known when it has run."""
        return sorted(item.key for item in self._used if item.sample_id == row.sample_id)

    def timed(self, row: Row, ask: Callable[[Request], Outcome]) -> Outcome:
        """Run the pipeline once, each of its calls made by ``ask``."""

        def step(steps: list[Step], request: Request, name: str | None) -> Answer:
            return self._noted(steps, ask(request), name)

        return self._outcome(row, step)

    def _run(self) -> None:
        while True:
            row, repeat, future = self._work.get()
            future.set_result(self._outcome(row, partial(self._step, row, repeat)))

    def _outcome(self, row: Row, step: Callable[[list[Step], Request, str | None], Answer]) -> Outcome:
        steps: list[Step] = []
        handle = ModelHandle(self.model.ref, partial(step, steps))
        try:
            result: object = self.pipeline(handle, self.prompt, row)
        except CallFailedError as error:
            return CallFailure(kind=error.kind, message=error.said, fatal=error.fatal)
        except MigrateError as error:
            return CallFailure(kind="not_answered", message=str(error), fatal=isinstance(error, _FOR_EVERY_ROW))
        except BaseException as error:  # noqa: BLE001 - the user's code: its bug is named, and its thread lives on
            return CallFailure(kind="pipeline_error", message=printable(f"{type(error).__name__}: {error}"))
        if not isinstance(result, (Answer, str)):
            return CallFailure(
                kind="pipeline_error", message=printable(f"it returned {result!r}, not a text or answer")
            )
        return _whole(result, steps)

    def _step(self, row: Row, repeat: int, steps: list[Step], request: Request, name: str | None) -> Answer:
        question = Question(sample_id=row.sample_id, request=request, repeat=repeat)
        ticket = self.desk.ask(self.model, [question], self.recorded)[0]
        outcome = ticket.outcome()
        if isinstance(outcome, Answer):
            self._used.append(RecordedAnswer(sample_id=row.sample_id, key=ticket.key, answer=outcome, of=self.origin))
        return self._noted(steps, outcome, name)

    def _noted(self, steps: list[Step], outcome: Outcome, name: str | None) -> Answer:
        """Return a step's answer, noted among the steps; raise `CallFailedError` where there is none."""
        if isinstance(outcome, CallFailure):
            raise CallFailedError(outcome.kind, outcome.message, fatal=outcome.fatal)
        answer = priced(self.desk, self.model.ref, outcome)
        steps.append(_step_of(name or f"step {len(steps) + 1}", answer))
        return answer


def _step_of(name: str, answer: Answer) -> Step:
    return Step(
        name=name,
        latency=answer.latency,
        ttft=answer.ttft,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cache_read_tokens=answer.cache_read_tokens,
        cache_write_tokens=answer.cache_write_tokens,
        cost=answer.cost,
        no_cost=answer.no_cost,
        cached=answer.cached,
    )


def _whole(result: Answer | str, steps: Sequence[Step]) -> Answer:
    """Return a pipeline's answer: its last word, and the sums of its steps; a sum with an unknown part is unknown."""
    last = result if isinstance(result, Answer) else Answer(text=result)
    last = replace(last, text=printable(last.text))
    if not steps:
        return last
    return Answer(
        text=last.text,
        stop_reason=last.stop_reason,
        input_tokens=_total([step.input_tokens for step in steps]),
        output_tokens=_total([step.output_tokens for step in steps]),
        cache_read_tokens=_total([step.cache_read_tokens for step in steps]),
        cache_write_tokens=_total([step.cache_write_tokens for step in steps]),
        latency=_total([step.latency for step in steps]),
        ttft=steps[0].ttft if len(steps) == 1 else None,
        cost=_total([step.cost for step in steps]),
        no_cost=next((step.no_cost for step in steps if step.no_cost), None),
        cached=any(step.cached for step in steps),
        mean_logprob=last.mean_logprob,
        reasoning=last.reasoning,
        tool_calls=last.tool_calls,
        steps=tuple(steps),
    )


def _total(parts: Sequence[Any]) -> Any:
    return None if any(part is None for part in parts) else sum(parts)
