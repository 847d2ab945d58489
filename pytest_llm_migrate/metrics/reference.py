"""The frames of metrics: settings that tell the version, and an answer held against the row's ground truth."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError, UnknownNameError
from pytest_llm_migrate.metrics.json_text import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llm_migrate.domain import Answer, Row

NO_GROUND_TRUTH = "the row has no ground truth (column 'answer_ground_truth')"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledMetric(ABC):
    """Scores an answer by settings that are its fields; a new one has a default ``name`` and `score`."""

    revision: ClassVar[int] = 1
    """Raised whenever the same texts and settings get another score."""
    kept: ClassVar[bool] = False

    name: str

    @property
    def version(self) -> str:
        """The revision and every setting."""
        settings = [f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.name != "name"]
        return ", ".join([str(self.revision), *settings])

    @abstractmethod
    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return a score, higher is better, or the reason why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceMetric(SettledMetric):
    """Scores an answer against each answer the ground truth accepts, and keeps the best.

    A new metric is a frozen dataclass with a default ``name``, its settings as fields, and `compare`.
    """

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return the best score over the accepted answers; a failure when the row has no ground truth to use."""
        accepted = [expected for expected in self.accepted(row.reference) if expected is not None]
        if not accepted:
            return ScoreFailure(reason=NO_GROUND_TRUTH)
        return _best([self.compare(answer.text, expected) for expected in accepted])

    def accepted(self, truth: Any) -> Sequence[Any]:
        """Return the answers that a ground truth accepts: those of a list, else the one it is."""
        return truth if isinstance(truth, (list, tuple)) else [truth]

    @abstractmethod
    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return the score of an answer's text against one accepted answer; a loss says why."""


def as_text(value: Any) -> str:
    """Return a ground truth as text: a text as it stands, anything else as its canonical JSON."""
    return value if isinstance(value, str) else canonical(value)


def one_of(setting: str, value: str | None, allowed: Iterable[str]) -> None:
    """Refuse a setting's value that is not one of those allowed, with `UnknownNameError`; ``None`` passes."""
    if value is not None and value not in set(allowed):
        raise UnknownNameError(setting, value, allowed)


def check_several(metric: str, setting: str, value: object) -> None:
    """Refuse a text where several are taken, with `MetricDefinitionError`: it would be read letter by letter."""
    if isinstance(value, str):
        fault = f"{setting}={value!r} is one text, and it takes several"
        raise MetricDefinitionError(metric, fault, f"Write it as {setting}=({value!r},).")


def check_scale(metric: str, scale: object) -> None:
    """Refuse a scale that is not two numbers, the least first, with `MetricDefinitionError`."""
    match scale:
        case [int() | float() as low, int() | float() as high] if -math.inf < low < high < math.inf:
            return
    fault = f"its scale {scale!r} is not two numbers, the least first"
    raise MetricDefinitionError(metric, fault, "Write it as scale=(1, 5).")


def _best(results: Sequence[Score | ScoreFailure]) -> Score | ScoreFailure:
    scores = [result for result in results if isinstance(result, Score)]
    if not scores:
        return results[0]
    best = max(scores)
    if best >= 1.0 or len(results) == 1:
        return best
    return Score(best, f"{best.reason} (closest of {len(results)} accepted answers)")
