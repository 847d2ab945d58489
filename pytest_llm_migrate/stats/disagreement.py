"""Disagreement between raters against that of chance: the coefficients 1 - observed / expected and their interval."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pytest_llm_migrate.stats.bounded import bounded_mean
from pytest_llm_migrate.stats.estimate import deviate

if TYPE_CHECKING:
    from pytest_llm_migrate.stats.bounded import Floats
    from pytest_llm_migrate.stats.estimate import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """What raters disagreed about, as a share of the most that they could.

    Attributes:
        seen: How much a unit's raters disagree, from 0 to 1, by kind of unit.
        weights: How much each kind of unit counts.
        units: How many units there are of each kind.
        expected: How much they would disagree by chance; above 0.
        pulls: How far a unit of each kind moves the mean of what chance expects (its influence function).
    """

    seen: Floats
    weights: Floats
    units: Floats
    expected: float
    pulls: Floats

    @property
    def observed(self) -> float:
        """The mean disagreement of the units."""
        return float(self.seen @ self.weights / self.weights.sum())

    @property
    def standard_error(self) -> float:
        """The standard error of 1 - observed / expected by the delta method (Fleiss, Cohen, Everitt 1969)."""
        n = float(self.units.sum())
        each = self.weights / self.units * (n / self.weights.sum())
        moved = (self.seen - self.observed) * each - self.observed / self.expected * self.pulls
        return math.sqrt(float(moved**2 @ self.units)) / n / self.expected

    def coefficient(self, confidence: float, method: str) -> Estimate:
        """Estimate 1 - observed / expected.

        The observed disagreement gets the score interval for bounded values (Wilson's where units agree or do not).
        What the squared `standard_error` has above that score's own, because chance is estimated too, is added in
        squares. Unlike the standard error alone, and the bootstrap, few units that all agree do not prove perfect
        agreement.
        """
        n, observed, z = float(self.units.sum()), self.observed, deviate(confidence)
        shares = self.weights / self.weights.sum()
        method = f"{method}, score and delta method"
        score = bounded_mean(self.seen, shares * n, lowest=0.0, highest=1.0, confidence=confidence, method=method)
        scored = float((self.seen - observed) ** 2 @ shares) / n
        added = z * math.sqrt(max(0.0, (self.standard_error * self.expected) ** 2 - scored))
        value = 1 - observed / self.expected
        low = value - math.hypot(score.high - observed, added) / self.expected
        high = value + math.hypot(observed - score.low, added) / self.expected
        return replace(score, value=value, low=max(min(value, -1.0), low), high=min(1.0, high), n=round(n))


def of_pairs(table: Floats, distances: Floats) -> Disagreement:
    """Return the disagreement of two raters, each with base rates of their own (Cohen 1960 and 1968).

    ``table`` counts pairs by the first's category and the second's; ``distances`` lie between 0 and 1.
    """
    shares = table / table.sum()
    first, second = shares.sum(axis=1), shares.sum(axis=0)
    expected = float(first @ distances @ second)
    pulls = (distances @ second)[:, None] + (first @ distances)[None, :] - 2 * expected
    some = table > 0
    return Disagreement(
        seen=distances[some], weights=table[some], units=table[some], expected=expected, pulls=pulls[some]
    )


def of_units(ratings: Floats, positions: Floats, *, is_sample: bool) -> Disagreement:
    """Return the disagreement of raters who share their base rates (Fleiss 1971, Krippendorff 2011).

    ``ratings`` counts a unit's ratings by category, two or more a unit. ``positions`` are the categories' places, a
    row each, whose squared distances, up to 1, say how much two categories differ. Chance draws two of all ratings,
    without putting the first one back where they ``is_sample`` (Krippendorff), else with it (Fleiss).
    """
    n, everything = ratings.sum(axis=1), ratings.sum(axis=0)
    total = float(everything.sum())
    # The mean squared distance of all pairs is twice the variance, which needs no matrix of pairs.
    seen = 2 * _spread(ratings, positions) / (n - 1)
    expected = 2 * float(_spread(everything[None, :], positions)[0]) / (total - is_sample)
    around = ratings @ ((positions - everything @ positions / total) ** 2).sum(axis=1)
    return Disagreement(
        seen=np.clip(seen, 0.0, 1.0),
        weights=n,
        units=np.ones(len(ratings)),
        expected=expected,
        pulls=(2 * around - n * expected) * len(ratings) / total,
    )


def _spread(ratings: Floats, positions: Floats) -> Floats:
    """Return each unit's sum of squared distances from its centre."""
    centres = ratings @ positions / ratings.sum(axis=1)[:, None]
    squares: Floats = ((positions[None, :, :] - centres[:, None, :]) ** 2).sum(axis=2)
    spread: Floats = (ratings * squares).sum(axis=1)
    return spread
