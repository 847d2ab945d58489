"""Templates of other tools: variables in single or double braces become Jinja2's, and back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pytest_llm_migrate.errors import MixedBracesError, PromptExportError
from pytest_llm_migrate.prompts.convert import from_format_template, from_named_parts, variables_of

if TYPE_CHECKING:
    from collections.abc import Mapping

Braces = Literal["auto", "single", "double", "dollar"]
BRACES: tuple[Braces, ...] = ("auto", "single", "double")
"""What may be said of a text that is read: ``{v}`` and ``{$v}`` are single."""
WRITTEN_BRACES: tuple[Braces, ...] = ("single", "double", "dollar")
"""What may be written: ``{v}``, ``{{v}}`` and ``{$v}``."""

_DOUBLE = re.compile(r"\{\{\s*\$?(?P<name>[^\W\d]\w*)\s*\}\}")
_VARIABLE = re.compile(r"\{\{\s*(?P<name>[^\W\d]\w*)\s*\}\}")
_ANY_SINGLE = re.compile(r"\{\$?\w+\}")
_LITERAL = re.compile(r'\{\{ "(?P<text>[^"]*)" \}\}')
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


def from_template(text: str, place: str, braces: Braces = "auto", names: Mapping[str, str] | None = None) -> str:
    """Return a template of another tool as Jinja2: of ``{v}`` and ``{$V}``, or of ``{{v}}``, only the variables run.

    ``names`` renames variables. Raises `MixedBracesError` where it has both and ``braces`` does not say which are
    variables, and `ReservedVariableError` for a variable that Jinja2 cannot have.
    """
    double = {match["name"] for match in _DOUBLE.finditer(text)}
    single = variables_of(_DOUBLE.sub("", text))
    if braces == "auto" and double and single:
        raise MixedBracesError(place, single, double)
    if braces == "double" or (braces == "auto" and double):
        return from_named_parts(text, _DOUBLE, names or {})
    return from_format_template(text, names)


def to_template(template: str, place: str, form: str, braces: Braces = "double") -> str:
    """Return a Jinja2 template as another tool's, ``{{v}}``, with ``single`` braces ``{v}``, or ``{$v}`` (``dollar``).

    `from_template` of these braces gives the same prompt back. Raises `PromptExportError` for expressions and tags,
    which no other tool reads.
    """
    parts: list[tuple[str, bool]] = []
    end = 0
    for match in _EXPRESSION.finditer(template):
        parts.append((template[end : match.start()], False))
        parts.append(_part(match.group(), place, form))
        end = match.end()
    parts.append((template[end:], False))
    literals = "".join(text for text, is_variable in parts if not is_variable)
    if braces == "single":
        return _single(parts, doubled="{" in literals or "}" in literals)
    if braces == "dollar":
        return _dollar(parts, literals, place, form)
    written = "".join(f"{{{{{text}}}}}" if is_variable else text for text, is_variable in parts)
    if len(_DOUBLE.findall(written)) != sum(is_variable for _, is_variable in parts):
        raise PromptExportError(place, form, "text of its own stands in double braces, as only a variable may")
    return written


def _part(expression: str, place: str, form: str) -> tuple[str, bool]:
    """Return a variable's name, or the text that an expression stands for, and whether it is a variable."""
    if variable := _VARIABLE.fullmatch(expression):
        return variable["name"], True
    if literal := _LITERAL.fullmatch(expression):
        return literal["text"].replace(r"\r", "\r").replace(r"\n", "\n"), False
    raise PromptExportError(place, form, f"{expression!r} is more than a variable's name")


def _single(parts: list[tuple[str, bool]], *, doubled: bool) -> str:
    """Return the parts with variables in single braces; other braces are doubled, as Python's own templates ask."""
    if not doubled:
        return "".join(f"{{{text}}}" if is_variable else text for text, is_variable in parts)
    return "".join(
        f"{{{text}}}" if is_variable else text.replace("{", "{{").replace("}", "}}") for text, is_variable in parts
    )


def _dollar(parts: list[tuple[str, bool]], literals: str, place: str, form: str) -> str:
    """Return the parts with variables as ``{$v}``; other braces stay, so none may look like a variable's or doubled."""
    if _ANY_SINGLE.search(literals) or "{{" in literals or "}}" in literals:
        raise PromptExportError(place, form, "text of its own stands in braces, as only a variable may")
    return "".join(f"{{${text}}}" if is_variable else text for text, is_variable in parts)
