"""The JSON of successful answers, and the events of a streamed one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.endpoint.frames import error_frame, event_frame, exception_frame

if TYPE_CHECKING:
    from pytest_llm_migrate.models.endpoint.engines import Fault, Finish

_MODELLED_IN_STREAM = frozenset(
    {
        "InternalServerException",
        "ModelStreamErrorException",
        "ServiceUnavailableException",
        "ThrottlingException",
        "ValidationException",
    }
)


def converse_payload(text: str, finish: Finish, latency_ms: int) -> dict[str, Any]:
    """Return the body of a Converse answer."""
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": finish.stop_reason,
        "usage": _usage(finish),
        "metrics": {"latencyMs": latency_ms},
    }


def first_event() -> bytes:
    """Return the event that opens a streamed message."""
    return event_frame("messageStart", {"role": "assistant"})


def delta_event(text: str) -> bytes:
    """Return the event that carries a piece of text."""
    return event_frame("contentBlockDelta", {"delta": {"text": text}, "contentBlockIndex": 0})


def last_events(finish: Finish, latency_ms: int) -> bytes:
    """Return the three events without which a streamed answer is not complete."""
    return (
        event_frame("contentBlockStop", {"contentBlockIndex": 0})
        + event_frame("messageStop", {"stopReason": finish.stop_reason})
        + event_frame("metadata", {"usage": _usage(finish), "metrics": {"latencyMs": latency_ms}})
    )


def fault_event(fault: Fault) -> bytes:
    """Return the frame that ends a stream with an error, modelled where the operation models it."""
    if fault.error in _MODELLED_IN_STREAM:
        return exception_frame(fault.error[0].lower() + fault.error[1:], fault.message)
    return error_frame(fault.error, fault.message)


def _usage(finish: Finish) -> dict[str, int]:
    read = finish.input_tokens + finish.cache_read_tokens + finish.cache_write_tokens
    return {
        "inputTokens": finish.input_tokens,
        "outputTokens": finish.output_tokens,
        "totalTokens": read + finish.output_tokens,
        "cacheReadInputTokens": finish.cache_read_tokens,
        "cacheWriteInputTokens": finish.cache_write_tokens,
    }
