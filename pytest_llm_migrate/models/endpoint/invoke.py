"""Reading InvokeModel bodies, each in the way of its family of models."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.endpoint.documents import choice, document, invalid, items, members, text
from pytest_llm_migrate.models.endpoint.families import AnthropicBody, LlamaBody, MistralBody, NovaBody
from pytest_llm_migrate.models.endpoint.requests import LATENCY_MODES, SERVICE_TIERS, read_converse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llm_migrate.models.endpoint.engines import Converse
    from pytest_llm_migrate.models.endpoint.families import Body

_ANTHROPIC_SETTINGS = {
    "max_tokens": "maxTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "stop_sequences": "stopSequences",
}
_LLAMA_SETTINGS = {"max_gen_len": "maxTokens", "temperature": "temperature", "top_p": "topP"}
_MISTRAL_SETTINGS = {"max_tokens": "maxTokens", "temperature": "temperature", "top_p": "topP", "stop": "stopSequences"}
_TIER, _MODE = "x-amzn-bedrock-service-tier", "x-amzn-bedrock-performanceconfig-latency"


def invoke_request(model: str, body: bytes, headers: Mapping[str, str]) -> Converse:
    """Read the body and headers of InvokeModel; raises a ``ValidationException`` fault."""
    return replace(
        read_invocation(model, document(body)),
        service_tier=choice(headers.get(_TIER), "serviceTier", SERVICE_TIERS),
        latency_mode=choice(headers.get(_MODE), "performanceConfigLatency", LATENCY_MODES),
    )


def read_invocation(model: str, found: dict[str, Any]) -> Converse:
    """Read a body in the way of the model's family; raises a ``ValidationException`` fault."""
    read, _ = _family(model)
    return replace(read(model, found), document=found)


def count_tokens_request(model: str, body: bytes) -> Converse:
    """Read the body of CountTokens, which holds another request; raises a ``ValidationException`` fault."""
    match members(document(body).get("input", {}), "input"):
        case {"converse": counted, **others} if not others:
            return read_converse(model, members(counted, "input.converse"))
        case {"invokeModel": counted, **others} if not others:
            encoded = text(members(counted, "input.invokeModel").get("body"), "input.invokeModel.body")
            return read_invocation(model, document(_decoded(encoded)))
    raise invalid("The input must hold exactly one member: converse or invokeModel.")


def written_by(model: str) -> type[Body]:
    """Return the form of a model's answers; raises a ``ValidationException`` fault for an unknown family."""
    return _family(model)[1]


def _family(model: str) -> tuple[Callable[[str, dict[str, Any]], Converse], type[Body]]:
    for part, family in _FAMILIES.items():
        if part in model:
            return family
    raise invalid(f"InvokeModel takes models of {', '.join(_FAMILIES)} here, not {model!r}. Use Converse.")


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise invalid("The value at input.invokeModel.body is not valid base64.") from None


def _anthropic(model: str, found: dict[str, Any]) -> Converse:
    for name in ("anthropic_version", "max_tokens", "messages"):
        if name not in found:
            raise invalid(f"{name}: Field required")
    messages = [
        {**turn, "content": _anthropic_blocks(turn.get("content", []), f"messages.{index}.content")}
        for index, turn in enumerate(members(turn, "messages") for turn in items(found["messages"], "messages"))
    ]
    system = _anthropic_blocks(found.get("system", []), "system")
    rest = {"messages", "system", "anthropic_version"}
    return _converse(model, messages, {name: value for name, value in found.items() if name not in rest}, system)


def _anthropic_blocks(content: Any, where: str) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"text": content}]
    return [_anthropic_block(members(block, where), where) for block in items(content, where)]


def _anthropic_block(block: dict[str, Any], where: str) -> dict[str, Any]:
    match block:
        case {"type": "text"}:
            return {"text": block.get("text")}
        case {"type": ("image" | "document") as kind}:
            source = members(block.get("source", {}), f"{where}.source")
            return {kind: {"source": {"bytes": source.get("data")} if source.get("type") == "base64" else source}}
        case {"type": "tool_use"}:
            return {"toolUse": block}
        case {"type": "tool_result"}:
            return {"toolResult": {**block, "content": _anthropic_blocks(block.get("content", []), where)}}
        case {"type": "thinking" | "redacted_thinking"}:
            return {"reasoningContent": block}
    raise invalid(f"{where}: Input tag {block.get('type')!r} does not match any of the expected tags")


def _nova(model: str, found: dict[str, Any]) -> Converse:
    names = {"messages", "system", "inferenceConfig", "toolConfig", "additionalModelRequestFields"}
    return read_converse(model, {name: value for name, value in found.items() if name in names})


def _prompted(settings: Mapping[str, str]) -> Callable[[str, dict[str, Any]], Converse]:
    def read(model: str, found: dict[str, Any]) -> Converse:
        prompt = text(found.get("prompt"), "prompt")
        others = {name: value for name, value in found.items() if name != "prompt"}
        return _converse(model, [{"role": "user", "content": [{"text": prompt}]}], others, [], settings)

    return read


def _converse(
    model: str,
    messages: list[dict[str, Any]],
    others: dict[str, Any],
    system: list[dict[str, Any]],
    settings: Mapping[str, str] = _ANTHROPIC_SETTINGS,
) -> Converse:
    return read_converse(
        model,
        {
            "messages": messages,
            "system": system,
            "inferenceConfig": {wire: others[name] for name, wire in settings.items() if name in others},
            "additionalModelRequestFields": {name: value for name, value in others.items() if name not in settings},
        },
    )


_FAMILIES: Mapping[str, tuple[Callable[[str, dict[str, Any]], Converse], type[Body]]] = {
    "anthropic.": (_anthropic, AnthropicBody),
    "amazon.nova": (_nova, NovaBody),
    "meta.llama": (_prompted(_LLAMA_SETTINGS), LlamaBody),
    "mistral.": (_prompted(_MISTRAL_SETTINGS), MistralBody),
}
"""How each family, found by a part of the model's id, is read and written."""
