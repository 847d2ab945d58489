"""Gates that ask for what cannot be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.errors.root import MigrateError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable


class MarginError(MigrateError):
    """Raised when a gate is given a bar that means nothing."""

    def __init__(self, gate: str, expected: str) -> None:
        self.gate, self.expected = gate, expected
        super().__init__(f"{gate}: takes {expected}")


class NoValuesError(MigrateError):
    """Raised when a figure is asked for that no row has the values for."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"no row has {what} on both sides, so there is nothing to compute")


class NoSliceError(MigrateError):
    """Raised when no row belongs to a slice."""

    def __init__(self, column: str, value: object, values: Iterable[str]) -> None:
        self.column, self.value, self.values = column, value, list(values)
        listed = ", ".join(self.values[:20])
        super().__init__(f"no row has {column} == {value!r}.{nearest(str(value), self.values)} There are: {listed}.")


class NoCriticalError(MigrateError):
    """Raised when the critical rows are asked for and the marker names none."""

    def __init__(self) -> None:
        super().__init__("no row is critical: name the rows that may not break with the marker's critical=...")
