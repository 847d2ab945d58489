"""Operating characteristics of `non_inferior`, in simulation; run ``python -m tests.benchmarks.coverage [--quick]``.

First how often it says GO at a true loss of exactly the margin, 0.05: a confidence of 95 % promises 5 %. Figures that
lie above that by more than two Monte-Carlo errors get a "!". Then how often an equally good target passes with as many
rows as the plan asks for, which promises 80 %.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pytest_llm_migrate.stats import (
    PLAIN,
    Design,
    paired_difference,
    paired_t,
    rows_needed,
    rows_needed_graded,
    studentised_bootstrap,
    tango_lower_limit,
    two_sided_confidence,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MARGIN, CONFIDENCE, SEED = 0.05, 0.95, 20260101
BOTH = two_sided_confidence(CONFIDENCE)
ROWS = (20, 50, 100, 300, 1000)
CLUSTERS, CLUSTER_SIZE = (10, 20, 50, 100), 5
DISAGREEMENTS = (0.05, 0.10, 0.20, 0.30)
PLANNED = (0.0, 0.01, 0.02, 0.05, 0.10, 0.20, 0.30)
MARGINS = (0.01, 0.02, 0.03, 0.05, 0.07, 0.10)
DEVIATIONS = (0.05, 0.10, 0.15, 0.20, 0.25, 0.30)
MOST_SIMULATED = 4000
"""Graded rows above which a plan is not simulated: it takes long, and the normal approximation only gets better."""

Differences = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Differences]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """How many runs make one figure.

    Attributes:
        counted: Of right/wrong rows.
        graded: Of graded rows, and of rows that do not count alike.
        resampled: By the bootstrap, which takes long; of no more than 100 rows.
    """

    counted: int = 20_000
    graded: int = 2_500
    resampled: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often a gate said GO.

    Attributes:
        name: Of what scores.
        rows: How many of them, or of clusters.
        passed: Runs that were a GO.
        runs: All runs.
        promised: The share of them that should be.
    """

    name: str
    rows: int
    passed: int
    runs: int
    promised: float = 1 - CONFIDENCE

    @property
    def share(self) -> float:
        """Share of runs that were a GO."""
        return self.passed / self.runs

    @property
    def error(self) -> float:
        """The Monte-Carlo error of the share, were it as promised."""
        return math.sqrt(self.promised * (1 - self.promised) / self.runs)

    @property
    def is_above(self) -> bool:
        """Whether more runs passed than are promised, and two errors."""
        return self.share > self.promised + 2 * self.error

    def __str__(self) -> str:
        return f"{self.share:.1%}{'!' if self.is_above else ''}"


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


def flips(disagreement: float, loss: float = MARGIN) -> Draw:
    """Return right/wrong rows of which this share disagrees."""
    broke, fixed = (disagreement + loss) / 2, max(0.0, (disagreement - loss) / 2)
    return lambda generator, n: generator.choice([-1.0, 1.0, 0.0], n, p=[broke, fixed, 1 - broke - fixed])


SHAPES: dict[str, Draw] = {
    "graded, even": even,
    "graded, skewed down": losses,
    "graded, skewed up": gains,
    "graded, tied quarters": marks,
    "graded, 85 % equal": some_worse,
    "graded, noise and collapse": collapse,
}
UNLIKE: dict[str, Draw] = {
    "right/wrong, 5 %": flips(0.05),
    "right/wrong, 10 %": flips(0.10),
    "tied quarters": marks,
    "even": even,
}
"""What is simulated in clusters and with weights."""


def sides(differences: Differences) -> tuple[list[float], list[float]]:
    """Return scores in [0, 1] with these differences: right and wrong ones where all are whole."""
    if np.isin(differences, (-1.0, 0.0, 1.0)).all():
        return (differences < 0).astype(float).tolist(), (differences > 0).astype(float).tolist()
    return (0.5 - differences / 2).tolist(), (0.5 + differences / 2).tolist()


def is_go(differences: Differences, margin: float = MARGIN, design: Design = PLAIN) -> bool:
    """Return whether rows with these differences are a GO."""
    return paired_difference(*sides(differences), confidence=BOTH, design=design).low > -margin


@cache
def is_go_counted(n: int, broke: int, fixed: int, margin: float) -> bool:
    """Return whether counts of right/wrong rows are a GO."""
    return tango_lower_limit(n, broke, fixed, confidence=CONFIDENCE) > -margin


def passed_counted(disagreement: float, n: int, *, loss: float, margin: float, runs: int) -> int:
    """Simulate right/wrong rows of which this share disagrees; return how many runs are a GO."""
    broke, fixed = (disagreement + loss) / 2, max(0.0, (disagreement - loss) / 2)
    drawn = np.random.default_rng(SEED).multinomial(n, [broke, fixed, 1 - broke - fixed], runs)
    return sum(is_go_counted(n, lost, won, margin) for lost, won, _ in drawn.tolist())


def counted(runs: Runs) -> Iterator[Rate]:
    """Yield right/wrong rows at the margin."""
    for disagreement in DISAGREEMENTS:
        for n in ROWS:
            passed = passed_counted(disagreement, n, loss=MARGIN, margin=MARGIN, runs=runs.counted)
            yield Rate(name=f"right/wrong, {disagreement:.0%} disagree", rows=n, passed=passed, runs=runs.counted)


def graded(runs: Runs) -> Iterator[Rate]:
    """Yield graded rows at the margin."""
    for name, draw in SHAPES.items():
        for n in ROWS:
            generator = np.random.default_rng(SEED)
            passed = sum(is_go(draw(generator, n)) for _ in range(runs.graded))
            yield Rate(name=name, rows=n, passed=passed, runs=runs.graded)


