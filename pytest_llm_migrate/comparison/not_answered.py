"""Answers that are none: cut off, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import REFUSED, opens_with_refusal

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Side

TRUNCATED = frozenset({"max_tokens", "model_context_window_exceeded"})


def is_truncated(side: Side) -> bool | None:
    """Return whether an answer ended because it was too long, ``None`` where nothing tells."""
    return None if side.failure or side.stop_reason is None else side.stop_reason in TRUNCATED


def is_refusal(side: Side) -> bool | None:
    """Return whether a filter stopped an answer or it opens with a refusal, ``None`` without one."""
    return None if side.failure else side.stop_reason in REFUSED or opens_with_refusal(side.text)
