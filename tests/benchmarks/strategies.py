"""What strategies do for a small model: ``python -m tests.benchmarks.strategies [USE_CASE ...] [--strategies ...]``.

Takes the example suite from SmolLM2 135M to Gemma 3 270M, both run here, with the source prompt as it is, with
``few-shot`` and with ``mipro`` (SmolLM2 writes its instructions), and prints the mean score on the holdout rows with
the 95 % interval of the paired difference to the unchanged prompt. A strategy that has no prompt says why in a line,
and the next one goes on. Needs the extras ``local`` and ``optimize``; takes some twenty minutes a use case on
two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.stats import paired_difference

if TYPE_CHECKING:
    from collections.abc import Iterable

SUITE = Path(__file__).parents[2] / "example_suite"
SOURCE, TARGET = "local:smollm2-135m", "local:gemma3-270m"
METRICS = {"ticket_triage": "exact_match", "order_extraction": "json_fields", "policy_questions": "token_f1"}
SETTINGS = ("--strategy-option", "candidates=3", "--strategy-option", "max_tokens=200")
"""What keeps a small model on two cores from writing for an hour."""
STRATEGIES: dict[str, tuple[str, ...]] = {"few-shot": (), "mipro": ("--optimizer-model", SOURCE, *SETTINGS)}
UNCHANGED = "identity"
CONFIDENCE = 0.95

QUIET = ("-p", "no:asyncio", "-p", "no:repeat", "-p", "no:deepeval")
"""Plugins that come with other libraries, and print warnings of their own."""
LONGEST_SECONDS = 3600

Scores = dict[str, float]


class NotMeasuredError(Exception):
    """A strategy that wrote no prompt, or whose prompt could not be judged; the text is one line."""

    def __init__(self, said: str) -> None:
        super().__init__(" ".join(said.split()))


def run(suite: Path, use_case: str, *arguments: str) -> None:
    """Run a use case's tests; tests may fail, pytest may not."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", *QUIET, f"test_{use_case}.py", "--migration-dir", "out"]
    done = subprocess.run(
        [*command, *arguments],
        cwd=suite,
        env=inherited,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=LONGEST_SECONDS,
    )
    if done.returncode not in {0, 1}:
        raise NotMeasuredError(f"pytest ended with {done.returncode}: {(done.stderr or done.stdout)[-500:]}")


def rewrite(suite: Path, use_case: str, strategy: str) -> list[str]:
    """File a strategy's prompt, and return what the strategy said of it."""
    record = suite / f"{strategy}.json"
    asked = ("--migration-force", f"--migrate-prompts={strategy}", "--migration-json", str(record))
    run(suite, use_case, *asked, *STRATEGIES[strategy])
    found: dict[str, list[dict[str, Any]]] = json.loads(record.read_text("utf-8"))
    for failed in found["failed"]:
        raise NotMeasuredError(failed["why"])
    return [note for prompt in found["prompts"] for note in prompt["notes"]]


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


def table(use_case: str, strategies: Iterable[str]) -> None:
    """Print a use case's lines, and after each what the strategy said of itself."""
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(
            shutil.copytree(SUITE, Path(folder) / "suite", ignore=shutil.ignore_patterns(".*", "local-*.yaml"))
        )
        before = holdout(suite, use_case, UNCHANGED)
        print(f"| {use_case} | unchanged | {len(before)} | {statistics.fmean(before.values()):.3f} | |", flush=True)
        for strategy in strategies:
            started = time.monotonic()
            try:
                notes = rewrite(suite, use_case, strategy)
                print(line(use_case, strategy, before, holdout(suite, use_case, strategy)), flush=True)
            except (NotMeasuredError, subprocess.TimeoutExpired) as error:
                notes = [f"{use_case} has no figures of {strategy}: {error}"]
            print(f"  {time.monotonic() - started:.0f} s. {' '.join(notes)}", flush=True)


def main() -> None:
    """Print the table of the use cases and strategies that are named, or of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("use_cases", nargs="*", choices=METRICS, default=list(METRICS), metavar="USE_CASE")
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=list(STRATEGIES), metavar="STRATEGY")
    options = parser.parse_args()
    print("| use case | prompt | rows | score | gain over the unchanged prompt (95 %) |\n|---|---|---|---|---|")
    for use_case in options.use_cases:
        try:
            table(use_case, options.strategies)
        except (NotMeasuredError, subprocess.TimeoutExpired) as error:
            print(f"  {use_case} has no figures: {error}", flush=True)


if __name__ == "__main__":
    main()
