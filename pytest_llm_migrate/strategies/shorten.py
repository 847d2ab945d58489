"""``shorten``: the target is asked for shorter answers, and what that does is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import Rewrite, Takes
from pytest_llm_migrate.strategies.instructions import instructed

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import PromptTask, Trial

WORDING = (
    "Be brief: give only what is asked for, in as few words as a full answer takes. No introduction, no repetition of "
    "the question, no closing remark. Keep the asked-for format as it is."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shorten:
    """Asks for shorter answers in words of its own, and notes tokens, seconds and scores before and after."""

    name: str = "shorten"
    learns: bool = False
    settings: frozenset[str] = frozenset()
    tool: str = "shorten 1"

    def takes(self, rows: int) -> Takes:
        """Return the answers to the prompt before and after."""
        return Takes(texts=0, answers=2 * rows)

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return the prompt with the wording; raises `CallFailedError` where the target does not answer."""
        prompt = instructed(task, WORDING)
        before, after = task.try_out(task.prompt, task.rows), task.try_out(prompt, task.rows)
        return Rewrite(prompt=prompt, trials=(before, after), notes=(_note(before, after),))


def _note(before: Trial, after: Trial) -> str:
    return (
        f"Tokens written a row {_figure(before.output_tokens, '.1f')} -> {_figure(after.output_tokens, '.1f')}, "
        f"seconds {_figure(before.latency, '.2f')} -> {_figure(after.latency, '.2f')}, score {before.mean:.3f} -> "
        f"{after.mean:.3f} over {after.rows} rows."
    )


def _figure(value: float | None, form: str) -> str:
    return "unknown" if value is None else format(value, form)
