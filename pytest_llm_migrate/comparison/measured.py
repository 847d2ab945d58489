"""What is measured of every answer: times, tokens and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.comparison.quantity import Quantity

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Answer


def _read_tokens(answer: Answer) -> float | None:
    if answer.input_tokens is None:
        return None
    return float(answer.input_tokens + (answer.cache_read_tokens or 0) + (answer.cache_write_tokens or 0))


def _total_tokens(answer: Answer) -> float | None:
    read, written = _read_tokens(answer), answer.output_tokens
    return None if read is None or written is None else read + written


def _tokens_per_second(answer: Answer) -> float | None:
    """Return how fast text came after its first token; unknown where it came in one piece."""
    if answer.latency is None or answer.ttft is None or answer.output_tokens is None:
        return None
    seconds = answer.latency - answer.ttft
    return (answer.output_tokens - 1) / seconds if answer.output_tokens > 1 and seconds > 0 else None


LATENCY = Quantity(name="latency", unit="s", read=lambda answer: answer.latency)
SERVICE_LATENCY = Quantity(name="latency", unit="s", read=lambda answer: answer.server_latency)
TOKENS_PER_SECOND = Quantity(name="tokens_per_second", unit="tokens/s", read=_tokens_per_second)
TTFT = Quantity(name="ttft", unit="s", read=lambda answer: answer.ttft)
TOKENS = Quantity(name="tokens", unit="tokens", read=_total_tokens)
INPUT_TOKENS = Quantity(name="input_tokens", unit="tokens", read=_read_tokens)
OUTPUT_TOKENS = Quantity(name="output_tokens", unit="tokens", read=lambda answer: answer.output_tokens)
COST = Quantity(name="cost", unit="USD", read=lambda answer: answer.cost, why=lambda answer: answer.no_cost)
