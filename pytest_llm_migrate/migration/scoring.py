"""Scores for answers: looked up where they are worth keeping, computed where they are not there."""

from __future__ import annotations

import hashlib
import json
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pytest_llm_migrate.answers import printable
from pytest_llm_migrate.domain import Answer, CallFailure, Score, ScoreFailure, Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.answers import Store
    from pytest_llm_migrate.domain import Metric, Outcome, Row, SideName

Limits = tuple[float, float]
_FLUSH_AT = 200
_AVERAGED = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "latency",
    "server_latency",
    "ttft",
    "cost",
)


@runtime_checkable
class Bounded(Protocol):
    """A metric that says between which values it scores."""

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest score."""
        ...


@dataclass(slots=True, kw_only=True)
class Scorer:
    """Scores answers with a migration's metrics, never the same kept score twice."""

    metrics: Sequence[Metric]
    store: Store
    _unwritten: dict[str, Score] = field(default_factory=dict)
    _bounds: dict[str, Limits] = field(init=False)

    def __post_init__(self) -> None:
        self._bounds = {metric.name: bounds_of(metric) for metric in self.metrics}

    def side(self, name: SideName, row: Row, outcomes: Sequence[Outcome]) -> Side:
        """Return a side with its scores; of several repeats the mean, failing where one repeat failed."""
        failure = next((item for item in outcomes if isinstance(item, CallFailure)), None)
        if failure:
            return Side(name=name, sample_id=row.sample_id, outcome=failure)
        answers = [item for item in outcomes if isinstance(item, Answer)]
        each = [self._scores(row, answer) for answer in answers]
        scores = {metric.name: _mean([found[metric.name] for found in each]) for metric in self.metrics}
        labelled = {metric: _labelled(score, metric, name, row) for metric, score in scores.items()}
        return Side(name=name, sample_id=row.sample_id, outcome=average(answers), scores=labelled)

    def flush(self) -> None:
        """Write down the scores that are worth keeping."""
        if self._unwritten:
            self.store.keep_scores(self._unwritten)
            self._unwritten = {}

    def _scores(self, row: Row, answer: Answer) -> Mapping[str, Score | ScoreFailure]:
        kept = {metric.name: _score_key(metric, row, answer) for metric in self.metrics if metric.kept}
        found = self.store.find_scores(list(kept.values())) if kept else {}
        scores: dict[str, Score | ScoreFailure] = {}
        for metric in self.metrics:
            key = kept.get(metric.name, "")
            known = found.get(key, self._unwritten.get(key))
            scores[metric.name] = self._new_score(metric, answer, row, key) if known is None else known
        return scores

    def _new_score(self, metric: Metric, answer: Answer, row: Row, key: str) -> Score | ScoreFailure:
        score = _scored(metric, answer, row, self._bounds[metric.name])
        if key and isinstance(score, Score):
            self._unwritten[key] = score
            if len(self._unwritten) >= _FLUSH_AT:
                self.flush()
        return score


def average(answers: Sequence[Answer]) -> Answer:
    """Return the first answer with the means of all repeats' times, tokens and costs; unknown where one is unknown."""
    first = answers[0]
    if len(answers) == 1:
        return first
    record = first.to_record()
    for name in _AVERAGED:
        values = [getattr(answer, name) for answer in answers]
        record[name] = None if None in values else statistics.fmean(values)
    record["no_cost"] = next((answer.no_cost for answer in answers if answer.no_cost), None)
    return Answer.from_record(record | {"cached": any(answer.cached for answer in answers)})


def _mean(scores: Sequence[Score | ScoreFailure]) -> Score | ScoreFailure:
    if len(scores) == 1:
        return scores[0]
    failure = next((score for score in scores if isinstance(score, ScoreFailure)), None)
    if failure:
        return failure
    numbers = [score for score in scores if isinstance(score, Score)]
    listed = ", ".join(f"{float(score):.4g}" for score in numbers)
    return Score(statistics.fmean(numbers), f"mean of {len(numbers)} repeats: {listed}")


def _labelled(score: Score | ScoreFailure, metric: str, side: SideName, row: Row) -> Score | ScoreFailure:
    if isinstance(score, ScoreFailure):
        return score
    return Score(float(score), score.reason, metric=metric, side=side, sample_id=row.sample_id)


def bounds_of(metric: Metric) -> Limits:
    """Return the least and the greatest score of a metric: its own, or 0 and 1."""
    return metric.bounds if isinstance(metric, Bounded) else (0.0, 1.0)


def _scored(metric: Metric, answer: Answer, row: Row, bounds: Limits) -> Score | ScoreFailure:
    try:
        found: object = metric.score(answer, row)
    except Exception as error:  # noqa: BLE001 - a metric may come from a plugin; its bug is a named failure, not a zero
        return ScoreFailure(reason=printable(f"{type(error).__name__}: {error}"))
    return _checked(metric.name, found, bounds)


def _checked(name: str, found: object, bounds: Limits) -> Score | ScoreFailure:
    if isinstance(found, ScoreFailure):
        return ScoreFailure(reason=printable(found.reason), raw=printable(found.raw))
    if not isinstance(found, float):
        return ScoreFailure(reason=printable(f"{name} returned {found!r}, not a score"))
    low, high = bounds
    if not low <= found <= high:
        return ScoreFailure(reason=f"{name} returned {float(found):g}, outside of {low:g} to {high:g}")
    return Score(found, printable(found.reason)) if isinstance(found, Score) else Score(found)


def _score_key(metric: Metric, row: Row, answer: Answer) -> str:
    record = {name: value for name, value in answer.to_record().items() if name not in {"cached", "cost", "no_cost"}}
    content = [metric.name, metric.version, dict(row.values), record]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
