"""Prompty files as prompts of the catalog, and written from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.domain import Example
from pytest_llm_migrate.errors import PromptExportError, PromptImportError, UnknownNameError
from pytest_llm_migrate.prompts import Prompt
from pytest_llm_migrate.prompts.formats import form_of, read_prompts, written
from pytest_llm_migrate.prompts.turns import Reading

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """---
name: triage
description: Sorts tickets.
authors: [someone]
model:
  api: chat
  configuration: {type: azure_openai, azure_deployment: gpt}
  parameters: {max_tokens: 9, temperature: 0}
sample: {ticket: Where is it?}
---
"""
BODY = """system:
You sort tickets.
Reply as {"topic": "..."}.

# Be terse.

user:
{{ticket}} for {{ customer }}
"""


def read(tmp_path: Path, text: str, **reading: object) -> Prompt:
    """Return the prompt of a file."""
    path = tmp_path / "tickets.prompty"
    path.write_bytes(text.encode())
    (prompt,) = read_prompts(path, form_of(path), Reading(**reading))  # type: ignore[arg-type]
    return prompt


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_prompty_file_is_a_prompt(tmp_path: Path, newline: str) -> None:
    """Name, settings, system and user text are taken over, braces of its texts are text."""
    prompt = read(tmp_path, (HEAD + BODY).replace("\n", newline), names={"ticket": "question"})
    assert (prompt.name, prompt.inference) == ("triage", {"max_tokens": 9, "temperature": 0})
    assert prompt.variables == {"question", "customer"}
    request = prompt.render({"question": "Where?", "customer": "me"})
    assert request.system == 'You sort tickets.\nReply as {"topic": "..."}.\n\n# Be terse.'
    assert request.turns[-1].text == "Where? for me"


def test_turns_before_the_last_are_examples(tmp_path: Path) -> None:
    """Roles may be headings, whatever their case; what stands before the first is the system's."""
    text = "---\n---\nSort.\n# User:\nlate\nASSISTANT:\ndelivery\nuser:\n{{ticket}}\n"
    prompt = read(tmp_path, text)
    assert (prompt.name, prompt.system, prompt.user) == ("tickets", "Sort.", "{{ ticket }}")
    assert prompt.examples == (Example(input="late", output="delivery"),)


def test_a_text_without_roles_is_the_users(tmp_path: Path) -> None:
    """A file of one text is one question, and a role within a line is text."""
    prompt = read(tmp_path, f"{HEAD}Sort for the user: {{{{ticket}}}}\n")
    assert (prompt.system, prompt.user) == (None, "Sort for the user: {{ ticket }}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("user:\n{{ticket}}", "must begin with settings in YAML between two lines of three dashes"),
        ("---\nname: x\nuser:\n{{ticket}}", "must begin with settings in YAML"),
        ("---\nname: [\n---\nuser:\nx", "its settings are not YAML"),
        ("---\n- x\n---\nuser:\nx", "its settings must be keys with values"),
        ("---\nmodel: {parameters: [1]}\n---\nuser:\nx", "its model's parameters must be keys with values"),
        (f"{HEAD}user:\n{{% for x in y %}}{{{{x}}}}", "holds '{% for x in y %}{{x}}': a prompt of the catalog has"),
        (f"{HEAD}user:\n{{{{ticket.text}}}}", "plain variables alone"),
        (f"{HEAD}user:\n{{{{#items}}}}", "plain variables alone"),
        (f"{HEAD}user:\nx\nassistant:\ny", "the last turn must be the user's"),
        (HEAD, "the last user turn is empty"),
    ],
)
def test_what_is_no_such_prompt_is_said(tmp_path: Path, text: str, why: str) -> None:
    """A broken file, or one with logic in its texts, is an error that names the file and the reason."""
    with pytest.raises(PromptImportError, match=r"tickets\.prompty") as caught:
        read(tmp_path, text)
    assert why in str(caught.value)


def test_an_unknown_setting_is_said(tmp_path: Path) -> None:
    """A parameter that every model may not know is named with those that they do."""
    with pytest.raises(UnknownNameError, match=r"Did you mean 'temperature'\?"):
        read(tmp_path, HEAD.replace("temperature", "temperatur") + BODY)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """Texts, examples, braces that are text, and settings come back as they were."""
    prompt = Prompt(
        name="triage",
        system='Reply as {"topic": "..."}.\n\n# Be terse.',
        user="{{ ticket }} for {{ customer }}",
        examples=(Example(input="late", output="delivery"),),
        inference={"max_tokens": 9, "temperature": 0},
    )
    (file,) = written(prompt, "prompty", "double").values()
    again = read(tmp_path, file)
    same = ("name", "system", "user", "examples", "inference")
    assert [getattr(again, name) for name in same] == [getattr(prompt, name) for name in same]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"system": "Sort.\nuser:\nthem"}, "its texts begin or end with blanks, or hold roles of their own"),
        ({"user": " {{ ticket }}"}, "its texts begin or end with blanks"),
        ({"examples": (Example(input="{% if %}", output="x"),)}, "its texts hold braces that would be read as logic"),
        ({"inference": {"top_k": 3}}, "it has no parameter for 'top_k'"),
    ],
)
def test_what_would_be_read_back_as_something_else_is_refused(changes: dict[str, Any], why: str) -> None:
    """The sentence says what a Prompty file has no way to say."""
    prompt = Prompt(**{"name": "triage", "user": "{{ ticket }}", **changes})
    with pytest.raises(PromptExportError, match=why):
        written(prompt, "prompty", "double")
