"""Rows that do not count alike: by weight, or because those of one cluster share a fate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from pytest_llm_migrate.stats.estimate import one_sided_confidence

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from pytest_llm_migrate.stats.bounded import Floats
    from pytest_llm_migrate.stats.design import Design


def relative_weights(design: Design, rows: int) -> Floats:
    """Return the rows' weights, the greatest of which is 1; raises ValueError where they do not fit, or are all 0."""
    if design.weights is None:
        return np.ones(rows)
    weights = np.asarray(design.weights, dtype=np.float64)
    if len(weights) != rows or not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(f"{rows} rows need as many weights of 0 or more")
    if not weights.any():
        raise ValueError("no weight is above 0")
    found: Floats = weights / weights.max()
    return found


def shares(design: Design, rows: int) -> Floats:
    """Return the rows' weights, adding up to 1; raises ValueError as `relative_weights` does."""
    weights = relative_weights(design, rows)
    found: Floats = weights / weights.sum()
    return found


def effective_rows(values: Floats, design: Design, *, confidence: float) -> float:
    """Return how many rows that count once would say as much about the weighted mean of these values.

    That is the variance of one row over the variance of the mean, with clusters as the units that vary (the ultimate
    cluster or linearisation variance; Kish, "Survey Sampling", 1965), never more than Kish's (Σw)²/Σw² of the rows,
    and with clusters no more than few of them can tell (`_of_clusters`). A score interval at an effective size holds
    its coverage where the plain one does (Franco, Little, Louis and Slud, 2019). Values that are all equal tell
    nothing of their variance: there rows of a cluster count as one.
    """
    share = shares(design, len(values))
    labels = _labels(design, share)
    counting = share > 0
    values, share, labels = values[counting], share[counting], labels[counting]
    kish = 1 / float((share**2).sum())
    groups = np.bincount(labels, share).astype(np.float64)
    groups = groups[groups > 0]
    if len(groups) == 1:
        return 1.0
    deviations = share * (values - float(values @ share))
    totals = np.bincount(labels, deviations).astype(np.float64)
    variance = len(groups) / (len(groups) - 1) * float((totals**2).sum())
    rows = len(values)
    one_row = float((share * (values - float(values @ share)) ** 2).sum()) * rows / max(rows - 1, 1)
    effective = min(kish, one_row / variance) if variance > 0 else 1 / float((groups**2).sum())
    if design.clusters is not None:
        effective = _of_clusters(effective, totals, groups, one_sided_confidence(confidence))
    return max(1.0, effective)


def _of_clusters(effective: float, totals: Floats, groups: Floats, tail: float) -> float:
    """Return effective rows, less what so few clusters leave unknown.

    Their few degrees of freedom cost (z/t)² (Korn and Graubard, 1998). Where most of the variance lies in a few
    clusters, as with rare errors, these are few: 2 / (kurtosis - 1) for each cluster (Satterthwaite, 1946).
    Nor do m clusters that deviate show how alike rows of a cluster are: they count as one with a weight of 1/(m + 1),
    as a rule of succession has it.
    """
    number, as_one = len(groups), 1 / float((groups**2).sum())
    least = min(effective, as_one) * _correction(number - 1, tail)
    if effective <= as_one:
        return least
    squares = (totals / np.abs(totals).max()) ** 2
    kurtosis = number * float((squares**2).sum()) / float(squares.sum()) ** 2
    freedom = 2 * number / max(kurtosis - 1, 2 * number / (number - 1))
    most = max(least, effective * _correction(freedom, tail))
    unknown = 1 / (freedom / 2 + 1)
    return 1 / (unknown / least + (1 - unknown) / most)


def _correction(freedom: float, tail: float) -> float:
    return float(ndtri(tail) / stdtrit(freedom, tail)) ** 2


def _labels(design: Design, share: Floats) -> NDArray[np.int64]:
    rows = len(share)
    if design.clusters is None:
        return np.arange(rows)
    if len(design.clusters) != rows:
        raise ValueError(f"{len(design.clusters)} cluster labels do not fit {rows} rows")
    places: dict[Hashable, int] = {}
    return np.array([places.setdefault(label, len(places)) for label in design.clusters], dtype=np.int64)
