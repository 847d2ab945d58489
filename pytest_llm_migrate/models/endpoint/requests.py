"""Reading and checking Converse bodies as the service does, so that a bad request fails here as it fails there."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pytest_llm_migrate.models.endpoint.blocks import read_blocks, read_system
from pytest_llm_migrate.models.endpoint.documents import (
    choice,
    document,
    fraction,
    invalid,
    items,
    members,
    text,
    whole_number,
)
from pytest_llm_migrate.models.endpoint.engines import Converse, Message

LATENCY_MODES = ("standard", "optimized")
SERVICE_TIERS = ("default", "priority", "flex", "reserved")
_MOST_STOP_SEQUENCES = 2500
_OBJECTS = ("guardrailConfig", "outputConfig", "requestMetadata")


def converse_request(model: str, body: bytes) -> Converse:
    """Read the body of Converse and ConverseStream; raises a ``ValidationException`` fault."""
    return read_converse(model, document(body))


def read_converse(model: str, found: dict[str, Any]) -> Converse:
    """Read a Converse request; raises a ``ValidationException`` fault."""
    settings = members(found.get("inferenceConfig", {}), "inferenceConfig")
    _check_configurations(found)
    return Converse(
        model=model,
        messages=_prompt_messages(model, found) or _conversation(items(found.get("messages", []), "messages")),
        system=read_system(found.get("system", [])),
        max_tokens=whole_number(settings.get("maxTokens"), "inferenceConfig.maxTokens"),
        temperature=fraction(settings.get("temperature"), "inferenceConfig.temperature"),
        top_p=fraction(settings.get("topP"), "inferenceConfig.topP"),
        stop_sequences=_stop_sequences(settings.get("stopSequences", [])),
        additional=members(found.get("additionalModelRequestFields", {}), "additionalModelRequestFields"),
        service_tier=choice(_member(found, "serviceTier", "type"), "serviceTier.type", SERVICE_TIERS),
        latency_mode=choice(_member(found, "performanceConfig", "latency"), "performanceConfig.latency", LATENCY_MODES),
        document=found,
    )


def _member(found: dict[str, Any], parent: str, name: str) -> Any:
    return members(found.get(parent, {}), parent).get(name)


def _check_configurations(found: dict[str, Any]) -> None:
    for name in _OBJECTS:
        members(found.get(name, {}), name)
    if "toolConfig" not in found:
        return
    tools = items(_member(found, "toolConfig", "tools") or [], "toolConfig.tools")
    if not tools:
        raise invalid("The toolConfig.tools field is empty. Add a tool and try again.")
    for index, tool in enumerate(tools):
        if len(members(tool, f"toolConfig.tools.{index}")) != 1:
            raise invalid(f"The Tool object at toolConfig.tools.{index} must set exactly one member.")


def _prompt_messages(model: str, found: dict[str, Any]) -> tuple[Message, ...]:
    """Return what a managed prompt, which brings its own messages, is filled with."""
    variables = members(found.get("promptVariables", {}), "promptVariables")
    if ":prompt/" not in model or found.get("messages"):
        return ()
    values = [
        text(members(value, f"promptVariables.{name}").get("text"), f"promptVariables.{name}.text")
        for name, value in variables.items()
    ]
    return (Message("user", "\n".join(values)),)


def _conversation(messages: list[Any]) -> tuple[Message, ...]:
    if not messages:
        raise invalid("The messages field is empty. Add a message to the messages field and try again.")
    conversation = tuple(_message(message, f"messages.{index}") for index, message in enumerate(messages))
    if conversation[0].role != "user":
        raise invalid(
            "A conversation must start with a user message. "
            "Try again with a conversation that starts with a user message."
        )
    if any(first.role == second.role for first, second in pairwise(conversation)):
        raise invalid(
            "A conversation must alternate between user and assistant roles. "
            "Make sure the conversation alternates between user and assistant roles and try again."
        )
    return conversation


def _message(message: Any, where: str) -> Message:
    parts = members(message, where)
    role = parts.get("role")
    if role not in ("user", "assistant"):
        raise invalid(f"The role at {where} must be user or assistant, not {role!r}.")
    written, attachments = read_blocks(parts.get("content", []), f"{where}.content")
    if not written and not attachments:
        raise invalid(f"The content field at {where} is empty. Add a ContentBlock object and try again.")
    return Message(role, written, attachments)


def _stop_sequences(value: Any) -> tuple[str, ...]:
    where = "inferenceConfig.stopSequences"
    sequences = tuple(text(item, where) for item in items(value, where))
    if len(sequences) > _MOST_STOP_SEQUENCES or not all(sequences):
        raise invalid(f"The value at {where} must hold at most {_MOST_STOP_SEQUENCES} texts, none of them empty.")
    return sequences
