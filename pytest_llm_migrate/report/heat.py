"""Changes as a heat map: a number in every cell, its colour and its arrow by how far it moved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import is_monitor
from pytest_llm_migrate.report.figures import TIMES, Scale, is_pass_invalid, metric_figure, quantity_figure
from pytest_llm_migrate.report.numbers import UNKNOWN, count, is_known

if TYPE_CHECKING:
    from pytest_llm_migrate.report.figures import Record

_STEPS = (0.005, 0.03, 0.1)
"""Shares of a metric's scale from which on a change counts as small, clear and large."""
_RATIO_STEPS = (1.03, 1.2, 1.6)
"""The same for ratios, in either direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatCell:
    """A change.

    Attributes:
        text: The change.
        tone: ``worse`` or ``better`` with 1 to 3 for how far, ``same``, or ``blank`` for what is unknown.
        arrow: The same without colour, as far as it is more than nothing.
        is_shown: Whether its interval leaves out no change.
        note: Its interval and rows.
    """

    text: str
    tone: str
    arrow: str
    is_shown: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """Groups of rows by metrics; the cells of a line are in the order of the metrics."""

    metrics: list[str]
    lines: list[tuple[str, str, list[HeatCell]]]


def slice_heat(migration: Record) -> HeatMap | None:
    """Return how every slice changed in every metric; ``None`` without slices."""
    groups = migration["slice_metrics"]
    names = [name for name in migration["metrics"] if not is_monitor(name)]
    names = [name for name in names if any(name in group["metrics"] for group in groups)]
    if not names:
        return None
    lines = [
        (f"{group['column']} = {group['value']}", _rows(group), [_group_cell(migration, group, name) for name in names])
        for group in groups
    ]
    return HeatMap(metrics=names, lines=lines)


def metric_cell(migration: Record, name: str, figures: Record) -> HeatCell:
    """Return how a metric changed."""
    low, high = migration.get("bounds", {}).get(name, (0, 1))
    figure = metric_figure(name, figures, Scale.of(migration, name))
    share = figure.estimate / (high - low) if is_known(figure.estimate) and high > low else None
    note = f"{figure.source} → {figure.target}, interval {figure.limits}, n {figure.n}"
    return _cell(figure.change, _step(share), (figure.low, figure.high), 0.0, note)


def ratio_cell(migration: Record, name: str, statistic: str) -> HeatCell:
    """Return how a quantity, of which less is better, changed."""
    figure = quantity_figure(migration, name, statistic)
    if figure is None:
        return _blank(UNKNOWN)
    if name in TIMES and is_pass_invalid(migration):
        return _blank("invalid")
    note = f"{figure.source} → {figure.target}, interval {figure.limits}, n {figure.n}"
    return _cell(figure.change, _ratio_step(figure.estimate), (figure.low, figure.high), 1.0, note)


def _rows(group: Record) -> str:
    found = group.get("rows") or max((figures["n"] for figures in group["metrics"].values()), default=0)
    return count(found)


def _group_cell(migration: Record, group: Record, name: str) -> HeatCell:
    figures = group["metrics"].get(name)
    return metric_cell(migration, name, figures) if figures else _blank("-")


def _blank(text: str) -> HeatCell:
    return HeatCell(text=text, tone="blank", arrow="", is_shown=False, note="")


def _cell(
    text: str, step: int | None, limits: tuple[float | None, float | None], nothing: float, note: str
) -> HeatCell:
    if step is None:
        return _blank(text)
    low, high = limits
    is_shown = (is_known(low) and low > nothing) or (is_known(high) and high < nothing)
    tone = f"{'worse' if step < 0 else 'better'}{abs(step)}" if step else "same"
    arrow = "▼" if step < 0 else "▲" if step else ""
    return HeatCell(text=text, tone=tone, arrow=arrow, is_shown=is_shown, note=note)


def _step(share: float | None) -> int | None:
    """Return how far up (above 0) or down a share of the scale is, in three steps."""
    if share is None:
        return None
    return int(math.copysign(sum(abs(share) >= step for step in _STEPS), share))


def _ratio_step(ratio: float | None) -> int | None:
    if not is_known(ratio) or ratio <= 0:
        return None
    size = sum(max(ratio, 1 / ratio) >= step for step in _RATIO_STEPS)
    return -size if ratio > 1 else size
