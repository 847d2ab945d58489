"""In which regions the sides' models were called, by what the ledger says that calls were counted by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import SIDES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llm_migrate.answers import Traffic


def add_regions(results: dict[str, Any], traffic: Iterable[Traffic]) -> None:
    """Put on each side where its model was called in this run; ``None`` where it was not, or has no region."""
    found: dict[str, set[str]] = {}
    for lane in traffic:
        _, is_regional, region = lane.quota.partition(f"{lane.model} in ")
        if is_regional:
            found.setdefault(lane.model, set()).add(region)
    for migration in results["migrations"]:
        for side in SIDES:
            migration[side]["region"] = ", ".join(sorted(found.get(migration[side]["ref"], ()))) or None
