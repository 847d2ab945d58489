"""Answers that are none: cut off, or refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Side

TRUNCATED = frozenset({"max_tokens", "model_context_window_exceeded"})
REFUSED = frozenset({"guardrail_intervened", "content_filtered"})
_UNABLE = r"(?:can(?:no|['\u2019])t|(?:am|['\u2019]m) (?:unable|not able) to)"
_REFUSAL = re.compile(rf"\s*(?:(?:i(?: am|['\u2019]?m) )?sorry,? but|i ?{_UNABLE}|as an ai\b)", re.IGNORECASE)


def is_truncated(side: Side) -> bool | None:
    """Return whether an answer ended because it was too long, ``None`` where nothing tells."""
    return None if side.failure or side.stop_reason is None else side.stop_reason in TRUNCATED


def is_refusal(side: Side) -> bool | None:
    """Return whether a filter stopped an answer or it opens with a refusal, ``None`` without one."""
    return None if side.failure else side.stop_reason in REFUSED or bool(_REFUSAL.match(side.text))
