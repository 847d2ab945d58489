"""How often a gate that may stop early says GO at its margin, where it must not, and how many rows it needs.

Run ``python -m tests.benchmarks.sequential``. Right/wrong rows with Tango's interval, five looks, one-sided 95 %.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pytest_llm_migrate.stats import look_confidences, tango_lower_limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RUNS, SEED, CONFIDENCE, MARGIN = 20_000, 0, 0.95, 0.05
FRACTIONS = (0.2, 0.4, 0.6, 0.8, 1.0)
SIZES, DISAGREEMENTS = (100, 300), (0.1, 0.2)


class Found(NamedTuple):
    """How often a rule said GO, and how many of the rows it took on average."""

    go: float
    rows: float


def simulated(rows: int, disagreement: float, difference: float, confidences: Sequence[float]) -> Found:
    """Return what looks of these confidences come to where the target truly differs by ``difference``."""
    counts = _counts(rows, disagreement, difference)
    first = [
        next((look for look, confidence in enumerate(confidences) if _is_go(rows, look, run, confidence)), None)
        for run in counts
    ]
    used = [1.0 if look is None else FRACTIONS[look] for look in first]
    return Found(go=sum(look is not None for look in first) / RUNS, rows=float(np.mean(used)))


def _counts(rows: int, disagreement: float, difference: float) -> NDArray[np.int64]:
    """Return rows broken and fixed so far, by run and look."""
    broke, fixed = (disagreement - difference) / 2, (disagreement + difference) / 2
    rng = np.random.default_rng(SEED)
    blocks = rng.multinomial(rows // len(FRACTIONS), [broke, fixed, 1 - broke - fixed], (RUNS, len(FRACTIONS)))
    return np.asarray(blocks[:, :, :2].cumsum(axis=1), dtype=np.int64)


def _is_go(rows: int, look: int, run: NDArray[np.int64], confidence: float) -> bool:
    seen = round(rows * FRACTIONS[look])
    return confidence < 1 and _lower(seen, int(run[look, 0]), int(run[look, 1]), confidence) > -MARGIN


@cache
def _lower(rows: int, broke: int, fixed: int, confidence: float) -> float:
    return tango_lower_limit(rows, broke, fixed, confidence=confidence)


def main() -> None:
    """Print a table: false GO at the margin, GO of an equal target, and the share of the rows that it takes."""
    sequence = look_confidences(FRACTIONS, 1 - CONFIDENCE)
    once, naive = (1.0,) * (len(FRACTIONS) - 1) + (CONFIDENCE,), (CONFIDENCE,) * len(FRACTIONS)
    error = math.sqrt(CONFIDENCE * (1 - CONFIDENCE) / RUNS)
    print(f"{RUNS:,} runs a line; nominal {1 - CONFIDENCE:.1%}, Monte-Carlo error {error:.2%}; margin {MARGIN:g}")
    print("rows  disagree |  false GO: one look  five looks  five at 95% |  GO if equal: one  five  rows used")
    for rows in SIZES:
        for share in DISAGREEMENTS:
            false = [simulated(rows, share, -MARGIN, rule).go for rule in (once, sequence, naive)]
            equal = [simulated(rows, share, 0.0, rule) for rule in (once, sequence)]
            print(
                f"{rows:4}  {share:8.0%} | {false[0]:19.2%} {false[1]:11.2%} {false[2]:12.2%} |"
                f" {equal[0].go:17.1%} {equal[1].go:5.1%} {equal[1].rows:10.0%}"
            )


if __name__ == "__main__":
    main()
