"""What an OpenAI-compatible server sends: chat completions as server-sent events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.models.scripted_http import Served

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
DONE = b"data: [DONE]\n\n"


def chunk(delta: Mapping[str, Any] | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """Return one chunk of a completion."""
    choice = {"index": 0, "delta": dict(delta or {}), "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "model": "tiny", "choices": [choice], **more}


def sure(text: str, *logprobs: float) -> dict[str, Any]:
    """Return one chunk of a completion with the log-probabilities of its tokens."""
    event = chunk({"content": text})
    event["choices"][0]["logprobs"] = {"content": [{"token": text, "logprob": each} for each in logprobs]}
    return event


def usage(**more: Any) -> dict[str, Any]:
    """Return the chunk that says which tokens were used."""
    return {"id": "c1", "object": "chat.completion.chunk", "choices": [], "usage": {**USAGE, **more}}


def sse(event: object) -> bytes:
    """Return a server-sent event."""
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def texts(*parts: str) -> list[dict[str, Any]]:
    """Return chunks of a whole completion."""
    return [
        chunk({"role": "assistant", "content": ""}),
        *(chunk({"content": part}) for part in parts),
        chunk(finish="stop"),
        usage(),
    ]


def streamed(events: Iterable[object], **how: Any) -> Served:
    """Return a stream of events that ends as it should, each event in a part of its own."""
    return Served(parts=(*map(sse, events), DONE), content_type="text/event-stream", **how)


def completed(text: str) -> Served:
    """Return a whole completion of one text."""
    return streamed(texts(text))
