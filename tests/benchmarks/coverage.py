"""How often `non_inferior` says GO at a true loss of exactly the margin; run ``python -m tests.benchmarks.coverage``.

A rate of 5 % is what a confidence of 95 % promises. The last column shows the paired t interval on the same samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from pytest_llm_migrate.stats import paired_difference, tango_lower_limit, two_sided_confidence

MARGIN, CONFIDENCE, SEED = 0.05, 0.95, 20260101
ROWS = (20, 50, 100, 300)
COUNTED, GRADED = 20_000, 2_500

Differences = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Differences]


def even(generator: np.random.Generator, n: int) -> Differences:
    """Losses and gains alike, around a loss of 0.05."""
    return generator.uniform(-0.35, 0.25, n)


def losses(generator: np.random.Generator, n: int) -> Differences:
    """Mostly small losses, some large."""
    return -0.5 * generator.beta(0.5, 4.5, n)


def gains(generator: np.random.Generator, n: int) -> Differences:
    """A small loss everywhere, and some large gains."""
    return 0.5 * generator.beta(0.5, 4.5, n) - 0.1


def marks(generator: np.random.Generator, n: int) -> Differences:
    """A judge's marks in quarters: three in four are tied."""
    return generator.choice([-0.5, -0.25, 0.0, 0.25], n, p=[0.05, 0.15, 0.75, 0.05])


def some_worse(generator: np.random.Generator, n: int) -> Differences:
    """Six in seven rows agree, the others lose up to two thirds."""
    return np.where(generator.random(n) < 0.15, -generator.uniform(0, 2 / 3, n), 0.0)


def collapse(generator: np.random.Generator, n: int) -> Differences:
    """A little noise everywhere, and 1 row in 16 collapses."""
    return np.where(generator.random(n) < 0.0625, -0.8, generator.uniform(-0.03, 0.03, n))


SHAPES: dict[str, Draw] = {
    "graded, even": even,
    "graded, skewed down": losses,
    "graded, skewed up": gains,
    "graded, tied quarters": marks,
    "graded, 85 % equal": some_worse,
    "graded, noise and collapse": collapse,
}


@cache
def go_of_counts(n: int, broke: int, fixed: int) -> bool:
    """Return whether right/wrong rows are a GO."""
    return tango_lower_limit(n, broke, fixed, confidence=CONFIDENCE) > -MARGIN


def go(differences: Differences) -> bool:
    """Return whether graded rows with these differences are a GO."""
    source, target = (0.5 - differences / 2).tolist(), (0.5 + differences / 2).tolist()
    return paired_difference(source, target, confidence=two_sided_confidence(CONFIDENCE)).low > -MARGIN


def go_by_t(differences: Differences) -> bool:
    """Return whether the paired t interval makes them one."""
    n = len(differences)
    error = float(differences.std(ddof=1)) / math.sqrt(n)
    return float(differences.mean()) - float(stdtrit(n - 1, CONFIDENCE)) * error > -MARGIN


def counted(disagreement: float, n: int) -> list[tuple[bool, bool]]:
    """Simulate right/wrong rows of which this share disagrees: is each run a GO, and one by t?"""
    broke, fixed = (disagreement + MARGIN) / 2, max(0.0, (disagreement - MARGIN) / 2)
    drawn = np.random.default_rng(SEED).multinomial(n, [broke, fixed, 1 - broke - fixed], COUNTED)
    return [
        (go_of_counts(n, lost, won), go_by_t(np.repeat([-1.0, 1.0, 0.0], [lost, won, same])))
        for lost, won, same in drawn.tolist()
    ]


def graded(draw: Draw, n: int) -> list[tuple[bool, bool]]:
    """Simulate graded rows: is each run a GO, and one by t?"""
    generator = np.random.default_rng(SEED)
    samples = [draw(generator, n) for _ in range(GRADED)]
    return [(go(sample), go_by_t(sample)) for sample in samples]


def line(name: str, n: int, runs: list[tuple[bool, bool]]) -> str:
    """Return a line of the table."""
    rate, by_t = np.array(runs).mean(axis=0).tolist()
    error = math.sqrt(max(rate * (1 - rate), 1 / len(runs)) / len(runs))
    return f"{name:<28}{n:>5}{rate:>12.2%}{error:>14.2%}{by_t:>12.2%}"


def main() -> None:
    """Print the table."""
    print(f"{'scores':<28}{'rows':>5}{'false GO':>12}{'Monte Carlo':>14}{'paired t':>12}")
    for disagreement in (0.05, 0.10, 0.20, 0.30):
        for n in ROWS:
            print(line(f"right/wrong, {disagreement:.0%} disagree", n, counted(disagreement, n)), flush=True)
    for name, draw in SHAPES.items():
        for n in ROWS:
            print(line(name, n, graded(draw, n)), flush=True)


if __name__ == "__main__":
    main()
