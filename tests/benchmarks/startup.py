"""What loading the plugin costs a plain run: ``python tests/benchmarks/startup.py``.

Runs ``pytest --co`` of an empty test with and without the plugin, in turn, and prints both medians.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15


def measure(folder: Path, *arguments: str) -> float:
    """Return the wall seconds of one run."""
    command = [sys.executable, "-m", "pytest", "--co", "-q", "-p", "no:cacheprovider", *arguments]
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - started


def main() -> None:
    """Measure in pairs, and print the difference."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        measure(folder)
        pairs = [(measure(folder), measure(folder, "-p", "no:llm-migrate")) for _ in range(ROUNDS)]
    differences = sorted(with_plugin - without for with_plugin, without in pairs)
    print(f"with {statistics.median(pair[0] for pair in pairs):.3f} s")
    print(f"without {statistics.median(pair[1] for pair in pairs):.3f} s")
    print(f"difference, median of {ROUNDS} pairs: {statistics.median(differences) * 1000:+.0f} ms")
    low, high = differences[ROUNDS // 4], differences[-1 - ROUNDS // 4]
    print(f"half of all pairs lie between {low * 1000:+.0f} and {high * 1000:+.0f} ms")


if __name__ == "__main__":
    main()
