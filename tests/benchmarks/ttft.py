"""Time to the first text against the endpoint's own clock: ``python -m tests.benchmarks.ttft [STREAMS ...]``.

The endpoint runs in a process of its own and stamps each call on a clock that both processes share. Prints, for each
number of streams at once, how far our figure is from its, what the self-check of a latency pass says, and the bars.
"""

from __future__ import annotations

import hashlib
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llm_migrate.domain import Request, Turn
from pytest_llm_migrate.migration.watch import Watch, fault_of
from pytest_llm_migrate.models import BedrockProvider
from tests.benchmarks.serving import serving

if TYPE_CHECKING:
    from tests.benchmarks.serving import Served

MODEL = "acme.model-v1:0"
DELTAS, GAP = 50, 0.02
MEAN = 0.3
KINDS = 24
"""Replies of different times to the first text: 300 ms and more, spread as an exponential of mean 300 ms."""
MEDIAN_BAR, P95_BAR = 0.01, 0.010
BARRED, BUSY = (8, 32), 256


class Error(NamedTuple):
    """Our figure, and the endpoint's, in seconds."""

    measured: float
    true: float


def script() -> dict[str, Any]:
    """Return a script whose replies begin after different times."""
    spread = random.Random(0)  # noqa: S311 - a benchmark's load
    reply = {"text": "word " * DELTAS, "deltas": DELTAS, "gap": GAP}
    rules = [
        {"contains": f"kind {kind:02}.", "latency": 0.3 + min(spread.expovariate(1 / MEAN), 1.2), **reply}
        for kind in range(KINDS)
    ]
    return {"rules": rules}


def measured(served: Served, streams: int, calls: int) -> tuple[list[Error], Watch]:
    """Return the error of every call, and what the self-check saw."""
    model, here, taken = BedrockProvider().connect(MODEL), threading.local(), {}

    def note(request: Any, **_: object) -> None:
        here.body = hashlib.sha256(request.body).hexdigest()

    client: Any = model._client
    client.meta.events.register("before-send.bedrock-runtime", note)

    def lane(numbers: range) -> None:
        time.sleep(random.uniform(0, 0.3 + MEAN + DELTAS * GAP))  # noqa: S311 - starts are spread
        for number in numbers:
            answer = model.answer(Request(turns=(Turn("user", f"{streams} {number} kind {number % KINDS:02}."),)))
            taken[here.body] = answer.ttft

    model.answer(Request(turns=(Turn("user", f"{streams} warm-up"),)))
    with ThreadPoolExecutor(streams) as lanes, Watch() as watch:
        list(lanes.map(lane, [range(first, calls, streams) for first in range(streams)]))
    true = {call["body_sha256"]: call["first_clock"] - call["arrived_clock"] for call in served.calls()}
    return [Error(ttft or 0.0, true[body]) for body, ttft in taken.items()], watch


def report(streams: int, errors: list[Error], watch: Watch) -> bool:
    """Print one line, and tell whether its bars are kept."""
    distances = sorted(abs(error.measured - error.true) for error in errors)
    median, p95 = statistics.median(distances), distances[int(0.95 * (len(distances) - 1))]
    share = median / statistics.median(error.true for error in errors)
    fault = fault_of(watch.cpu, watch.lag, statistics.median(error.measured for error in errors))
    said = f"{streams:>4} streams  error median {1000 * median:6.2f} ms ({share:6.2%})  p95 {1000 * p95:7.2f} ms"
    print(
        f"{said}  CPU {watch.cpu:4.0%}  lag p99 {1000 * watch.lag:5.1f} ms  {'INVALID' if fault else 'valid'}",
        flush=True,
    )
    if streams >= BUSY:
        return fault is not None
    return share < MEDIAN_BAR and p95 < P95_BAR and fault is None


def main() -> None:
    """Measure each number of streams, and say whether the bars are kept."""
    chosen = [int(text) for text in sys.argv[1:]] or [*BARRED, BUSY]
    print(f"bars: median below {MEDIAN_BAR:.0%}, p95 below {1000 * P95_BAR:.0f} ms and valid; {BUSY} streams: INVALID")
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), script()) as served:
        os.environ.update(served.environment)
        kept = [report(streams, *measured(served, streams, max(48, 4 * streams))) for streams in chosen]
    print("bars kept" if all(kept) else "bars NOT kept")
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()
