"""Figures with the drawings of their intervals: those of one scale on one axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.report.drawings import figure_drawings
from pytest_llm_migrate.report.figures import QUANTITIES, Scale, metric_figure, quantity_figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llm_migrate.report.drawings import Drawing
    from pytest_llm_migrate.report.figures import Figure, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A figure with the drawing of its interval, and the record it came from."""

    figure: Figure
    drawing: Drawing | None
    record: Record


def drawn_metrics(record: Record) -> list[Drawn]:
    """Return the metrics, those of one scale drawn on one axis: a point of five stars is no share."""
    scales: dict[tuple[float, ...], list[str]] = {}
    for name in record["metrics"]:
        scales.setdefault(tuple(record.get("bounds", {}).get(name, (0, 1))), []).append(name)
    found: dict[str, Drawn] = {}
    for names in scales.values():
        records = [record["metrics"][name] for name in names]
        figures = [metric_figure(name, record["metrics"][name], Scale.of(record, name)) for name in names]
        found |= zip(names, _drawn(figures, records, reference=0), strict=True)
    return [found[name] for name in record["metrics"]]


def _drawn(figures: Sequence[Figure], records: Sequence[Record], *, reference: float) -> list[Drawn]:
    drawings = figure_drawings(figures, reference)
    found = zip(figures, drawings, records, strict=True)
    return [Drawn(figure=figure, drawing=drawing, record=record) for figure, drawing, record in found]


def drawn_economics(record: Record) -> list[Drawn]:
    """Return time, tokens and cost, drawn on one axis of ratios."""
    figures = quantity_figures(record, list(_headlines()))
    return _drawn(figures, [{}] * len(figures), reference=1)


def _headlines() -> Iterator[tuple[str, str]]:
    for name in QUANTITIES:
        timed = name in {"latency", "ttft"}
        yield from ((name, statistic) for statistic in (("p50", "p95") if timed else ("mean",)))


def drawn_slices(record: Record) -> Iterator[tuple[str, list[Drawn]]]:
    """Yield each slice column and metric with its groups, drawn on one axis."""
    groups = record["slice_metrics"]
    for column in dict.fromkeys(group["column"] for group in groups):
        for metric in record["metrics"]:
            found = [group for group in groups if group["column"] == column and metric in group["metrics"]]
            figures = [_group_figure(group, metric, Scale.of(record, metric)) for group in found]
            yield f"{column}: {metric}", _drawn(figures, found, reference=0)


def _group_figure(group: Record, metric: str, scale: Scale) -> Figure:
    return metric_figure(str(group["value"]), group["metrics"][metric], scale)
