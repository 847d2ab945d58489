"""What a model gave back for a row: an answer, or a named failure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool that a model asks for, with the arguments it would pass: their text where that is no JSON."""

    name: str
    arguments: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call of a pipeline of several: its own times, tokens and cost, under the name the pipeline gave it."""

    name: str
    latency: float | None = None
    ttft: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cost: float | None = None
    no_cost: str | None = None
    cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model returned; anything unknown is ``None``, never zero.

    Attributes:
        text: All text blocks, joined.
        stop_reason: Why generation ended, in Bedrock's words (``end_turn``, ``max_tokens``, ...).
        input_tokens: Tokens read, those from and to a prompt cache excluded.
        output_tokens: Tokens written.
        cache_read_tokens: Tokens taken from a prompt cache.
        cache_write_tokens: Tokens put into a prompt cache.
        latency: Seconds from sending the request to the end of the answer, on the client's clock.
        server_latency: Seconds the service itself reports.
        ttft: Seconds from sending the request to the first text.
        cost: US dollars.
        no_cost: Why the price list has no cost, where one was asked; it begins ``unpriced:`` or ``not per token:``.
        cached: The answer was kept from an earlier call; its times and cost are that call's.
        model: The model that answered, where the record or the service (a prompt router) says so.
        service_tier: The tier that the service says it served (``default``, ``flex``, ``priority``, ``reserved``,
            ``batch``), not the one that was asked for.
        latency_mode: The latency mode that the service says it served (``standard``, ``optimized``).
        mean_logprob: Mean natural-log probability of the output tokens, at most 0.
        reasoning: What the model thought before it answered; never part of ``text``, never scored.
        tool_calls: The tools that the model asks for, in order.
        steps: A pipeline's calls, in order; empty for a single call.
    """

    text: str
    stop_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    latency: float | None = None
    server_latency: float | None = None
    ttft: float | None = None
    cost: float | None = None
    no_cost: str | None = None
    cached: bool = False
    model: str | None = None
    service_tier: str | None = None
    latency_mode: str | None = None
    mean_logprob: float | None = None
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    steps: tuple[Step, ...] = ()

    def to_record(self) -> dict[str, Any]:
        """Return what is known, as JSON-ready builtins; unknown fields are left out."""
        record: dict[str, Any] = {name: value for name in _PLAIN_FIELDS if (value := getattr(self, name)) is not None}
        for name in _LISTS:
            if items := getattr(self, name):
                record[name] = [asdict(item) for item in items]
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Answer:
        """Read back what `to_record` gave."""
        known = {name: record[name] for name in _PLAIN_FIELDS if name in record}
        calls = tuple(ToolCall(**call) for call in record.get("tool_calls", ()))
        return cls(**known, tool_calls=calls, steps=tuple(Step(**step) for step in record.get("steps", ())))


_LISTS = ("tool_calls", "steps")
_PLAIN_FIELDS = tuple(item.name for item in fields(Answer) if item.name not in _LISTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailure:
    """A call that gave no answer: counted and shown, never scored.

    Attributes:
        kind: The fault's name, such as ``throttled`` or ``stream_ended_early``.
        message: What the service or the client said, and the way out where there is one.
        fatal: Every further call to this model would fail alike.
        retry_after: Seconds that the service asks to wait before another attempt, where it says so.
    """

    kind: str
    message: str
    fatal: bool = False
    retry_after: float | None = None

    def to_record(self) -> dict[str, Any]:
        """Return the failure as JSON-ready builtins."""
        return {"kind": self.kind, "message": self.message}


Outcome = Answer | CallFailure
