"""Scores for answers: looked up where they are worth keeping, computed where they are not there."""

from __future__ import annotations

import hashlib
import json
import statistics
import threading
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pytest_llm_migrate.answers import printable
from pytest_llm_migrate.domain import (
    SIDES,
    Answer,
    CallFailure,
    GatheringMetric,
    JudgedMetric,
    PairedMetric,
    RepeatedMetric,
    Score,
    ScoreFailure,
    Side,
    SidedMetric,
)
from pytest_llm_migrate.migration.repeats import mean_of_repeats, over_repeats

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
    "mean_logprob",
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
    """Scores answers with a migration's metrics, never the same kept score twice; safe to use from several threads.

    Attributes:
        metrics: The metrics, judged ones with their judges.
        store: Where scores are kept.
        may_ask: Whether judges may be asked; else a judged metric has the scores that are kept.
        looks_up: Whether scores of judged metrics are looked up; not where their judges' answers are to be recorded.
    """

    metrics: Sequence[Metric]
    store: Store
    may_ask: bool = True
    looks_up: bool = True
    _unwritten: dict[str, Score] = field(default_factory=dict)
    _gathered: dict[str, Score | ScoreFailure] = field(default_factory=dict)
    _bounds: dict[str, Limits] = field(init=False)
    _alone: Sequence[Metric] = field(init=False)
    _paired: Sequence[PairedMetric] = field(init=False)
    _sided: Mapping[str, SidedMetric] = field(init=False)
    _repeated: Mapping[str, RepeatedMetric] = field(init=False)
    _judged: frozenset[str] = field(init=False)
    _gathering: Mapping[str, GatheringMetric] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        # Asked once: whether something is of a protocol takes longer to tell than most metrics take to score.
        self._bounds = {metric.name: bounds_of(metric) for metric in self.metrics}
        self._paired = [metric for metric in self.metrics if isinstance(metric, PairedMetric)]
        self._alone = [metric for metric in self.metrics if not isinstance(metric, PairedMetric)]
        self._sided = {metric.name: metric for metric in self.metrics if isinstance(metric, SidedMetric)}
        self._repeated = {metric.name: metric for metric in self._alone if isinstance(metric, RepeatedMetric)}
        self._judged = frozenset(metric.name for metric in self.metrics if isinstance(metric, JudgedMetric))
        self._gathering = {
            metric.name: metric
            for metric in self._alone
            if isinstance(metric, GatheringMetric) and metric.name not in {*self._sided, *self._judged}
        }

    @property
    def is_slow(self) -> bool:
        """Whether some metric waits for a judge."""
        return bool(self._judged)

    @property
    def gathers(self) -> bool:
        """Whether some metric scores many answers at once."""
        return bool(self._gathering)

    def gather(self, answered: Sequence[tuple[Row, Sequence[Outcome]]]) -> None:
        """Score answers of several rows at once, with metrics that can; their sides find these scores afterwards."""
        self._gathered = {}
        answers = [(row, item) for row, outcomes in answered for item in outcomes if isinstance(item, Answer)]
        for metric in self._gathering.values():
            wanted = {_score_key(metric, row, answer): (answer, row) for row, answer in answers}
            known = self._known(list(wanted)) if metric.kept else {}
            left = {key: pair for key, pair in wanted.items() if key not in known}
            if left:
                scores = self._many(metric, *zip(*left.values(), strict=True))
                self._gathered.update(zip(left, scores, strict=True))
                if metric.kept:
                    self._keep(dict(zip(left, scores, strict=True)))

    def sides(self, row: Row, source: Sequence[Outcome], target: Sequence[Outcome]) -> tuple[Side, Side]:
        """Return both sides of a row with their scores, those of metrics that compare the two included."""
        before, after = self.side("source", row, source), self.side("target", row, target)
        if not self._paired or before.failure or after.failure:
            return before, after
        pairs = {metric.name: self._pair_scores(metric, row, source, target) for metric in self._paired}
        return (
            _with_scores(before, row, {name: first for name, (first, _) in pairs.items()}),
            _with_scores(after, row, {name: second for name, (_, second) in pairs.items()}),
        )

    def side(self, name: SideName, row: Row, outcomes: Sequence[Outcome]) -> Side:
        """Return a side with its own scores; of several repeats mostly the mean, failing where one repeat failed."""
        failure = next((item for item in outcomes if isinstance(item, CallFailure)), None)
        if failure:
            return Side(name=name, sample_id=row.sample_id, outcome=failure)
        answers = [item for item in outcomes if isinstance(item, Answer)]
        each = [self._scores(name, row, answer) for answer in answers]
        scores = {name: mean_of_repeats([found[name] for found in each]) for name in each[0]}
        for metric_name, metric in self._repeated.items():
            scores[metric_name] = self._over_repeats(metric, [found[metric_name] for found in each])
        labelled = {known: _labelled(score, known, name, row) for known, score in scores.items()}
        return Side(name=name, sample_id=row.sample_id, outcome=average(answers), scores=labelled)

    def _over_repeats(self, metric: RepeatedMetric, scores: Sequence[Score | ScoreFailure]) -> Score | ScoreFailure:
        try:
            found = over_repeats(metric, scores)
        except Exception as error:  # noqa: BLE001 - as of a single answer
            return _bug(error)
        return _checked(metric.name, found, self._bounds[metric.name])

    def flush(self) -> None:
        """Write down the scores that are worth keeping."""
        with self._lock:
            unwritten, self._unwritten = self._unwritten, {}
        if unwritten:
            self.store.keep_scores(unwritten)

    def _scores(self, side: SideName, row: Row, answer: Answer) -> Mapping[str, Score | ScoreFailure]:
        keys = {metric.name: _score_key(metric, row, answer) for metric in self._alone if metric.kept}
        known: dict[str, Score | ScoreFailure] = dict(
            self._known([key for name, key in keys.items() if self._may_look_up(name)])
        )
        if self._gathered:
            keys |= {name: _score_key(metric, row, answer) for name, metric in self._gathering.items()}
            known |= {key: self._gathered[key] for key in keys.values() if key in self._gathered}
        scores: dict[str, Score | ScoreFailure] = {}
        for metric in self._alone:
            key = keys.get(metric.name, "")
            scores[metric.name] = known[key] if key in known else self._new_score(metric, side, answer, row, key)
        return scores

    def _known(self, keys: Sequence[str]) -> Mapping[str, Score]:
        if not keys:
            return {}
        with self._lock:
            unwritten = {key: self._unwritten[key] for key in keys if key in self._unwritten}
        return self.store.find_scores(keys) | unwritten

    def _may_look_up(self, metric: str) -> bool:
        return self.looks_up or metric not in self._judged

    def _new_score(self, metric: Metric, side: SideName, answer: Answer, row: Row, key: str) -> Score | ScoreFailure:
        if metric.name in self._judged and not self.may_ask:
            return ScoreFailure(reason="not judged yet")
        sided = self._sided.get(metric.name)
        try:
            found = sided.score_side(side, answer, row) if sided else metric.score(answer, row)
        except Exception as error:  # noqa: BLE001 - a metric may come from a plugin; its bug is a named failure, not a zero
            return _bug(error)
        score = _checked(metric.name, found, self._bounds[metric.name])
        if key and metric.kept and not sided:
            self._keep({key: score})
        return score

    def _pair_scores(
        self, metric: PairedMetric, row: Row, source: Sequence[Outcome], target: Sequence[Outcome]
    ) -> tuple[Score | ScoreFailure, Score | ScoreFailure]:
        """Return both sides' mean scores over pairs of repeats; a side with one answer alone lends it to each."""
        repeats = max(len(source), len(target))
        answers = [
            [item for item in islice(cycle(side), repeats) if isinstance(item, Answer)] for side in (source, target)
        ]
        each = [self._pair_score(metric, row, *pair) for pair in zip(*answers, strict=True)]
        return mean_of_repeats([first for first, _ in each]), mean_of_repeats([second for _, second in each])

    def _pair_score(
        self, metric: PairedMetric, row: Row, source: Answer, target: Answer
    ) -> tuple[Score | ScoreFailure, Score | ScoreFailure]:
        keys = [_score_key(metric, row, source, target, side) for side in SIDES] if metric.kept else []
        known = self._known(keys) if self._may_look_up(metric.name) else {}
        if len(known) == len(SIDES):
            return known[keys[0]], known[keys[1]]
        if metric.name in self._judged and not self.may_ask:
            failure = ScoreFailure(reason="not judged yet")
            return failure, failure
        try:
            found = metric.score_pair(source, target, row)
        except Exception as error:  # noqa: BLE001 - as of a single answer
            found = (_bug(error), _bug(error))
        bounds = self._bounds[metric.name]
        first, second = (_checked(metric.name, score, bounds) for score in found)
        if keys:
            self._keep(dict(zip(keys, (first, second), strict=True)))
        return first, second

    def _many(
        self, metric: GatheringMetric, answers: Sequence[Answer], rows: Sequence[Row]
    ) -> list[Score | ScoreFailure]:
        try:
            found = list(metric.score_many(answers, rows))
        except Exception as error:  # noqa: BLE001 - as of a single answer
            return [_bug(error)] * len(answers)
        if len(found) != len(answers):
            said = f"{metric.name} returned {len(found)} scores for {len(answers)} answers"
            return [ScoreFailure(reason=said)] * len(answers)
        return [_checked(metric.name, score, self._bounds[metric.name]) for score in found]

    def _keep(self, scores: Mapping[str, Score | ScoreFailure]) -> None:
        with self._lock:
            self._unwritten.update((key, score) for key, score in scores.items() if isinstance(score, Score))
            is_full = len(self._unwritten) >= _FLUSH_AT
        if is_full:
            self.flush()


