"""Prompty files: YAML between two lines of dashes, then a conversation with each role on a line of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.request import STANDARD_SETTINGS
from pytest_llm_migrate.errors import PromptExportError, PromptImportError, UnknownNameError
from pytest_llm_migrate.prompts.turns import prompt_of_turns
from pytest_llm_migrate.prompts.yaml_form import YamlFaultError, parse_yaml, write_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_llm_migrate.prompts.prompt import Prompt
    from pytest_llm_migrate.prompts.turns import Reading

_PARTS = re.compile(r"\A---[ \t]*\n(?P<head>.*?)^---[ \t]*(?:\n(?P<body>.*))?\Z", re.DOTALL | re.MULTILINE)
_ROLE = re.compile(r"^[ \t]*#?[ \t]*(?P<role>system|user|assistant)[ \t]*:[ \t]*$", re.IGNORECASE | re.MULTILINE)
_LOGIC = re.compile(r"\{[%#][^\n]*|\{\{(?!\s*[A-Za-z_]\w*\s*\}\})[^\n]*")
_LONGEST_SHOWN = 40


def prompty_prompt(text: str, path: Path, reading: Reading) -> Prompt:
    """Return the prompt of a Prompty file's text, named by itself, else by the file.

    Raises:
        PromptImportError: It is no such file, or its texts hold more than plain variables.
        MigrateError: A setting is unknown or makes no sense, or a name is Jinja2's own.
    """
    parts = _PARTS.match(text.replace("\r\n", "\n"))
    if parts is None:
        raise PromptImportError(path, "must begin with settings in YAML between two lines of three dashes")
    head, body = _head(parts["head"], path), parts["body"] or ""
    logic = _LOGIC.search(body)
    if logic:
        shown = logic[0][:_LONGEST_SHOWN]
        raise PromptImportError(path, f"holds {shown!r}: a prompt of the catalog has plain variables alone")
    name = str(head.get("name") or path.name.removesuffix(path.suffix))
    return prompt_of_turns(name, _turns(body), reading, str(path), inference=_inference(head, path))


def prompty_text(prompt: Prompt, turns: Sequence[tuple[str, str]], form: str) -> str:
    """Return the Prompty file of a prompt whose turns have variables in double braces.

    Raises `PromptExportError`, which names the ``form``, for what would be read back as something else.
    """
    unknown = prompt.inference.keys() - set(STANDARD_SETTINGS)
    if unknown:
        raise PromptExportError(prompt.place, form, f"it has no parameter for {min(unknown)!r}")
    body = "\n\n".join(f"{role}:\n{said}" for role, said in turns) + "\n"
    if _turns(body) != list(turns):
        raise PromptExportError(prompt.place, form, "its texts begin or end with blanks, or hold roles of their own")
    if _LOGIC.search(body):
        raise PromptExportError(prompt.place, form, "its texts hold braces that would be read as logic")
    parameters = {"parameters": dict(prompt.inference)} if prompt.inference else {}
    head = write_yaml({"name": prompt.name, "model": {"api": "chat", **parameters}})
    return f"---\n{head}---\n{body}"


def _head(text: str, path: Path) -> Mapping[str, Any]:
    try:
        values = parse_yaml(text).values
    except YamlFaultError as error:
        raise PromptImportError(path, f"its settings are not YAML: {error.problem}") from error
    if not isinstance(values, dict | None):
        raise PromptImportError(path, "its settings must be keys with values")
    return values or {}


def _turns(body: str) -> list[tuple[str, str]]:
    """Return the turns; what stands before the first role is the system's, or all is the user's where there is none."""
    marks = list(_ROLE.finditer(body))
    if not marks:
        return [("user", body.strip())]
    ends = [*(mark.start() for mark in marks[1:]), len(body)]
    turns = [(mark["role"].lower(), body[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=True)]
    first = body[: marks[0].start()].strip()
    return [("system", first), *turns] if first else turns


def _inference(head: Mapping[str, Any], path: Path) -> dict[str, Any]:
    model = head.get("model") or {}
    settings = model.get("parameters") or model.get("options") or {} if isinstance(model, dict) else {}
    if not isinstance(settings, dict):
        raise PromptImportError(path, "its model's parameters must be keys with values")
    for name in settings:
        if name not in STANDARD_SETTINGS:
            raise UnknownNameError("key", str(name), STANDARD_SETTINGS, where=f"{path}: model parameters")
    return settings
