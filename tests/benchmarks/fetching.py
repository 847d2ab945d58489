"""Fetching from an endpoint that answers in 200 ms: ``python tests/benchmarks/fetching.py [ROWS]``.

Prints, against the ideal of both sides' calls with 32 in flight a model, the wall seconds of a whole pytest run
and those between the endpoint's first call and its last.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LATENCY = 0.2
IN_FLIGHT = 32
SOURCE, TARGET = "acme.source-v1:0", "acme.target-v1:0"
BAR = 1.3

SUITE = """
import pytest

pytestmark = pytest.mark.migration("rows.jsonl", metrics=["exact_match"], prompt="ask.yaml")

def test_row(case):
    assert case.target["exact_match"] >= 0
"""


def write_suite(folder: Path, rows: int) -> None:
    """Write a suite whose answers must be fetched, and the endpoint's script."""
    (folder / "pytest.ini").write_text(
        "[pytest]\naddopts = -p no:deepeval -p no:cacheprovider -p no:hypothesispytest\n"
    )
    (folder / "test_fetching.py").write_text(SUITE)
    (folder / "ask.yaml").write_text("name: ask\nuser: 'Say {{ question }}'\n")
    lines = [f'{{"sample_id": {number}, "question": "{number}", "expected": "ok"}}\n' for number in range(rows)]
    (folder / "rows.jsonl").write_text("".join(lines))
    (folder / "script.yaml").write_text(f"rules:\n  - text: ok\n    latency: {LATENCY}\n    deltas: 3\n")


def main() -> None:
    """Start the endpoint as its own process, run the suite against it, and print the ratio."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_suite(folder, rows)
        serve = [
            sys.executable,
            "-m",
            "pytest_llm_migrate",
            "serve",
            "--port",
            "0",
            "--script",
            "script.yaml",
            "--log",
            "calls.jsonl",
        ]
        with subprocess.Popen(serve, cwd=folder, stdout=subprocess.PIPE, text=True) as endpoint:
            assert endpoint.stdout
            url = next(word for word in endpoint.stdout.readline().split() if word.startswith("http")).rstrip(";")
            try:
                seconds = run_suite(folder, url)
            finally:
                endpoint.terminate()
        arrived = [json.loads(line)["arrived"] for line in (folder / "calls.jsonl").read_text().splitlines()]
    calling = max(arrived) - min(arrived) + LATENCY
    ideal = 2 * rows / (2 * IN_FLIGHT) * LATENCY
    print(f"{rows} rows x 2 sides at {LATENCY * 1000:.0f} ms, {IN_FLIGHT} in flight a model")
    print(f"ideal {ideal:.2f} s; the calls took {calling:.2f} s: x{calling / ideal:.2f} (bar x{BAR})")
    print(f"the whole run, with its start and its end, {seconds:.2f} s: x{seconds / ideal:.2f}")


def run_suite(folder: Path, url: str) -> float:
    """Return the wall seconds of one run, its start included."""
    environment = os.environ | {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    models = ["--source-model", SOURCE, "--target-model", TARGET, "--prompt-strategy", "identity"]
    command = [sys.executable, "-m", "pytest", "-q", *models, "--migration-concurrency", str(IN_FLIGHT)]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stdout[-3000:])
    return seconds


if __name__ == "__main__":
    main()
