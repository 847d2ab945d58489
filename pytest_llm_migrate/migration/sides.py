"""Where a side's answers come from: the dataset's own columns, a model, or a pipeline of several calls."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llm_migrate.answers import Forecast, Question, printable
from pytest_llm_migrate.domain import Answer, CallFailure, Step, side_column
from pytest_llm_migrate.errors import CallFailedError, CannotConnectError, MigrateError, UnpricedBudgetError
from pytest_llm_migrate.models import ModelHandle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.answers import Connection, Desk, Order, Ticket
    from pytest_llm_migrate.domain import Outcome, PriceList, Request, Row, SideName

UsedAnswer = tuple[str, str, Answer]
"""A row's ``sample_id``, the answer's key, and the answer: what a recording keeps."""
_FOR_EVERY_ROW = (CannotConnectError, UnpricedBudgetError)


class Renders(Protocol):
    """A prompt, as far as a side needs it."""

    def render(self, row: Row) -> Request:
        """Return what is sent for a row."""
        ...


class SideAnswers(Protocol):
    """Answers of one side, begun ahead and waited for row by row."""

    def prepare(self, rows: Sequence[Row]) -> None:
        """Raise `MigrateError` for what can be known to be wrong with these rows before any call."""
        ...

    def begin(self, rows: Sequence[Row]) -> None:
        """See to it that these rows get answered; returns at once."""
        ...

    def outcomes(self, row: Row) -> Sequence[Outcome]:
        """Return a row's outcomes, one a repeat, waiting for them."""
        ...

    def used(self) -> Sequence[UsedAnswer]:
        """Return the answers handed out so far that a recording could keep."""
        ...

    def forecast(self, rows: Sequence[Row]) -> Forecast:
        """Return what answering these rows would take."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSide:
    """Answers that the dataset itself carries, in the ``*_source_llm`` or ``*_target_llm`` columns."""

    side: SideName
    prices: PriceList

    def prepare(self, rows: Sequence[Row]) -> None:
        """Do nothing: a row without an answer says so when it is looked at."""

    def begin(self, rows: Sequence[Row]) -> None:
        """Do nothing: the answers are there."""

    def outcomes(self, row: Row) -> Sequence[Outcome]:
        """Return the row's recorded answer, or say that it has none."""
        column = side_column("answer", self.side)
        text = row.get(column)
        if text is None:
            return [CallFailure(kind="not_recorded", message=f"{row.place}: {column} is empty")]
        return [self._answer(row, str(text))]

    def used(self) -> Sequence[UsedAnswer]:
        """Return nothing: these answers are in the dataset already."""
        return []

    def forecast(self, rows: Sequence[Row]) -> Forecast:
        """Return that no call is needed."""
        return Forecast(calls=0, kept=len(rows), cost=0.0)

    def _answer(self, row: Row, text: str) -> Answer:
        def value(name: str) -> Any:
            return row.get(side_column(name, self.side))

        model = value("model") or None
        read, written, cost = value("input_token"), value("output_token"), value("cost")
        if cost is None and model:
            cost = self.prices.cost(model, Answer(text="", input_tokens=read, output_tokens=written))
        return Answer(
            text=text,
            stop_reason=value("stop_reason") or None,
            input_tokens=read,
            output_tokens=written,
            latency=value("latency"),
            ttft=value("ttft"),
            cost=cost,
            cached=True,
            model=model,
        )


@dataclass(slots=True, kw_only=True)
class AskedSide:
    """Answers of a model to a prompt, one call a row and repeat."""

    desk: Desk
    model: Connection
    prompt: Renders
    repeats: int
    recorded: Mapping[str, tuple[str, Answer]]
    _orders: list[Order] = field(default_factory=list)
    _prepared: dict[str, None] = field(default_factory=dict)
    _tickets: dict[str, Sequence[Ticket]] = field(default_factory=dict)

    def prepare(self, rows: Sequence[Row]) -> None:
        """Render prompts, look for kept answers, connect to the model; raises `MigrateError` where that fails."""
        new = [row for row in rows if row.sample_id not in self._tickets and row.sample_id not in self._prepared]
        if new:
            self._orders.append(self.desk.prepare(self.model, self._questions(new), self.recorded))
            self._prepared.update((row.sample_id, None) for row in new)

    def begin(self, rows: Sequence[Row]) -> None:
        """Ask for every row at once, and for those prepared before; raises what `prepare` raises."""
        self.prepare(rows)
        tickets = [ticket for order in self._orders for ticket in order.begin()]
        for index, sample_id in enumerate(self._prepared):
            self._tickets[sample_id] = tickets[index * self.repeats : (index + 1) * self.repeats]
        self._orders.clear()
        self._prepared.clear()

    def outcomes(self, row: Row) -> Sequence[Outcome]:
        """Return a row's outcomes, priced by today's list."""
        found = [ticket.outcome() for ticket in self._tickets[row.sample_id]]
        return [self.desk.priced(self.model.ref, item) if isinstance(item, Answer) else item for item in found]

    def forecast(self, rows: Sequence[Row]) -> Forecast:
        """Return the calls that are missing and what they may cost."""
        return self.desk.forecast(self.model, self._questions(rows), self.recorded)

    def _questions(self, rows: Sequence[Row]) -> list[Question]:
        requests = [(row.sample_id, self.prompt.render(row)) for row in rows]
        return [
            Question(sample_id=sample_id, request=request, repeat=repeat)
            for sample_id, request in requests
            for repeat in range(self.repeats)
        ]

    def used(self) -> Sequence[UsedAnswer]:
        """Return every answer that has arrived."""
        pairs = [(row, ticket) for row, tickets in self._tickets.items() for ticket in tickets if ticket.is_there]
        answers = [(row, ticket.key, ticket.outcome()) for row, ticket in pairs]
        return [(row, key, answer) for row, key, answer in answers if isinstance(answer, Answer)]


@dataclass(slots=True, kw_only=True)
class PipelineSide:
    """Answers of a use case of several calls; each step is kept, timed and priced by itself."""

    desk: Desk
    model: Connection
    prompt: Any
    pipeline: Callable[[ModelHandle, Any, Row], Answer | str]
    repeats: int
    recorded: Mapping[str, tuple[str, Answer]]
    threads: int
    _futures: dict[str, list[Future[Outcome]]] = field(default_factory=dict)
    _used: list[UsedAnswer] = field(default_factory=list)
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

    def used(self) -> Sequence[UsedAnswer]:
        """Return the answers of all steps so far."""
        return list(self._used)

    def forecast(self, rows: Sequence[Row]) -> Forecast:
        """Return at least one call a row and repeat; how many a pipeline makes is not known before it runs."""
        return Forecast(calls=len(rows) * self.repeats, kept=0, cost=None)

    def _run(self) -> None:
        while True:
            row, repeat, future = self._work.get()
            future.set_result(self._outcome(row, repeat))

    def _outcome(self, row: Row, repeat: int) -> Outcome:
        steps: list[Step] = []
        handle = ModelHandle(self.model.ref, lambda request, step: self._step(row, repeat, steps, request, step))
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
        if isinstance(outcome, CallFailure):
            raise CallFailedError(outcome.kind, outcome.message, fatal=outcome.fatal)
        answer = self.desk.priced(self.model.ref, outcome)
        self._used.append((row.sample_id, ticket.key, answer))
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
        cached=any(step.cached for step in steps),
        steps=tuple(steps),
    )


def _total(parts: Sequence[Any]) -> Any:
    return None if any(part is None for part in parts) else sum(parts)