def alternatives(runs: Runs) -> Iterator[Rate]:
    """Yield the methods that are no default, on the same shapes."""
    for name, draw in SHAPES.items():
        for n in ROWS:
            generator = np.random.default_rng(SEED)
            samples = [sides(draw(generator, n)) for _ in range(runs.graded)]
            passed = sum(paired_t(*sample, confidence=BOTH).low > -MARGIN for sample in samples)
            yield Rate(name=f"paired t: {name}", rows=n, passed=passed, runs=runs.graded)
        for n in ROWS[:3]:
            generator = np.random.default_rng(SEED)
            samples = [sides(draw(generator, n)) for _ in range(runs.resampled)]
            passed = sum(studentised_bootstrap(*one, confidence=BOTH, seed=1).low > -MARGIN for one in samples)
            yield Rate(name=f"bootstrap t: {name}", rows=n, passed=passed, runs=runs.resampled)


def clustered(runs: Runs) -> Iterator[Rate]:
    """Yield rows in clusters of five at the margin; with the root of the ICC as its chance a row is its cluster's."""
    for name, draw in UNLIKE.items():
        for icc in (0.1, 0.5, 1.0):
            for clusters in CLUSTERS:
                generator, passed = np.random.default_rng(SEED), 0
                design = Design(clusters=np.repeat(np.arange(clusters), CLUSTER_SIZE).tolist())
                for _ in range(runs.graded):
                    own, shared = draw(generator, clusters * CLUSTER_SIZE), draw(generator, clusters)
                    is_shared = generator.random(len(own)) < math.sqrt(icc)
                    passed += is_go(np.where(is_shared, shared.repeat(CLUSTER_SIZE), own), design=design)
                yield Rate(name=f"{name}, ICC {icc:g}", rows=clusters, passed=passed, runs=runs.graded)


def weighted(runs: Runs) -> Iterator[Rate]:
    """Yield rows with log-normal weights at the margin."""
    for name, draw in UNLIKE.items():
        for sigma in (0.5, 1.0):
            for n in ROWS:
                generator, passed = np.random.default_rng(SEED), 0
                for _ in range(runs.graded):
                    weights = generator.lognormal(0, sigma, n).tolist()
                    passed += is_go(draw(generator, n), design=Design(weights=weights))
                yield Rate(name=f"{name}, log-normal {sigma:g}", rows=n, passed=passed, runs=runs.graded)


def planned(runs: Runs) -> Iterator[tuple[float, Rate]]:
    """Yield the margin, and how often an equally good target passes with the right/wrong rows that a plan asks for."""
    for disagreement in PLANNED:
        for margin in MARGINS:
            n = rows_needed(margin, disagreement)
            passed = passed_counted(disagreement, n, loss=0.0, margin=margin, runs=runs.counted)
            name = f"right/wrong, {disagreement:.0%} disagree"
            yield margin, Rate(name=name, rows=n, passed=passed, runs=runs.counted, promised=0.8)


def planned_graded(runs: Runs) -> Iterator[tuple[float, Rate]]:
    """Yield the same for graded rows whose differences are spread evenly with a deviation."""
    for sd in DEVIATIONS:
        for margin in MARGINS:
            n, generator, half = rows_needed_graded(margin, sd), np.random.default_rng(SEED), sd * math.sqrt(3)
            if n <= MOST_SIMULATED:
                passed = sum(is_go(generator.uniform(-half, half, n), margin) for _ in range(runs.graded))
                yield margin, Rate(name=f"graded, sd {sd:g}", rows=n, passed=passed, runs=runs.graded, promised=0.8)


def table(columns: Sequence[float], cells: Sequence[tuple[float, Rate, str]]) -> Iterator[str]:
    """Yield the lines of a table in Markdown: a line for each name, a cell for each column that has one."""
    names = list(dict.fromkeys(rate.name for _, rate, _ in cells))
    said = {(rate.name, column): text for column, rate, text in cells}
    yield f"| | {' | '.join(f'{column:g}' for column in columns)} |"
    yield f"|---|{'---|' * len(columns)}"
    for name in names:
        yield f"| {name} | {' | '.join(said.get((name, column), '') for column in columns)} |"


def report(runs: Runs) -> Iterator[str]:
    """Yield all lines of the report."""
    parts: dict[str, tuple[Sequence[float], Callable[[Runs], Iterator[Rate]]]] = {
        "False GO at the margin, right/wrong, by rows": (ROWS, counted),
        "False GO at the margin, graded, by rows": (ROWS, graded),
        "False GO at the margin, clusters of five, by clusters": (CLUSTERS, clustered),
        "False GO at the margin, weights, by rows": (ROWS, weighted),
        "The same by methods that are no default, by rows": (ROWS, alternatives),
    }
    for title, (columns, simulate) in parts.items():
        rates = list(simulate(runs))
        errors = sorted({f"{rate.error:.2%}" for rate in rates})
        above = sum(rate.is_above for rate in rates)
        yield f"\n{title} (Monte-Carlo error {' or '.join(errors)}; {above} of {len(rates)} above by two)\n"
        yield from table(columns, [(rate.rows, rate, str(rate)) for rate in rates])
    for title, plan in {"right/wrong": planned, "graded": planned_graded}.items():
        found = list(plan(runs))
        yield f"\nPower at the rows planned, {title}, by margin (Monte-Carlo error {found[0][1].error:.2%})\n"
        yield from table(MARGINS, [(margin, rate, f"{rate.rows}: {rate.share:.1%}") for margin, rate in found])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few runs of each, to see that it works")
    quick = parser.parse_args(arguments).quick
    for line in report(Runs(counted=400, graded=10, resampled=2) if quick else Runs()):
        print(line, flush=True)


if __name__ == "__main__":
    main()
