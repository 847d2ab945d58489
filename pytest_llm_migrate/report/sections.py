"""Sections that plugins add to a report: data, checked before anything is written, never markup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import ReportSectionError

if TYPE_CHECKING:
    from collections.abc import Iterable

_TEXT, _TABLE = {"title", "text"}, {"title", "columns", "rows"}


def checked_sections(sections: Iterable[Any]) -> list[dict[str, Any]]:
    """Return sections that a report can show, tuples as lists.

    A section is ``{"title", "text"}`` or ``{"title", "columns", "rows"}``; a cell is a text, a number, true,
    false or nothing. Raises `ReportSectionError` for the first that is neither.
    """
    return [_checked(section, place) for place, section in enumerate(sections, start=1)]


def _checked(section: Any, place: int) -> dict[str, Any]:
    if not isinstance(section, dict):
        raise ReportSectionError(f"number {place}", f"it is {_kind(section)}, not a dict")
    title = section.get("title")
    if not isinstance(title, str) or not title.strip():
        raise ReportSectionError(f"number {place}", "it has no title, which must be a text")
    if set(section) == _TEXT:
        return {"title": title, "text": _text(title, section["text"])}
    if set(section) == _TABLE:
        columns = _columns(title, section["columns"])
        return {"title": title, "columns": columns, "rows": _rows(title, columns, section["rows"])}
    keys = ", ".join(sorted(map(str, section)))
    raise ReportSectionError(title, f"its keys are {keys}")


def _text(title: str, text: Any) -> str:
    if not isinstance(text, str):
        raise ReportSectionError(title, f"its text is {_kind(text)}")
    return text


def _columns(title: str, columns: Any) -> list[str]:
    if not isinstance(columns, (list, tuple)) or not columns or not all(isinstance(name, str) for name in columns):
        raise ReportSectionError(title, "its columns are not a list of texts with at least one in it")
    return list(columns)


def _rows(title: str, columns: list[str], rows: Any) -> list[list[Any]]:
    if not isinstance(rows, (list, tuple)):
        raise ReportSectionError(title, f"its rows are {_kind(rows)}, not a list")
    return [_row(title, columns, row, number) for number, row in enumerate(rows, start=1)]


def _row(title: str, columns: list[str], row: Any, number: int) -> list[Any]:
    if not isinstance(row, (list, tuple)):
        raise ReportSectionError(title, f"its row {number} is {_kind(row)}, not a list of cells")
    if len(row) != len(columns):
        raise ReportSectionError(title, f"its row {number} has {len(row)} cells for {len(columns)} columns")
    for column, cell in zip(columns, row, strict=True):
        if cell is not None and not isinstance(cell, (str, int, float)):
            raise ReportSectionError(title, f"its row {number} holds {_kind(cell)} in column {column!r}")
    return list(row)


def _kind(value: Any) -> str:
    return f"a value of type {type(value).__name__}"
