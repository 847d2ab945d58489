"""Verdicts on 10,000 rows, 20 metrics and 10 slices: ``python -m tests.benchmarks.verdicts [ROWS]``.

Prints the seconds of one core and the peak of memory that all figures of a comparison take with one gate a metric.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import time
from collections import Counter

from pytest_llm_migrate.comparison import Comparison, Counting
from pytest_llm_migrate.domain import Answer, Case, Row, Score, Side

ROWS, METRICS, GROUPS = 10_000, 20, 5
SLICES = ("channel", "region")
SECONDS, MEGABYTES = 5.0, 500
RIGHT_WRONG = 14
"""Metrics that say right or wrong; the others grade in steps, and the last of them without any."""
STEPS = {**dict.fromkeys(range(RIGHT_WRONG), 1), **dict.fromkeys(range(RIGHT_WRONG, METRICS - 1), 20)}


def cases(rows: int) -> list[Case]:
    """Return rows whose target is right a little less often than the source, and all that is measured of both."""
    chance = random.Random(0)  # noqa: S311 - no secret
    return [case(number, chance) for number in range(rows)]


def case(number: int, chance: random.Random) -> Case:
    """Return one row with both sides."""
    sample_id = f"row-{number:05}"
    values = {name: f"{name} {chance.randrange(GROUPS)}" for name in SLICES}
    right = [chance.random() for _ in range(METRICS)]
    return Case(
        row=Row(sample_id=sample_id, values=values),
        source=Side(name="source", sample_id=sample_id, outcome=answer(chance), scores=scores(right, 0.9, chance)),
        target=Side(name="target", sample_id=sample_id, outcome=answer(chance), scores=scores(right, 0.89, chance)),
    )


def answer(chance: random.Random) -> Answer:
    """Return an answer with its times, tokens and cost."""
    seconds, read, written = chance.lognormvariate(0, 0.5), chance.randrange(300, 900), chance.randrange(20, 200)
    cost = 1e-6 * read + 4e-6 * written
    return Answer(
        text="A short answer.",
        stop_reason="end_turn",
        input_tokens=read,
        output_tokens=written,
        latency=seconds,
        ttft=seconds / 3,
        cost=cost,
    )


def scores(right: list[float], share: float, chance: random.Random) -> dict[str, Score]:
    """Return a score in every metric; most rows are as hard for one side as for the other."""
    found = {}
    for number, luck in enumerate(right):
        moved = luck + chance.gauss(0, 0.02)
        steps = STEPS.get(number)
        graded = min(max(1.5 - moved, 0.0), 1.0)
        value = float(moved < share) if steps == 1 else round(graded * steps) / steps if steps else graded
        found[f"metric_{number:02}"] = Score(value)
    return found


def main() -> None:
    """Build the cases, then make every figure and evaluate a gate a metric."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rows = cases(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
    metrics = sorted(rows[0].source.scores)
    built = memory()
    started = time.process_time()
    critical = frozenset(row.id for row in rows[::1000])
    comparison = Comparison(rows, metrics=metrics, slices=SLICES, counting=Counting(critical=critical))
    verdicts = [comparison[name].non_inferior(margin=0.03) for name in metrics]
    gates = time.process_time() - started
    comparison.to_record()
    taken = time.process_time() - started
    print(f"{len(rows):,} rows, {len(metrics)} metrics, {GROUPS * len(SLICES)} slices")
    print(dict(Counter(str(verdict.ruling) for verdict in verdicts)))
    print(f"{taken:.2f} s of {SECONDS:g}, {gates:.2f} of them for the gates")
    print(f"peak {memory():.0f} MB of {MEGABYTES}, {built:.0f} of them with the rows built")
    if taken > SECONDS or memory() > MEGABYTES:
        sys.exit("missed")


def memory() -> float:
    """Return the most memory that the process had so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
