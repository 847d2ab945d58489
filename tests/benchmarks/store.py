"""Replay of 100,000 stored answers: ``python -m tests.benchmarks.store [ANSWERS]``.

Prints how many answers a second `Store.find` gives, against the bar and against the same rows read by plain SQL
and JSON, measured in turn.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llm_migrate.answers import Store, Terms
from pytest_llm_migrate.answers.jobs import NewJob
from pytest_llm_migrate.answers.ledger import Closed, Wanted
from pytest_llm_migrate.domain import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

BAR = 20_000
ROUNDS = 5
MODEL = "acme.model-v1:0"
TEXT = "The delivery was late because the driver could not find the house; the customer wants a refund. " * 2


def fill(path: Path, answers: int) -> list[str]:
    """Write down answers as a batch job leaves them, and return their keys."""
    store = Store(path, Terms(run="filling"))
    keys = [sha256(f"{number}".encode()).hexdigest() for number in range(answers)]
    store.begin_job(NewJob(name="job", model=MODEL, region="us-east-1"), [Wanted(key=key, job="job") for key in keys])
    records = store.open_records("job").items()
    store.close_records(MODEL, [Closed(id=number, key=key, outcome=answer(key), cost=None) for key, number in records])
    store.close()
    return keys


def answer(key: str) -> Answer:
    """Return an answer of two sentences."""
    return Answer(
        text=f"{TEXT}{key}",
        stop_reason="end_turn",
        input_tokens=420,
        output_tokens=45,
        latency=1.234,
        server_latency=1.2,
        ttft=0.321,
        model=MODEL,
        service_tier="default",
    )


def found(path: Path, keys: list[str]) -> int:
    """Find the answers as a run does."""
    store = Store(path, Terms(run="replaying", started=time.time()))
    answers = store.find(keys)
    store.close()
    return len(answers)


def read(path: Path, keys: list[str]) -> int:
    """Read the same rows without making answers of them."""
    database = sqlite3.connect(path)
    wanted = set(keys)
    rows = database.execute("SELECT key, record FROM answers")
    records = {key: json.loads(record) for key, record in rows if key in wanted}
    database.close()
    return len(records)


def seconds(work: Callable[[Path, list[str]], int], path: Path, keys: list[str]) -> float:
    """Return the seconds that reading all of them takes."""
    started = time.perf_counter()
    if work(path, keys) != len(keys):
        raise SystemExit("not all answers were found")
    return time.perf_counter() - started


def main() -> None:
    """Fill a store, read it in turn, and print the medians and their ratio."""
    answers = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "answers.sqlite"
        keys = fill(path, answers)
        pairs = [(seconds(found, path, keys), seconds(read, path, keys)) for _ in range(ROUNDS)]
    ours, plain = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"{answers} stored answers, median of {ROUNDS}")
    print(
        f"Store.find   {ours:6.2f} s  {answers / ours:8,.0f} a second: x{answers / ours / BAR:.2f} of the bar ({BAR:,})"
    )
    print(f"plain SQL    {plain:6.2f} s  {answers / plain:8,.0f} a second; Store.find takes x{ratio:.2f} of it")


if __name__ == "__main__":
    main()
