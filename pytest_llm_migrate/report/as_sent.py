"""The prompts of both sides in pieces, which the page's script puts together for a row with the row's own fields.

A page so holds every prompt once, however many rows it was sent for.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import SIDES
from pytest_llm_migrate.report.names import RECORDED
from pytest_llm_migrate.report.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.report.figures import Record

_FIELD = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")
_LOGIC = re.compile(r"\{[{%#]")
_LEFT_OUT = "left out of this redacted edition"


def prompts_as_sent(migration: Record, *, is_redacted: bool = False) -> str:
    """Return both sides' prompts as JSON: ``parts``, each a label and its pieces, or ``why`` they are unknown.

    A piece is a text, or a list with the name of the field that stands in its place.
    """
    return json.dumps([{"why": _LEFT_OUT} if is_redacted else _sent(migration[side]) for side in SIDES])


def _sent(side: Record) -> dict[str, Any]:
    if side["ref"] == RECORDED:
        return {"why": "unknown: the answer was recorded"}
    prompt = side.get("prompt")
    if prompt is None:
        return {"why": "unknown: each row brought its own, which the record does not hold"}
    parts = list(_parts(prompt))
    if any(pieces is None for _, pieces in parts):
        return {"why": "unknown here: the template, which stands under What moved, works out more than it is given"}
    return {"parts": parts, "files": bool(prompt.get("attachments"))}


def _parts(prompt: Record) -> Iterator[tuple[str, list[str | list[str]] | None]]:
    if prompt["system"] is not None:
        yield "System", _pieces(prompt["system"])
    for number, (given, wanted) in enumerate(prompt["examples"], 1):
        yield f"Example {number}, user", [visible(given)]
        yield f"Example {number}, assistant", [visible(wanted)]
    yield "User", _pieces(prompt["user"])


def _pieces(template: str) -> list[str | list[str]] | None:
    """Return a template's texts and fields in turn; ``None`` where it has conditions, loops, filters or the like."""
    texts = _FIELD.split(template)
    if any(_LOGIC.search(text) for text in texts[::2]):
        return None
    found: list[str | list[str]] = [[visible(text)] if place % 2 else visible(text) for place, text in enumerate(texts)]
    return [piece for piece in found if piece]
