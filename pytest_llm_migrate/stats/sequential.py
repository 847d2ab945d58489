"""Looks at rows as they come in: how sure each look must be so that all of them together keep one error rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.stats.estimate import deviate

if TYPE_CHECKING:
    from collections.abc import Sequence

_POINTS = 1001
"""Of Simpson's rule, an odd number: enough for five decimals of a boundary."""
_FAR = 8.0
"""Standard deviations beyond which no path has a weight that counts."""
_LEAST = 1e-12
"""What a look may spend at least: less would take limits that no row could reach."""


def obrien_fleming_spent(fraction: float, alpha: float) -> float:
    """Return how much of a one-sided error rate may be spent once a share of the rows, above 0 and up to 1, is in.

    Lan and DeMets (1983): 2 − 2Φ(z / √fraction) with Φ(z) = 1 − alpha / 2. It is close to what O'Brien and Fleming
    (1979) spend at equal looks: next to nothing at first, most of it at the end.
    """
    return math.erfc(deviate(1 - alpha) / math.sqrt(2 * fraction))


def look_confidences(fractions: Sequence[float], alpha: float) -> tuple[float, ...]:
    """Return the one-sided confidence of each look such that the probability that any look errs is ``alpha``.

    ``fractions`` are the shares of all planned rows that the looks see, increasing, the last up to 1; ``alpha`` lies
    between 0 and 0.5. A look may err with the probability that `obrien_fleming_spent` has added since the look
    before, over all paths that no earlier look has stopped: found by integrating over them, look by look (Armitage,
    McPherson and Rowe 1969), for a statistic that is normal and has independent increments. Raises ValueError for
    looks that do not increase, and for an ``alpha`` out of range.
    """
    if not fractions or min(later - earlier for earlier, later in pairwise((0.0, *fractions))) <= 0:
        raise ValueError(f"looks at {fractions} of the rows do not increase")
    if fractions[-1] > 1 or not 0 < alpha < 0.5:  # noqa: PLR2004 - what a coin would do
        raise ValueError(f"looks at {fractions} of the rows cannot keep an error rate of {alpha}")
    return _look_confidences(tuple(fractions), alpha)


@cache
def _look_confidences(fractions: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    from scipy.special import ndtr  # noqa: PLC0415 - scipy loads with it

    return tuple(float(ndtr(boundary)) for boundary in _boundaries(fractions, alpha))


def _boundaries(fractions: Sequence[float], alpha: float) -> list[float]:
    """Return the boundary of each look in standard deviations of its statistic."""
    from scipy.optimize import brentq  # noqa: PLC0415 - scipy loads with it

    paths, spent, found = _Paths.at_start(), 0.0, []
    for fraction in fractions:
        may_spend, scale = obrien_fleming_spent(fraction, alpha), math.sqrt(fraction)
        wanted = max(may_spend - spent, _LEAST)
        boundary = brentq(_excess, -_FAR * scale, _FAR * scale, args=(paths, fraction, wanted))
        paths, spent = paths.below(boundary, fraction), may_spend
        found.append(boundary / scale)
    return found


def _excess(boundary: float, paths: _Paths, fraction: float, wanted: float) -> float:
    # Of logarithms, since a first look is wanted at one in millions.
    return math.log(max(paths.beyond(boundary, fraction), 1e-300)) - math.log(wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paths:
    """Where a Brownian motion is at a look, if no look has stopped it: points, and what weight each has."""

    fraction: float
    points: Any
    weights: Any

    @classmethod
    def at_start(cls) -> _Paths:
        import numpy as np  # noqa: PLC0415 - numpy loads with it

        return cls(fraction=0.0, points=np.zeros(1), weights=np.ones(1))

    def beyond(self, boundary: float, fraction: float) -> float:
        """Return the probability of being above a boundary at a later look."""
        from scipy.special import ndtr  # noqa: PLC0415 - scipy loads with it

        return float(self.weights @ ndtr((self.points - boundary) / math.sqrt(fraction - self.fraction)))

    def below(self, boundary: float, fraction: float) -> _Paths:
        """Return where those paths are at a later look that are below a boundary then."""
        import numpy as np  # noqa: PLC0415 - numpy loads with it

        points, gap = np.linspace(min(-_FAR * math.sqrt(fraction), boundary - 1), boundary, _POINTS, retstep=True)
        simpson = np.where(np.arange(_POINTS) % 2, 4.0, 2.0) * gap / 3
        simpson[[0, -1]] /= 2
        step = math.sqrt(fraction - self.fraction)
        density = np.exp(-0.5 * ((points[:, None] - self.points) / step) ** 2) / (step * math.sqrt(2 * math.pi))
        return _Paths(fraction=fraction, points=points, weights=simpson * (density @ self.weights))
