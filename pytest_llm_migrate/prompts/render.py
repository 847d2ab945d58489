"""Rendering: a sandbox in which a template sees a row's inputs and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sized
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, UndefinedError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pytest_llm_migrate.domain.row import NOT_INPUTS
from pytest_llm_migrate.errors import (
    HiddenColumnError,
    MissingValueError,
    TemplateFaultError,
    UnknownVariableError,
)
from pytest_llm_migrate.prompts.inputs import inputs_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Template
    from jinja2.runtime import Context

    from pytest_llm_migrate.domain import Row
    from pytest_llm_migrate.errors import MigrateError

BETWEEN_ITEMS = "\n\n"
"""What stands between the items of a list that a template prints whole, as in ``{{ content }}``."""

_GLOBALS = ("range", "namespace")  # the others print random text, or hide columns of the same name
_MAX_SIZE = 1_000_000  # items of a repeated text or list; bits of a power
_FAULTS = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)  # all that a template's own expressions can raise


class CompiledTemplate(NamedTuple):
    """A template ready to render, and the variables it takes from a row."""

    template: Template
    variables: frozenset[str]


def compiled(text: str, place: str, first_line: int | None = None) -> CompiledTemplate:
    """Return the compiled template; raise `TemplateFaultError` with its line where the syntax is wrong.

    ``first_line`` is the file's line on which the text begins, where that is known.
    """
    try:
        return _compiled(text)
    except _FAULTS as error:
        line = error.lineno or 1 if isinstance(error, TemplateSyntaxError) else 1
        spot = f"{place}, line {line}" if first_line is None else f"{place}:{first_line + line - 1}"
        raise TemplateFaultError(spot, _explained(error)) from error


def shown(row: Row | Mapping[str, Any]) -> dict[str, Any]:
    """Return what a template sees of a row: its inputs, with every missing value marked as such."""
    return {name: _marked(value, name) for name, value in inputs_of(row).items()}


def render(text: str, values: Mapping[str, Any], *, place: str, row: str) -> str:
    """Return the text with the values put in; raise a `MigrateError` that names the place and the row."""
    template, variables = compiled(text, place)
    hidden = variables & NOT_INPUTS
    if hidden:
        raise HiddenColumnError(min(hidden), prompt=place)
    try:
        return template.render(values)
    except _MissingUsedError as error:
        column = str(error)
        way_out = f"Fill it in, or write {{{{ {column} or '' }}}} where it may be missing."
        raise MissingValueError(column, row, prompt=place, way_out=way_out) from error
    except UndefinedError as error:
        raise _undefined_fault(error, variables, values, place, row) from error
    except _FAULTS as error:
        raise TemplateFaultError(f"{place}, line {_line_of(error)}", _explained(error), row=row) from error


def variable_fault(name: str, columns: Iterable[str], place: str, where: str) -> MigrateError | None:
    """Return what is wrong with a variable of that name, given the dataset's columns, or ``None``."""
    if name in NOT_INPUTS:
        return HiddenColumnError(name, prompt=place)
    inputs = [column for column in columns if column not in NOT_INPUTS]
    return None if name in inputs else UnknownVariableError(name, inputs, prompt=place, where=where)


class _MissingUsedError(UndefinedError):
    """The message is the name of the column whose value is missing."""


class _Missing(StrictUndefined):
    """A missing value: false in a condition, an error wherever its text is needed."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]  # the parent never returns
        return False


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**"})  # the two that make gigabytes out of a few characters

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if _size(operator, left, right) > _MAX_SIZE:
            raise OverflowError(f"{operator!r} makes a value of more than {_MAX_SIZE} characters, items or bits")
        return super().call_binop(context, operator, left, right)


def _size(operator: str, left: Any, right: Any) -> int:
    match operator, left, right:
        case "**", int(), int():
            return left.bit_length() * right
        case "*", Sized(), int():
            return len(left) * right
        case "*", int(), Sized():
            return left * len(right)
    return 0


@cache
def _sandbox() -> _Sandbox:
    sandbox = _Sandbox(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, finalize=_printed)
    sandbox.globals = {name: sandbox.globals[name] for name in _GLOBALS}
    sandbox.filters["tojson"] = _to_json  # Jinja2's own writes <, > and & as escapes, for HTML
    del sandbox.filters["random"]  # the same row must give the same prompt
    sandbox.tests["none"] = lambda value: value is None or isinstance(value, _Missing)
    return sandbox


@lru_cache(maxsize=512)
def _compiled(text: str) -> CompiledTemplate:
    tree = _sandbox().parse(text)
    variables = frozenset(find_undeclared_variables(tree))
    return CompiledTemplate(_sandbox().from_string(tree), variables)


def _marked(value: Any, column: str) -> Any:
    if value is None:
        return _Missing(hint=column, exc=_MissingUsedError)
    if isinstance(value, Mapping):
        return {name: _marked(item, column) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_marked(item, column) for item in value]
    return value


def _printed(value: Any) -> Any:
    if isinstance(value, (str, Undefined)):
        return value
    if value is None:
        raise TypeError("an expression gives nothing to print")
    if isinstance(value, Mapping):
        return _to_json(value)
    if isinstance(value, (list, tuple, Iterator)):
        return BETWEEN_ITEMS.join(str(_printed(item)) for item in value)
    if callable(value):
        raise TypeError(f"{getattr(value, '__name__', 'this')!r} is a function: call it with ()")
    return value


def _to_json(value: Any, indent: int | None = None) -> str:
    if isinstance(value, Undefined):
        return str(value)  # raises; deeper in a value, what is missing is a null
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_json_default)


def _json_default(value: Any) -> str | None:
    return None if isinstance(value, _Missing) else str(value)


def _undefined_fault(
    error: UndefinedError, variables: frozenset[str], values: Mapping[str, Any], place: str, row: str
) -> MigrateError:
    for name in sorted(variables - values.keys()):
        fault = variable_fault(name, values, place, row)
        if fault and str(error) == f"{name!r} is undefined":  # Jinja2 keeps the name nowhere else
            return fault
    return TemplateFaultError(f"{place}, line {_line_of(error)}", _explained(error), row=row)


def _explained(error: BaseException) -> str:
    if isinstance(error, TemplateError):
        return " ".join((error.message or type(error).__name__).split())
    return f"{type(error).__name__}: {error}"


def _line_of(error: BaseException) -> int:
    line, frame = 1, error.__traceback__
    while frame:
        if frame.tb_frame.f_code.co_filename == "<template>":
            line = frame.tb_lineno
        frame = frame.tb_next
    return line
