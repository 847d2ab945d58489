"""One score of a row's several repeats: their mean, unless its metric says otherwise."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import RepeatedMetric, Score, ScoreFailure, order_in_repeats
from pytest_llm_migrate.errors import TooFewRepeatsError
from pytest_llm_migrate.metrics.style_guide import broken_in_repeats

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llm_migrate.domain import Metric
    from pytest_llm_migrate.migration.settings import Settings


def check_repeats(metrics: Iterable[Metric], settings: Settings) -> None:
    """Raise `TooFewRepeatsError` for a metric that takes more answers of a row than a run asks for."""
    for metric in metrics:
        needed = getattr(metric, "k", 1) if isinstance(metric, RepeatedMetric) else 1
        if needed > settings.repeats and not settings.self_test:
            raise TooFewRepeatsError(metric.name, needed, settings.repeats)


def over_repeats(metric: RepeatedMetric, scores: Sequence[Score | ScoreFailure]) -> Score | ScoreFailure:
    """Return what a metric makes of its scores of a row's repeats, failing where one repeat failed."""
    failure = next((score for score in scores if isinstance(score, ScoreFailure)), None)
    return failure or metric.over_repeats([score for score in scores if isinstance(score, Score)])


def mean_of_repeats(scores: Sequence[Score | ScoreFailure]) -> Score | ScoreFailure:
    """Return the mean, failing where one repeat failed: a mean without it would be another figure.

    Its reason lists every score, then tells the reason of the lowest one, of equals the first: what a reader looks
    for. Broken rules, and an order of answers that decided, are told of all repeats.
    """
    failure = next((score for score in scores if isinstance(score, ScoreFailure)), None)
    if failure:
        return failure
    numbers = [score for score in scores if isinstance(score, Score)]
    return numbers[0] if len(numbers) == 1 else Score(statistics.fmean(numbers), _reason(numbers))


def _reason(scores: Sequence[Score]) -> str:
    reasons = [score.reason for score in scores]
    if broken := broken_in_repeats(reasons):
        return broken
    listed = ", ".join(f"{float(score):.4g}" for score in scores)
    lowest = scores.index(min(scores))
    told = f"repeat {lowest + 1}: {reasons[lowest]}" if reasons[lowest] else ""
    return "; ".join(filter(None, [order_in_repeats(reasons), f"mean of {len(scores)} repeats: {listed}", told]))
