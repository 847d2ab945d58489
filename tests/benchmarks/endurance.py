"""A long run that is killed over and over: ``python -m tests.benchmarks.endurance [ROWS] [KILLS]``.

Both sides' answers to 10,000 rows come from an endpoint that throttles a fifth of all requests, resets 2 % and cuts
off 1 % of its streams; the run is killed (SIGKILL, its whole process group) ten times at random moments, and given
again until it ends. Prints whether every row was answered, the endpoint's log beside the ledger, and the memory.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.serving import serving

if TYPE_CHECKING:
    from tests.benchmarks.serving import Served

SOURCE, TARGET = "acme.source-v1:0", "acme.target-v1:0"
FAULTS = [
    {"name": "ThrottlingException", "chance": 0.2},
    {"name": "reset", "chance": 0.02},
    {"name": "cut", "chance": 0.01},
]
SCRIPT = {"rules": [{"text": "yes", "latency": 0.05, "deltas": 3, "faults": FAULTS}], "seed": 1}
SUITE = """
import pytest

pytestmark = pytest.mark.migration("rows.jsonl", metrics=["exact_match"], prompt="ask.yaml")

def test_row(case):
    assert case.target["exact_match"] >= case.source["exact_match"]

def test_gate(comparison):
    assert comparison["exact_match"].non_inferior(margin=0.01)
"""
COMMAND = [
    *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
    *("--source-model", SOURCE, "--target-model", TARGET, "--prompt-strategy", "identity"),
    *("--migration-concurrency", "64"),
]


def write_suite(folder: Path, rows: int) -> None:
    """Write the suite and its rows."""
    (folder / "pytest.ini").write_text(
        "[pytest]\naddopts = -p no:deepeval -p no:hypothesispytest\nmigration_latency_rows = 0\n"
    )
    (folder / "test_endurance.py").write_text(SUITE)
    (folder / "ask.yaml").write_text("name: ask\nuser: 'Is {{ question }} a number?'\n")
    lines = [f'{{"sample_id": {number}, "question": "{number}", "expected": "yes"}}\n' for number in range(rows)]
    (folder / "rows.jsonl").write_text("".join(lines))


def memory_of(pid: int) -> float:
    """Return a process's resident memory in MB; 0 for one that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0.0)


def run(folder: Path, served: Served, seconds: float | None) -> tuple[int | None, list[float]]:
    """Run the suite, killing it after some seconds; return its exit code, if any, and its memory, once a second."""
    memory: list[float] = []
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen(
            COMMAND, cwd=folder, env=served.environment, stdout=output, stderr=output, start_new_session=True
        )
        began = time.monotonic()
        while process.poll() is None:
            memory.append(memory_of(process.pid))
            if seconds is not None and time.monotonic() - began > seconds:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return None, memory
            time.sleep(min(1.0, seconds or 1.0))
    return process.returncode, memory


def main() -> None:
    """Kill the run as often as asked, let it end, and compare what the endpoint and the ledger say."""
    rows, kills = (int(value) for value in (*sys.argv[1:], "10000", "10")[:2])
    chance = random.Random(3)  # noqa: S311 - moments of death
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_suite(folder, rows)
        with serving(folder, SCRIPT) as served:
            began = time.monotonic()
            for number in range(kills):
                seconds = chance.uniform(2.0, 12.0)
                code, _ = run(folder, served, seconds)
                print(f"kill {number + 1} after {seconds:.1f} s" if code is None else "it ended before", flush=True)
            code, memory = run(folder, served, None)
            took = time.monotonic() - began
            print_outcome(folder, served, rows, code)
        half = memory[len(memory) // 4 : len(memory) // 2]
        print(
            f"last run: {took:.0f} s in all; memory {max(half):.0f} MB in its second quarter, {max(memory):.0f} at most"
        )


def print_outcome(folder: Path, served: Served, rows: int, code: int | None) -> None:
    """Print the end of the last run, and the endpoint's count beside the ledger's."""
    print((folder / "output.txt").read_text().splitlines()[-1], f"(exit {code})")
    with closing(sqlite3.connect(folder / ".llm-migrate" / "answers.sqlite")) as database:
        answers = database.execute("SELECT count(*) FROM answers").fetchone()[0]
        outcomes = Counter(dict(database.execute("SELECT outcome, count(*) FROM attempts GROUP BY outcome")))
    asked = Counter(call["outcome"] for call in served.calls())
    unknown = outcomes.pop("unknown", 0)
    print(f"answers kept: {answers} of {2 * rows}; ledger {sum(outcomes.values())} attempts and {unknown} unknown")
    print(f"endpoint: {sum(asked.values())} requests: {dict(asked)}; ledger: {dict(outcomes)}")
    paid, known = asked["ok"], outcomes["answered"]
    print(f"paid for: {paid} by the endpoint's log, {known} by the ledger; the difference of {paid - known} is unknown")
    if answers != 2 * rows or not 0 <= paid - known <= unknown:
        raise SystemExit("an answer is lost, or was paid for twice")


if __name__ == "__main__":
    main()
