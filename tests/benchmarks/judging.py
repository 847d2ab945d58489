"""Answers and verdicts of 200 ms: ``python -m tests.benchmarks.judging [ROWS]``.

A judge is asked about each side's answer, so that it is the slowest model: it has as many calls as both sides together.
Prints what a run takes that generates and judges, against the slowest model's own time: a run of the same rows whose
answers are kept, so that it only judges. The two are measured one after the other, and at the calls' own pace (the
ideal) as well. A run that judged only after it had generated would take half as much again.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks.bytecode import compiled_in
from tests.benchmarks.serving import serving

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LATENCY = 0.2
IN_FLIGHT = 16
SOURCE, TARGET, JUDGE = "acme.source-v1:0", "acme.target-v1:0", "anthropic.claude-sonnet-4-20250514-v1:0"
JUDGED = "judge:correctness"
BAR = 1.15
ROUNDS = 3
VERDICT = {"name": "verdict", "arguments": {"reasoning": "as the reference says", "score": 4}}
SCRIPT = {
    "rules": [
        {"model": JUDGE, "text": "", "tool_calls": [VERDICT], "latency": LATENCY},
        {"model": SOURCE, "text": "source", "latency": LATENCY, "deltas": 3},
        {"model": TARGET, "text": "target", "latency": LATENCY, "deltas": 3},
    ]
}

SUITE = """
import pytest

pytestmark = pytest.mark.migration("rows.jsonl", metrics=["{metric}"], prompt="ask.yaml")

def test_row(case):
    assert case.target["{metric}"] >= 0
"""


class Run(NamedTuple):
    """Seconds of one run.

    Attributes:
        calls: From the first call's arrival to the end of the last.
        whole: Of the process, its start and its end included.
    """

    calls: float
    whole: float


def write_suite(folder: Path, rows: int, metric: str) -> None:
    """Write a suite whose answers must be fetched and scored."""
    (folder / "pytest.ini").write_text(
        "[pytest]\naddopts = -p no:deepeval -p no:cacheprovider -p no:hypothesispytest\n"
    )
    (folder / "test_judging.py").write_text(SUITE.format(metric=metric))
    (folder / "ask.yaml").write_text("name: ask\nuser: 'Say {{ question }}'\n")
    lines = [f'{{"sample_id": {number}, "question": "{number}", "expected": "ok"}}\n' for number in range(rows)]
    (folder / "rows.jsonl").write_text("".join(lines))


def run_suite(folder: Path, environment: Mapping[str, str]) -> float:
    """Return the wall seconds of one run."""
    models = ["--source-model", SOURCE, "--target-model", TARGET, "--judge-model", JUDGE]
    models += ["--prompt-strategy", "identity", "--migration-concurrency", str(IN_FLIGHT)]
    command = [sys.executable, "-m", "pytest", "-q", *models]
    started = time.perf_counter()
    subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - started


def measure(folder: Path, rows: int, metric: str, models: Collection[str]) -> Run:
    """Return what a run over so many rows takes, which must have called exactly these models."""
    write_suite(folder, rows, metric)
    with serving(folder, SCRIPT) as served:
        before = len(served.calls())
        whole = run_suite(folder, compiled_in(folder.parent, served.environment))
        calls = served.calls()[before:]
    if {call["model"] for call in calls} != set(models):
        raise SystemExit(f"the run called others than {', '.join(models)}")
    arrived = [call["arrived"] for call in calls]
    return Run(max(arrived) - min(arrived) + LATENCY, whole)


def one_round(folder: Path, rows: int) -> tuple[Run, Run]:
    """Return a run that generates and judges, and one that only judges."""
    together, apart = folder / "together", folder / "apart"
    for each in (together, apart):
        each.mkdir(parents=True)
    measure(apart, rows, "exact_match", [SOURCE, TARGET])
    both = measure(together, rows, JUDGED, [SOURCE, TARGET, JUDGE])
    return both, measure(apart, rows, JUDGED, [JUDGE])


def main() -> None:
    """Make some rounds, each with endpoints and stores of its own, and print the ratios."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as name:
        one_round(Path(name, "first"), 20)
        found = [one_round(Path(name, str(number)), rows) for number in range(ROUNDS)]
    both, alone = (Run(*map(statistics.median, zip(*runs, strict=True))) for runs in zip(*found, strict=True))
    ideal = 2 * rows / IN_FLIGHT * LATENCY
    print(f"{rows} rows x 2 sides and as many verdicts, {LATENCY * 1000:.0f} ms each, {IN_FLIGHT} in flight a model")
    print(f"the judge's calls: ideal {ideal:.2f} s, alone {alone.calls:.2f} s: x{alone.calls / ideal:.2f}")
    print(f"all models' calls: {both.calls:.2f} s: x{both.calls / alone.calls:.2f} of the judge's alone (bar x{BAR})")
    print(f"whole runs: {both.whole:.2f} s against {alone.whole:.2f} s: x{both.whole / alone.whole:.2f} (bar x{BAR})")


if __name__ == "__main__":
    main()
