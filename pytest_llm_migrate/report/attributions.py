"""An attribution grid as text: both models on both prompts, and what each of the two did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import SIDES
from pytest_llm_migrate.report.figures import Scale
from pytest_llm_migrate.report.numbers import count, interval

if TYPE_CHECKING:
    from pytest_llm_migrate.report.figures import Record, Show

_NONE = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionGrid:
    """One metric's grid.

    Attributes:
        metric: The metric.
        n: Rows behind it.
        lines: Each model's name, its mean at both prompts, and the prompt's effect with its interval; the model's
            effect at both prompts, and by how much the prompt's effects differ, come last. What a recorded source
            leaves open is left out.
    """

    metric: str
    n: str
    lines: list[tuple[str, str, str, str]]


def attribution_sentences(migration: Record) -> list[str]:
    """Return what is the model's and what the prompt's, a text for each metric, after what cannot be said."""
    found = migration.get("attribution")
    if not found:
        return []
    return [*filter(None, [found["note"]]), *(item["statement"] for item in found["metrics"].values())]


def attribution_grids(migration: Record) -> list[AttributionGrid]:
    """Return the grid of every metric that has rows for one."""
    found = (migration.get("attribution") or {"metrics": {}})["metrics"]
    return [_grid(name, record, Scale.of(migration, name)) for name, record in found.items() if record["n"]]


def _grid(metric: str, record: Record, scale: Scale) -> AttributionGrid:
    means, effects = record["means"], record["effects"]
    models = [_model_line(side, means[f"{side}_model"], effects[f"prompt_at_{side}_model"], scale) for side in SIDES]
    names = ("model_at_source_prompt", "model_at_migrated_prompt", "interaction")
    at_source, at_migrated, interaction = (_effect(effects[name], scale) for name in names)
    lines = [*models, ("the model's effect", at_source, at_migrated, interaction)]
    asked = [line for line in lines if set(line[1:]) != {_NONE}]
    return AttributionGrid(metric=metric, n=count(record["n"]), lines=asked)


def _model_line(side: str, means: Record, effect: Record | None, scale: Scale) -> tuple[str, str, str, str]:
    at_source, at_migrated = (_shown(means[prompt], scale.value) for prompt in ("source_prompt", "migrated_prompt"))
    return f"{side} model", at_source, at_migrated, _effect(effect, scale)


def _shown(value: float | None, show: Show) -> str:
    return _NONE if value is None else show(value)


def _effect(effect: Record | None, scale: Scale) -> str:
    return (
        _NONE if effect is None else f"{scale.change(effect['estimate'])} {interval(effect['interval'], scale.change)}"
    )
