"""The embedding calls that metrics make: in the ledger, priced, and paid from the budget."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pytest_llm_migrate.answers.desk import Mode
from pytest_llm_migrate.answers.lane import NOT_RUN
from pytest_llm_migrate.answers.ledger import Closed, Wanted
from pytest_llm_migrate.answers.pace import Quota
from pytest_llm_migrate.answers.retries import cost_of_failure
from pytest_llm_migrate.domain import Answer, CallFailure
from pytest_llm_migrate.errors import CallFailedError, UnpricedBudgetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.answers.desk import Desk
    from pytest_llm_migrate.domain import Outcome

PURPOSE = "embedding"
_IN_FLIGHT = 16
_LOOK_SECONDS = 0.02

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class DeskMeter:
    """Notes every call of an embedding model as it goes out and as it ends; safe to use from several threads.

    Attributes:
        desk: Whose ledger, prices and budget they are; in replay no call is made.
        may_call: Whether calls may be made at all; not to plan.
    """

    desk: Desk
    may_call: bool = True

    def call(self, ref: str, size: int, send: Callable[[], tuple[Found, int | None]]) -> Found:
        """Make a call of so many bytes of text; ``send`` returns what came and the tokens read, where they are known.

        Raises:
            CallFailedError: There is no answer, no call may be made, or the budget is spent.
            UnpricedBudgetError: There is a budget, and the model has no price.
        """
        if not self.may_call or self.desk.mode is Mode.REPLAY:
            why = "--migration-answers replay makes no calls" if self.may_call else "a plan makes no calls"
            raise CallFailedError(NOT_RUN, f"not called: the score is not kept, and {why}")
        wanted = Wanted(key=f"embedding {uuid.uuid4().hex}", reserve=self._reserve(ref, size), purpose=PURPOSE)
        attempt = self._granted(ref, wanted)
        outcome: Outcome = CallFailure(kind="client_error", message="the call did not end")
        try:
            found, tokens = send()
            outcome = _read(tokens)
        except CallFailedError as error:
            outcome = CallFailure(kind=error.kind, message=error.said, fatal=error.fatal)
            raise
        finally:
            cost = self.desk.prices.cost(ref, outcome) if isinstance(outcome, Answer) else cost_of_failure(outcome)
            closed = Closed(id=attempt, key=wanted.key, outcome=outcome, cost=cost)
            self.desk.store.take(ref, _quota(ref), [], [closed])
        return found

    def _reserve(self, ref: str, size: int) -> float | None:
        if self.desk.store.terms.max_cost is None:
            return None
        dearest = self.desk.prices.cost(ref, _read(size))  # no token is shorter than a byte
        if dearest is None:
            raise UnpricedBudgetError(ref)
        return dearest

    def _granted(self, ref: str, wanted: Wanted) -> int:
        while True:
            grant = self.desk.store.take(ref, _quota(ref), [wanted])
            if wanted.key in grant.call:
                return grant.call[wanted.key]
            if grant.spent:
                raise CallFailedError(NOT_RUN, "not called: the budget of --migration-max-cost is spent")
            time.sleep(_LOOK_SECONDS)


def _read(tokens: int | None) -> Answer:
    return Answer(text="", input_tokens=tokens, output_tokens=0)


def _quota(ref: str) -> Quota:
    return Quota(name=ref, in_flight=_IN_FLIGHT)
