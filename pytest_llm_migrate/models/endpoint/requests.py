"""Reading and checking request bodies as the service does, so that a bad request fails here as it fails there."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, TypeGuard

from pytest_llm_migrate.models.endpoint.engines import Converse, Fault, Message

_MOST_STOP_SEQUENCES = 2500


def converse_request(model: str, body: bytes) -> Converse:
    """Read the body of Converse and ConverseStream; raises a ``ValidationException`` fault."""
    return _converse(model, _document(body))


def count_tokens_request(model: str, body: bytes) -> Converse:
    """Read the body of CountTokens, which holds a Converse request; raises a ``ValidationException`` fault."""
    counted = _object(_document(body).get("input", {}), "input")
    if set(counted) != {"converse"}:
        raise _invalid("The input must hold exactly one member: converse.")
    return _converse(model, _object(counted["converse"], "input.converse"))


def _invalid(message: str) -> Fault:
    return Fault("ValidationException", message)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise _invalid("The body is not valid JSON.") from None
    return _object(document, "body")


def _converse(model: str, document: dict[str, Any]) -> Converse:
    if "toolConfig" in document:
        raise _invalid("This model doesn't support tool use.")
    settings = _object(document.get("inferenceConfig", {}), "inferenceConfig")
    return Converse(
        model=model,
        messages=_conversation(_list(document.get("messages", []), "messages")),
        system=_blocks(document.get("system", []), "system"),
        max_tokens=_max_tokens(settings.get("maxTokens")),
        temperature=_fraction(settings.get("temperature"), "inferenceConfig.temperature"),
        top_p=_fraction(settings.get("topP"), "inferenceConfig.topP"),
        stop_sequences=_stop_sequences(settings.get("stopSequences", [])),
        additional=_object(document.get("additionalModelRequestFields", {}), "additionalModelRequestFields"),
    )


def _conversation(messages: list[Any]) -> tuple[Message, ...]:
    if not messages:
        raise _invalid("The messages field is empty. Add a message to the messages field and try again.")
    conversation = tuple(_message(message, f"messages.{index}") for index, message in enumerate(messages))
    if conversation[0].role != "user":
        raise _invalid(
            "A conversation must start with a user message. "
            "Try again with a conversation that starts with a user message."
        )
    if any(first.role == second.role for first, second in pairwise(conversation)):
        raise _invalid(
            "A conversation must alternate between user and assistant roles. "
            "Make sure the conversation alternates between user and assistant roles and try again."
        )
    return conversation


def _message(message: Any, where: str) -> Message:
    parts = _object(message, where)
    role = parts.get("role")
    if role not in ("user", "assistant"):
        raise _invalid(f"The role at {where} must be user or assistant, not {role!r}.")
    text = _blocks(parts.get("content", []), f"{where}.content")
    if not text:
        raise _invalid(f"The content field at {where} is empty. Add a ContentBlock object and try again.")
    return Message(role, text)


def _blocks(blocks: Any, where: str) -> str:
    texts = [_block(block, f"{where}.{index}") for index, block in enumerate(_list(blocks, where))]
    return "\n".join(text for text in texts if text is not None)


def _block(block: Any, where: str) -> str | None:
    """Return a block's text, or nothing for a cache point."""
    members = _object(block, where)
    if len(members) != 1:
        raise _invalid(f"The ContentBlock object at {where} must set exactly one member.")
    ((kind, value),) = members.items()
    if kind == "cachePoint":
        return None
    if kind != "text":
        raise _invalid(f"This model doesn't support the {kind} field. Remove {kind} at {where} and try again.")
    text = _text(value, where)
    if not text.strip():
        raise _invalid(
            f"The text field in the ContentBlock object at {where} is blank. Add text to the text field, and try again."
        )
    return text


def _max_tokens(value: Any) -> int | None:
    if value is None:
        return None
    if not _is_number(value) or value % 1 != 0:
        raise _invalid("The value at inferenceConfig.maxTokens must be a whole number.")
    if value < 1:
        raise _invalid(_constraint(value, "inferenceConfig.maxTokens", "greater than or equal to 1"))
    return int(value)


def _fraction(value: Any, where: str) -> float | None:
    if value is None:
        return None
    if not _is_number(value):
        raise _invalid(f"The value at {where} must be a number.")
    if value < 0:
        raise _invalid(_constraint(value, where, "greater than or equal to 0"))
    if not value <= 1:
        raise _invalid(_constraint(value, where, "less than or equal to 1"))
    return float(value)


def _stop_sequences(value: Any) -> tuple[str, ...]:
    where = "inferenceConfig.stopSequences"
    sequences = tuple(_text(item, where) for item in _list(value, where))
    if len(sequences) > _MOST_STOP_SEQUENCES or not all(sequences):
        raise _invalid(f"The value at {where} must hold at most {_MOST_STOP_SEQUENCES} texts, none of them empty.")
    return sequences


def _constraint(value: Any, where: str, rule: str) -> str:
    return (
        f"1 validation error detected: Value '{value}' at '{where}' failed to satisfy constraint: "
        f"Member must have value {rule}"
    )


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _invalid(f"The value at {where} must be a string.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _invalid(f"The string at {where} is not valid Unicode: it holds half of a surrogate pair.") from None
    return value


def _object(value: Any, where: str) -> dict[str, Any]:
    """Return an object's members; one that is null counts as absent, as in the service."""
    if not isinstance(value, dict):
        raise _invalid(f"The value at {where} must be an object.")
    return {name: member for name, member in value.items() if member is not None}


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise _invalid(f"The value at {where} must be a list.")
    return value
