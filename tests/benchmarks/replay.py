"""Replaying recorded answers against as many plain no-op tests: ``python -m tests.benchmarks.replay [ROWS]``.

Prints wall seconds and peak memory (the largest process) of both, in turn, and the ratio of each pair: one
process against one process, two workers against two. Modules are compiled before.
"""

from __future__ import annotations

import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.bytecode import compiled_in

if TYPE_CHECKING:
    from collections.abc import Mapping

ROUNDS = 5
BAR, MEMORY_BAR = 3.0, 500
TEXT = "The delivery was late because the driver could not find the house; the customer wants a refund. " * 2

PLAIN = """
import pytest

@pytest.mark.parametrize("row", range({rows}))
def test_row(row):
    assert row >= 0
"""

MIGRATION = """
import pytest

pytestmark = pytest.mark.migration("rows.csv", metrics=["exact_match", "token_f1", "rouge_l"], slices=["channel"])

def test_row(case):
    assert case.target["exact_match"] >= 0

def test_gate(comparison):
    assert comparison["token_f1"].non_inferior(margin=0.05)
    assert comparison.latency.p95.ratio_at_most(2)
"""


def write_suite(folder: Path, rows: int) -> None:
    """Write both suites and a dataset with both sides' answers."""
    (folder / "pytest.ini").write_text(
        "[pytest]\naddopts = -p no:deepeval -p no:cacheprovider -p no:hypothesispytest -p no:asyncio -p no:repeat\n"
    )
    (folder / "test_plain.py").write_text(PLAIN.format(rows=rows))
    (folder / "test_migration.py").write_text(MIGRATION)
    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        sides = [f"{name}_{side}_llm" for side in ("source", "target") for name in ("answer", "latency")]
        writer.writerow(["sample_id", "channel", "question", "answer_ground_truth", *sides])
        for number in range(rows):
            answer = f"{TEXT}{number}"
            changed = answer if number % 10 else f"{TEXT}something else"
            writer.writerow(
                [number, "email" if number % 2 else "chat", TEXT, answer, answer, 1 + number % 7 / 10, changed, 0.9]
            )


def measure(folder: Path, environment: Mapping[str, str], *arguments: str) -> tuple[float, float]:
    """Return wall seconds and the peak memory in MB of the largest process of one run."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"the run of {' '.join(arguments)} did not pass")
    return time.perf_counter() - started, usage.ru_maxrss / 1000


def main() -> None:
    """Measure plain and migration runs in turn, and print medians of both and of their ratios."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    commands = {
        "plain": ("test_plain.py",),
        "plain -n 2": ("test_plain.py", "-n", "2"),
        "migration": ("test_migration.py", "--target-model", "recorded"),
        "migration -n 2": ("test_migration.py", "--target-model", "recorded", "-n", "2"),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = compiled_in(folder)
        write_suite(folder, 200)
        for arguments in commands.values():
            measure(folder, environment, *arguments)
        write_suite(folder, rows)
        for _ in range(ROUNDS):
            for label, arguments in commands.items():
                found[label].append(measure(folder, environment, *arguments))
    print(f"{rows} rows x 2 sides x 3 metrics, median of {ROUNDS}; bars: x{BAR:g} of plain, {MEMORY_BAR} MB")
    for label, runs in found.items():
        seconds = statistics.median(run[0] for run in runs)
        memory = max(run[1] for run in runs)
        pairs = zip(runs, found[label.replace("migration", "plain")], strict=True)
        ratios = sorted(run[0] / plain[0] for run, plain in pairs)
        spread = f"(from x{ratios[0]:.2f} to x{ratios[-1]:.2f})"
        print(f"{label:16} {seconds:6.1f} s  x{statistics.median(ratios):.2f} of plain {spread}  {memory:5.0f} MB")


if __name__ == "__main__":
    main()
