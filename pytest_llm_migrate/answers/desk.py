"""The desk where answers are asked for: recorded ones first, stored ones next, calls for the rest."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from pytest_llm_migrate.answers.batches import BatchLane
from pytest_llm_migrate.answers.dearest import dearest_answer
from pytest_llm_migrate.answers.expected import forecast_of
from pytest_llm_migrate.answers.lane import Lane
from pytest_llm_migrate.answers.ledger import USE_CASE
from pytest_llm_migrate.answers.pace import Quota
from pytest_llm_migrate.answers.parcels import BatchTerms
from pytest_llm_migrate.answers.retries import STANDARD
from pytest_llm_migrate.domain import BATCH_TIER, Answer, BatchModel, CallFailure, CountingModel
from pytest_llm_migrate.errors import MigrateError, MissingRecordingError, UnpricedBudgetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_llm_migrate.answers.calling import Job
    from pytest_llm_migrate.answers.expected import Forecast
    from pytest_llm_migrate.answers.parcels import Parcel
    from pytest_llm_migrate.answers.retries import Patience
    from pytest_llm_migrate.answers.store import Store
    from pytest_llm_migrate.domain import Model, Outcome, PriceList, Request

_LOOK_SECONDS = 0.02


class Mode(StrEnum):
    """Where answers may come from."""

    AUTO = "auto"
    REPLAY = "replay"
    FRESH = "fresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A model by its reference, connected only when it must be called."""

    ref: str
    connect: Callable[[], Model]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request for a row, to be answered once.

    Attributes:
        sample_id: The row, for messages.
        request: What is sent.
        repeat: Tells equal requests apart.
        purpose: What the answer is for, in the ledger: ``answer``, or ``judge``, ``latency``, ``optimize``.
    """

    sample_id: str
    request: Request
    repeat: int = 0
    purpose: str = USE_CASE


@dataclass(frozen=True, slots=True)
class Ticket:
    """A promised outcome: there already, or on its way down a lane or in a parcel."""

    key: str
    kept: Answer | None = None
    lane: Lane | None = None
    job: Job | None = None
    parcel: Parcel | None = None

    @property
    def is_there(self) -> bool:
        """Whether `outcome` returns without waiting."""
        if self.parcel is not None:
            return self.parcel.is_there
        return self.job is None or self.job.future.done()

    def outcome(self) -> Outcome:
        """Return the outcome, waiting for it if need be."""
        if self.parcel is not None:
            return self.parcel.outcome()
        if self.lane is None or self.job is None:
            return self.kept or CallFailure(kind="client_error", message="never asked for")
        return self.lane.wait(self.job)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Questions that nothing speaks against asking.

    Attributes:
        questions: The questions.
        keys: Their answers' keys, in order.
        kept: Answers that are there already, by key.
        missing: Questions that must be asked, by key.
        lane: Where they are asked; ``None`` where none is missing.
        batches: Where those of the use case are asked in batch jobs, if they are.
    """

    questions: Sequence[Question]
    keys: Sequence[str]
    kept: Mapping[str, Answer]
    missing: Mapping[str, Question]
    lane: Lane | None
    batches: BatchLane | None = None

    def begin(self) -> list[Ticket]:
        """Return a ticket for each question, in order; calls begin at once."""
        parcels = self.batches.add(self._requests(USE_CASE)) if self.batches else {}
        jobs = self._jobs(self.lane) if self.lane else {}
        return [
            Ticket(key, self.kept.get(key), self.lane if key in jobs else None, jobs.get(key), parcels.get(key))
            for key in self.keys
        ]

    def _jobs(self, lane: Lane) -> dict[str, Job]:
        purposes = dict.fromkeys(question.purpose for question in self.missing.values())
        return {
            key: job
            for purpose in purposes
            if not (self.batches and purpose == USE_CASE)
            for key, job in lane.add(self._requests(purpose), purpose).items()
        }

    def _requests(self, purpose: str) -> dict[str, Request]:
        return {key: item.request for key, item in self.missing.items() if item.purpose == purpose}


