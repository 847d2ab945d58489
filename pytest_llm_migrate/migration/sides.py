"""Where a side's answers come from: the dataset's own columns, a model, or a pipeline of several calls."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llm_migrate.answers import USE_CASE, Forecast, Question, RecordedAnswer, together
from pytest_llm_migrate.domain import Answer, CallFailure, side_column
from pytest_llm_migrate.errors import masked
from pytest_llm_migrate.migration.calling import CallingSide

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.answers import Connection, Desk, Order, Ticket
    from pytest_llm_migrate.domain import Outcome, PriceList, Request, Row, SideName


IN_DATASET = "were recorded in the dataset"


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

    def used(self) -> Sequence[RecordedAnswer]:
        """Return the answers handed out so far that a recording could keep."""
        ...

    def forecast(self, rows: Sequence[Row], *, may_count: bool = False) -> Forecast:
        """Return what answering these rows would take; with ``may_count`` tokens may be counted by the service."""
        ...

    def expected(self) -> Forecast | None:
        """Return what the calls that are prepared and not begun would take, ``None`` where nobody knows which."""
        ...

    def known(self, rows: Sequence[Row]) -> Mapping[str, Sequence[Answer]]:
        """Return the answers that are there already, of those rows that have all of theirs, by ``sample_id``."""
        ...

    def latencies(self, rows: Sequence[Row]) -> Sequence[float]:
        """Return how many seconds earlier answers of this model took, as far as that is known."""
        ...

    def in_flight(self) -> int:
        """Return how many calls are in flight at once; raises `MigrateError` where the model cannot be reached."""
        ...

    def times_from(self) -> Sequence[str]:
        """Return under which conditions the answers so far were timed, to be read after "latencies"."""
        ...

    def kept_since(self) -> float | None:
        """Return when the oldest answer so far of an earlier run was made (seconds since the epoch), if known."""
        ...

    @property
    def is_live(self) -> bool:
        """Whether answers so far come from calls that this command makes, or made in an earlier run."""
        ...

    @property
    def may_call(self) -> bool:
        """Whether there is a model, and it may be called."""
        ...


class TimedSide(SideAnswers, Protocol):
    """A side whose model can be called for nothing but its times."""

    @property
    def desk(self) -> Desk:
        """Where its answers are asked for."""
        ...

    @property
    def model(self) -> Connection:
        """Its model."""
        ...

    @property
    def recorded(self) -> Mapping[str, tuple[str, Answer]]:
        """Its recordings, by key."""
        ...

    def identity(self, row: Row) -> object:
        """Return what tells a row's calls from others, as JSON-ready builtins."""
        ...

    def timed(self, row: Row, ask: Callable[[Request], Outcome]) -> Outcome:
        """Return what comes of a row when each of its calls is made by ``ask``."""
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

    def used(self) -> Sequence[RecordedAnswer]:
        """Return nothing: these answers are in the dataset already."""
        return []

    def forecast(self, rows: Sequence[Row], *, may_count: bool = False) -> Forecast:  # noqa: ARG002 - as the protocol has it
        """Return that no call is needed."""
        return Forecast.of({}, kept=len(rows))

    def expected(self) -> Forecast:
        """Return that no call is needed."""
        return Forecast.of({}, kept=0)

    def known(self, rows: Sequence[Row]) -> Mapping[str, Sequence[Answer]]:
        """Return the answers of all rows that have one."""
        found = {row.sample_id: self.outcomes(row)[0] for row in rows}
        return {sample_id: [answer] for sample_id, answer in found.items() if isinstance(answer, Answer)}

    def latencies(self, rows: Sequence[Row]) -> Sequence[float]:  # noqa: ARG002 - as the protocol has it
        """Return nothing: no answer is waited for."""
        return []

    def in_flight(self) -> int:
        """Return one: nothing is called."""
        return 1

    def times_from(self) -> Sequence[str]:
        """Return that nobody knows how the dataset's latencies were measured."""
        return [IN_DATASET]

    def kept_since(self) -> None:
        """Return nothing: a dataset does not say when its answers were made."""

    @property
    def is_live(self) -> bool:
        """Whether anything is called: never."""
        return False

    @property
    def may_call(self) -> bool:
        """Whether there is a model: there is none."""
        return False

    def _answer(self, row: Row, text: str) -> Answer:
        def value(name: str) -> Any:
            return row.get(side_column(name, self.side))

        model = value("model") or None
        read, written, cost, no_cost = value("input_token"), value("output_token"), value("cost"), None
        if cost is None and model:
            counted = Answer(text="", input_tokens=read, output_tokens=written)
            cost, no_cost = self.prices.cost(model, counted), self.prices.why_no_cost(model, counted)
        return Answer(
            text=text,
            stop_reason=value("stop_reason") or None,
            input_tokens=read,
            output_tokens=written,
            latency=value("latency"),
            ttft=value("ttft"),
            cost=cost,
            no_cost=no_cost,
            cached=True,
            model=model,
        )


