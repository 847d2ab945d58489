"""Whether an answer refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_llm_migrate.domain import REFUSED, Score, opens_with_refusal
from pytest_llm_migrate.metrics.monitoring.watching import Monitor

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Answer, Row, ScoreFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Monitor):
    """1 when an answer was neither stopped by a filter nor opens with a refusal in English, else 0."""

    meaning: ClassVar[str] = "1 answers, 0 refuses"

    name: str = "monitor:refusal"

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return 1 or 0."""
        if answer.stop_reason in REFUSED:
            return Score(0.0, f"stopped: {answer.stop_reason}")
        return self.watch(answer.text, row)

    def watch(self, text: str, row: Row) -> Score | ScoreFailure:  # noqa: ARG002 - the text alone decides
        """Return 0 for a text that opens with a refusal, else 1."""
        return Score(0.0, "opens with a refusal") if opens_with_refusal(text) else Score(1.0)
