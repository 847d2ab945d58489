"""Prompts as turns of a conversation, as other tools keep them: system, examples, and the question at the end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Example
from pytest_llm_migrate.errors import PromptImportError
from pytest_llm_migrate.prompts.braces import from_template
from pytest_llm_migrate.prompts.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.prompts.braces import Braces

_ROLE = re.compile(r"(?:\A|(?<=\n))[ \t]*(?P<role>Human|Assistant):[ \t]?")
_ROLES = {"Human": "user", "Assistant": "assistant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How texts from elsewhere are read.

    Attributes:
        braces: Which braces name variables.
        names: New names of variables.
    """

    braces: Braces = "auto"
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def doubled(self) -> Reading:
        """The same for a format whose variables stand in double braces, unless the user says which do."""
        return replace(self, braces="double") if self.braces == "auto" else self


def turns_of_text(text: str) -> list[tuple[str, str]]:
    """Return the turns of a text with ``Human:`` and ``Assistant:`` at the start of lines, each with its role.

    What stands before the first is the system's; a text without ``Human:`` is one user turn, as it stands.
    """
    marks = list(_ROLE.finditer(text))
    if not any(mark["role"] == "Human" for mark in marks):
        return [("user", text)]
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    turns = [(_ROLES[mark["role"]], text[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=True)]
    if turns[-1] == ("assistant", ""):
        turns.pop()
    system = text[: marks[0].start()].strip()
    return [("system", system), *turns] if system else turns


def prompt_of_turns(name: str, turns: Sequence[tuple[str, str]], reading: Reading, place: str, **more: Any) -> Prompt:
    """Return a prompt of turns: the last is the user's, those before it are the system's and whole examples.

    Raises:
        PromptImportError: The turns are no such prompt: one more word to the model than a prompt file has.
        MigrateError: A text's variables cannot be told, or a name is Jinja2's own.
    """

    def template(text: str) -> str:
        return from_template(text, place, reading.braces, reading.names)

    system = "\n\n".join(text for role, text in turns if role == "system")
    asked = [turn for turn in turns if turn[0] != "system"]
    if not asked or asked[-1][0] != "user":
        raise PromptImportError(
            place, "the last turn must be the user's: take an answer's beginning out and ask for it in words"
        )
    *earlier, (_, user) = asked
    if not user.strip():
        raise PromptImportError(place, "the last user turn is empty")
    return Prompt(
        name=name,
        system=template(system) if system else None,
        user=template(user),
        examples=(*_examples(earlier, reading, place), *more.pop("examples", ())),
        **more,
    )


def plain_text(text: str, reading: Reading, place: str) -> str:
    """Return a template without variables as the text that it stands for; raises `PromptImportError` for one with."""
    prompt = Prompt(name=place, user=from_template(text, place, reading.braces))
    if prompt.variables:
        raise PromptImportError(
            place,
            f"an example holds the variable {min(prompt.variables)!r}; examples are sent as they stand. Where it is "
            "text, say with --braces which braces name variables",
        )
    return prompt.render({}).turns[-1].text


def _examples(turns: Sequence[tuple[str, str]], reading: Reading, place: str) -> list[Example]:
    roles = [role for role, _ in turns]
    if roles != ["user", "assistant"] * (len(roles) // 2):
        raise PromptImportError(place, "turns before the last must be pairs of user and assistant")
    texts = [plain_text(text, reading, place) for _, text in turns]
    return [Example(input=asked, output=said) for asked, said in zip(texts[::2], texts[1::2], strict=True)]
