"""What a prompt may see of a row, and what messages call that row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Row
from pytest_llm_migrate.domain.row import NOT_INPUTS

if TYPE_CHECKING:
    from collections.abc import Mapping


def inputs_of(row: Row | Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that a prompt may use; a mapping is read as a row's columns."""
    if isinstance(row, Row):
        return row.inputs
    return {name: value for name, value in row.items() if name not in NOT_INPUTS}


def label_of(row: Row | Mapping[str, Any]) -> str:
    """Return what a message calls the row: its id, and its place in the file where that is known."""
    if isinstance(row, Row):
        return f"row {row.sample_id!r}{row.place and f' ({row.place})'}"
    return f"row {row['sample_id']!r}" if "sample_id" in row else "the row given"
