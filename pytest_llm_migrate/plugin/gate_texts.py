"""The texts of gates: where they are read from, and what is written in them that can never fail."""

from __future__ import annotations

import inspect
import textwrap
import tokenize
from pathlib import Path
from typing import Any

from pytest_llm_migrate.errors import AlwaysTrueGateError, UnassertedGateError
from pytest_llm_migrate.migration.asked import always_true, unasserted

_UNREADABLE = (OSError, TypeError, ValueError, SyntaxError, tokenize.TokenError)
"""What Python says of a function that has no text, or whose file is no longer the one it came from."""


def function_of(item: Any) -> Any:
    """Return the function behind a test, of a class or not."""
    return getattr(item.obj, "__func__", item.obj)


def text_of(function: Any) -> tuple[str | None, Path | None]:
    """Return a function's source text and its file, ``None`` for what is not to be had."""
    try:
        found = inspect.unwrap(function)
        return textwrap.dedent(inspect.getsource(found)), Path(inspect.getsourcefile(found) or "")
    except _UNREADABLE:
        return None, None


def refuse_toothless(file: str, function: Any) -> None:
    """Raise for what a gate says that can never fail.

    Raises:
        UnassertedGateError: It asks for a verdict and lets go of it.
        AlwaysTrueGateError: It asserts what is true whatever the rows say.
    """
    text, _ = text_of(function)
    for call, line in unasserted(text):
        raise UnassertedGateError(_place(file, function, line), call)
    for condition, meant, line in always_true(text):
        raise AlwaysTrueGateError(_place(file, function, line), condition, meant)


def _place(file: str, function: Any, line: int) -> str:
    return f"{file}:{inspect.unwrap(function).__code__.co_firstlineno + line - 1}"
