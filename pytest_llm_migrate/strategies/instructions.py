"""Instructions that are added to a prompt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import PromptTask, PromptText


def instructed(task: PromptTask, text: str) -> PromptText:
    """Return a task's prompt with more instructions: at the end of the system text, else ahead of the user text."""
    added = task.template_of(text)
    if task.prompt.system:
        return replace(task.prompt, system=f"{task.prompt.system.rstrip()}\n\n{added}\n")
    return replace(task.prompt, user=f"{added}\n\n{task.prompt.user}")
