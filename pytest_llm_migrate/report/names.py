"""What migrations of one run are called, so that no two are called alike."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.report.figures import Record


RECORDED = "recorded"
"""The reference of a side whose answers the dataset has."""
IN_DATASET = "answers in the dataset"


def names_of(migrations: Sequence[Record]) -> dict[str, str]:
    """Return the name of each migration by its id: with its target, or else with that id, where several have one."""
    names = [str(migration["name"]) for migration in migrations]
    longer = [f"{migration['name']} → {side_name(migration['target'])}" for migration in migrations]
    once, twice = Counter(names), Counter(longer)
    return {
        migration["id"]: name if once[name] == 1 else long if twice[long] == 1 else f"{name} ({migration['id']})"
        for name, long, migration in zip(names, longer, migrations, strict=True)
    }


def side_name(side: Record) -> str:
    """Return where a side's answers come from: a model, those that gave recorded ones, or the dataset."""
    if side["ref"] != RECORDED:
        return str(side["ref"])
    return f"{side['model']} (recorded)" if side.get("model") else IN_DATASET


def subject_of(migration: Record, migrations: Sequence[Record]) -> str:
    """Return what a command calls a migration: nothing where it is the only one, its name where that is enough."""
    alike = sum(each["name"] == migration["name"] for each in migrations)
    return "" if len(migrations) == 1 else str(migration["name"] if alike == 1 else migration["id"])
