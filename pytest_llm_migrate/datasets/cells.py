"""What one cell of a canonical column means."""

from __future__ import annotations

import ast
import json
import math
import re
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.datasets.values import UnfitError
from pytest_llm_migrate.domain.row import SIDE_COLUMNS, SIDES, side_column

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.datasets.columns import Column

LONGEST_LITERAL = 10_000_000
"""Characters of a Python list in a cell that are still read as one."""

_WRAPPINGS = 3
_SHOWN = 60
_ESCAPE = r"\\(?:[\\'\"nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})"
_TEXT = rf"(?:'(?:[^'\\\n\r\0]++|{_ESCAPE})*+'|\"(?:[^\"\\\n\r\0]++|{_ESCAPE})*+\")"
_PYTHON_LIST = re.compile(rf"\s*\[\s*{_TEXT}(?:\s*,\s*{_TEXT})*+\s*,?\s*\]\s*")


def reader_of(column: Column) -> Callable[[Any], Any] | None:
    """Return what reads a column's cells, raising `UnfitError` for those it cannot hold; ``None`` to keep them."""
    return seconds if column.in_milliseconds else _READERS.get(column.name)


def identity(value: Any) -> str:
    """Return a row's id as a text."""
    if isinstance(value, str) and value.strip():
        return value
    if value is None or isinstance(value, str):
        raise UnfitError("the id is missing" if value is None else "the id is empty")
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnfitError(f"{_shown(value)} is neither a text nor an integer")
    return str(value)


def text(value: Any) -> str | None:
    """Return a text; what is none becomes its JSON text, and nothing stays nothing."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def number(value: Any) -> float | None:
    """Return a finite number; an empty text is nothing."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise UnfitError(f"{_shown(value)} is not a number")
    parsed = _parsed(value)
    if not math.isfinite(parsed):
        raise UnfitError(f"{_shown(value)} is not a finite number")
    return parsed


def _parsed(value: str | float) -> float:
    try:
        return float("" if isinstance(value, str) and "_" in value else value)
    except OverflowError:
        return math.inf
    except ValueError as error:
        hint = "; decimals take a point" if "," in str(value) else ""
        raise UnfitError(f"{_shown(value)} is not a number{hint}") from error


def amount(value: Any) -> float | None:
    """Return a number that is not below zero."""
    parsed = number(value)
    if parsed is not None and parsed < 0:
        raise UnfitError(f"{_shown(value)} is below zero")
    return parsed


def seconds(value: Any) -> float | None:
    """Return seconds for a time in milliseconds."""
    parsed = amount(value)
    return None if parsed is None else parsed / 1000


def count(value: Any) -> int | None:
    """Return a whole number that is not below zero."""
    parsed = amount(value)
    if parsed is not None and not parsed.is_integer():
        raise UnfitError(f"{_shown(value)} is not a whole number")
    return None if parsed is None else int(parsed)


def content(value: Any) -> Any:
    """Return the list of texts that a cell holds as JSON or as Python writes it, once or twice wrapped.

    Whatever does not parse to a list of texts from its first character to its last stays what it is.
    """
    wrapped = value[0] if isinstance(value, list) and len(value) == 1 else value
    found = _texts(wrapped, _WRAPPINGS)
    return value if found is None else found


def _texts(value: Any, wrappings: int) -> list[str] | None:
    """Return the list of texts wrapped in a text, ``None`` where there is none."""
    if not isinstance(value, str) or value.lstrip()[:1] not in {"[", '"'} or not wrappings:
        return None
    parsed = _literal(value)
    if isinstance(parsed, str):
        return _texts(parsed, wrappings - 1)
    if not isinstance(parsed, list) or not all(isinstance(part, str) for part in parsed):
        return None
    inner = _texts(parsed[0], wrappings - 1) if len(parsed) == 1 else None
    return parsed if inner is None else inner


def _literal(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        pass
    # Only lists of plain texts pass the pattern: ['a' 'b'], as arrays are printed, would be read as one text.
    if len(value) > LONGEST_LITERAL or not _PYTHON_LIST.fullmatch(value):
        return None
    try:
        return ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _shown(value: object) -> str:
    written = repr(value)
    return written if len(written) <= _SHOWN else f"{written[:_SHOWN]}..."


_BY_KIND: dict[str, Callable[[Any], Any]] = {
    "latency": amount,
    "ttft": amount,
    "cost": amount,
    "input_token": count,
    "output_token": count,
    "llm_judge_score": number,
    "human_score": number,
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "sample_id": identity,
    "content": content,
    "split": text,
    "prompt_source_llm": text,
} | {side_column(name, side): _BY_KIND.get(name, text) for name in SIDE_COLUMNS for side in SIDES}
