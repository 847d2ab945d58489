"""A row with both sides' answers and scores: what a row test sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.answer import CallFailure
from pytest_llm_migrate.domain.score import ScoreFailure
from pytest_llm_migrate.errors import ScoreFailedError, SideFailedError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.domain.answer import Answer, Outcome, Step
    from pytest_llm_migrate.domain.row import Row, SideName
    from pytest_llm_migrate.domain.score import Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a case: its answer's fields, and its scores by metric name.

    Reading a field of a side whose call failed raises `SideFailedError`; reading a score that a metric
    could not give raises `ScoreFailedError`. Neither is ever a number.
    """

    name: SideName
    sample_id: str
    outcome: Outcome
    scores: Mapping[str, Score | ScoreFailure] = field(default_factory=dict)

    @property
    def failure(self) -> CallFailure | None:
        """Why this side has no answer, or ``None`` when it has one."""
        return self.outcome if isinstance(self.outcome, CallFailure) else None

    @property
    def answer(self) -> Answer:
        """The whole answer."""
        if isinstance(self.outcome, CallFailure):
            raise SideFailedError(self.name, self.sample_id, self.outcome.kind, self.outcome.message)
        return self.outcome

    def __getitem__(self, metric: str) -> Score:
        _ = self.answer  # a failed side has no scores, and says why before anything else
        score = self.scores.get(metric)
        if score is None:
            raise UnknownNameError("metric", metric, self.scores, hint="Name it in the marker's metrics=[...].")
        if isinstance(score, ScoreFailure):
            raise ScoreFailedError(metric, self.name, self.sample_id, score.reason)
        return score

    @property
    def text(self) -> str:
        """The answer's text."""
        return self.answer.text

    @property
    def stop_reason(self) -> str | None:
        """Why generation ended."""
        return self.answer.stop_reason

    @property
    def input_tokens(self) -> int | None:
        """Tokens read."""
        return self.answer.input_tokens

    @property
    def output_tokens(self) -> int | None:
        """Tokens written."""
        return self.answer.output_tokens

    @property
    def latency(self) -> float | None:
        """Seconds to the end of the answer."""
        return self.answer.latency

    @property
    def ttft(self) -> float | None:
        """Seconds to the first text."""
        return self.answer.ttft

    @property
    def cost(self) -> float | None:
        """US dollars, ``None`` when the model has no known price."""
        return self.answer.cost

    @property
    def steps(self) -> Mapping[str, Step]:
        """A pipeline's calls by step name."""
        return {step.name: step for step in self.answer.steps}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A golden row with what both sides answered and scored."""

    row: Row
    source: Side
    target: Side

    @property
    def id(self) -> str:
        """The row's ``sample_id``."""
        return self.row.sample_id

    @property
    def inputs(self) -> dict[str, Any]:
        """The row's input columns."""
        return self.row.inputs

    @property
    def context(self) -> Any:
        """The row's ``content``."""
        return self.row.context

    @property
    def reference(self) -> Any:
        """The row's ground truth."""
        return self.row.reference

    def __repr__(self) -> str:
        return f"<case {self.id!r}>"
