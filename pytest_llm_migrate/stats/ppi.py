"""Prediction-powered inference: a judge's paired difference, corrected by the rows that people scored too."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pytest_llm_migrate.stats.bounded import bounded_mean
from pytest_llm_migrate.stats.estimate import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.stats.bounded import Floats

LEAST_LABELLED = 30
"""Rows with people's scores below which nothing is corrected."""


def corrected_difference(
    judged: Sequence[float], by_people: Sequence[float | None], *, confidence: float, span: float = 1.0
) -> Estimate:
    """Estimate the mean difference that people would find, of a judge's differences and those that people found.

    ``judged`` has a judge's target minus source for every row, ``by_people`` people's, ``None`` where they scored
    none; both lie within ``span`` of 0. The estimate is t * mean(judged, rows without people) + mean(people - t *
    judged, rows with them) (Angelopoulos et al., Science 2023; 382: 669), with the weight t of the judge that leaves
    least variance, from 0 to 1 (Angelopoulos, Duchi and Zrnic 2023, "PPI++"): a judge that is no use costs nothing.
    Each mean has the score interval for bounded values, and their distances from the estimate are added in squares
    (Zou and Donner, Statistics in Medicine 2008; 27: 1693), so that a judge that was right on a few rows is not taken
    for one that always is. It holds where the rows that people scored were drawn like the others.

    Raises ValueError below `LEAST_LABELLED` rows with people's scores, and for sides of different length.
    """
    if len(judged) != len(by_people):
        raise ValueError(f"{len(judged)} of a judge's differences do not pair with {len(by_people)}")
    known = np.array([value is not None for value in by_people])
    judges = np.asarray(judged, dtype=np.float64) / span
    people = np.array([value for value in by_people if value is not None], dtype=np.float64) / span
    if len(people) < LEAST_LABELLED:
        raise ValueError(f"{len(people)} rows with people's scores are too few, {LEAST_LABELLED} are needed")
    others, beside = judges[~known], judges[known]
    weight = _weight(people, beside, len(others))
    error = _mean(people - weight * beside, 1 + weight, confidence)
    found = error
    if len(others):
        rest = _mean(others, 1.0, confidence)
        value = error.value + weight * rest.value
        low = value - math.hypot(error.value - error.low, weight * (rest.value - rest.low))
        high = value + math.hypot(error.high - error.value, weight * (rest.high - rest.value))
        found = Estimate(value=value, low=low, high=high, confidence=confidence, n=0, method="")
    return Estimate(
        value=span * min(max(found.value, -1.0), 1.0),
        low=span * max(-1.0, found.low),
        high=span * min(1.0, found.high),
        confidence=confidence,
        n=len(people),
        method=f"prediction-powered, judge weighs {weight:.2f}, bounded scores",
    )


def _weight(people: Floats, judges: Floats, others: int) -> float:
    """Return the judge's weight that leaves least variance; 0 where all rows have people's scores."""
    variance = float(judges.var())
    if not others or not variance:
        return 0.0
    shared = float(((people - people.mean()) * (judges - judges.mean())).mean())
    return min(max(shared / (variance * (1 + len(people) / others)), 0.0), 1.0)


def _mean(values: Floats, reach: float, confidence: float) -> Estimate:
    found, counts = np.unique(np.clip(values, -reach, reach), return_counts=True)
    return bounded_mean(
        found, counts.astype(np.float64), lowest=-reach, highest=reach, confidence=confidence, method=""
    )
