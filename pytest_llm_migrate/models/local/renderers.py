"""How a conversation is put to each local model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.models.endpoint.engines import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llm_migrate.models.endpoint.engines import Converse

_TURN_WORDS = ("Input", "Output")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Messages for the chat template in the model's own file, as pairs of role and text."""

    messages: tuple[tuple[str, str], ...]
    stop: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A text that the model goes on with."""

    text: str
    stop: tuple[str, ...]


Prompt = Chat | Completion


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """A model's way of being asked, and the fields of its own that a request may carry."""

    render: Callable[[Converse], Prompt]
    fields: frozenset[str]


def render_chat(request: Converse) -> Chat:
    """Return the system text and the turns as they are."""
    system = (("system", request.system),) if request.system else ()
    turns = tuple((message.role, message.text) for message in request.messages)
    return Chat(messages=system + turns, stop=request.stop_sequences)


def render_completion(request: Converse) -> Completion:
    r"""Return a text for a base model, which knows no chat.

    One user message and nothing else is that text, with the request's own stop sequences: it carries its
    examples itself. Otherwise the system text comes first, then ``Input: ...\nOutput: ...\n\n`` for each turn
    up to the last ``Output:``, and the answer also ends at an empty line or at the next ``Input:``.
    ``turn_words`` in the request replaces the two words. Raises a ``ValidationException`` fault.
    """
    asked, answered = _turn_words(request.additional.get("turn_words", _TURN_WORDS))
    if len(request.messages) == 1 and not request.system:
        return Completion(text=request.question, stop=request.stop_sequences)
    parts = [f"{request.system}\n\n"] if request.system else []
    parts += [
        f"{asked}: {message.text}\n{answered}:" if message.role == "user" else f" {message.text}\n\n"
        for message in request.messages
    ]
    return Completion(text="".join(parts), stop=(*request.stop_sequences, "\n\n", f"\n{asked}:"))


def _turn_words(words: object) -> tuple[str, str]:
    match words:
        case [str(asked), str(answered)] if _is_word(asked) and _is_word(answered):
            return asked, answered
    raise Fault("ValidationException", f"turn_words must be two words, not {words!r}.")


def _is_word(text: str) -> bool:
    return bool(text.strip()) and text.isprintable()


RENDERERS: Mapping[str, Renderer] = {
    "smollm2-135m": Renderer(render=render_chat, fields=frozenset({"cache_prompt"})),
    "gemma3-270m": Renderer(render=render_completion, fields=frozenset({"cache_prompt", "turn_words"})),
}
"""The renderer of every local model by its id."""
