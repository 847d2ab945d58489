"""A prompt as the one text that a service takes, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.strategies.settings import chosen
from pytest_llm_migrate.strategies.texts import plain_template, unwrapped

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import PromptTask, PromptText

_JOINED = (
    "The service takes one text: the system text was put ahead of the user text, and the new prompt is user text alone "
    "(--strategy-option system=keep rewrites the user text alone)."
)
_EXAMPLES = "The prompt's examples were not sent to the service, and stay."
_KEPT = "The system text stayed as it was: the user text alone was rewritten."


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleText:
    """A prompt as one text.

    Attributes:
        text: What the service gets: variables as ``{{v}}``.
        keeps_system: Whether the system text is left out, and stays.
        notes: What became of a system text and of examples, where there are any.
    """

    text: str
    keeps_system: bool
    notes: tuple[str, ...]

    @classmethod
    def of(cls, task: PromptTask) -> SingleText:
        """Return a task's prompt; the setting ``system`` is ``join`` (default) or ``keep``."""
        prompt = task.prompt
        keeps = chosen(task.settings, "system", ("join", "keep")) == "keep"
        notes = (_EXAMPLES,) if prompt.examples else ()
        if not prompt.system:
            return cls(text=plain_template(prompt.user), keeps_system=True, notes=notes)
        if keeps:
            return cls(text=plain_template(prompt.user), keeps_system=True, notes=(_KEPT, *notes))
        joined = f"{prompt.system}\n\n{prompt.user}"
        return cls(text=plain_template(joined), keeps_system=False, notes=(_JOINED, *notes))

    def filled(self, task: PromptTask, written: str) -> PromptText:
        """Return the prompt with what the service wrote, unwrapped, as its user text."""
        system = task.prompt.system if self.keeps_system else None
        return replace(task.prompt, user=task.template_of(unwrapped(written)), system=system)
