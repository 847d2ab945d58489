"""What a marker asks for, before a dataset is read or a model chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_llm_migrate.domain import Dataset, PromptText


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MigrationSpec:
    """A use case's migration as its test file declares it.

    Attributes:
        dataset: A path relative to ``folder``, or a dataset.
        folder: The test file's folder.
        nodeid: The test file, as pytest names it.
        suite: The test file's stem; recordings are kept under it.
        number: Which of the file's different markers this is, from 0.
        critical: A column of truth values, or an expression over columns, that says which rows may not break.
    """

    dataset: str | Path | Dataset
    folder: Path
    nodeid: str
    suite: str
    number: int
    prompt: str | Path | PromptText | None = None
    metrics: tuple[Any, ...] = ()
    slices: tuple[str, ...] = ()
    columns: Mapping[str, str] | None = None
    pipeline: Callable[..., Any] | None = None
    split: str | None = None
    row_failures: Literal["fail", "report"] = "fail"
    weight: str | None = None
    cluster: str | None = None
    critical: str | None = None

    @property
    def name(self) -> str:
        """What people call the migration: the file's stem without ``test_``, numbered from the second on."""
        stem = self.suite.removeprefix("test_")
        return stem if self.number == 0 else f"{stem} ({self.number + 1})"