@dataclass(slots=True, kw_only=True)
class AskedSide(CallingSide):
    """Answers of a model to a prompt, one call a row and repeat.

    ``origin`` is what recordings say asked, ``purpose`` what the ledger says it was for.
    """

    model: Connection
    prompt: Renders
    origin: str
    repeats: int
    purpose: str = USE_CASE
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
        return [priced(self.desk, self.model.ref, item) if isinstance(item, Answer) else item for item in found]

    def forecast(self, rows: Sequence[Row], *, may_count: bool = False) -> Forecast:
        """Return the calls that are missing and what they may cost."""
        return self.desk.forecast(self.model, self._questions(rows), self.recorded, may_count=may_count)

    def expected(self) -> Forecast:
        """Return what the calls that are prepared and not begun would take; none are reckoned where none is missing."""
        missing = [order for order in self._orders if order.missing]
        return together(self.desk.expect(self.model, order, self.recorded) for order in missing)

    def known(self, rows: Sequence[Row]) -> Mapping[str, Sequence[Answer]]:
        """Return the answers that are recorded or stored, whether or not this run would use them."""
        keys: dict[str, list[str]] = {}
        for question in self._questions(rows):
            keys.setdefault(question.sample_id, []).append(question.request.key(self.model.ref, question.repeat))
        found = self.desk.store.find([key for of_row in keys.values() for key in of_row])
        found |= {key: answer for key, (_, answer) in self.recorded.items()}
        return {name: [found[key] for key in of_row] for name, of_row in keys.items() if found.keys() >= set(of_row)}

    def latencies(self, rows: Sequence[Row]) -> Sequence[float]:
        """Return the latencies of recorded answers, and of those to these rows that are stored."""
        stored = [answer for answers in self.known(rows).values() for answer in answers]
        return latencies_of([*stored, *(answer for _, answer in self.recorded.values())])

    def in_flight(self) -> int:
        """Return what the user asked for, or what the model takes."""
        return self.desk.concurrency or self.model.connect().concurrency

    def identity(self, row: Row) -> object:
        """Return what is sent for a row."""
        return self.prompt.render(row).to_record()

    def timed(self, row: Row, ask: Callable[[Request], Outcome]) -> Outcome:
        """Return the outcome of the row's one call."""
        return ask(self.prompt.render(row))

    def _questions(self, rows: Sequence[Row]) -> list[Question]:
        return [
            Question(sample_id=row.sample_id, request=request, repeat=repeat, purpose=self.purpose)
            for row in rows
            for request in [self.prompt.render(row)]
            for repeat in range(self.repeats)
        ]

    def used(self) -> Sequence[RecordedAnswer]:
        """Return every answer that has arrived."""
        pairs = [(row, ticket) for row, tickets in self._tickets.items() for ticket in tickets if ticket.is_there]
        return [
            RecordedAnswer(sample_id=row, key=ticket.key, answer=answer, of=self.origin)
            for row, ticket in pairs
            if isinstance(answer := ticket.outcome(), Answer)
        ]


def latencies_of(answers: Sequence[Answer]) -> list[float]:
    """Return the latencies that are known, in seconds."""
    return [answer.latency for answer in answers if answer.latency is not None]


def priced(desk: Desk, ref: str, answer: Answer) -> Answer:
    """Return the answer with its cost by today's price list, or with the reason why there is none."""
    priced = desk.priced(ref, answer)
    if priced.cost is not None:
        return priced
    return replace(priced, no_cost=masked(desk.prices.why_no_cost(answer.model or ref, answer) or "") or None)
