"""Markers and what they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.errors.root import MigrateError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable


class MarkerError(MigrateError):
    """Raised when the arguments of the marker ``migration`` are wrong."""

    def __init__(self, nodeid: str, reason: str) -> None:
        self.nodeid, self.reason = nodeid, reason
        super().__init__(f"{nodeid}: the marker migration {reason}")

    @classmethod
    def unknown(cls, nodeid: str, name: str, known: Iterable[str]) -> MarkerError:
        """Return the error for an argument that the marker does not have."""
        listed = ", ".join(["dataset", *sorted(known)])
        return cls(nodeid, f"has no argument {name!r}.{nearest(name, known)} It takes {listed}.")


class ColumnRoleError(MigrateError):
    """Raised when a marker gives a role to a column that the dataset does not have."""

    def __init__(self, nodeid: str, role: str, column: str, dataset: str, columns: Iterable[str]) -> None:
        self.nodeid, self.role, self.column, self.dataset, self.columns = nodeid, role, column, dataset, list(columns)
        listed = ", ".join(self.columns)
        super().__init__(
            f"{nodeid}: {role} names the column {column!r}, which {dataset} does not have."
            f"{nearest(column, self.columns)} It has {listed}."
        )


class NoRecordedAnswersError(MigrateError):
    """Raised when a side is to be read from the dataset and the dataset has no answers of it."""

    def __init__(self, dataset: str, side: str) -> None:
        self.dataset, self.side = dataset, side
        super().__init__(
            f"{dataset}: no column answer_{side}_llm, so there is no recorded {side}. Add the column, map it with "
            f"columns={{'answer_{side}_llm': ...}}, or name a model with --{side}-model."
        )


class NoPromptError(MigrateError):
    """Raised when a model is to be called and neither the marker nor the rows have a prompt."""

    def __init__(self, nodeid: str, dataset: str) -> None:
        self.nodeid, self.dataset = nodeid, dataset
        super().__init__(
            f"{nodeid}: there is no prompt to send: the marker names none, and {dataset} has no column "
            f"prompt_source_llm. Name one with prompt=, or add the column."
        )


class WeightError(MigrateError):
    """Raised when a row's weight is not a number of 0 or more."""

    def __init__(self, place: str, column: str, value: object) -> None:
        self.place, self.column, self.value = place, column, value
        super().__init__(
            f"{place}, column {column!r}: {value!r} is no weight. Write a number of 0 or more: how much of the "
            "traffic the row stands for."
        )


class CriticalSyntaxError(MigrateError):
    """Raised when a marker's ``critical`` is no condition on columns."""

    def __init__(self, nodeid: str, expression: str, reason: str) -> None:
        self.nodeid, self.expression, self.reason = nodeid, expression, reason
        super().__init__(
            f"{nodeid}: critical={expression!r} is no condition on a row: {reason}. Name a column of truth values, or "
            "compare columns with texts, numbers or lists of them by ==, !=, <, <=, >, >=, in, not in, and, or, not."
        )


class CriticalCellError(MigrateError):
    """Raised when a cell does not fit the condition that a marker's ``critical`` puts on it."""

    def __init__(self, place: str, expression: str, reason: str) -> None:
        self.place, self.expression, self.reason = place, expression, reason
        super().__init__(f"{place}: critical={expression!r}: {reason}")
