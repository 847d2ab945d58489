"""Fetching from an endpoint that answers in 200 ms: ``python -m tests.benchmarks.fetching [ROWS]``.

Prints, against the ideal of both sides' calls with 32 in flight a model, the wall seconds of a whole pytest run
and those between the endpoint's first call and its last; and what such a run takes of a processor, which is more
than the ideal leaves idle on a slow one. Modules are compiled before.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.bytecode import compiled_in
from tests.benchmarks.serving import serving

if TYPE_CHECKING:
    from collections.abc import Mapping

LATENCY = 0.2
IN_FLIGHT = 32
SOURCE, TARGET = "acme.source-v1:0", "acme.target-v1:0"
BAR = 1.3
ROUNDS = 3
SCRIPT = {"rules": [{"text": "ok", "latency": LATENCY, "deltas": 3}]}

SUITE = """
import pytest

pytestmark = pytest.mark.migration("rows.jsonl", metrics=["exact_match"], prompt="ask.yaml")

def test_row(case):
    assert case.target["exact_match"] >= 0
"""


def write_suite(folder: Path, rows: int) -> None:
    """Write a suite whose answers must be fetched."""
    (folder / "pytest.ini").write_text(
        "[pytest]\naddopts = -p no:deepeval -p no:cacheprovider -p no:hypothesispytest\n"
    )
    (folder / "test_fetching.py").write_text(SUITE)
    (folder / "ask.yaml").write_text("name: ask\nuser: 'Say {{ question }}'\n")
    lines = [f'{{"sample_id": {number}, "question": "{number}", "expected": "ok"}}\n' for number in range(rows)]
    (folder / "rows.jsonl").write_text("".join(lines))


def run_suite(folder: Path, environment: Mapping[str, str]) -> tuple[float, float]:
    """Return the wall seconds and the processor's seconds of one run, its start included."""
    models = ["--source-model", SOURCE, "--target-model", TARGET, "--prompt-strategy", "identity"]
    models += ["--migration-concurrency", str(IN_FLIGHT)]
    command = [sys.executable, "-m", "pytest", "-q", *models]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit("the run did not pass")
    return seconds, usage.ru_utime + usage.ru_stime


def measure(folder: Path, rows: int) -> tuple[float, float, float]:
    """Return the seconds of the calls, of the whole run, and of the processor."""
    write_suite(folder, rows)
    with serving(folder, SCRIPT) as served:
        whole, processor = run_suite(folder, compiled_in(folder.parent, served.environment))
        arrived = [call["arrived"] for call in served.calls()]
    return max(arrived) - min(arrived) + LATENCY, whole, processor


def main() -> None:
    """Run the suite some times, each against an endpoint of its own, and print the ratios."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name, str(number)) for number in range(ROUNDS + 1)]
        for folder in folders:
            folder.mkdir()
        measure(folders[0], 50)
        found = [measure(folder, rows) for folder in folders[1:]]
    calling, whole, processor = (statistics.median(column) for column in zip(*found, strict=True))
    ideal = 2 * rows / (2 * IN_FLIGHT) * LATENCY
    print(f"{rows} rows x 2 sides at {LATENCY * 1000:.0f} ms, {IN_FLIGHT} in flight a model, median of {ROUNDS}")
    print(f"ideal {ideal:.2f} s; the calls took {calling:.2f} s: x{calling / ideal:.2f} (bar x{BAR})")
    print(
        f"the whole run, with its start and its end, {whole:.2f} s: x{whole / ideal:.2f}; processor {processor:.2f} s"
    )


if __name__ == "__main__":
    main()
