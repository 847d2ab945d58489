"""Bedrock's Converse wire: what a request is sent as, and how a reply or a stream is read into an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.answer import Answer, ToolCall
from pytest_llm_migrate.domain.options import TOOL_CHOICES
from pytest_llm_migrate.domain.request import STANDARD_SETTINGS
from pytest_llm_migrate.errors import CallFailedError, masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llm_migrate.domain.attachment import AttachedFile
    from pytest_llm_migrate.domain.request import Request

WIRE_SETTINGS = {"temperature": "temperature", "top_p": "topP", "max_tokens": "maxTokens", "stop": "stopSequences"}

UNUSABLE = {
    "malformed_model_output": "malformed_output",
    "malformed_tool_use": "malformed_output",
    "model_context_window_exceeded": "context_too_long",
}
"""Stop reasons that are faults where neither a text nor a tool call came with them."""

BETWEEN_THOUGHTS = "\n\n"


def parameters(model_id: str, request: Request) -> dict[str, Any]:
    """Return the arguments of ``converse`` and ``converse_stream`` for a request; a setting of ``None`` is not sent.

    Reads attached files; raises `CallFailedError` where one has changed. With ``cache``, what stands before a cache
    point is kept by the service: the system text, and all turns but the last.
    """
    settings = {name: value for name, value in request.inference.items() if value is not None}
    if isinstance(settings.get("stop"), str):
        settings["stop"] = [settings["stop"]]
    optional = {
        "system": [{"text": request.system}, *_cache_point(request)] if request.system else None,
        "inferenceConfig": {wire: settings[name] for name, wire in WIRE_SETTINGS.items() if name in settings},
        "additionalModelRequestFields": {
            name: value for name, value in settings.items() if name not in STANDARD_SETTINGS
        },
        **_options(request.options),
    }
    return {
        "modelId": model_id,
        "messages": _messages(request),
        **{name: value for name, value in optional.items() if value},
    }


def read_reply(reply: Mapping[str, Any], latency: float) -> Answer:
    """Return the answer in a Converse reply; one without output or usage was cut off on its way.

    What a guardrail or filter put in an answer's place is an answer: its text is the service's, its stop reason counts
    as a refusal. A text cut off at the end of the model's context is an answer, too. Without any text and tool
    call, ``malformed_*`` raises `CallFailedError` as ``malformed_output``, and ``model_context_window_exceeded``
    as ``context_too_long``.
    """
    if not reply.get("output") or not reply.get("usage"):
        raise CallFailedError("truncated_body", "the reply has no output or no usage: its body was cut off")
    blocks = reply["output"].get("message", {}).get("content", ())
    return _answer(blocks, reply.get("stopReason"), reply, latency=latency)


class StreamedReply:
    """Gathers the events of one ConverseStream call."""

    def __init__(self) -> None:
        self._blocks: dict[int, _Block] = {}
        self._stop: Mapping[str, Any] | None = None
        self._metadata: Mapping[str, Any] | None = None

    def add(self, event: Mapping[str, Any]) -> bool:
        """Take an event in, and tell whether it brought text; neither a thought nor a tool call is text."""
        if "contentBlockDelta" in event:
            delta = event["contentBlockDelta"]
            return self._block(delta).add(delta.get("delta", {}))
        if "contentBlockStart" in event:
            start = event["contentBlockStart"]
            self._block(start).tool = _found(start, "start", "toolUse", "name")
        self._stop = event.get("messageStop", self._stop)
        self._metadata = event.get("metadata", self._metadata)
        return False

    def _block(self, event: Mapping[str, Any]) -> _Block:
        return self._blocks.setdefault(event.get("contentBlockIndex", 0), _Block())

    def answer(self, latency: float, ttft: float | None) -> Answer:
        """Return the whole answer, as `read_reply` does of a reply.

        A stream without its last two events was cut off, however clean its end.
        """
        if self._stop is None or self._metadata is None:
            missing = "messageStop" if self._stop is None else "metadata"
            raise CallFailedError("stream_ended_early", f"the stream ended without {missing}: the text may be cut off")
        blocks = [block.whole() for _, block in sorted(self._blocks.items())]
        return _answer(blocks, self._stop.get("stopReason"), self._metadata, latency=latency, ttft=ttft)


class _Block:
    """One content block as it arrives."""

    def __init__(self) -> None:
        self.tool: str | None = None
        self._text: list[str] = []
        self._thought: list[str] = []
        self._input: list[str] = []

    def add(self, delta: Mapping[str, Any]) -> bool:
        text = delta.get("text", "")
        self._text.append(text)
        self._thought.append(delta.get("reasoningContent", {}).get("text", ""))
        self._input.append(delta.get("toolUse", {}).get("input", ""))
        return bool(text)

    def whole(self) -> dict[str, Any]:
        """Return the block as Converse gives it."""
        block: dict[str, Any] = {"text": "".join(self._text)}
        block["reasoningContent"] = {"reasoningText": {"text": "".join(self._thought)}}
        if self.tool is not None:
            block["toolUse"] = {"name": self.tool, "input": _parsed("".join(self._input))}
        return block


def _messages(request: Request) -> list[dict[str, Any]]:
    contents: list[list[dict[str, Any]]] = [[{"text": turn.text}] for turn in request.turns]
    *before, last = contents
    if before:
        before[-1] += _cache_point(request)
    last[:0] = [_file_block(file, number) for number, file in enumerate(request.attachments, start=1)]
    return [{"role": turn.role, "content": content} for turn, content in zip(request.turns, contents, strict=True)]


def _cache_point(request: Request) -> list[dict[str, Any]]:
    cache = request.options.get("cache")
    if not cache:
        return []
    return [{"cachePoint": {"type": "default"} if cache is True else {"type": "default", "ttl": cache}}]


def _file_block(file: AttachedFile, number: int) -> dict[str, Any]:
    block: dict[str, Any] = {"format": file.format, "source": {"bytes": file.read()}}
    if file.kind == "document":
        block["name"] = f"document {number}"  # a model reads it: it must tell nothing that the content does not
    return {file.kind: block}


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "serviceTier": _wrapped("type", options.get("service_tier")),
        "performanceConfig": _wrapped("latency", options.get("latency")),
        "guardrailConfig": _guardrail(options.get("guardrail", {})),
        "toolConfig": _tools(options),
        "outputConfig": _output(options),
    }


def _wrapped(name: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {name: value}


def _guardrail(guardrail: Mapping[str, str]) -> dict[str, str]:
    names = {"id": "guardrailIdentifier", "version": "guardrailVersion", "trace": "trace"}
    return {names[name]: value for name, value in guardrail.items()}


def _tools(options: Mapping[str, Any]) -> dict[str, Any]:
    tools = [
        {
            "toolSpec": {
                **_wrapped("description", tool.get("description")),
                "name": tool["name"],
                "inputSchema": {"json": tool["input_schema"]},
            }
        }
        for tool in options.get("tools", ())
    ]
    return {"tools": tools, **_tool_choice(options.get("tool_choice"))} if tools else {}


def _tool_choice(choice: str | None) -> dict[str, Any]:
    if choice is None:
        return {}
    return {"toolChoice": {choice: {}} if choice in TOOL_CHOICES else {"tool": {"name": choice}}}


def _output(options: Mapping[str, Any]) -> dict[str, Any]:
    output = _wrapped("effort", options.get("effort"))
    if schema := options.get("json_schema"):
        definition = {**schema, "schema": json.dumps(schema["schema"], ensure_ascii=False)}
        output["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": definition}}
    return output


def _answer(
    blocks: Sequence[Mapping[str, Any]],
    stop_reason: str | None,
    facts: Mapping[str, Any],
    *,
    latency: float,
    ttft: float | None = None,
) -> Answer:
    text = joined(block.get("text", "") for block in blocks)
    calls = tuple(_tool_call(block["toolUse"]) for block in blocks if "toolUse" in block)
    if stop_reason in UNUSABLE and not text and not calls:
        raise CallFailedError(UNUSABLE[stop_reason], f"the model stopped with {stop_reason} and gave no answer")
    milliseconds = _found(facts, "metrics", "latencyMs")
    return Answer(
        text=text,
        stop_reason=stop_reason,
        input_tokens=_found(facts, "usage", "inputTokens"),
        output_tokens=_found(facts, "usage", "outputTokens"),
        cache_read_tokens=_found(facts, "usage", "cacheReadInputTokens"),
        cache_write_tokens=_found(facts, "usage", "cacheWriteInputTokens"),
        latency=latency,
        server_latency=None if milliseconds is None else milliseconds / 1000,
        ttft=ttft,
        model=masked(_found(facts, "trace", "promptRouter", "invokedModelId") or "") or None,
        service_tier=_found(facts, "serviceTier", "type"),
        latency_mode=_found(facts, "performanceConfig", "latency"),
        reasoning=_reasoning(blocks),
        tool_calls=calls,
    )


def _found(facts: Any, *names: str) -> Any:
    """Return what lies under one name within the other, ``None`` where a part of the way is missing or null."""
    for name in names:
        facts = (facts or {}).get(name)
    return facts


def _reasoning(blocks: Sequence[Mapping[str, Any]]) -> str | None:
    thoughts = [_found(block, "reasoningContent", "reasoningText", "text") for block in blocks]
    return joined([BETWEEN_THOUGHTS.join(filter(None, thoughts))]) or None


def _tool_call(block: Mapping[str, Any]) -> ToolCall:
    arguments = joined([json.dumps(block.get("input", {}), ensure_ascii=False)])
    return ToolCall(name=block.get("name", ""), arguments=json.loads(arguments, parse_constant=str))


def _parsed(arguments: str) -> Any:
    """Return a tool's arguments; as the text it is where that is no JSON, as of a call that was cut off."""
    try:
        return json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return arguments


def joined(parts: Iterable[str]) -> str:
    """Join parts of a text; a character beyond 16 bits may have been cut in two between them."""
    text = "".join(parts)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
