"""How often a one-sided 95 % limit of a quantity misses the truth; run ``python -m tests.benchmarks.ratios``.

A rate of 5 % is what a confidence of 95 % promises; ``high`` is the limit that a gate on what is at most asks for.
Both sides share half of the variance of their logarithm; in the last shape 6 % of the target's rows take five times
as long.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from pytest_llm_migrate.stats import paired_quantities, two_sided_confidence

if TYPE_CHECKING:
    from pytest_llm_migrate.stats import Estimate, Statistic

SEED, SAMPLES = 20260101, 1000
ROWS = (20, 50, 100, 300)
SHAPES = {
    "log-normal 0.5": (0.5, 0.0),
    "log-normal 0.8": (0.8, 0.0),
    "log-normal 1.2": (1.2, 0.0),
    "6 % slow": (0.3, 0.06),
}
JUDGED: tuple[Statistic, ...] = ("mean", "p50", "p95")
BULK = 400_000

Sides = tuple[list[float], list[float]]
Rates = dict[tuple[str, str], list[tuple[bool, bool]]]


def drawn(generator: np.random.Generator, rows: int, sigma: float, slow: float) -> Sides:
    """Return the times of both sides."""
    row = generator.normal(0, sigma / math.sqrt(2), rows)
    source, target = (np.exp(row + generator.normal(0, sigma / math.sqrt(2), rows)) for _ in range(2))
    return source.tolist(), (target * np.where(generator.random(rows) < slow, 5, 1)).tolist()


def truth(statistic: Statistic, sigma: float, slow: float) -> tuple[float, float]:
    """Return the source's and the target's figure over all rows there could be."""
    if statistic == "mean":
        mean = math.exp(sigma**2 / 2)
        return mean, mean * (1 + 4 * slow)
    level = int(statistic[1:]) / 100
    spread = np.exp(sigma * ndtri((np.arange(BULK) + 0.5) / BULK))
    weights = np.repeat([(1 - slow) / BULK, slow / BULK], BULK)
    times = np.concatenate([spread, 5 * spread])
    order = np.argsort(times)
    at = np.searchsorted(weights[order].cumsum(), level)
    return math.exp(sigma * float(ndtri(level))), float(times[order][at])


def missed(found: Estimate, true: float) -> tuple[bool, bool]:
    """Return whether the lower and the upper limit leave the truth out."""
    return found.low > true, found.high < true


def rates(rows: int, sigma: float, slow: float) -> Rates:
    """Return for every statistic that has limits whether they missed, for the target alone and for the ratio."""
    generator = np.random.default_rng(SEED)
    seen: Rates = {}
    truths = {name: truth(name, sigma, slow) for name in JUDGED}
    for sample in range(SAMPLES):
        source, target = drawn(generator, rows, sigma, slow)
        found = paired_quantities(source, target, confidence=two_sided_confidence(0.95), seed=sample)
        for name, (before, after) in truths.items():
            ratio = found[name].ratio
            if ratio is not None and not ratio.method.startswith("none"):
                seen.setdefault((name, "target"), []).append(missed(found[name].target, after))
                seen.setdefault((name, "ratio"), []).append(missed(ratio, after / before))
    return seen


def main() -> None:
    """Print the table."""
    print(f"{'times':<18}{'rows':>5}  {'statistic':<10}{'of':<8}{'low missed':>12}{'high missed':>13}")
    for shape, (sigma, slow) in SHAPES.items():
        for rows in ROWS:
            for (name, of), misses in rates(rows, sigma, slow).items():
                low, high = np.array(misses).mean(axis=0).tolist()
                print(f"{shape:<18}{rows:>5}  {name:<10}{of:<8}{low:>12.1%}{high:>13.1%}", flush=True)


if __name__ == "__main__":
    main()
