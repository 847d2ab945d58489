"""Converse calls of 200 ms with 64 in flight: ``python -m tests.benchmarks.calls``.

Prints the wall seconds of our client against the ideal and against plain boto3 threads, measured one after the other:
without a limit, and under a quota of 100 requests a second (burst 20) that the client knows or has to find out.
"""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pytest_llm_migrate.answers import Connection, Desk, Mode, Question, Store, Terms
from pytest_llm_migrate.domain import Answer, Request, Turn
from pytest_llm_migrate.models import BedrockProvider
from pytest_llm_migrate.pricing import BundledPrices
from tests.benchmarks.serving import serving

LATENCY = 0.2
IN_FLIGHT = 64
PER_SECOND = 100
MODEL = "acme.model-v1:0"
NO_STREAMS = {
    "operation": "ConverseStream",
    "fault": {"name": "ValidationException", "message": "The model is unsupported for streaming"},
}
REPLY = {"text": "ok", "latency": LATENCY}


def ours(folder: Path, calls: int, per_minute: float | None) -> tuple[float, int]:
    """Return the seconds that our client takes for calls, and how many of them are lost."""
    store = Store(folder / "answers.sqlite", Terms(run="benchmark"))
    desk = Desk(store=store, mode=Mode.AUTO, prices=BundledPrices(), concurrency=IN_FLIGHT, per_minute=per_minute)
    model = BedrockProvider().connect(MODEL)
    questions = [
        Question(sample_id=str(number), request=Request(turns=(Turn("user", f"Say {number}"),)))
        for number in range(calls)
    ]
    began = time.perf_counter()
    tickets = desk.ask(Connection(ref=MODEL, connect=lambda: model), questions, {})
    outcomes = [ticket.outcome() for ticket in tickets]
    seconds = time.perf_counter() - began
    store.close()
    return seconds, sum(not isinstance(outcome, Answer) for outcome in outcomes)


def plain(calls: int) -> tuple[float, int]:
    """Return the seconds that threads on one boto3 client take, its own retries on, and how many calls are lost."""
    client: Any = boto3.client("bedrock-runtime", config=Config(max_pool_connections=IN_FLIGHT))

    def call(number: int) -> bool:
        try:
            client.converse(modelId=MODEL, messages=[{"role": "user", "content": [{"text": f"Say {number}"}]}])
        except (ClientError, BotoCoreError):
            return False
        return True

    began = time.perf_counter()
    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        answered = sum(threads.map(call, range(calls)))
    return time.perf_counter() - began, calls - answered


def measure(name: str, calls: int, ideal: float, bar: float | None, script: Any, per_minute: float | None) -> None:
    """Run one of the clients against an endpoint of its own, and print what it took."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), script) as served:
        os.environ.update(served.environment)
        seconds, lost = plain(calls) if bar is None else ours(Path(folder), calls, per_minute)
        asked = sum(call["operation"] == "Converse" for call in served.calls())
    goal = f" (bar x{bar})" if bar else ""
    print(f"{name:<42} {seconds:6.2f} s  x{seconds / ideal:.2f}{goal}  lost {lost}, {asked} requests", flush=True)


def main() -> None:
    """Measure each case with our client and with plain boto3."""
    free = {"rules": [NO_STREAMS], "default": REPLY}
    limited = {**free, "quota": {"requests_per_second": PER_SECOND, "burst": 20}}
    ideal = 2_000 * LATENCY / IN_FLIGHT
    print(f"2,000 calls, {IN_FLIGHT} in flight: ideal {ideal:.2f} s")
    measure("  ours", 2_000, ideal, 1.2, free, None)
    measure("  plain boto3", 2_000, ideal, None, free, None)
    ideal = 1_000 / PER_SECOND
    print(f"1,000 calls under {PER_SECOND} requests/s: ideal {ideal:.2f} s")
    measure("  ours, the quota given", 1_000, ideal, 1.15, limited, 60.0 * PER_SECOND)
    measure("  ours, the quota unknown", 1_000, ideal, 1.5, limited, None)
    measure("  plain boto3, its own retries", 1_000, ideal, None, limited, None)


if __name__ == "__main__":
    main()
