"""A judge that compares both sides' answers, in both orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_llm_migrate.domain import EQUAL_ANSWERS, ORDER_DECIDES, Score, ScoreFailure
from pytest_llm_migrate.metrics.asking_metric import AskingMetric, check_criterion, one_line
from pytest_llm_migrate.metrics.material import DATA_RULE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.domain import Answer, Row
    from pytest_llm_migrate.metrics.shape import Schema

CRITERION = (
    "Which answer serves the person who asked better: right in what it says, true to the context and the reference "
    "where there are any, complete, to the point, and in the form that was asked for."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairwise(AskingMetric):
    """Asks which side's answer is better, twice, with the answers changing places: a win counts if it survives that.

    The better side scores 1 and the other 0; a tie gives both 0.5, and so does a judge whose verdict changes with the
    order. Equal answers tie unasked.

    Attributes:
        criterion: What makes an answer better.
    """

    calls: ClassVar[int] = 2
    """Requests that a pair of answers takes, repairs aside."""

    name: str = "pairwise"
    criterion: str = CRITERION

    def __post_init__(self) -> None:
        AskingMetric.__post_init__(self)  # a class with slots is made twice, and super() means the first
        check_criterion(self.name, self.criterion)

    @property
    def system(self) -> str:
        """The criterion, and how to compare."""
        return (
            "You compare two answers of assistants, A and B, to the same question by one criterion.\n\n"
            f"Criterion: {self.criterion}\n\n"
            "Which of them stands first means nothing, and neither does which is longer or more confident. Say "
            "'tie' where neither is better by the criterion. Reason in at most three sentences that name what "
            f"decides, then name the winner.\n\n{DATA_RULE}"
        )

    @property
    def schema(self) -> Schema:
        """Reasoning, then the winner."""
        return {
            "type": "object",
            "properties": {
                "reasoning": {"type": "string", "description": "What decides, in at most three sentences."},
                "winner": {"type": "string", "enum": ["A", "B", "tie"]},
            },
            "required": ["reasoning", "winner"],
            "additionalProperties": False,
        }

    def score(self, answer: Answer, row: Row) -> ScoreFailure:  # noqa: ARG002 - the promise of every metric
        """Return a failure: one answer alone cannot be compared."""
        return ScoreFailure(reason=f"{self.name} compares two answers, and there is one")

    def score_pair(self, source: Answer, target: Answer, row: Row) -> tuple[Score | ScoreFailure, Score | ScoreFailure]:
        """Return the source's score and the target's, which add up to 1."""
        if source.text.strip() == target.text.strip():
            return Score(0.5, EQUAL_ANSWERS), Score(0.5, EQUAL_ANSWERS)
        forth = self.verdict(row, {"answer A": source.text, "answer B": target.text})
        if isinstance(forth, ScoreFailure):
            return forth, forth
        back = self.verdict(row, {"answer A": target.text, "answer B": source.text})
        if isinstance(back, ScoreFailure):
            return back, back
        return _scores(_winner(forth, {"A": "source", "B": "target"}), _winner(back, {"A": "target", "B": "source"}))


@dataclass(frozen=True, slots=True)
class _Winner:
    name: str
    because: str


def _winner(verdict: Mapping[str, Any], places: Mapping[str, str]) -> _Winner:
    return _Winner(places.get(verdict["winner"], "tie"), one_line(verdict["reasoning"]))


def _scores(forth: _Winner, back: _Winner) -> tuple[Score, Score]:
    each = f"source first: {forth.name} ({forth.because}); target first: {back.name} ({back.because})"
    if forth.name != back.name:
        return Score(0.5, f"{ORDER_DECIDES}: {each}"), Score(0.5, f"{ORDER_DECIDES}: {each}")
    target = {"source": 0.0, "tie": 0.5, "target": 1.0}[forth.name]
    outcome = "a tie in both orders" if forth.name == "tie" else f"the {forth.name} wins in both orders"
    return Score(1 - target, f"{outcome}: {each}"), Score(target, f"{outcome}: {each}")
