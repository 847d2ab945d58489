"""``metaprompt``: a model is told how good prompts are built, and builds one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Takes
from pytest_llm_migrate.errors import masked
from pytest_llm_migrate.strategies.writing import ASKED, check_optimizer, listed_variables, prompt_texts, write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.domain import PromptTask, Rewrite

SYSTEM = """6. The original has a system text. Write the new system text inside <System> tags before the <Instructions>:
   role and standing rules there, task and variables in the <Instructions>, nothing in both.
"""
_OUTPUT = "As the original prompt asks for it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Metaprompt:
    """Has any model write the prompt, told the task, the variables and the form of the output.

    It takes the settings ``task`` (what the prompt is for), ``output`` (the form of the output) and ``max_tokens``.
    """

    name: str = "metaprompt"
    learns: bool = False
    settings: frozenset[str] = frozenset({"task", "output", "max_tokens"})
    tool: str = "metaprompt 1"

    def takes(self, rows: int) -> Takes:  # noqa: ARG002 - whatever their number
        """Return the texts that are asked for at most: a prompt that cannot be used is asked for again once."""
        return Takes(texts=ASKED, answers=0)

    def check(self, target: str, settings: Mapping[str, Any], optimizer: str | None) -> None:  # noqa: ARG002 - the model is all
        """Raise `NoOptimizerError` where no model writes."""
        check_optimizer(self.name, optimizer)

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return the prompt; raises as `write` does."""
        return write(task, self.name, _question(task))


def _question(task: PromptTask) -> str:
    about = task.settings.get("task")
    text = Path(__file__).with_name("metaprompt.md").read_text("utf-8")
    return Template(text).substitute(
        SOURCE=masked(task.source),
        TARGET=masked(task.target),
        PROMPT=prompt_texts(task.prompt),
        ABOUT=f"<about_the_task>\n{about}\n</about_the_task>\n" if about else "",
        VARIABLES=listed_variables(task),
        OUTPUT=task.settings.get("output", _OUTPUT),
        SYSTEM=SYSTEM if task.prompt.system else "",
    )
