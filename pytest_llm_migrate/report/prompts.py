"""The prompts of a migration in words: what is compared, how a tuned one fared, and what strategies wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.report.names import IN_DATASET, side_name

if TYPE_CHECKING:
    from pytest_llm_migrate.report.figures import Record


def route(migration: Record, arrow: str = "->") -> str:
    """Return from where to where a migration leads: from model to model, or on one model from prompt to prompt."""
    names = [side_name(migration[side]) for side in ("source", "target")]
    source, target = migration["source"], migration["target"]
    before, after = ((side.get("prompt") or {}).get("strategy") for side in (source, target))
    if before and source["ref"] == target["ref"]:
        return f"prompt {before} {arrow} prompt {after} on {names[1]}"
    return f"{IN_DATASET}, source {arrow} target" if names == [IN_DATASET] * 2 else f" {arrow} ".join(names)


def tuning_sentence(migration: Record) -> str:
    """Return dev score, holdout score and their gap with its interval; empty where no row tuned the prompt."""
    found = migration.get("prompt_tuning")
    if not found:
        return ""
    limits = found["interval"]
    interval = f" [{limits[0]:+.3f}, {limits[1]:+.3f}]" if limits else ""
    dev = f" ({counted(found['dev_rows'], 'row')})" if found["dev_rows"] else ""
    return (
        f"prompt of {found['strategy']}: {found['dev_score']:.3f} on the dev rows that tuned it{dev}, "
        f"{found['holdout_score']:.3f} on the {counted(found['holdout_rows'], 'holdout row')}; "
        f"gap {found['gap']:+.3f}{interval}"
    )
