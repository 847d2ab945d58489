"""Which rows are critical: a column of truth values or an expression over columns, read without running any code."""

from __future__ import annotations

import ast
import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import ColumnRoleError, CriticalCellError, CriticalSyntaxError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llm_migrate.domain import Dataset, Row

TRUE = frozenset({"true", "yes", "y", "1"})
FALSE = frozenset({"false", "no", "n", "0"})
_EQUALITY: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {ast.Eq: operator.eq, ast.NotEq: operator.ne}
_ORDER: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """An expression that says of a row whether it is critical."""

    text: str
    tree: ast.expr

    @classmethod
    def of(cls, text: str, dataset: Dataset, nodeid: str) -> Condition:
        """Read an expression over the columns of a dataset; one that is a column's name is that column.

        Raises:
            CriticalSyntaxError: It is no expression, or has more in it than columns, literals and comparisons.
            ColumnRoleError: The dataset has no such column.
        """
        if text in dataset.columns:
            return cls(text=text, tree=ast.Name(id=text))
        try:
            tree = ast.parse(text.strip(), mode="eval").body
            _check(tree, lambda node: CriticalSyntaxError(nodeid, text, f"{ast.unparse(node)!r} is not allowed in it"))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise CriticalSyntaxError(nodeid, text, "it cannot be read") from error
        for name in (node.id for node in ast.walk(tree) if isinstance(node, ast.Name)):
            if name not in dataset.columns:
                raise ColumnRoleError(nodeid, "critical", name, dataset.path, dataset.columns)
        return cls(text=text, tree=tree)

    def holds(self, row: Row) -> bool:
        """Return whether a row is critical; raises `CriticalCellError` where a cell does not fit the expression."""
        return _holds(self.tree, _Cells(row=row, text=self.text))


def critical_rows(text: str | None, dataset: Dataset, nodeid: str) -> frozenset[str] | None:
    """Return the ids of the critical rows, ``None`` where nothing says which are; raises as `Condition` does."""
    if text is None:
        return None
    condition = Condition.of(text, dataset, nodeid)
    return frozenset(row.sample_id for row in dataset.rows if condition.holds(row))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """A row's cells under an expression."""

    row: Row
    text: str

    def wrong(self, reason: str) -> CriticalCellError:
        return CriticalCellError(self.row.place or f"row {self.row.sample_id!r}", self.text, reason)

    def value(self, node: ast.expr) -> Any:
        """Return what an operand is on this row: nothing for an empty text, as text files have for an empty cell."""
        found = self.row.get(node.id) if isinstance(node, ast.Name) else ast.literal_eval(node)
        if isinstance(node, ast.Name) and not isinstance(found, (str, int, float, type(None))):
            raise self.wrong(f"column {node.id!r} holds a {type(found).__name__}, which is not to be compared")
        return None if found == "" else found

    def truth(self, node: ast.Name) -> bool:
        """Return the truth value of a cell."""
        found = self.row.get(node.id)
        known = _truth(found)
        if known is None:
            raise self.wrong(
                f"column {node.id!r} has {found!r}, which is no truth value; write true or false, yes or no, 1 or 0"
            )
        return known


def _check(node: ast.expr, refusal: Callable[[ast.AST], CriticalSyntaxError]) -> None:
    """Raise what refuses the first part of a condition that is not one of those allowed."""
    match node:
        case ast.Name():
            return
        case ast.BoolOp(values=parts):
            for part in parts:
                _check(part, refusal)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            _check(part, refusal)
        case ast.Compare(left=left, ops=ops, comparators=others):
            _check_operand(left, refusal)
            for op, other in zip(ops, others, strict=True):
                _check_compared(op, other, node, refusal)
        case _:
            raise refusal(node)


def _check_compared(
    op: ast.cmpop, other: ast.expr, whole: ast.expr, refusal: Callable[[ast.AST], CriticalSyntaxError]
) -> None:
    if isinstance(op, (ast.In, ast.NotIn)):
        if not isinstance(other, (ast.List, ast.Tuple, ast.Set)):
            raise refusal(whole)
        for item in other.elts:
            _check_operand(item, refusal)
    elif type(op) in _EQUALITY or type(op) in _ORDER:
        _check_operand(other, refusal)
    else:
        raise refusal(whole)


def _check_operand(node: ast.expr, refusal: Callable[[ast.AST], CriticalSyntaxError]) -> None:
    match node:
        case ast.Name() | ast.Constant(value=str() | bool() | int() | float() | None):
            return
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            if isinstance(value, bool):
                raise refusal(node)
        case _:
            raise refusal(node)


def _holds(node: ast.expr, cells: _Cells) -> bool:
    match node:
        case ast.Name():
            return cells.truth(node)
        case ast.BoolOp(op=op, values=parts):
            found = (_holds(part, cells) for part in parts)
            return all(found) if isinstance(op, ast.And) else any(found)
        case ast.UnaryOp(operand=part):
            return not _holds(part, cells)
        case ast.Compare(left=left, ops=ops, comparators=others):
            pairs = zip([left, *others], ops, others, strict=False)  # the last operand is on no left
            return all(_compared(before, op, after, cells) for before, op, after in pairs)
        case _:
            raise AssertionError(ast.dump(node))


def _compared(left: ast.expr, op: ast.cmpop, right: ast.expr, cells: _Cells) -> bool:
    if isinstance(right, (ast.List, ast.Tuple, ast.Set)):
        is_in = any([_related(left, ast.Eq, item, cells) for item in right.elts])  # noqa: C419 - each must fit
        return is_in is isinstance(op, ast.In)
    return _related(left, type(op), right, cells)


def _related(left: ast.expr, op: type[ast.cmpop], right: ast.expr, cells: _Cells) -> bool:
    before, after = cells.value(left), cells.value(right)
    if op in _EQUALITY and (before is None or after is None):
        return _EQUALITY[op](before, after)
    for node, value in ((left, before), (right, after)):
        if value is None:
            raise cells.wrong(f"{_named(node, value)}, so it is neither more nor less than anything")
    alike = _alike(before, after, is_order=op in _ORDER)
    if alike is None:
        raise cells.wrong(f"{_named(left, before)} and {_named(right, after)} cannot be compared")
    relation = _EQUALITY.get(op) or _ORDER[op]
    return relation(*alike)


def _alike(before: Any, after: Any, *, is_order: bool) -> tuple[Any, Any] | None:
    """Return two values as values of one kind, ``None`` where they are not: cells of text files are all text."""
    if isinstance(before, str) and isinstance(after, str):
        numbers = (_number(before), _number(after)) if is_order else (None, None)
        if None not in numbers:
            return numbers
        return (before, after) if numbers == (None, None) else None
    read = _truth if isinstance(before, bool) or isinstance(after, bool) else _number
    found = read(before), read(after)
    return None if None in found else found


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except ValueError:
        return None
    return None if math.isnan(found) else found


def _truth(value: Any) -> bool | None:
    word = str(value).strip().casefold()
    return True if word in TRUE else False if word in FALSE else None


def _named(node: ast.expr, value: Any) -> str:
    where = f"column {node.id!r}" if isinstance(node, ast.Name) else ""
    if value is None:
        return f"{where or 'None'} is empty"
    kind = "truth value" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
    return f"{where}, the {kind} {value!r}," if where else f"the {kind} {value!r}"