def average(answers: Sequence[Answer]) -> Answer:
    """Return the first answer with the means of all repeats' numbers: times, tokens, costs; unknown where one is."""
    first = answers[0]
    if len(answers) == 1:
        return first
    record = first.to_record()
    for name in _AVERAGED:
        values = [getattr(answer, name) for answer in answers]
        record[name] = None if None in values else statistics.fmean(values)
    record["no_cost"] = next((answer.no_cost for answer in answers if answer.no_cost), None)
    return Answer.from_record(record | {"cached": any(answer.cached for answer in answers)})


def _with_scores(side: Side, row: Row, scores: Mapping[str, Score | ScoreFailure]) -> Side:
    labelled = {metric: _labelled(score, metric, side.name, row) for metric, score in scores.items()}
    return replace(side, scores={**side.scores, **labelled})


def _labelled(score: Score | ScoreFailure, metric: str, side: SideName, row: Row) -> Score | ScoreFailure:
    if isinstance(score, ScoreFailure):
        return score
    return Score(float(score), score.reason, metric=metric, side=side, sample_id=row.sample_id)


def bounds_of(metric: Metric) -> Limits:
    """Return the least and the greatest score of a metric: its own, or 0 and 1."""
    return metric.bounds if isinstance(metric, Bounded) else (0.0, 1.0)


def _bug(error: Exception) -> ScoreFailure:
    return ScoreFailure(reason=printable(f"{type(error).__name__}: {error}"))


def _checked(name: str, found: object, bounds: Limits) -> Score | ScoreFailure:
    if isinstance(found, ScoreFailure):
        return ScoreFailure(reason=printable(found.reason), raw=printable(found.raw))
    if not isinstance(found, float):
        return ScoreFailure(reason=printable(f"{name} returned {found!r}, not a score"))
    low, high = bounds
    if not low <= found <= high:
        return ScoreFailure(reason=f"{name} returned {float(found):g}, outside of {low:g} to {high:g}")
    return Score(found, printable(found.reason)) if isinstance(found, Score) else Score(found)


def _score_key(metric: Metric, row: Row, *scored: Answer | str) -> str:
    records = [_content(item) if isinstance(item, Answer) else item for item in scored]
    content = [metric.name, metric.version, dict(row.values), *records]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _content(answer: Answer) -> dict[str, Any]:
    return {name: value for name, value in answer.to_record().items() if name not in {"cached", "cost", "no_cost"}}
