"""Reports on their way to another process, which takes exact builtins and text of whole characters only."""

from __future__ import annotations

from typing import Any

from pytest_llm_migrate.answers import printable

_AS_THEY_ARE = frozenset({bool, int, float, type(None)})


def sendable(value: Any) -> Any:
    """Return a value as exact builtins: a worker that cannot send a report is lost, and its tests with it.

    A score becomes its number, anything else that is no builtin its text; half a surrogate pair is escaped.
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if isinstance(value, str):
        return printable(str(value))
    if isinstance(value, dict):
        return {sendable(key): sendable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [sendable(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    for builtin in (int, float):
        if isinstance(value, builtin):
            return builtin(value)
    return printable(str(value))
