"""Statistics of rows drawn again and again, with replacement: the bootstrap behind quantities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, stdtrit

from pytest_llm_migrate.stats.estimate import STATISTICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from pytest_llm_migrate.stats.bounded import Floats

_LEVELS = (0.50, 0.90, 0.95, 0.99)

_MOST, _FEWEST, _DRAWS = 3999, 399, 10_000_000
_CHUNK = 200_000
"""Draws looked at at once: as many as stay in a processor's cache, which more than halves the time."""


def resamples_for(rows: int) -> int:
    """Return how often rows are drawn again: 3999 times up to 2500 rows, then 10 million draws, at least 399."""
    return min(_MOST, max(_FEWEST, _DRAWS // rows))


def statistics_of(values: Floats) -> Floats:
    """Return `STATISTICS` of the values."""
    seen: Floats = _of_counts(np.ones((1, len(values)), dtype=np.int64), np.sort(values))[0]
    return seen


def replicates(columns: Floats, seed: int) -> Floats:
    """Return `STATISTICS` of each column of each resample, by resample, column and statistic.

    A resample draws whole rows, so that columns stay paired. Rows are put in order first: theirs does not matter.
    """
    columns = columns[np.lexsort(columns.T[::-1])]
    rows, sides = columns.shape
    orders = np.argsort(columns, axis=0, kind="stable")
    found = np.empty((resamples_for(rows), sides, len(STATISTICS)))
    for start, counts in _resamples(rows, seed):
        for side, order in enumerate(orders.T):
            found[start : start + len(counts), side] = _of_counts(counts.take(order, axis=1), columns[order, side])
    return found


def totals(columns: Floats, seed: int) -> Floats:
    """Return the sum of each column of each resample, by resample and column; rows are drawn as in `replicates`."""
    columns = columns[np.lexsort(columns.T[::-1])]
    # Not ``@``: see `_of_counts`.
    return np.concatenate([np.einsum("ij,jk->ik", counts, columns) for _, counts in _resamples(len(columns), seed)])


def _resamples(rows: int, seed: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield how often each row is drawn in each resample, some resamples at a time, with the first one's place."""
    total, chunk = resamples_for(rows), max(1, _CHUNK // rows)
    generator = np.random.default_rng(seed)
    for start in range(0, total, chunk):
        yield start, _draw(generator, rows, min(chunk, total - start))


def _draw(generator: np.random.Generator, rows: int, resamples: int) -> NDArray[np.int64]:
    """Return how often each row is drawn in each resample."""
    drawn = generator.integers(0, rows, (resamples, rows))
    drawn += np.arange(resamples)[:, None] * rows
    return np.bincount(drawn.ravel(), minlength=resamples * rows).reshape(resamples, rows)


def _of_counts(counts: NDArray[np.int64], ordered: Floats) -> Floats:
    """Return `STATISTICS` of each resample: percentiles interpolate between the two rows nearest in rank.

    That is numpy's default (Hyndman and Fan's type 7): of n rows, percentile p has rank (n - 1) p from 0.
    """
    resamples, rows = counts.shape
    ranks = (rows - 1) * np.array(_LEVELS)
    below = np.floor(ranks).astype(np.int64)
    # One running count over all resamples, each of which adds ``rows``, finds all ranks at once.
    running, offsets = counts.ravel().cumsum(), np.arange(resamples)[:, None] * rows
    low = ordered[np.searchsorted(running, offsets + below, side="right") - offsets]
    following = np.minimum(below + 1, rows - 1)
    high = ordered[np.searchsorted(running, offsets + following, side="right") - offsets]
    # Not ``@``: its threads wait for one another on a busy machine, and may sum in any order.
    means = np.einsum("ij,j->i", counts, ordered) / rows
    return np.column_stack([means, low + (ranks - below) * (high - low)])


def limits(figures: Floats, rows: int, confidence: float) -> tuple[float, float]:
    """Return the expanded percentile limits of resampled figures, one of which may be infinite.

    Plain percentiles are too narrow for few rows; Hesterberg (2015) widens them as Student's t widens z.
    """
    tail = float(ndtr((rows / (rows - 1)) ** 0.5 * stdtrit(rows - 1, (1 - confidence) / 2)))
    outside = max(0, int(tail * (len(figures) + 1)) - 1)
    ordered = np.sort(figures)
    return float(ordered[outside]), float(ordered[-1 - outside])
