"""A model writes the prompt: it is asked, its text is read, and it is asked once more where something is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import Request, Rewrite, Turn
from pytest_llm_migrate.errors import NoOptimizerError, NoRewriteError
from pytest_llm_migrate.strategies.language import language_fault
from pytest_llm_migrate.strategies.settings import whole
from pytest_llm_migrate.strategies.texts import lost_variables, plain_template, unwrapped, without_tags

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Answer, PromptTask, PromptText

ASKED = 2
"""Times that a model is asked for a prompt at most."""
_MAX_TOKENS = 4096
_AGAIN = (
    "What you wrote cannot be used: {fault}. Write it again, complete, in the form that I asked for, with every "
    "variable spelled as in the original prompt."
)
_WAY_OUT = "Take another --optimizer-model or strategy, or write the prompt by hand."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What became of a model's text: the prompt in it, or what is wrong with it."""

    user: str = ""
    system: str | None = None
    fault: str = ""


def write(task: PromptTask, strategy: str, question: str) -> Rewrite:
    """Return the prompt that the optimizer model writes between ``<Instructions>`` (and ``<System>``) tags.

    Raises:
        NoOptimizerError: The run has none.
        NoRewriteError: What it wrote cannot be used, the second time too; the sentence says why.
        CallFailedError: It did not answer.
    """
    check_optimizer(strategy, task.optimizer)
    turns = [Turn("user", question)]
    notes = []
    reading = _Reading()
    for _ in range(ASKED):
        answer = task.ask(_request(task, turns))
        reading = _read(task, answer)
        if not reading.fault:
            notes += _notes(task.prompt, reading)
            return Rewrite(prompt=_filled(task.prompt, reading), notes=tuple(notes))
        notes.append(f"The model was asked again: {reading.fault}.")
        task.say(notes[-1])
        # A conversation cannot hold an empty text: the question alone is asked once more.
        if answer.text.strip():
            turns += [Turn("assistant", answer.text), Turn("user", _AGAIN.format(fault=reading.fault))]
    raise NoRewriteError(strategy, task.target, f"of {task.optimizer}'s text, {reading.fault}", _WAY_OUT)


def check_optimizer(strategy: str, optimizer: str | None) -> None:
    """Raise `NoOptimizerError` where no model writes for a strategy."""
    if optimizer is None:
        raise NoOptimizerError(strategy)


def prompt_texts(prompt: PromptText) -> str:
    """Return a prompt's texts for a model to read, each in a tag of its own."""
    system = f"<system>\n{plain_template(prompt.system)}\n</system>\n" if prompt.system else ""
    return f"{system}<user>\n{plain_template(prompt.user)}\n</user>"


def listed_variables(task: PromptTask) -> str:
    """Return the prompt's variables as they are to be written."""
    return "\n".join(f"{{{{{name}}}}}" for name in sorted(_variables(task))) or "(none)"


def _variables(task: PromptTask) -> frozenset[str]:
    """Return the variables of the texts that are rewritten: attachments and examples keep their own."""
    return task.variables.difference(lost_variables([task.prompt.user, task.prompt.system], task.variables))


def _request(task: PromptTask, turns: list[Turn]) -> Request:
    most = whole(task.settings, "max_tokens", _MAX_TOKENS)
    return Request(turns=tuple(turns), inference={"max_tokens": most})


def _read(task: PromptTask, answer: Answer) -> _Reading:
    if not answer.text.strip():
        return _Reading(fault="it is empty")
    written = _tagged(answer.text, "Instructions")
    if written is None and answer.stop_reason == "end_turn":  # the model ended of itself and left the last tag open
        written = _tagged(f"{answer.text}</Instructions>", "Instructions")
    if written is None:
        is_cut = answer.stop_reason in {"max_tokens", "model_context_window_exceeded"}
        return _Reading(fault="it is cut off (see max_tokens)" if is_cut else "it has no <Instructions>")
    if not written:
        return _Reading(fault="its <Instructions> are empty")
    system = _tagged(answer.text, "System")
    reading = _Reading(
        user=task.template_of(written),
        system=task.template_of(system) if system and task.prompt.system else task.prompt.system,
    )
    return replace(reading, fault=fault_of(task, reading.user, reading.system))


def fault_of(task: PromptTask, user: str, system: str | None) -> str:
    """Return what is wrong with a written prompt's templates: lost variables, another language; or nothing."""
    lost = lost_variables([user, system], _variables(task))
    if lost:
        return f"it lost the {'variable' if len(lost) == 1 else 'variables'} {', '.join(map(repr, lost))}"
    return language_fault(
        without_tags(f"{task.prompt.system or ''}\n{task.prompt.user}"), without_tags(f"{system or ''}\n{user}")
    )


def _tagged(text: str, tag: str) -> str | None:
    """Return the last text in such tags; a tag that prose mentions before it does not count."""
    found = re.findall(rf"<{tag}>((?:(?!<{tag}>).)*?)</{tag}>", text, re.DOTALL | re.IGNORECASE)
    return unwrapped(found[-1]) if found else None


def _filled(prompt: PromptText, reading: _Reading) -> PromptText:
    return replace(prompt, user=reading.user, system=reading.system)


def _notes(prompt: PromptText, reading: _Reading) -> list[str]:
    is_kept = prompt.system is not None and reading.system == prompt.system
    return ["The system text stayed as it was."] if is_kept else []
