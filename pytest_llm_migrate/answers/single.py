"""Calls that are timed: one attempt each, whatever comes of it, in the ledger before it goes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llm_migrate.answers.calling import outcome_of
from pytest_llm_migrate.answers.desk import Question
from pytest_llm_migrate.answers.lane import LEFT, NOT_RUN
from pytest_llm_migrate.answers.ledger import Closed, Wanted
from pytest_llm_migrate.answers.pace import Quota
from pytest_llm_migrate.answers.retries import cost_of_failure
from pytest_llm_migrate.domain import Answer, CallFailure
from pytest_llm_migrate.errors import StoreError, UnpricedBudgetError

if TYPE_CHECKING:
    import threading

    from pytest_llm_migrate.answers.desk import Connection, Desk
    from pytest_llm_migrate.domain import Model, Outcome, Request

LATENCY = "latency"
"""The purpose of these calls in the ledger."""
_NEVER_KEPT = -1  # a repeat that no answer is kept under: its forecast is that of a call
_LOOK_SECONDS = 0.02


@dataclass(slots=True, kw_only=True)
class SingleCalls:
    """Makes calls to one model for a latency pass: one attempt each, in the ledger before it goes out.

    Attributes:
        desk: Whose store, prices and limits hold.
        connection: The model.
        stopped: Once set, no call is made any more.
    """

    desk: Desk
    connection: Connection
    stopped: threading.Event
    _model: Model | None = field(default=None)

    @property
    def model(self) -> Model:
        """The model, connected at first use; raises `MigrateError` where that fails."""
        if self._model is None:
            self._model = self.connection.connect()
        return self._model

    def dearest(self, request: Request) -> float | None:
        """Return US dollars that a call may cost at most, ``None`` when its price is unknown."""
        question = Question(sample_id="", request=request, repeat=_NEVER_KEPT, purpose=LATENCY)
        return self.desk.forecast(self.connection, [question], {}).cost

    def check_budget(self) -> None:
        """Raise `UnpricedBudgetError` where there is a budget and the model has no price."""
        priced = self.desk.priced(self.connection.ref, Answer(text="", input_tokens=1, output_tokens=1))
        if self.desk.store.terms.max_cost is not None and priced.cost is None:
            raise UnpricedBudgetError(self.connection.ref)

    def outcome(self, key: str, request: Request) -> Outcome:
        """Return what one attempt brings, or what is kept under the key already."""
        try:
            return self._granted(key, request)
        except StoreError as error:
            self.stopped.set()
            return CallFailure(kind="store", message=str(error))

    def _granted(self, key: str, request: Request) -> Outcome:
        store, ref, quota = self.desk.store, self.connection.ref, self._quota()
        reserve = None if store.terms.max_cost is None else self.dearest(request)
        wanted = Wanted(key=key, reserve=reserve, purpose=LATENCY)
        while not self.stopped.is_set():
            grant = store.take(ref, quota, [wanted])
            if key in grant.answered:
                return grant.answered[key]
            if key in grant.call:
                return self._called(grant.call[key], key, request, quota)
            if grant.spent:
                self.stopped.set()
                return CallFailure(kind=NOT_RUN, message="the budget of --migration-max-cost is spent")
            self.stopped.wait(_LOOK_SECONDS)
        return CallFailure(kind=LEFT, message="the latency pass ended before this call was made")

    def _called(self, attempt: int, key: str, request: Request, quota: Quota) -> Outcome:
        outcome = outcome_of(self.model, request)
        paid = self._price(outcome) if isinstance(outcome, Answer) else cost_of_failure(outcome)
        closed = Closed(id=attempt, key=key, outcome=outcome, cost=paid)
        self.desk.store.take(self.connection.ref, quota, [], [closed])
        if isinstance(outcome, CallFailure) and outcome.fatal:
            self.stopped.set()
        return outcome

    def _price(self, answer: Answer) -> float | None:
        return self.desk.priced(self.connection.ref, answer).cost

    def _quota(self) -> Quota:
        # As the desk has it: a pass keeps below it, and must not teach the others a smaller one.
        name: str = getattr(self.model, "quota", self.model.ref)
        limit = self.desk.concurrency or self.model.concurrency
        return Quota(name=name, in_flight=limit, per_minute=self.desk.per_minute)
