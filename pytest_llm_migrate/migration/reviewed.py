"""Metrics of people's scores: their files read, how far people agree among themselves, and what else they say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.certificate import CONFIDENCE, figure
from pytest_llm_migrate.datasets.reviews import read_reviews
from pytest_llm_migrate.errors import counted, nearest
from pytest_llm_migrate.metrics.evaluations import BedrockEvaluations
from pytest_llm_migrate.metrics.given import ColumnScore, ReviewScores
from pytest_llm_migrate.metrics.preferences import ReviewPreferences
from pytest_llm_migrate.stats import krippendorff_alpha

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_llm_migrate.domain import Dataset, Metric
    from pytest_llm_migrate.domain.review import Review

_THUMBS = {"down": 0.0, "up": 1.0}


def with_reviews(metric: Metric, folder: Path) -> tuple[Metric, ...]:
    """Return a metric with its files read, where it has some, and what else a review file says of answers.

    ``<name>:thumbs`` is 1 for a thumb up and 0 for one down, ``<name>:better`` which of two answers is preferred.

    Raises a `MigrateError` of what cannot be read.
    """
    if isinstance(metric, BedrockEvaluations):
        return (metric.reading(folder),)
    if not isinstance(metric, ReviewScores):
        return (metric,)
    reviews = read_reviews(folder / metric.path, shown=str(metric.path))
    preferences = ReviewPreferences.of(metric.path, f"{metric.name}:better", reviews)
    said = [found for found in (_thumbs_of(metric, reviews), preferences) if found.reviews]
    return metric.reading(reviews), *said


def _thumbs_of(metric: ReviewScores, reviews: Iterable[Review]) -> ReviewScores:
    """Return the metric of the thumbs among reviews; of several on one answer the share that is up."""
    given = [replace(review, rating=_THUMBS[review.thumbs], label_wrong=False) for review in reviews if review.thumbs]
    return replace(metric, name=f"{metric.name}:thumbs", scale=(0.0, 1.0)).reading(given)


def strays_of(metrics: Iterable[Metric], dataset: Dataset) -> list[str]:
    """Return a sentence for each review file that rates rows which the whole dataset lacks."""
    known = [row.sample_id for row in dataset]
    strays: dict[Path, set[str]] = {}
    for metric in metrics:
        if isinstance(metric, ReviewScores):
            strays.setdefault(metric.path, set()).update({row for row, _ in metric.reviews}.difference(known))
    return [
        f"{path} rates {counted(len(rows), 'row')} that {dataset.path} lacks, such as {min(rows)!r}."
        f"{nearest(min(rows), known)}"
        for path, rows in strays.items()
        if rows
    ]


def preferred_of(metrics: Iterable[Metric]) -> tuple[str, ...]:
    """Return the names of the metrics by which people compare two answers."""
    return tuple(metric.name for metric in metrics if isinstance(metric, ReviewPreferences))


def marked_of(metrics: Iterable[Metric], sample_ids: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """Return who calls the ground truth of which of these rows wrong, with what comment."""
    read = [metric.marked for metric in metrics if isinstance(metric, ReviewScores)]
    found = {row: [review for marked in read for review in marked.get(row, ())] for row in sample_ids}
    return {
        row: [{"rater": review.rater, "comment": review.comment} for review in said]
        for row, said in found.items()
        if said
    }


def people_of(metrics: Iterable[Metric], sample_ids: Sequence[str]) -> dict[str, dict[str, Any] | None]:
    """Return the metrics whose scores people gave, with how far these agree; ``None`` where nobody can tell."""
    given = [metric for metric in metrics if isinstance(metric, (ColumnScore, ReviewScores))]
    return {metric.name: _among(metric.ratings(sample_ids)) for metric in given if metric.given_by == "people"}


def _among(ratings: Sequence[Mapping[str, float]]) -> dict[str, Any] | None:
    several = [list(given.values()) for given in ratings if len(given) > 1]
    if not several:
        return None
    found = krippendorff_alpha(several, confidence=CONFIDENCE, level="interval")
    raters = {rater for given in ratings for rater in given}
    return {"raters": len(raters), "answers": len(several), "alpha": figure(found.coefficient)}
