"""The rows that a run judges: those of a split, or a sample."""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import MissingColumnError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain.row import Dataset, Row


def select(dataset: Dataset, *, split: str | None) -> Dataset:
    """Return the dataset with the rows of one split only; the whole of it where ``split`` is ``None``.

    Raises a `MigrateError` when there is no column ``split``, or no row with this value.
    """
    if split is None:
        return dataset
    if "split" not in dataset.columns:
        raise MissingColumnError(dataset.path, "split", dataset.columns)
    rows = [row for row in dataset if row["split"] == split]
    if not rows:
        present = {row["split"] for row in dataset if row["split"]}
        raise UnknownNameError("split", split, present, where=dataset.path)
    return replace(dataset, rows=rows)


def sample(rows: Sequence[Row], n: int, *, seed: int) -> Sequence[Row]:
    """Return ``n`` of the rows in their order, all where there are fewer.

    A row's luck depends on the seed and its ``sample_id`` alone, so a larger sample holds every smaller one,
    and rows added to the dataset change a sample little.
    """
    chosen = {row.sample_id for row in heapq.nsmallest(n, rows, key=lambda row: luck(row.sample_id, seed))}
    return [row for row in rows if row.sample_id in chosen]


def luck(name: str, seed: int) -> bytes:
    """Return by what a row, or another thing with a name, is drawn: the least are drawn first."""
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()
