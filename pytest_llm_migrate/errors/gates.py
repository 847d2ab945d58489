"""Gates that ask for what cannot be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.errors.root import MigrateError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable


class MarginError(MigrateError):
    """Raised when a gate is given a bar that means nothing."""

    def __init__(self, gate: str, expected: str, meant: float | None = None) -> None:
        self.gate, self.expected, self.meant = gate, expected, meant
        super().__init__(f"{gate}: takes {expected}{'' if meant is None else f'. Did you mean {meant:g}?'}")


class UnassertedGateError(MigrateError):
    """Raised when a gate's test asks for a verdict and lets go of it, so that nothing can fail."""

    def __init__(self, where: str, call: str) -> None:
        self.where, self.call = where, call
        super().__init__(f"{where}: {call} decides nothing by itself; write: assert {call}")


class AlwaysTrueGateError(MigrateError):
    """Raised when a gate's test asserts what is true whatever the rows say."""

    def __init__(self, where: str, condition: str, meant: str) -> None:
        self.where, self.condition, self.meant = where, condition, meant
        super().__init__(f"{where}: {condition} is true whatever the rows say; write: assert {meant}")


class NoFigureError(MigrateError, AttributeError):
    """Raised when a comparison is asked for a figure or a gate that it does not have."""

    def __init__(self, owner: str, name: str, known: Iterable[str]) -> None:
        self.owner, self.figure, self.known = owner, name, sorted(known)
        listed = ", ".join(self.known)
        super().__init__(f"{owner} has no {name!r}.{nearest(name, self.known)} There are: {listed}.")


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
