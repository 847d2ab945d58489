"""Bedrock's Converse wire: what a request is sent as, and how a reply or a stream is read into an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.answer import Answer
from pytest_llm_migrate.domain.request import STANDARD_SETTINGS
from pytest_llm_migrate.errors import CallFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llm_migrate.domain.request import Request

WIRE_SETTINGS = {"temperature": "temperature", "top_p": "topP", "max_tokens": "maxTokens", "stop": "stopSequences"}


def parameters(model_id: str, request: Request) -> dict[str, Any]:
    """Return the arguments of ``converse`` and ``converse_stream`` for a request; a setting of ``None`` is not sent."""
    settings = {name: value for name, value in request.inference.items() if value is not None}
    if isinstance(settings.get("stop"), str):
        settings["stop"] = [settings["stop"]]
    optional = {
        "system": [{"text": request.system}] if request.system else None,
        "inferenceConfig": {wire: settings[name] for name, wire in WIRE_SETTINGS.items() if name in settings},
        "additionalModelRequestFields": {
            name: value for name, value in settings.items() if name not in STANDARD_SETTINGS
        },
    }
    messages = [{"role": turn.role, "content": [{"text": turn.text}]} for turn in request.turns]
    return {"modelId": model_id, "messages": messages, **{name: value for name, value in optional.items() if value}}


def read_reply(reply: Mapping[str, Any], latency: float) -> Answer:
    """Return the answer in a Converse reply; one without output or usage was cut off on its way."""
    if not reply.get("output") or not reply.get("usage"):
        raise CallFailedError("truncated_body", "the reply has no output or no usage: its body was cut off")
    blocks = reply["output"].get("message", {}).get("content", ())
    text = _joined(block.get("text", "") for block in blocks)
    return _answer(text, reply.get("stopReason"), reply, latency=latency)


class StreamedReply:
    """Gathers the events of one ConverseStream call."""

    def __init__(self) -> None:
        self._blocks: dict[int, list[str]] = {}
        self._stop: Mapping[str, Any] | None = None
        self._metadata: Mapping[str, Any] | None = None

    def add(self, event: Mapping[str, Any]) -> bool:
        """Take an event in, and tell whether it brought text."""
        if "contentBlockDelta" in event:
            return self._add_text(event["contentBlockDelta"])
        self._stop = event.get("messageStop", self._stop)
        self._metadata = event.get("metadata", self._metadata)
        return False

    def _add_text(self, delta: Mapping[str, Any]) -> bool:
        text = delta.get("delta", {}).get("text", "")
        if text:
            self._blocks.setdefault(delta.get("contentBlockIndex", 0), []).append(text)
        return bool(text)

    def answer(self, latency: float, ttft: float | None) -> Answer:
        """Return the whole answer; a stream without its last two events was cut off, however clean its end."""
        if self._stop is None or self._metadata is None:
            missing = "messageStop" if self._stop is None else "metadata"
            raise CallFailedError("stream_ended_early", f"the stream ended without {missing}: the text may be cut off")
        text = _joined(part for _, parts in sorted(self._blocks.items()) for part in parts)
        return _answer(text, self._stop.get("stopReason"), self._metadata, latency=latency, ttft=ttft)


def _joined(parts: Iterable[str]) -> str:
    """Join parts of a text; a character beyond 16 bits may have been cut in two between them."""
    text = "".join(parts)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _answer(
    text: str, stop_reason: str | None, facts: Mapping[str, Any], *, latency: float, ttft: float | None = None
) -> Answer:
    usage = facts.get("usage", {})
    milliseconds = facts.get("metrics", {}).get("latencyMs")
    return Answer(
        text=text,
        stop_reason=stop_reason,
        input_tokens=usage.get("inputTokens"),
        output_tokens=usage.get("outputTokens"),
        cache_read_tokens=usage.get("cacheReadInputTokens"),
        cache_write_tokens=usage.get("cacheWriteInputTokens"),
        latency=latency,
        server_latency=None if milliseconds is None else milliseconds / 1000,
        ttft=ttft,
    )
