"""What loading the plugin costs a plain run: ``python -m tests.benchmarks.startup``.

Runs ``pytest --co`` of an empty test with and without the plugin, in turn, and prints both medians. Modules are
compiled before.
"""

from __future__ import annotations

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

ROUNDS = 15
HEAVY = ("boto3", "botocore", "pandas", "numpy", "scipy", "jinja2", "yaml", "sqlite3", "genai_prices")


def measure(folder: Path, environment: Mapping[str, str], *arguments: str) -> float:
    """Return the wall seconds of one run."""
    command = [sys.executable, "-m", "pytest", "--co", "-q", "-p", "no:cacheprovider", *arguments]
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    return time.perf_counter() - started


def heavy_modules(folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the heavy modules that such a run imports."""
    code = f"import sys, pytest; pytest.main(['--co', '-q']); print(*(set({HEAVY!r}) & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1].split()


def main() -> None:
    """Measure in pairs, and print the difference."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        environment = compiled_in(folder)
        measure(folder, environment)
        pairs = [
            (measure(folder, environment), measure(folder, environment, "-p", "no:llm-migrate")) for _ in range(ROUNDS)
        ]
        loaded = heavy_modules(folder, environment)
    differences = sorted(with_plugin - without for with_plugin, without in pairs)
    print(f"with {statistics.median(pair[0] for pair in pairs):.3f} s")
    print(f"without {statistics.median(pair[1] for pair in pairs):.3f} s")
    print(f"difference, median of {ROUNDS} pairs: {statistics.median(differences) * 1000:+.0f} ms")
    low, high = differences[ROUNDS // 4], differences[-1 - ROUNDS // 4]
    print(f"half of all pairs lie between {low * 1000:+.0f} and {high * 1000:+.0f} ms")
    print(f"heavy modules imported: {', '.join(loaded) or 'none'}")


if __name__ == "__main__":
    main()
