"""The longest answer that a request can get, for budgets: nothing may turn out dearer than was reserved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import Answer

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import AttachedFile, Request

DEFAULT_OUTPUT_TOKENS = 4096
"""What a call may write when its prompt sets no ``max_tokens``."""
FILE_TOKENS = 8_000
"""What an image, or a page or two of a document, may count as; models scale images down to far less."""
_OVERHEAD = 16


def dearest_answer(request: Request) -> Answer:
    """Return an answer at least as long as any that this request can get, served as the request asks.

    A token is two bytes or more. A document counts by its bytes as well, a tool or a schema by its JSON. What is put
    into a prompt cache is counted as read and as written to the cache.
    """
    options = request.options
    read = text_bytes(request) // 2 + _OVERHEAD + sum(FILE_TOKENS + _bytes(file) // 2 for file in request.attachments)
    return Answer(
        text="",
        input_tokens=read,
        output_tokens=int(request.inference.get("max_tokens") or DEFAULT_OUTPUT_TOKENS),
        cache_write_tokens=read if options.get("cache") else None,
        service_tier=options.get("service_tier"),
        latency_mode=options.get("latency"),
    )


def text_bytes(request: Request) -> int:
    """Return how many bytes of text a request sends; a tool or a schema counts by its JSON, a file does not."""
    options = request.options
    texts = [request.system or "", *(turn.text for turn in request.turns)]
    texts += [json.dumps(options[name]) for name in ("tools", "json_schema") if name in options]
    return sum(len(text.encode("utf-8", "replace")) for text in texts)


def _bytes(file: AttachedFile) -> int:
    if file.kind == "image":
        return 0
    try:
        return file.path.stat().st_size
    except OSError:
        return 0  # gone since it was checked: the call will say so
