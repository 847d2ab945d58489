"""How often a side gave one and the same answer to different rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_llm_migrate.domain import ScoreFailure
from pytest_llm_migrate.metrics.normalisation import comparable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.domain import Answer, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedAnswers:
    """The share of a run's answers that are the only one of their wording; a figure of the run, not of a row.

    Case and blanks do not matter, and empty answers are alike. Of a task with few possible answers, such as a
    classification, it is low by nature: what matters is how it moved.
    """

    kept: ClassVar[bool] = False
    run_only: ClassVar[bool] = True
    version: ClassVar[str] = "1"
    meaning: ClassVar[str] = "1 gives every row an answer of its own, 0 none"

    name: str = "monitor:repeated_answers"

    def score(self, answer: Answer, row: Row) -> ScoreFailure:  # noqa: ARG002 - the promise of every metric
        """Return a failure: one answer alone repeats nothing."""
        return ScoreFailure(reason=f"{self.name} is a figure of a whole run")

    def summary(self, pairs: Sequence[tuple[str, Any]]) -> Mapping[str, float]:
        """Return the share of ``unique`` answers, and the share that the ``most_frequent`` one has, both in [0, 1]."""
        counts = Counter(comparable(text) for text, _ in pairs)
        if not counts:
            return {}
        return {
            "unique": sum(1 for times in counts.values() if times == 1) / len(pairs),
            "most_frequent": max(counts.values()) / len(pairs),
        }
