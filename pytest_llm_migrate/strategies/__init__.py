"""Strategies: ways to rewrite a prompt for a target model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Strategy


def builtins() -> tuple[Strategy, ...]:
    """Return the strategies that come with the plugin."""
    return ()
