"""What a call is charged for: its tokens, and the way it was served."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Answer

TIERS = ("default", "batch", "flex", "priority", "reserved")
LATENCIES = ("standard", "optimized")


class Served(NamedTuple):
    """The tier and latency mode of a call, as the service's answer says them, not as they were asked for."""

    tier: str = TIERS[0]
    latency: str = LATENCIES[0]

    @classmethod
    def of(cls, answer: Answer) -> Served:
        """Return how an answer was served; a service that says nothing served it on demand, at standard latency."""
        return cls(answer.service_tier or TIERS[0], answer.latency_mode or LATENCIES[0])


ON_DEMAND = Served()
RESERVED = "reserved"


class Usage(NamedTuple):
    """Tokens of one answer by what they cost; ``input`` holds none of the prompt cache's."""

    input: int
    output: int
    cache_read: int
    cache_write: int

    @classmethod
    def of(cls, answer: Answer) -> Usage | None:
        """Return an answer's tokens, ``None`` where those read or written are unknown.

        A service that says nothing of its prompt cache did not use it.
        """
        if answer.input_tokens is None or answer.output_tokens is None:
            return None
        return cls(
            answer.input_tokens, answer.output_tokens, answer.cache_read_tokens or 0, answer.cache_write_tokens or 0
        )
