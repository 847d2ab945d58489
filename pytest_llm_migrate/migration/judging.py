"""The judges that metrics ask: models whose answers go over the desk like all others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llm_migrate.answers import NOT_RUN, Question, RecordedAnswer
from pytest_llm_migrate.domain import Answer, CallFailure
from pytest_llm_migrate.errors import CallFailedError, MigrateError, MissingRecordingError, masked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.answers import Connection, Desk, Ticket
    from pytest_llm_migrate.domain import Request, Row

PURPOSE = "judge"


@dataclass(slots=True, kw_only=True)
class DeskJudge:
    """A judge whose answers are kept, priced, budgeted, recorded and replayed; safe to ask from several threads.

    Attributes:
        desk: Where it is asked.
        model: Its model.
        origin: What recordings say asked.
        recorded: The suite's recordings of this model, by key.
        asked_by: Names of the metrics that ask it.
        fault: What every further question would meet; from then on it is not asked.
    """

    desk: Desk
    model: Connection
    origin: str
    recorded: Mapping[str, tuple[str, Answer]]
    asked_by: set[str] = field(default_factory=set)
    fault: MigrateError | None = None
    _used: dict[str, RecordedAnswer] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """The reference that names its model."""
        return self.model.ref

    def ask(self, request: Request, row: Row) -> Answer:
        """Return its answer to what is asked about a row.

        Raises:
            CallFailedError: There is none.
            MigrateError: The model cannot be reached; in replay, the answer is neither recorded nor stored.
        """
        question = Question(sample_id=row.sample_id, request=request, purpose=PURPOSE)
        ticket = self._ticket(question)
        outcome = ticket.outcome()
        if isinstance(outcome, CallFailure):
            error = CallFailedError(outcome.kind, outcome.message, fatal=outcome.fatal)
            self.fault = error if outcome.fatal or outcome.kind == NOT_RUN else self.fault
            raise error
        self._used[ticket.key] = RecordedAnswer(sample_id=row.sample_id, key=ticket.key, answer=outcome, of=self.origin)
        return outcome

    def _ticket(self, question: Question) -> Ticket:
        if self.fault and not isinstance(self.fault, CallFailedError):
            raise self.fault.with_traceback(None)  # a model that cannot be connected to is not tried row by row
        try:
            return self.desk.ask(self.model, [question], self.recorded)[0]
        except MissingRecordingError:
            raise
        except MigrateError as error:
            self.fault = error
            raise

    @property
    def shown(self) -> str:
        """Its reference, without an account."""
        return masked(self.ref)

    def typical(self) -> Answer | None:
        """Return an answer of the mean length of those it gave so far, ``None`` where it gave none."""
        return self.desk.store.typical(self.ref, PURPOSE)

    def cost(self, answer: Answer) -> float | None:
        """Return US dollars for an answer, ``None`` without a price."""
        return self.desk.priced(self.ref, answer).cost

    def is_unpriced_under_budget(self) -> bool:
        """Whether there is a budget, and no price to hold it by."""
        is_limited = self.desk.store.terms.max_cost is not None
        return is_limited and self.cost(Answer(text="", input_tokens=1, output_tokens=1)) is None

    def used(self) -> Sequence[RecordedAnswer]:
        """Return every answer that it gave."""
        return list(self._used.values())
