"""Converse's wording: the JSON of whole answers, and the events of streamed ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_llm_migrate.models.endpoint.engines import Reasoning, ToolCall
from pytest_llm_migrate.models.endpoint.frames import event_frame
from pytest_llm_migrate.models.endpoint.wording import blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_llm_migrate.models.endpoint.engines import Finish, Piece, Served
    from pytest_llm_migrate.models.endpoint.wording import Ending

Event = tuple[str, dict[str, Any]]
_ARGUMENT_CHARACTERS = 12  # of a tool's arguments in one delta


def content(pieces: Iterable[Piece]) -> list[dict[str, Any]]:
    """Return pieces as content blocks."""
    return [_block(piece) for piece in blocks(pieces)]


def _block(piece: Piece) -> dict[str, Any]:
    if isinstance(piece, Reasoning):
        signature = {"signature": piece.signature} if piece.signature else {}
        return {"reasoningContent": {"reasoningText": {"text": piece.text, **signature}}}
    if isinstance(piece, ToolCall):
        return {"toolUse": {"toolUseId": piece.id, "name": piece.name, "input": dict(piece.arguments)}}
    return {"text": piece}


def arguments(call: ToolCall) -> Iterator[str]:
    """Yield a tool's arguments as JSON in small parts."""
    whole = json.dumps(dict(call.arguments))
    for start in range(0, len(whole), _ARGUMENT_CHARACTERS):
        yield whole[start : start + _ARGUMENT_CHARACTERS]


class Turn:
    """The events of one streamed message; of its blocks, only a tool's has an event at its start."""

    def __init__(self) -> None:
        self._index = 0
        self._kind: type | None = None

    def opening(self) -> Iterator[Event]:
        """Yield the event that opens the message."""
        yield "messageStart", {"role": "assistant"}

    def piece(self, piece: Piece) -> Iterator[Event]:
        """Yield the events of a piece."""
        if self._kind is not None and (self._kind is not type(piece) or isinstance(piece, ToolCall)):
            yield self._stop()
            self._index += 1
        self._kind = type(piece)
        if isinstance(piece, ToolCall):
            start = {"toolUse": {"toolUseId": piece.id, "name": piece.name}}
            yield "contentBlockStart", {"start": start, "contentBlockIndex": self._index}
            for part in arguments(piece):
                yield self._delta({"toolUse": {"input": part}})
        elif isinstance(piece, Reasoning):
            said = {"signature": piece.signature} if piece.signature else {"text": piece.text}
            yield self._delta({"reasoningContent": said})
        else:
            yield self._delta({"text": piece})

    def closing(self, finish: Finish) -> Iterator[Event]:
        """Yield the two events that end the message."""
        yield self._stop()
        yield "messageStop", {"stopReason": finish.stop_reason}

    def _delta(self, delta: dict[str, Any]) -> Event:
        return "contentBlockDelta", {"delta": delta, "contentBlockIndex": self._index}

    def _stop(self) -> Event:
        return "contentBlockStop", {"contentBlockIndex": self._index}


class ConverseWording:
    """Words one answer of Converse or ConverseStream."""

    modelled: ClassVar = frozenset(
        {
            "InternalServerException",
            "ModelStreamErrorException",
            "ServiceUnavailableException",
            "ThrottlingException",
            "ValidationException",
        }
    )

    def __init__(self, *, padding: bool = False) -> None:
        self._turn, self._padding = Turn(), padding

    def whole(self, pieces: Iterable[Piece], ending: Ending) -> dict[str, Any]:
        """Return the body of a Converse answer."""
        return {
            "output": {"message": {"role": "assistant", "content": content(pieces)}},
            "stopReason": ending.finish.stop_reason,
            **_facts(ending),
        }

    def headers(self, _: Served) -> Mapping[str, str]:
        """Return nothing: the body says it."""
        return {}

    stream_headers = headers

    def opening(self) -> bytes:
        """Return the event that opens a streamed message."""
        return self._frames(self._turn.opening())

    def piece(self, piece: Piece) -> bytes:
        """Return the events of a piece."""
        return self._frames(self._turn.piece(piece))

    def closing(self, ending: Ending) -> bytes:
        """Return the events without which a streamed answer is not complete."""
        return self._frames([*self._turn.closing(ending.finish), ("metadata", _facts(ending))])

    def _frames(self, events: Iterable[Event]) -> bytes:
        return b"".join(event_frame(name, payload, padding=self._padding) for name, payload in events)


def _facts(ending: Ending) -> dict[str, Any]:
    served = ending.served
    said: dict[str, Any] = {
        "trace": {"promptRouter": {"invokedModelId": served.invoked_model}} if served.invoked_model else None,
        "performanceConfig": {"latency": served.latency_mode} if served.latency_mode else None,
        "serviceTier": {"type": served.service_tier} if served.service_tier else None,
    }
    return {
        "usage": _usage(ending.finish),
        "metrics": {"latencyMs": ending.latency_ms},
        **{name: value for name, value in said.items() if value},
    }


def _usage(finish: Finish) -> dict[str, int]:
    read = finish.input_tokens + finish.cache_read_tokens + finish.cache_write_tokens
    return {
        "inputTokens": finish.input_tokens,
        "outputTokens": finish.output_tokens,
        "totalTokens": read + finish.output_tokens,
        "cacheReadInputTokens": finish.cache_read_tokens,
        "cacheWriteInputTokens": finish.cache_write_tokens,
    }
