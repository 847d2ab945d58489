"""What strategies do for a small model: ``python -m tests.benchmarks.strategies [USE_CASE ...]``.

Takes the example suite from SmolLM2 135M to Gemma 3 270M, both run here, with the source prompt as it is, with
``few-shot`` and with ``mipro`` (SmolLM2 writes its instructions), and prints the mean score on the holdout rows with
the 95 % interval of the paired difference to the unchanged prompt. Needs the extras ``local`` and ``optimize``; takes
some ten minutes a use case on two cores.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pytest_llm_migrate.stats import paired_difference

SUITE = Path(__file__).parents[2] / "example_suite"
SOURCE, TARGET = "local:smollm2-135m", "local:gemma3-270m"
METRICS = {"ticket_triage": "exact_match", "order_extraction": "json_fields", "policy_questions": "token_f1"}
SETTINGS = ("--strategy-option", "candidates=3", "--strategy-option", "max_tokens=200")
"""What keeps a small model on two cores from writing for an hour."""
STRATEGIES: dict[str, tuple[str, ...]] = {"few-shot": (), "mipro": ("--optimizer-model", SOURCE, *SETTINGS)}
UNCHANGED = "identity"
CONFIDENCE = 0.95

Scores = dict[str, float]


def run(suite: Path, use_case: str, *arguments: str) -> str:
    """Run a use case's tests, and return what was printed; tests may fail, pytest may not."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", f"test_{use_case}.py", "--migration-dir", "out", *arguments]
    done = subprocess.run(
        command, cwd=suite, env=inherited, capture_output=True, encoding="utf-8", check=False, timeout=3600
    )
    if done.returncode not in {0, 1}:
        sys.exit(done.stdout + done.stderr)
    return done.stdout


def holdout(suite: Path, use_case: str, strategy: str) -> Scores:
    """Return the target's score of every holdout row; a row that it did not answer counts 0."""
    run(suite, use_case, "--prompt-strategy", strategy)
    newest = max((suite / "out" / "runs").iterdir(), key=lambda folder: folder.stat().st_mtime_ns)
    rows = [json.loads(line) for line in (newest / "rows.jsonl").read_text("utf-8").splitlines()]
    return {row["sample_id"]: score(row["target"], METRICS[use_case]) for row in rows}


def score(side: dict[str, dict[str, float]], metric: str) -> float:
    """Return a side's score in a metric."""
    return side.get("scores", {}).get(metric, 0.0)


def line(use_case: str, strategy: str, before: Scores, after: Scores) -> str:
    """Return a line of the table."""
    names = sorted(before)
    pairs = [before[name] for name in names], [after[name] for name in names]
    found = paired_difference(*pairs, confidence=CONFIDENCE)
    gain = f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
    return f"| {use_case} | {strategy} | {len(names)} | {statistics.fmean(pairs[1]):.3f} | {gain} |"


def table(use_case: str) -> None:
    """Print a use case's lines, and before them what each strategy said of itself."""
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(
            shutil.copytree(SUITE, Path(folder) / "suite", ignore=shutil.ignore_patterns(".*", "local-*.yaml"))
        )
        before = holdout(suite, use_case, UNCHANGED)
        print(f"| {use_case} | unchanged | {len(before)} | {statistics.fmean(before.values()):.3f} | |", flush=True)
        for strategy, arguments in STRATEGIES.items():
            started = time.monotonic()
            said = run(suite, use_case, "--migration-force", f"--migrate-prompts={strategy}", *arguments)
            after = holdout(suite, use_case, strategy)
            print(line(use_case, strategy, before, after), flush=True)
            notes = [text.strip() for text in said.split("filed in")[0].splitlines() if text.startswith("  ")]
            print(f"  {time.monotonic() - started:.0f} s. {' '.join(notes)}", flush=True)


def main() -> None:
    """Print the table of the use cases that are named, or of all."""
    print("| use case | prompt | rows | score | gain over the unchanged prompt (95 %) |\n|---|---|---|---|---|")
    for use_case in sys.argv[1:] or METRICS:
        table(use_case)


if __name__ == "__main__":
    main()
