"""Scores of one metric: one side's mean, and the paired difference of both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.stats.design import PLAIN
from pytest_llm_migrate.stats.estimate import UNIT
from pytest_llm_migrate.stats.proportions import tango, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.stats.bounded import Floats
    from pytest_llm_migrate.stats.design import Design
    from pytest_llm_migrate.stats.estimate import Bounds, Estimate


def paired_difference(
    source: Sequence[float],
    target: Sequence[float],
    *,
    confidence: float,
    bounds: Bounds = UNIT,
    design: Design = PLAIN,
) -> Estimate:
    """Estimate the mean of target minus source, row by row, of scores within ``bounds``.

    Right/wrong scores (each at one of the bounds) get Tango's interval, graded ones the same score interval for
    bounded values (`bounded_mean`), which needs no seed. In simulation at n = 20 to 1000 its one-sided 95 %
    limits missed the truth at most 5.6 % of the time, for skewed, tied, mostly equal and rarely collapsing
    scores; the paired t and the studentised bootstrap missed up to 49 % where a collapse is rare. The price: n
    rows prove no margin below z²/(n + z²), however little the scores spread. With weights or clusters the same
    interval is made for as many rows as these are worth (`effective_rows`).

    Raises ValueError without a row, for sides of different length, for a score outside of the bounds, and for a
    design that does not fit.
    """
    if len(source) != len(target):
        raise ValueError(f"{len(source)} source scores do not pair with {len(target)} target scores")
    before, after = _unit(source, bounds), _unit(target, bounds)
    is_counted = _right_or_wrong(before) and _right_or_wrong(after)
    if is_counted and design.is_plain:
        broke, fixed = int((before > after).sum()), int((after > before).sum())
        return _rescaled(tango(len(before), broke, fixed, confidence=confidence), 0.0, bounds)
    method = "tango score" if is_counted else "bounded score"
    return _rescaled(_score(after - before, -1.0, confidence, method, design), 0.0, bounds)


def one_side(values: Sequence[float], *, confidence: float, bounds: Bounds = UNIT, design: Design = PLAIN) -> Estimate:
    """Estimate the mean of one side's scores within ``bounds``: Wilson's interval for right/wrong scores.

    Graded ones get the score interval for bounded values. Raises ValueError as `paired_difference` does.
    """
    scores = _unit(values, bounds)
    is_counted = _right_or_wrong(scores)
    if is_counted and design.is_plain:
        return _rescaled(wilson(int(scores.sum()), len(scores), confidence=confidence), bounds[0], bounds)
    method = "wilson score" if is_counted else "bounded score"
    return _rescaled(_score(scores, 0.0, confidence, method, design), bounds[0], bounds)


def _score(scores: Floats, lowest: float, confidence: float, method: str, design: Design) -> Estimate:
    import numpy as np  # noqa: PLC0415 - numpy and scipy load with it

    from pytest_llm_migrate.stats.bounded import bounded_mean  # noqa: PLC0415 - likewise
    from pytest_llm_migrate.stats.effective import effective_rows, shares  # noqa: PLC0415 - likewise

    # Tallied in order of size, so that the order of the rows cannot reach the last digit.
    values, places = np.unique(scores, return_inverse=True)
    if design.is_plain:
        tally = np.bincount(places).astype(np.float64)
        return bounded_mean(values, tally, lowest=lowest, highest=1.0, confidence=confidence, method=method)
    effective = effective_rows(scores, design, confidence=confidence)
    weighed = np.bincount(places, shares(design, len(scores))).astype(np.float64) * effective
    found = bounded_mean(values, weighed, lowest=lowest, highest=1.0, confidence=confidence, method=method)
    return replace(found, n=len(scores), effective_n=effective)


def _unit(scores: Sequence[float], bounds: Bounds) -> Floats:
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    low, high = bounds
    if not 0 < high - low < np.inf:
        raise ValueError(f"scores need finite bounds, the lower one first, got {low!r} and {high!r}")
    found = np.asarray(scores, dtype=np.float64)
    if not len(found):
        raise ValueError("no scores to estimate from")
    outside = found[~((found >= low) & (found <= high))]
    if len(outside):
        raise ValueError(f"a score of {float(outside[0])!r} lies outside of {low:g} to {high:g}")
    return (found - low) / (high - low)


def _right_or_wrong(scores: Floats) -> bool:
    return bool(((scores == 0) | (scores == 1)).all())


def _rescaled(estimate: Estimate, origin: float, bounds: Bounds) -> Estimate:
    span = bounds[1] - bounds[0]
    return replace(
        estimate,
        value=origin + span * estimate.value,
        low=origin + span * estimate.low,
        high=origin + span * estimate.high,
    )
