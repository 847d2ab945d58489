"""InvokeModel's wordings: how each family of models writes an answer, whole and in chunks."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pytest_llm_migrate.models.endpoint.engines import Reasoning, ToolCall
from pytest_llm_migrate.models.endpoint.frames import event_frame
from pytest_llm_migrate.models.endpoint.payloads import Turn, arguments, content
from pytest_llm_migrate.models.endpoint.wording import blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_llm_migrate.models.endpoint.engines import Finish, Piece, Served
    from pytest_llm_migrate.models.endpoint.wording import Ending

Chunk = dict[str, Any]
_CUT_OFF = {"max_tokens", "model_context_window_exceeded"}


class Body(Protocol):
    """Writes one answer in the way of a family; has a state, so that each answer needs its own."""

    def whole(self, pieces: Iterable[Piece], finish: Finish) -> Chunk:
        """Return the body of an answer that comes at once."""

    def opening(self) -> Iterator[Chunk]:
        """Yield the chunks before the first piece."""

    def piece(self, piece: Piece) -> Iterator[Chunk]:
        """Yield the chunks of a piece."""

    def closing(self, finish: Finish) -> Iterator[Chunk]:
        """Yield the chunks after the last piece, at least one."""


class InvokeWording:
    """Words one answer of InvokeModel or InvokeModelWithResponseStream."""

    modelled: ClassVar = frozenset(
        {
            "InternalServerException",
            "ModelStreamErrorException",
            "ModelTimeoutException",
            "ServiceUnavailableException",
            "ThrottlingException",
            "ValidationException",
        }
    )

    def __init__(self, body: Body, *, padding: bool = False) -> None:
        self._body, self._padding = body, padding

    def whole(self, pieces: Iterable[Piece], ending: Ending) -> dict[str, Any]:
        """Return the body of an InvokeModel answer."""
        return self._body.whole(pieces, ending.finish)

    def headers(self, served: Served) -> Mapping[str, str]:
        """Return the tier and the latency mode, where they are known."""
        said = {
            "X-Amzn-Bedrock-Service-Tier": served.service_tier,
            "X-Amzn-Bedrock-PerformanceConfig-Latency": served.latency_mode,
        }
        return {name: value for name, value in said.items() if value}

    def stream_headers(self, served: Served) -> Mapping[str, str]:
        """Return the same, and what the chunks hold."""
        return {"X-Amzn-Bedrock-Content-Type": "application/json", **self.headers(served)}

    def opening(self) -> bytes:
        """Return the chunks before the first piece."""
        return self._frames(self._body.opening())

    def piece(self, piece: Piece) -> bytes:
        """Return the chunks of a piece."""
        return self._frames(self._body.piece(piece))

    def closing(self, ending: Ending) -> bytes:
        """Return the last chunks, of which the last has the service's own measurements."""
        chunks = list(self._body.closing(ending.finish))
        chunks[-1]["amazon-bedrock-invocationMetrics"] = {
            "inputTokenCount": ending.finish.input_tokens,
            "outputTokenCount": ending.finish.output_tokens,
            "invocationLatency": ending.latency_ms,
            "firstByteLatency": ending.first_ms,
        }
        return self._frames(chunks)

    def _frames(self, chunks: Iterable[Chunk]) -> bytes:
        return b"".join(self._frame(chunk) for chunk in chunks)

    def _frame(self, chunk: Chunk) -> bytes:
        return event_frame(
            "chunk", {"bytes": base64.b64encode(json.dumps(chunk).encode()).decode()}, padding=self._padding
        )


class AnthropicBody:
    """The Messages form of Claude models."""

    def __init__(self) -> None:
        self._index = 0
        self._kind: type | None = None

    def whole(self, pieces: Iterable[Piece], finish: Finish) -> Chunk:
        """Return a message."""
        return {**_message(), "content": [_claude_block(piece) for piece in blocks(pieces)], **_claude_end(finish)}

    def opening(self) -> Iterator[Chunk]:
        """Yield the start of a message."""
        yield {"type": "message_start", "message": {**_message(), "content": []}}

    def piece(self, piece: Piece) -> Iterator[Chunk]:
        """Yield a delta, and the start of its block where it opens one."""
        if self._kind is not type(piece) or isinstance(piece, ToolCall):
            if self._kind is not None:
                yield self._stop()
                self._index += 1
            self._kind = type(piece)
            yield {"type": "content_block_start", "index": self._index, "content_block": _claude_start(piece)}
        for delta in _claude_deltas(piece):
            yield {"type": "content_block_delta", "index": self._index, "delta": delta}

    def closing(self, finish: Finish) -> Iterator[Chunk]:
        """Yield the end of the last block and of the message."""
        if self._kind is not None:
            yield self._stop()
        end = _claude_end(finish)
        yield {"type": "message_delta", "usage": end.pop("usage"), "delta": end}
        yield {"type": "message_stop"}

    def _stop(self) -> Chunk:
        return {"type": "content_block_stop", "index": self._index}


