"""Prompts tried out on dev rows: the target is asked, its answers are scored, and what it took is told."""

from __future__ import annotations

import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.answers import NOT_RUN, Question, dearest_answer
from pytest_llm_migrate.domain import CallFailure, InstructingMetric, Score, ScoreFailure, SidedMetric, Trial
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.migration.ahead import THREADS
from pytest_llm_migrate.migration.scoring import bounds_of
from pytest_llm_migrate.migration.sides import AskedSide, priced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.answers import Connection, Desk
    from pytest_llm_migrate.domain import Answer, PromptText, Request, Row, Side
    from pytest_llm_migrate.migration.judging import DeskJudge
    from pytest_llm_migrate.migration.scoring import Scorer
    from pytest_llm_migrate.prompts import Prompt

PURPOSE = "optimize"


@dataclass(frozen=True, slots=True, kw_only=True)
class TryOuts:
    """Tries prompts out on rows; an answer that is kept is not paid for again, whatever it was made for.

    Attributes:
        desk: Where the target is asked.
        model: The target.
        scorer: Scores with the migration's metrics.
        prompt_of: Makes a prompt that renders of what a strategy wrote.
        recorded: Answers of the suite's recordings, by key.
        judges: Those that the metrics ask.
    """

    desk: Desk
    model: Connection
    scorer: Scorer
    prompt_of: Callable[[PromptText], Prompt]
    recorded: Mapping[str, tuple[str, Answer]]
    judges: Sequence[DeskJudge] = ()

    def __call__(self, prompt: PromptText, rows: Sequence[Row]) -> Trial:
        """Return what came of a prompt on these rows.

        Raises:
            CallFailedError: Every further call would fail alike, or the budget did not reach for the answers to all
                rows or for their scores.
            MigrateError: The prompt cannot be rendered, or the model or a judge cannot be called.
        """
        asked = self._asked(prompt)
        asked.begin(rows)
        with ThreadPoolExecutor(THREADS if self.scorer.is_slow else 1) as pool:
            sides = dict(
                zip(
                    [row.sample_id for row in rows],
                    pool.map(lambda row: self.scorer.side("target", row, asked.outcomes(row)), rows),
                    strict=True,
                )
            )
        self.scorer.flush()
        _refuse_fatal(sides.values())
        self._refuse_unjudged(sides.values())
        return self._trial(prompt, sides)

    def ask(self, request: Request, row: Row | None) -> Answer:
        """Return the target's answer to anything, asked for a row or for none; raises `CallFailedError`."""
        name = row.sample_id if row else "prompt"
        question = Question(sample_id=name, request=request, purpose=PURPOSE)
        outcome = self.desk.ask(self.model, [question], self.recorded)[0].outcome()
        if isinstance(outcome, CallFailure):
            raise CallFailedError(outcome.kind, outcome.message, fatal=outcome.fatal)
        return priced(self.desk, self.model.ref, outcome)

    def score(self, answer: Answer, row: Row) -> tuple[float | None, str]:
        """Return the mean of the metrics' scores from 0 to 1, ``None`` without any, and what they found wanting.

        Raises `MigrateError` where a judge cannot be asked, or the budget did not reach for a score.
        """
        side = self.scorer.side("target", row, [answer])
        self.scorer.flush()
        self._refuse_unjudged([side])
        scores = list(self._unit_scores(side))
        return statistics.fmean(scores) if scores else None, self._feedback(side)

    @property
    def instructions(self) -> dict[str, str]:
        """How a prompt asks for each rule that the metrics hold answers to, by the rule's name."""
        metrics = [metric for metric in self.scorer.metrics if isinstance(metric, InstructingMetric)]
        return {name: asks for metric in metrics for name, asks in metric.instructions.items()}

    def dearest(self, prompt: PromptText, rows: Sequence[Row]) -> float | None:
        """Return what an answer to a row may cost at most, in US dollars, ``None`` where that is unknown.

        It is the mean over the rows, whether or not their answers are kept already: another prompt's are not.
        """
        rendered = self.prompt_of(prompt)
        return _mean(self.desk.prices.cost(self.model.ref, dearest_answer(rendered.render(row))) for row in rows)

    def _asked(self, prompt: PromptText) -> AskedSide:
        return AskedSide(
            desk=self.desk,
            model=self.model,
            prompt=self.prompt_of(prompt),
            origin="",
            repeats=1,
            recorded=self.recorded,
            purpose=PURPOSE,
        )

    def _trial(self, prompt: PromptText, sides: Mapping[str, Side]) -> Trial:
        answers = {name: side.answer for name, side in sides.items() if not side.failure}
        found = {name: list(self._unit_scores(sides[name])) for name in answers}
        return Trial(
            prompt=prompt,
            scores={name: statistics.fmean(scores) for name, scores in found.items() if scores},
            rows=len(sides),
            feedback={name: said for name in answers if (said := self._feedback(sides[name]))},
            answers={name: answer.text for name, answer in answers.items()},
            input_tokens=_mean(answer.input_tokens for answer in answers.values()),
            output_tokens=_mean(answer.output_tokens for answer in answers.values()),
            cost=_total(answer.cost for answer in answers.values()),
            latency=_mean(answer.latency for answer in answers.values()),
        )

    def _refuse_unjudged(self, sides: Iterable[Side]) -> None:
        """Raise what kept scores from being made: a row that no money was left for says nothing of a prompt."""
        for judge in self.judges:
            if isinstance(judge.fault, CallFailedError):
                message = f"the judge {judge.shown}: {judge.fault.message}"
                raise CallFailedError(judge.fault.kind, message, fatal=True)
            if judge.fault:
                raise judge.fault.with_traceback(None)
        reasons = (score.reason for side in sides for score in side.scores.values() if isinstance(score, ScoreFailure))
        if spent := next((reason for reason in reasons if f"{NOT_RUN}: " in reason), None):
            raise CallFailedError(NOT_RUN, spent, fatal=True)

    def _unit_scores(self, side: Side) -> Iterator[float]:
        """Yield the scores of metrics that judge an answer by itself, each on a scale from 0 to 1."""
        for metric in self.scorer.metrics:
            score = None if isinstance(metric, SidedMetric) else side.scores.get(metric.name)
            if isinstance(score, Score):
                low, high = bounds_of(metric)
                yield (float(score) - low) / (high - low)

    def _feedback(self, side: Side) -> str:
        """Return in words what metrics found wanting in an answer."""
        said = [
            f"{metric.name} {float(score):.3g}{f': {score.reason}' if score.reason else ''}"
            for metric in self.scorer.metrics
            if isinstance(score := side.scores.get(metric.name), Score) and float(score) < bounds_of(metric)[1]
        ]
        return "; ".join(said)


def _refuse_fatal(sides: Iterable[Side]) -> None:
    for side in sides:
        failure = side.outcome
        # A row that no money was left for says nothing of a prompt: neither filed nor shown as a score of 0.
        if isinstance(failure, CallFailure) and (failure.fatal or failure.kind == NOT_RUN):
            raise CallFailedError(failure.kind, failure.message, fatal=True)


def _mean(values: Iterable[float | None]) -> float | None:
    known = list(values)
    return statistics.fmean(value for value in known if value is not None) if known and None not in known else None


def _total(values: Iterable[float | None]) -> float | None:
    known = list(values)
    return sum(value for value in known if value is not None) if known and None not in known else None
