"""Figures of a whole run, of metrics that give some: made over all rows that the run's processes have seen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers import printable
from pytest_llm_migrate.domain import SIDES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.domain import Metric, RunLevel, SideName


def is_run_only(metric: Metric) -> bool:
    """Return whether a metric has figures of a run alone, and no scores of answers."""
    return bool(getattr(metric, "run_only", False))


def run_figures(metrics: Sequence[RunLevel], cases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return each metric's figures by side, from the cases as they were written down.

    Of several repeats the first answer counts. A metric that raises has its ``fault`` instead.
    """
    pairs = {side: _pairs(cases, side) for side in SIDES}
    return {metric.name: _figures(metric, pairs) for metric in metrics}


def run_level_warnings(figures: Mapping[str, Any]) -> list[str]:
    """Return why figures are not there, a sentence a metric."""
    faults = {name: found["fault"] for name, found in figures.items() if "fault" in found}
    return [f"{name} has no figures of the run: {fault}" for name, fault in faults.items()]


def _pairs(cases: Sequence[Mapping[str, Any]], side: SideName) -> list[tuple[str, Any]]:
    return [(case[side]["text"], case["reference"]) for case in cases if "error" not in case[side]]


def _figures(metric: RunLevel, pairs: Mapping[SideName, Sequence[tuple[str, Any]]]) -> dict[str, Any]:
    try:
        return {side: _finite(metric.summary(found)) for side, found in pairs.items()}
    except Exception as error:  # noqa: BLE001 - a metric may come from a plugin; its bug is told, and ends no run
        return {"fault": printable(f"{type(error).__name__}: {error}")}


def _finite(figures: Mapping[str, float]) -> dict[str, float]:
    found = {str(name): float(value) for name, value in figures.items()}
    return {name: value for name, value in found.items() if math.isfinite(value)}
