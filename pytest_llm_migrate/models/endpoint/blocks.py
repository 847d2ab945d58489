"""Reading the content blocks of a message: its texts, and what is attached to them."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from pytest_llm_migrate.models.endpoint.documents import invalid, items, members, text
from pytest_llm_migrate.models.endpoint.engines import Attachment

_MEDIA = frozenset({"audio", "document", "image", "video"})
_OTHERS = frozenset(
    {"citationsContent", "reasoningContent", "searchResult", "toolAddition", "toolRemoval", "toolResult", "toolUse"}
)
_SYSTEM = frozenset({"cachePoint", "guardContent", "text"})


def read_blocks(blocks: Any, where: str) -> tuple[str, tuple[Attachment, ...]]:
    """Return the texts of a message's blocks, joined by line breaks, and its attachments."""
    texts: list[str] = []
    attachments: list[Attachment] = []
    for index, block in enumerate(items(blocks, where)):
        kind, value = _only_member(block, f"{where}.{index}")
        texts += _texts(kind, value, f"{where}.{index}")
        if kind in _MEDIA | _OTHERS:
            attachments.append(Attachment(kind, _digest(kind, value, f"{where}.{index}")))
    return "\n".join(texts), tuple(attachments)


def read_system(blocks: Any) -> str:
    """Return the system text."""
    for index, block in enumerate(items(blocks, "system")):
        kind, _ = _only_member(block, f"system.{index}")
        if kind not in _SYSTEM:
            raise invalid(f"The system field doesn't take {kind}. Remove {kind} at system.{index} and try again.")
    return read_blocks(blocks, "system")[0]


def _only_member(block: Any, where: str) -> tuple[str, Any]:
    found = members(block, where)
    if len(found) != 1:
        raise invalid(f"The ContentBlock object at {where} must set exactly one member.")
    ((kind, value),) = found.items()
    if kind not in _MEDIA | _OTHERS | _SYSTEM:
        raise invalid(f"This model doesn't support the {kind} field. Remove {kind} at {where} and try again.")
    return kind, value if kind == "text" else members(value, where)


def _texts(kind: str, value: Any, where: str) -> list[str]:
    if kind == "text":
        return [_written(value, where)]
    if kind == "guardContent":
        return [_written(members(value["text"], where).get("text"), where)] if "text" in value else []
    if kind == "toolResult":
        return [_result(item, where) for item in items(value.get("content", []), f"{where}.content")]
    return []


def _written(value: Any, where: str) -> str:
    found = text(value, where)
    if not found.strip():
        raise invalid(
            f"The text field in the ContentBlock object at {where} is blank. Add text to the text field, and try again."
        )
    return found


def _result(item: Any, where: str) -> str:
    found = members(item, where)
    return text(found["text"], where) if "text" in found else json.dumps(found.get("json"))


def _digest(kind: str, value: dict[str, Any], where: str) -> str:
    source = members(value.get("source", {}), f"{where}.source") if kind in _MEDIA else {}
    if "bytes" in source:
        return hashlib.sha256(_decoded(source["bytes"], where)).hexdigest()
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _decoded(value: Any, where: str) -> bytes:
    try:
        return base64.b64decode(text(value, where), validate=True)
    except ValueError:
        raise invalid(f"The bytes at {where}.source are not valid base64.") from None