@dataclass(slots=True, kw_only=True)
class Desk:
    """Hands out answers for one process of one run.

    Attributes:
        store: Where answers are kept.
        mode: Where they may come from.
        prices: What calls cost, for the budget.
        concurrency: Calls in flight per model; ``None`` leaves it to the model.
        per_minute: Calls a minute per model that the service gives; ``None`` to find out.
        patience: How often and how soon a call is tried again.
        ahead: How many answers may be called before they are waited for; ``None`` for all.
        batch: How batch jobs are used: with a place for their files, for all that `prepare` is given.
    """

    store: Store
    mode: Mode
    prices: PriceList
    concurrency: int | None = None
    per_minute: float | None = None
    patience: Patience = STANDARD
    ahead: int | None = None
    batch: BatchTerms = field(default_factory=BatchTerms)
    _lanes: dict[str, Lane] = field(default_factory=dict)
    _batch_lanes: dict[str, BatchLane | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_stopped(self) -> bool:
        """Whether a model's calls were given up before all answers were there."""
        return any(lane.is_stopped for lane in self._all_lanes)

    @property
    def _all_lanes(self) -> list[Lane | BatchLane]:
        return [*self._lanes.values(), *filter(None, self._batch_lanes.values())]

    def ask(
        self, model: Connection, questions: Sequence[Question], recorded: Mapping[str, tuple[str, Answer]]
    ) -> list[Ticket]:
        """Return a ticket for each question, in order; calls begin at once, and what `prepare` raises is raised.

        No batch job is started, since somebody waits; one that runs already is joined.
        """
        return self._order(model, questions, recorded, in_batches=False).begin()

    def prepare(
        self, model: Connection, questions: Sequence[Question], recorded: Mapping[str, tuple[str, Answer]]
    ) -> Order:
        """Return questions ready to be asked: whatever can be wrong before a call is raised here.

        Raises:
            MissingRecordingError: In replay, an answer is neither recorded nor stored.
            MigrateError: The model cannot be connected to, or has no price where there is a budget.
        """
        return self._order(model, questions, recorded, in_batches=self.batch.place is not None)

    def _order(
        self,
        model: Connection,
        questions: Sequence[Question],
        recorded: Mapping[str, tuple[str, Answer]],
        *,
        in_batches: bool,
    ) -> Order:
        keys = [question.request.key(model.ref, question.repeat) for question in questions]
        kept = self._kept(keys, recorded)
        missing = {key: item for key, item in zip(keys, questions, strict=True) if key not in kept}
        if not missing:
            return Order(questions=questions, keys=keys, kept=kept, missing=missing, lane=None)
        self._refuse_in_replay(model, missing.values(), recorded)
        lane = self._lane(model)
        # A job that runs will have the answer, whatever this command would do.
        batches = self._batch_lane(model) if in_batches or self.store.standing(list(missing)).jobs else None
        return Order(questions=questions, keys=keys, kept=kept, missing=missing, lane=lane, batches=batches)

    def forecast(
        self,
        model: Connection,
        questions: Sequence[Question],
        recorded: Mapping[str, tuple[str, Answer]],
        *,
        may_count: bool = False,
    ) -> Forecast:
        """Return what asking would take, calling nothing and connecting to nothing.

        With ``may_count`` a service that counts tokens for nothing may be asked to, where no kept answers tell.
        """
        asked = {question.request.key(model.ref, question.repeat): question.request for question in questions}
        count = partial(_counted, model) if may_count else None
        tier = BATCH_TIER if self.batch.place else None
        kept = self._kept(list(asked), recorded)
        return forecast_of(
            asked, kept, _known(asked, recorded) | kept, partial(self.prices.cost, model.ref), tier=tier, count=count
        )

    def expect(self, model: Connection, order: Order, recorded: Mapping[str, tuple[str, Answer]]) -> Forecast:
        """Return what the missing answers of an order would take, looking for nothing anew."""
        asked = {key: question.request for key, question in zip(order.keys, order.questions, strict=True)}
        tier = BATCH_TIER if order.batches else None
        known = _known(asked, recorded) | dict(order.kept)
        return forecast_of(asked, order.kept, known, partial(self.prices.cost, model.ref), tier=tier)

    def close(self, seconds: float) -> int:
        """Make no more calls, wait a while for those in flight, and return how many are still out there.

        What comes back is kept, since it is paid for.
        """
        for lane in self._all_lanes:
            lane.leave()
        until = time.monotonic() + seconds
        while not all(lane.is_at_rest for lane in self._all_lanes) and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
        return self.in_flight

    @property
    def in_flight(self) -> int:
        """How many calls have gone out and not come back."""
        return sum(lane.in_flight for lane in self._lanes.values())

    def priced(self, ref: str, answer: Answer) -> Answer:
        """Return the answer with its cost by today's price list, unless its record states one."""
        return (
            answer if answer.cost is not None else replace(answer, cost=self.prices.cost(answer.model or ref, answer))
        )

    def _kept(self, keys: Sequence[str], recorded: Mapping[str, tuple[str, Answer]]) -> dict[str, Answer]:
        # What the team committed comes before what this machine happens to have.
        kept = {} if self.mode is Mode.FRESH else {key: recorded[key][1] for key in keys if key in recorded}
        return kept | self.store.find([key for key in keys if key not in kept])

    def _refuse_in_replay(
        self, model: Connection, missing: Iterable[Question], recorded: Mapping[str, tuple[str, Answer]]
    ) -> None:
        if self.mode is not Mode.REPLAY:
            return
        rows = [question.sample_id for question in missing]
        known = {sample_id for sample_id, _ in recorded.values()}
        why = "its row, prompt or settings changed since it was made" if rows[0] in known else "none was ever made"
        raise MissingRecordingError(model.ref, rows[0], missing=len(rows), why=why)

    def _lane(self, connection: Connection) -> Lane:
        with self._lock:
            if connection.ref not in self._lanes:
                self._lanes[connection.ref] = self._new_lane(connection)
            return self._lanes[connection.ref]

    def _new_lane(self, connection: Connection) -> Lane:
        model = connection.connect()
        # A price list may take its time to load, which must not stall calls that are out.
        self.prices.cost(connection.ref, Answer(text="", input_tokens=1, output_tokens=1))
        return Lane(
            model,
            self.store,
            quota=self._quota(model),
            reserve=self._reserve_for(connection.ref),
            price=lambda answer: self.priced(connection.ref, answer).cost,
            ahead=self.ahead,
            patience=self.patience,
        )

    def _batch_lane(self, connection: Connection) -> BatchLane | None:
        lane = self._lane(connection)
        with self._lock:
            if connection.ref not in self._batch_lanes:
                self._batch_lanes[connection.ref] = self._new_batch_lane(connection, lane)
            return self._batch_lanes[connection.ref]

    def _new_batch_lane(self, connection: Connection, lane: Lane) -> BatchLane | None:
        model, ref = connection.connect(), connection.ref
        if not isinstance(model, BatchModel):
            self.batch.tell(f"llm-migrate: {ref} has no batch inference: its rows are called one by one")
            return None
        return BatchLane(
            ref,
            model.batches(self.batch.place),
            self.store,
            lane=lane,
            reserve=self._reserve_for(ref, BATCH_TIER),
            price=lambda answer: self.priced(ref, answer).cost,
            terms=self.batch,
        )

    def _quota(self, model: Model) -> Quota:
        # A service that counts calls by more than the model says so, as Bedrock does by region.
        name: str = getattr(model, "quota", model.ref)
        return Quota(name=name, in_flight=self.concurrency or model.concurrency, per_minute=self.per_minute)

    def _reserve_for(self, ref: str, tier: str | None = None) -> Callable[[Request], float | None]:
        if self.store.terms.max_cost is None:
            return lambda _: None
        if self.prices.cost(ref, Answer(text="", input_tokens=1, output_tokens=1)) is None:
            raise UnpricedBudgetError(ref)

        def reserve(request: Request) -> float | None:
            dearest = dearest_answer(request)
            in_tier = self.prices.cost(ref, replace(dearest, service_tier=tier)) if tier else None
            # A price list without the tier's price has one that is no lower.
            return self.prices.cost(ref, dearest) if in_tier is None else in_tier

        return reserve


def _known(asked: Iterable[str], recorded: Mapping[str, tuple[str, Answer]]) -> dict[str, Answer]:
    return {key: recorded[key][1] for key in asked if key in recorded}


def _counted(model: Connection, request: Request) -> int | None:
    try:
        found = model.connect()
        return found.count_tokens(request) if isinstance(found, CountingModel) else None
    except MigrateError:
        return None  # a model out of reach still has a forecast, if a poorer one
