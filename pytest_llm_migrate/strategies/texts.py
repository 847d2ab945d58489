"""Prompts as models and services read and write them: plain variables in, wrappings of all kinds off."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llm_migrate.domain import PromptText

_QUOTED = re.compile(r'\{\{ "((?:[{%#]|\\r|\\n)+)" \}\}')
_VARIABLE = re.compile(r"\{\{-?\s*(\w+)\s*-?\}\}")
_MARKUP = re.compile(r"</?[A-Za-z][\w-]*>")
_TAG = re.compile(r"\{[{%](?:(?![}%]\}).)*[}%]\}", re.DOTALL)
_FENCE = re.compile(r"```[\w-]*\n(?P<text>(?:(?!```).)*)\n```", re.DOTALL)
_OPENING_ROLE = re.compile(r"\A\s*Human\s*:\s*")
_CLOSING_ROLE = re.compile(r"\s*(?:\A|\n)\s*Assistant\s*:\s*\Z")
_MENTION = re.compile(r"\{\{\s*[^\W\d]\w*\s*\}\}|\{\$[^\W\d]\w*\}")
_WRAPPINGS = 3
"""Times that a text may be wrapped in quotes or a fence."""


def plain_template(template: str) -> str:
    """Return a Jinja2 template as a service reads it: ``{{ v }}`` as ``{{v}}``, braces that are text as they print."""
    return _VARIABLE.sub(r"{{\1}}", _QUOTED.sub(_unquoted, template))


def _unquoted(match: re.Match[str]) -> str:
    return match[1].replace(r"\r", "\r").replace(r"\n", "\n")


def unwrapped(text: str) -> str:
    """Return a written prompt without what some models and services put around it.

    JSON quotes (the whole prompt is one JSON text), a code fence around all of it, a ``Human:`` in front and an
    ``Assistant:`` at the end come off.
    """
    for _ in range(_WRAPPINGS):
        text = _without_quotes(text.strip())
        fence = _FENCE.fullmatch(text)
        text = fence["text"] if fence else text
    return _CLOSING_ROLE.sub("", _OPENING_ROLE.sub("", text)).strip()


def _without_quotes(text: str) -> str:
    if not (text.startswith('"') and text.endswith('"')):
        return text
    try:
        found = json.loads(text, strict=False)
    except ValueError:
        return text
    return found if isinstance(found, str) else text


def lost_variables(templates: Iterable[str | None], variables: Iterable[str]) -> list[str]:
    """Return the variables that no template mentions, in alphabetical order."""
    tags = " ".join(tag for template in templates for tag in _TAG.findall(template or ""))
    return sorted(name for name in variables if not re.search(rf"\b{re.escape(name)}\b", tags))


def without_tags(template: str) -> str:
    """Return a template's own words: without variables, blocks and XML tags."""
    return _MARKUP.sub(" ", _TAG.sub(" ", template))


def mentions(prompt: PromptText) -> list[str]:
    """Return what stands in a prompt's own text as variables do, such as ``{{tone}}``: it is sent as it stands."""
    plain = (_QUOTED.sub(_unquoted, _VARIABLE.sub("", text or "")) for text in (prompt.system, prompt.user))
    return list(dict.fromkeys(found for text in plain for found in _MENTION.findall(text)))
