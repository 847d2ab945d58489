"""Statistics of units drawn again and again, with replacement: the bootstrap behind quantities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtr, gammaincinv, ndtr, stdtrit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from pytest_llm_migrate.stats.bounded import Floats
    from pytest_llm_migrate.stats.units import Units

LEVELS = (0.50, 0.90, 0.95, 0.99)

_MOST, _FEWEST, _DRAWS = 3999, 399, 10_000_000
_CHUNK = 200_000
"""Draws looked at at once: as many as stay in a processor's cache, which more than halves the time."""


def resamples_for(rows: int) -> int:
    """Return how often rows are drawn again: 3999 times up to 2500 rows, then 10 million draws, at least 399."""
    return min(_MOST, max(_FEWEST, _DRAWS // rows))


def percentiles(values: Floats, weights: Floats) -> Floats:
    """Return the 50th, 90th, 95th and 99th percentile of weighted values, between the two nearest in rank.

    A row of weight w fills w of the ranks and has its value in their middle; percentile p lies a share p of the
    way from the middle of the first row to that of the last. Rows that all weigh the same have numpy's default
    (Hyndman and Fan's type 7).
    """
    order = np.argsort(values, kind="stable")
    found: Floats = _percentiles(weights[None, order], values[order], weights[order])[0]
    return found


def replicates(units: Units, deviations: Floats, seed: int) -> tuple[Floats, Floats]:
    """Return of each resample of units the percentiles of each column, and Student's t of each deviation.

    ``deviations`` has one column each, one line a unit, and columns that add up to 0. Percentiles are by resample,
    column and level.
    """
    orders = np.argsort(units.columns, axis=0, kind="stable")
    ordered = [
        (units.labels[order], units.columns[order, side], units.weights[order]) for side, order in enumerate(orders.T)
    ]
    found, pivots = [], []
    for counts in _resamples(units, seed):
        sides = [(counts.take(of, axis=1), values, weights) for of, values, weights in ordered]
        found.append(np.stack([_percentiles(np.multiply(drawn, w, out=drawn), x, w) for drawn, x, w in sides], axis=1))
        pivots.append(_student(counts, deviations))
    return np.concatenate(found), np.concatenate(pivots)


def students(units: Units, deviations: Floats, seed: int) -> Floats:
    """Return Student's t of each column of deviations in each resample, drawn as in `replicates`."""
    return np.concatenate([_student(counts, deviations) for counts in _resamples(units, seed)])


def _resamples(units: Units, seed: int) -> Iterator[Floats]:
    """Yield how often each unit is drawn in each resample, some resamples at a time."""
    rows = len(units.labels)
    total, chunk = resamples_for(rows), max(1, _CHUNK // rows)
    generator = np.random.default_rng(seed)
    for start in range(0, total, chunk):
        yield _draw(generator, units.number, min(chunk, total - start)).astype(np.float64)


def _draw(generator: np.random.Generator, units: int, resamples: int) -> NDArray[np.int64]:
    """Return how often each unit is drawn in each resample."""
    drawn = generator.integers(0, units, (resamples, units))
    drawn += np.arange(resamples)[:, None] * units
    return np.bincount(drawn.ravel(), minlength=resamples * units).reshape(resamples, units)


def _student(counts: Floats, deviations: Floats) -> Floats:
    """Return Student's t of each column in each resample; endless where what was drawn is all the same, and not 0."""
    units = len(deviations)
    # Not ``@``: its threads wait for one another on a busy machine, and may sum in any order.
    sums, squares = (
        np.column_stack([np.einsum("ij,j->i", counts, column) for column in of.T.copy()])
        for of in (deviations, deviations**2)
    )
    errors = np.sqrt(np.maximum(squares - sums**2 / units, 0) * units / (units - 1)) if units > 1 else 0 * sums
    found: Floats = np.where(sums == 0, 0.0, np.copysign(np.inf, sums))
    with np.errstate(over="ignore"):
        np.divide(sums, errors, out=found, where=errors > 0)
    return found


def _percentiles(masses: Floats, ordered: Floats, weights: Floats) -> Floats:
    """Return the percentiles of each resample, of which ``masses`` are weights times draws, as in `percentiles`."""
    rows = len(weights)
    # One running sum over all resamples finds all ranks at once.
    running = masses.ravel().cumsum()
    ends = running[rows - 1 :: rows, None]
    starts = np.concatenate([[[0.0]], ends[:-1]])
    first, last = np.searchsorted(running, starts, side="right"), np.searchsorted(running, ends)
    bottom, top = starts + weights[first % rows] / 2, ends - weights[last % rows] / 2
    sought = bottom + np.array(LEVELS) * (top - bottom)
    at = np.clip(np.searchsorted(running, sought, side="right"), first, last)
    half, before = weights[at % rows] / 2, np.where(at % rows, running[at - 1], starts)
    # Halfway up a row's ranks its value is reached; drawn again, it keeps it up to half of the last draw's.
    low = np.where(sought < before + half, np.clip(np.searchsorted(running, before), first, at), at)
    following = np.minimum(np.searchsorted(running, running[at], side="right"), last)
    high = np.where(sought > running[at] - half, following, at)
    halves = weights[low % rows] / 2
    with np.errstate(over="ignore"):
        way = np.clip((sought - running[low] + halves) / (halves + weights[high % rows] / 2), 0, 1)
    below: Floats = ordered[low % rows]
    above: Floats = ordered[high % rows]
    found: Floats = below + way * (above - below)
    return found


def covariance(some: Floats, others: Floats) -> float:
    """Return the covariance of two sums of units, given how much each unit adds to them; they add up to 0."""
    units = len(some)
    return float(np.einsum("i,i->", some, others)) * units / (units - 1)


def percentile_limits(figures: Floats, units: float, confidence: float) -> tuple[float, float]:
    """Return the expanded percentile limits of resampled figures, one of which may be infinite.

    Plain percentiles are too narrow for few units; Hesterberg (2015) widens them as Student's t widens z.
    """
    tail = float(ndtr((units / (units - 1)) ** 0.5 * stdtrit(units - 1, (1 - confidence) / 2)))
    return _outer(figures, tail)


def quantity_limits(figures: Floats, level: float, units: float, confidence: float) -> tuple[float, float]:
    """Return the limits of a side's percentile from resampled figures.

    The upper one of a high percentile is no less than the row that the binomial test gives, which holds for any
    distribution (Conover, 1999, 3.2): few rows lie beyond it, and resamples of those seen reach too seldom to where
    the next may lie. None lies above the greatest row, which is too low for n rows with a chance of ``level`` ** n.
    """
    low, high = percentile_limits(figures, units, confidence)
    if level <= LEVELS[0]:
        return low, high
    number, tail = round(units), (1 - confidence) / 2
    at_most = bdtr(np.arange(number), number, level)
    greatest = min(int(np.searchsorted(at_most, 1 - tail)) + 1, number)
    # Resamples whose percentile lies above the row of this rank: of its two ranks, by how near it is to each.
    rank = (number - 1) * level
    way = rank - math.floor(rank)
    beneath, above = bdtr(math.floor(rank) + np.arange(2), number, greatest / number)
    return low, max(high, _outer(figures, (1 - way) * float(beneath) + way * float(above))[1])


def reaches(pivots: Floats, units: float, confidence: float) -> tuple[float, float]:
    """Return how many standard errors the lower and the upper limit of a mean lie from it.

    That is the studentised bootstrap's (Efron, 1982; Hall, 1988), which sees skew: where a few rows make the mean,
    samples without them have both a low mean and a small error. It is never less than Student's t, and where that
    is less no more than a rare event seen once allows: its rate may be Garwood's (1936) limit, at 95 % 4.7 times as
    high.
    """
    tail = (1 - confidence) / 2
    least = -float(stdtrit(units - 1, tail))
    most = max(least, float(gammaincinv(2, 1 - tail)) - 1)
    lowest, highest = _outer(pivots, tail)
    return min(max(highest, least), most), min(max(-lowest, least), most)


def _outer(figures: Floats, tail: float) -> tuple[float, float]:
    """Return the figures that leave a share of ``tail`` outside on each side."""
    outside = max(0, int(tail * (len(figures) + 1)) - 1)
    ordered = np.sort(figures)
    return float(ordered[outside]), float(ordered[-1 - outside])
