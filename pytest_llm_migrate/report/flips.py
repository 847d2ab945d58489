"""What became of the rows in metrics that say right or wrong: source by target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import is_monitor
from pytest_llm_migrate.report.numbers import count

if TYPE_CHECKING:
    from collections.abc import Mapping

FLIP_HEADS = ("both right", "broke", "fixed", "both wrong")
"""Right before and after, right before alone, right after alone, and right never."""


def flip_counts(migration: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return every such metric with how many rows there are of each kind, in the order of `FLIP_HEADS`."""
    return [
        (name, *(count(found["flips"][kind]) for kind in FLIP_HEADS))
        for name, found in migration["metrics"].items()
        if found["n"] and not found["graded"] and not is_monitor(name)
    ]
