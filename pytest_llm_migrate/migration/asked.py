"""Which margins gates ask for, read from their text; nothing of it is run."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Kind = Literal["non_inferior", "superior", "at_least"]
_WORD: dict[str, str] = {"non_inferior": "margin", "superior": "margin", "at_least": "floor"}
_GATES = frozenset((*get_args(Kind), "ratio_at_most", "at_most", "agreement"))
Constant = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedMargin:
    """One margin or floor that a gate asks for.

    Attributes:
        kind: What is asked: ``non_inferior``, ``superior`` or ``at_least``; ``None`` where there is no text.
        metric: The metric; ``None`` where the text does not name it plainly.
        value: The margin or floor; ``None`` where the text does not name it plainly.
        slice: The column and value of the rows that are judged; ``None`` for all rows.
        unread: Why not all of it is known; empty where it is.
    """

    kind: Kind | None
    metric: str | None
    value: float | None
    slice: tuple[str, Constant] | None = None
    unread: str = ""


class _UnreadError(Exception):
    """Something is not plain in a gate's text."""


def asked_margins(text: str | None, known: Mapping[str, object], given: Mapping[str, object]) -> list[AskedMargin]:
    """Return the margins that a gate's function asks for, in the order of its text.

    Args:
        text: The source text of the function; ``None`` where it is not to be had.
        known: Names of the function's module; those of plain numbers and texts are looked up.
        given: The test's parameters, likewise.
    """
    function = _function(text)
    if function is None:
        return [AskedMargin(kind=None, metric=None, value=None, unread="the text of the test cannot be read")]
    names = {name: value for name, value in known.items() if name not in _own_names(function)} | dict(given)
    calls = [node for part in function.body for node in ast.walk(part) if isinstance(node, ast.Call)]
    calls.sort(key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0))
    return [found for call in calls for found in _asked(call, names)]


def unasserted(text: str | None) -> Iterator[tuple[str, int]]:
    """Yield each call of a gate whose verdict its function lets go of, as text, with its line in the function's.

    Statements under ``with`` and ``try`` are not looked at: there an error may be what a test is about.
    """
    function = _function(text)
    for node in _statements(function.body if function else []):
        if isinstance(node, ast.Expr) and _calls_gate(node.value):
            yield ast.unparse(node.value), node.lineno


def always_true(text: str | None) -> Iterator[tuple[str, str, int]]:
    """Yield each condition of an ``assert`` that no row can make false, what was meant by it, and its line.

    That is a gate that is named and not called, and the ruling of one, which is a text whatever it says.
    """
    function = _function(text)
    asserts = (node for node in _statements(function.body if function else []) if isinstance(node, ast.Assert))
    for node in asserts:
        for condition in _conditions(node.test):
            if isinstance(condition, ast.Attribute) and condition.attr in _GATES:
                yield ast.unparse(condition), f"{ast.unparse(condition)}(...)", node.lineno
            elif isinstance(condition, ast.Attribute) and condition.attr == "ruling" and _calls_gate(condition.value):
                yield ast.unparse(condition), ast.unparse(condition.value), node.lineno


def _calls_gate(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _GATES


def _conditions(node: ast.expr) -> Iterator[ast.expr]:
    parts = node.values if isinstance(node, ast.BoolOp) else [node.operand] if isinstance(node, ast.UnaryOp) else []
    for part in parts:
        yield from _conditions(part)
    if not parts:
        yield node


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.For, ast.While)):
            yield from _statements([*node.body, *node.orelse])


def _function(text: str | None) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    try:
        (found,) = ast.parse(text or "").body
    except (SyntaxError, ValueError):
        return None
    return found if isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)) else None


def _own_names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Return what the function names itself: its arguments, and what it assigns."""
    nodes = list(ast.walk(function))
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    return arguments | {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}


def _asked(call: ast.Call, names: Mapping[str, object]) -> Iterator[AskedMargin]:
    called = call.func
    if not isinstance(called, ast.Attribute) or called.attr not in get_args(Kind):
        return
    kind: Kind = called.attr  # type: ignore[assignment]  # one of its values, as was just seen
    try:
        metric, rows = _judged(called.value, names)
    except _UnreadError as error:
        yield AskedMargin(kind=kind, metric=None, value=None, unread=str(error))
        return
    try:
        yield AskedMargin(kind=kind, metric=metric, value=_value(call, kind, names), slice=rows)
    except _UnreadError as error:
        yield AskedMargin(kind=kind, metric=metric, value=None, slice=rows, unread=str(error))


def _judged(node: ast.expr, names: Mapping[str, object]) -> tuple[str, tuple[str, Constant] | None]:
    if not isinstance(node, ast.Subscript):
        raise _UnreadError("its metric is not named beside it in the test")
    metric = _constant(node.slice, names, "its metric is not a plain name in the test")
    return str(metric), _slice(node.value, names)


def _slice(node: ast.expr, names: Mapping[str, object]) -> tuple[str, Constant] | None:
    if _is_comparison(node):
        return None
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "slice"):
        raise _UnreadError("its rows are not named beside it in the test")
    said = "its slice is not named plainly in the test"
    column, value = _argument(node, 0, "column"), _argument(node, 1, "value")
    if column is None or value is None or not _is_comparison(node.func.value):
        raise _UnreadError(said)
    return str(_constant(column, names, said)), _constant(value, names, said)


def _is_comparison(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "comparison"


def _value(call: ast.Call, kind: Kind, names: Mapping[str, object]) -> float:
    word = _WORD[kind]
    said = f"its {word} is not a plain number in the test"
    found = _argument(call, 0, word)
    if found is None and kind == "superior" and not any(item.arg is None for item in call.keywords):
        return 0.0
    value = None if found is None else _constant(found, names, said)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _UnreadError(said)
    return float(value)


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    named = next((item.value for item in call.keywords if item.arg == name), None)
    return named or (call.args[place] if len(call.args) > place else None)


def _constant(node: ast.expr, names: Mapping[str, object], said: str) -> Constant:
    """Return a literal, or what a name stands for where that is a plain number or text."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _constant(node.operand, names, said)
        if type(value) in {int, float}:
            return -value  # type: ignore[operator]  # a number, as was just seen
        raise _UnreadError(said)
    found: object = None
    if isinstance(node, ast.Constant):
        found = node.value
    elif isinstance(node, ast.Name):
        found = names.get(node.id)
    # By its very type: a class of somebody's own could do anything when it is looked at.
    if type(found) not in {str, int, float, bool}:
        raise _UnreadError(said)
    return found  # type: ignore[return-value]  # of one of the types that were just seen
