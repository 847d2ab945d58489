"""A judge that scores an answer by anchored levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.asking_metric import AskingMetric, check_criterion, one_line
from pytest_llm_migrate.metrics.material import DATA_RULE
from pytest_llm_migrate.metrics.reference import check_scale

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Answer, Row
    from pytest_llm_migrate.metrics.shape import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricJudge(AskingMetric):
    """Scores an answer by a criterion with levels that say what they mean, brought to [0, 1], higher is better.

    The judge reasons first and then gives a number on the scale; what follows from it is decided here.

    Attributes:
        criterion: What is judged, in a sentence or a few.
        levels: What some numbers of the scale mean; both of its ends at least.
        scale: The least and the greatest number that the judge may give.
        higher_is_better: Whether the best answer gets the greatest number; else the score is turned around.
    """

    criterion: str
    levels: Mapping[float, str]
    scale: tuple[float, float] = (1, 5)
    higher_is_better: bool = True

    def __post_init__(self) -> None:
        AskingMetric.__post_init__(self)  # a class with slots is made twice, and super() means the first
        check_scale(self.name, self.scale)
        check_criterion(self.name, self.criterion)
        low, high = self.scale
        levels: object = self.levels
        if not isinstance(levels, Mapping) or not all(isinstance(level, (int, float)) for level in levels):
            fault = f"its levels {levels!r} are no numbers with what they mean"
            raise MetricDefinitionError(self.name, fault, f"Write them as levels={{{low:g}: '...', {high:g}: '...'}}.")
        if not {low, high} <= set(self.levels):
            raise MetricDefinitionError(
                self.name, f"its levels do not say what {low:g} and {high:g} mean", "Anchor both ends of the scale."
            )
        outside = [level for level in self.levels if not low <= level <= high]
        if outside:
            raise MetricDefinitionError(self.name, f"the level {outside[0]:g} lies outside of its scale {self.scale!r}")

    @property
    def system(self) -> str:
        """The criterion, the levels, and how to judge."""
        low, high = self.scale
        levels = "\n".join(f"{level:g}: {self.levels[level]}" for level in sorted(self.levels))
        return (
            "You judge one answer of an assistant by one criterion.\n\n"
            f"Criterion: {self.criterion}\n\n"
            f"Score from {low:g} to {high:g}, where\n{levels}\n"
            "A score between two levels is for an answer between them.\n\n"
            "Judge by this criterion alone. Length is no merit, and neither are style or confidence unless the "
            "criterion asks for them. Reason in at most three sentences that name what decides, then give the "
            f"score.\n\n{DATA_RULE}"
        )

    @property
    def schema(self) -> Schema:
        """Reasoning, then a number on the scale."""
        low, high = self.scale
        return {
            "type": "object",
            "properties": {
                "reasoning": {"type": "string", "description": "What decides, in at most three sentences."},
                "score": {"type": "number", "minimum": low, "maximum": high},
            },
            "required": ["reasoning", "score"],
            "additionalProperties": False,
        }

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return the judge's number brought to [0, 1]; the reason holds the number itself and the reasoning."""
        verdict = self.verdict(row, {"answer": answer.text})
        if isinstance(verdict, ScoreFailure):
            return verdict
        (low, high), raw = self.scale, float(verdict["score"])
        share = (raw - low) / (high - low)
        direction = "" if self.higher_is_better else ", lower is better"
        reason = f"{raw:g} on {low:g} to {high:g}{direction}: {one_line(verdict['reasoning'])}"
        return Score(share if self.higher_is_better else 1 - share, reason)
