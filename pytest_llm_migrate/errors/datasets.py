"""Golden datasets that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.errors.root import MigrateError, counted, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class DatasetError(MigrateError):
    """Raised when a golden dataset cannot be read as it stands.

    ``place`` is the file, with line or row and column where they are known.
    """

    def __init__(self, place: str, fault: str, way_out: str = "") -> None:
        self.place, self.fault, self.way_out = place, fault, way_out
        super().__init__(f"{place}: {fault}.{way_out and ' '}{way_out}")


class CellError(DatasetError):
    """Raised when a cell holds what its column cannot."""

    def __init__(self, place: str, column: str, fault: str) -> None:
        self.column = column
        super().__init__(f"{place}, column {column!r}", fault)


class MissingDatasetError(DatasetError):
    """Raised when there is no file of the dataset's name; ``neighbours`` are the names beside it."""

    def __init__(self, path: str, neighbours: Iterable[str]) -> None:
        name = path.replace("\\", "/").rpartition("/")[2]
        super().__init__(path, "there is no such file", nearest(name, neighbours).strip())


class RaggedRowsError(DatasetError):
    """Raised when lines of a file have more or fewer cells than its header; ``found`` counts each such line's cells."""

    def __init__(self, path: str, width: int, found: Mapping[int, int], separator: str) -> None:
        self.width, self.found = width, found
        lines = _first_few([f"line {line} has {count}" for line, count in found.items()])
        super().__init__(
            path,
            f"the header has {counted(width, 'cell')}, but {lines}",
            f"Put double quotes around a text that holds {separator!r} or a line break.",
        )


class ColumnClaimError(DatasetError):
    """Raised when two columns would get one name."""

    def __init__(self, path: str, name: str, claimants: Iterable[str]) -> None:
        self.name, self.claimants = name, list(claimants)
        super().__init__(
            path,
            f"the columns {_both(self.claimants)} could each be {name!r}",
            f"Say which: columns={{{name!r}: {self.claimants[0]!r}}}.",
        )


class RepeatedColumnError(DatasetError):
    """Raised when two columns have one name, apart from case, blanks and underscores."""

    def __init__(self, path: str, names: Iterable[str]) -> None:
        self.names = list(names)
        super().__init__(path, f"the columns {_both(self.names)} have the same name", "Rename one of them.")


class MissingColumnError(DatasetError):
    """Raised when a dataset lacks a column that is needed."""

    def __init__(self, path: str, name: str, present: Iterable[str]) -> None:
        self.name, self.present = name, list(present)
        super().__init__(
            path,
            f"there is no column {name!r}",
            f"Columns present: {', '.join(self.present) or 'none'}. "
            f"Name the one that holds it: columns={{{name!r}: '...'}}.",
        )


class RepeatedIdsError(DatasetError):
    """Raised when rows share a sample_id; ``found`` gives each such id's lines or rows."""

    def __init__(self, path: str, unit: str, found: Mapping[str, list[int]]) -> None:
        self.found = found
        ids = _first_few([f"{name!r} stands in {unit}s {_both(rows, quote=False)}" for name, rows in found.items()])
        super().__init__(path, f"every row needs a sample_id of its own, but {ids}")


def _both(parts: Iterable[object], *, quote: bool = True) -> str:
    *most, last = [repr(part) if quote else str(part) for part in parts]
    return f"{', '.join(most)} and {last}" if most else last


def _first_few(parts: list[str], limit: int = 5) -> str:
    more = [f"and {len(parts) - limit} more"] if len(parts) > limit else []
    return ", ".join(parts[:limit] + more)


class TooFewRowsToSplitError(MigrateError):
    """Raised when a dataset has too few rows to tune a prompt on some of them and judge it on the others."""

    def __init__(
        self, path: object, dev: int, holdout: int, least_dev: int, least_holdout: int, *, hint: str = ""
    ) -> None:
        self.path, self.dev, self.holdout = str(path), dev, holdout
        self.least_dev, self.least_holdout, self.hint = least_dev, least_holdout, hint
        super().__init__(
            f"{path}: {dev} dev and {holdout} holdout rows are too few: it takes {least_dev} to tune a prompt and "
            f"{least_holdout} others to judge it. Add rows, or take a strategy that does not learn from them."
            f"{hint and ' '}{hint}"
        )


class AssignmentError(MigrateError):
    """Raised when units of traffic cannot be dealt out to variants."""

    def __init__(self, variants: Iterable[str], problem: str) -> None:
        self.variants, self.problem = list(variants), problem
        super().__init__(f"cannot deal out to the variants {self.variants!r}: {problem}.")
