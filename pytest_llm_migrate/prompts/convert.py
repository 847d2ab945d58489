"""Conversion: templates with ``{variable}`` or ``{$VARIABLE}`` become Jinja2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import ReservedVariableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_RESERVED = frozenset({"not", "self", "true", "True", "false", "False", "none", "None"})
_FIELD = r"\{\$?(?P<name>\w+)\}"
_FORMAT_PART = re.compile(rf"(?P<brace>\{{\{{|\}}\}})|{_FIELD}|(?P<text>[^{{}}]+)")
_LOOSE_PART = re.compile(rf"(?<!\{{){_FIELD}")
_JINJA_PART = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_MODEL_PART = re.compile(
    r"\{\{\s*\$?(?P<double>\w+)\s*\}\}|\{\s*\$?(?P<single>\w+)\s*\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL
)
_JINJA_TEXT = re.compile(r"(?:\{(?=[{%#\r]|\Z))+|\r\n?")


def from_format_template(text: str, names: Mapping[str, str] | None = None) -> str:
    r"""Return the template as Jinja2: ``{ticket}`` and ``{$ticket}`` become ``{{ ticket }}``.

    ``names`` renames variables, such as ``{"TICKET": "ticket"}``. Where every brace of the text is doubled
    or stands around a variable, it is a Python format template, and a doubled brace means a single one. In
    any other text, such as one with a JSON object, every other brace stays as it is. Rendering the result
    gives the text with nothing but its variables replaced, whatever in it looks like Jinja2. Raises
    `ReservedVariableError` for a variable that Jinja2 cannot have.
    """
    return "".join(
        f"{{{{ {_renamed(part, names or {})} }}}}" if is_variable else _protected(part)
        for part, is_variable in _parts(text)
    )


def from_model_text(text: str, variables: Iterable[str], source: str = "") -> str:
    """Return what a model wrote as Jinja2: mentions of the prompt's own variables become variables, all else is text.

    ``{{ v }}``, ``{v}``, ``{$V}`` and their like name one of the ``variables``, whatever their case and blanks. An
    expression or tag that stands in the ``source`` template word for word is kept. Nothing else that looks like
    Jinja2 is ever run: it is printed as it stands.
    """
    names = {name.lower(): name for name in variables}
    trusted = {_squeezed(part.group()): part.group() for part in _JINJA_PART.finditer(source)}
    converted, end = "", 0
    for part in _MODEL_PART.finditer(text):
        name = names.get((part["double"] or part["single"] or "").lower())
        kept = trusted.get(_squeezed(part.group())) or (name and f"{{{{ {name} }}}}")
        if kept:
            converted += _protected(text[end : part.start()]) + kept
            end = part.end()
    return converted + _protected(text[end:])


def from_named_parts(text: str, pattern: re.Pattern[str], names: Mapping[str, str]) -> str:
    """Return a text as Jinja2 in which only what the pattern finds is a variable, by its group ``name``.

    ``names`` renames variables. Raises `ReservedVariableError` for a variable that Jinja2 cannot have.
    """
    converted, end = "", 0
    for match in pattern.finditer(text):
        converted += f"{_protected(text[end : match.start()])}{{{{ {_renamed(match['name'], names)} }}}}"
        end = match.end()
    return converted + _protected(text[end:])


def without_expressions(template: str) -> str:
    """Return a Jinja2 template's own words: expressions and tags left out."""
    return _JINJA_PART.sub(" ", template)


def _squeezed(expression: str) -> str:
    return "".join(expression.split())


def variables_of(text: str) -> frozenset[str]:
    """Return the variables of a ``{variable}`` or ``{$VARIABLE}`` template, without the dollar sign."""
    return frozenset(part for part, is_variable in _parts(text) if is_variable)


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """Yield texts and variables in turn; a text holds all characters up to the next variable."""
    matches = list(_FORMAT_PART.finditer(text))
    is_covered = sum(len(match.group()) for match in matches) == len(text)
    if is_covered and all(match["name"] is None or match["name"].isidentifier() for match in matches):
        return _format_parts(matches)
    return _loose_parts(text)


def _format_parts(matches: list[re.Match[str]]) -> Iterator[tuple[str, bool]]:
    literal = ""
    for match in matches:
        if match["name"]:
            yield literal, False
            yield match["name"], True
            literal = ""
        else:
            literal += match["text"] or match["brace"][0]
    yield literal, False


def _loose_parts(text: str) -> Iterator[tuple[str, bool]]:
    end = 0
    for match in _LOOSE_PART.finditer(text):
        if not match["name"].isidentifier():
            continue
        yield text[end : match.start()], False
        yield match["name"], True
        end = match.end()
    yield text[end:], False


def _renamed(name: str, names: Mapping[str, str]) -> str:
    variable = names.get(name, name)
    if variable in _RESERVED:
        raise ReservedVariableError(variable)
    return variable


def _protected(text: str) -> str:
    return _JINJA_TEXT.sub(lambda match: f"{{{{ {_quoted(match.group())} }}}}", text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\r", r"\r").replace("\n", r"\n") + '"'