def _message() -> Chunk:
    return {"id": "msg_bdrk_scripted", "type": "message", "role": "assistant", "model": "claude"}


def _claude_end(finish: Finish) -> Chunk:
    return {
        "stop_reason": finish.stop_reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": finish.input_tokens,
            "output_tokens": finish.output_tokens,
            "cache_read_input_tokens": finish.cache_read_tokens,
            "cache_creation_input_tokens": finish.cache_write_tokens,
        },
    }


def _claude_block(piece: Piece) -> Chunk:
    if isinstance(piece, Reasoning):
        return {"type": "thinking", "thinking": piece.text, "signature": piece.signature}
    if isinstance(piece, ToolCall):
        return {"type": "tool_use", "id": piece.id, "name": piece.name, "input": dict(piece.arguments)}
    return {"type": "text", "text": piece}


def _claude_start(piece: Piece) -> Chunk:
    if isinstance(piece, ToolCall):
        return _claude_block(ToolCall(piece.id, piece.name, {}))
    return _claude_block(Reasoning() if isinstance(piece, Reasoning) else "")


def _claude_deltas(piece: Piece) -> Iterator[Chunk]:
    if isinstance(piece, ToolCall):
        for part in arguments(piece):
            yield {"type": "input_json_delta", "partial_json": part}
    elif isinstance(piece, Reasoning):
        if piece.text:
            yield {"type": "thinking_delta", "thinking": piece.text}
        if piece.signature:
            yield {"type": "signature_delta", "signature": piece.signature}
    else:
        yield {"type": "text_delta", "text": piece}


class NovaBody:
    """The ``messages-v1`` form of Nova models: Converse's, with another usage."""

    def __init__(self) -> None:
        self._turn = Turn()

    def whole(self, pieces: Iterable[Piece], finish: Finish) -> Chunk:
        """Return a message."""
        output = {"message": {"role": "assistant", "content": content(pieces)}}
        return {"output": output, "stopReason": finish.stop_reason, "usage": _nova_usage(finish)}

    def opening(self) -> Iterator[Chunk]:
        """Yield the start of a message."""
        return ({name: payload} for name, payload in self._turn.opening())

    def piece(self, piece: Piece) -> Iterator[Chunk]:
        """Yield the events of a piece."""
        return ({name: payload} for name, payload in self._turn.piece(piece))

    def closing(self, finish: Finish) -> Iterator[Chunk]:
        """Yield the end of the message and its usage."""
        yield from ({name: payload} for name, payload in self._turn.closing(finish))
        yield {"metadata": {"usage": _nova_usage(finish), "metrics": {}, "trace": {}}}


def _nova_usage(finish: Finish) -> dict[str, int]:
    return {
        "inputTokens": finish.input_tokens,
        "outputTokens": finish.output_tokens,
        "totalTokens": finish.input_tokens + finish.output_tokens,
        "cacheReadInputTokenCount": finish.cache_read_tokens,
        "cacheWriteInputTokenCount": finish.cache_write_tokens,
    }


def _text(pieces: Iterable[Piece]) -> str:
    return "".join(piece for piece in pieces if isinstance(piece, str))


def _prompt_stop(finish: Finish) -> str:
    return "length" if finish.stop_reason in _CUT_OFF else "stop"


class LlamaBody:
    """The prompt form of Llama models, which know nothing but text."""

    def whole(self, pieces: Iterable[Piece], finish: Finish) -> Chunk:
        """Return a generation."""
        return _generation(_text(pieces), finish)

    def opening(self) -> Iterator[Chunk]:
        """Yield nothing."""
        return iter(())

    def piece(self, piece: Piece) -> Iterator[Chunk]:
        """Yield a piece of text."""
        yield _generation(_text([piece]), None)

    def closing(self, finish: Finish) -> Iterator[Chunk]:
        """Yield the end of the generation."""
        yield _generation("", finish)


def _generation(text: str, finish: Finish | None) -> Chunk:
    return {
        "generation": text,
        "prompt_token_count": finish.input_tokens if finish else None,
        "generation_token_count": finish.output_tokens if finish else None,
        "stop_reason": _prompt_stop(finish) if finish else None,
    }


class MistralBody:
    """The prompt form of Mistral models, which know nothing but text."""

    def whole(self, pieces: Iterable[Piece], finish: Finish) -> Chunk:
        """Return the only output."""
        return _output(_text(pieces), finish)

    def opening(self) -> Iterator[Chunk]:
        """Yield nothing."""
        return iter(())

    def piece(self, piece: Piece) -> Iterator[Chunk]:
        """Yield a piece of text."""
        yield _output(_text([piece]), None)

    def closing(self, finish: Finish) -> Iterator[Chunk]:
        """Yield the end of the output."""
        yield _output("", finish)


def _output(text: str, finish: Finish | None) -> Chunk:
    return {"outputs": [{"text": text, "stop_reason": _prompt_stop(finish) if finish else None}]}
