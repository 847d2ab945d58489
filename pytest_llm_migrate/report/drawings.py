"""Where an interval, its estimate and the bar of its gate stand on a drawn line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.report.figures import RATES, Scale
from pytest_llm_migrate.report.numbers import interval, is_known, percent, quantity, ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llm_migrate.report.figures import Figure, Record, Show

GATE_WIDTH = 380
LINE_WIDTH = 150
_ROOM = 0.08
"""Share of the line that stays free at either end."""
_DIFFERENCES = {"non_inferior", "superior"}
_REFERENCES = {"non_inferior": 0.0, "superior": 0.0, "ratio_at_most": 1.0, "at_least": None, "at_most": None}
"""The kinds of gates, and the value of each that means no change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Maps values to places on a line that is ``width`` units long."""

    low: float
    high: float
    width: int

    @classmethod
    def over(cls, values: Iterable[float | None], width: int) -> Axis:
        """Return the axis on which all known values, of which there must be one, have their place."""
        known = [value for value in values if is_known(value)]
        low, high = min(known), max(known)
        room = (high - low) * _ROOM or abs(high) * _ROOM or 1.0
        return cls(low=low - room, high=high + room, width=width)

    def place(self, value: float) -> float:
        """Return where a value stands."""
        return round((value - self.low) / (self.high - self.low) * self.width, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The bar of a gate on a line: where it stands, what it is called, and which part of the line is good."""

    place: float
    name: str
    good_from: float
    good_width: float
    is_left: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One interval on a line.

    Attributes:
        width: Of the line.
        low: Where the interval begins: the line's own end where it has no lower limit.
        high: Where it ends, likewise.
        is_open_low: Whether it has no lower limit.
        is_open_high: Whether it has no upper limit.
        estimate: Where the estimate stands.
        reference: Where no change stands, ``None`` where nothing means no change.
        text: What the drawing shows, in words.
        bar: The bar of a gate, if there is one.
    """

    width: int
    low: float
    high: float
    is_open_low: bool
    is_open_high: bool
    estimate: float
    reference: float | None
    text: str
    bar: Bar | None = None


def gate_values(figures: Record) -> tuple[float | None, ...] | None:
    """Return the values that a gate's axis must have a place for; ``None`` where there is nothing to draw."""
    kind, bar, estimate = figures.get("kind"), _bar_value(figures), figures.get("estimate")
    if kind not in _REFERENCES or not is_known(bar) or not is_known(estimate):
        return None
    return figures.get("low"), figures.get("high"), estimate, bar, _REFERENCES[kind]


def gate_drawing(figures: Record, migration: Record, axis: Axis | None = None) -> Drawing | None:
    """Return the drawing of a gate's figures, on an axis of its own or on one that others share.

    It is ``None`` where there is nothing to draw.
    """
    values, bar, estimate = gate_values(figures), _bar_value(figures), figures.get("estimate")
    if values is None or not is_known(bar) or not is_known(estimate):
        return None
    limits, show, kind = (figures.get("low"), figures.get("high")), show_of(figures, migration), figures["kind"]
    axis, reference = axis or Axis.over(values, GATE_WIDTH), _REFERENCES[kind]
    side = "at least" if kind == "at_least" else "above" if kind in _DIFFERENCES else "at most"
    text = f"Estimate {show(estimate)}, limits {interval(limits, show)}; to pass it must be {side} {show(bar)}."
    drawn_bar = _bar(axis, bar, f"{side} {show(bar)}", is_above_good=side != "at most")
    return _drawing(axis, estimate, limits, reference, text, drawn_bar)


def figure_drawings(figures: Sequence[Figure], reference: float) -> list[Drawing | None]:
    """Return the drawings of several figures' changes on one axis; ``None`` for one without an interval."""
    drawn = [figure for figure in figures if is_known(figure.estimate)]
    if not drawn:
        return [None] * len(figures)
    values = [value for figure in drawn for value in (figure.estimate, figure.low, figure.high)]
    axis = Axis.over([*values, reference], LINE_WIDTH)
    return [_figure_drawing(figure, axis, reference) for figure in figures]


def _figure_drawing(figure: Figure, axis: Axis, reference: float) -> Drawing | None:
    if not is_known(figure.estimate) or not (is_known(figure.low) or is_known(figure.high)):
        return None
    text = f"Change {figure.change}, interval {figure.limits}."
    return _drawing(axis, figure.estimate, (figure.low, figure.high), reference, text)


def _drawing(
    axis: Axis,
    estimate: float,
    limits: tuple[float | None, float | None],
    reference: float | None,
    text: str,
    bar: Bar | None = None,
) -> Drawing:
    low, high = limits
    return Drawing(
        width=axis.width,
        low=axis.place(low) if is_known(low) else 0,
        high=axis.place(high) if is_known(high) else axis.width,
        is_open_low=not is_known(low),
        is_open_high=not is_known(high),
        estimate=axis.place(estimate),
        reference=None if reference is None else axis.place(reference),
        text=text,
        bar=bar,
    )


def _bar(axis: Axis, value: float, name: str, *, is_above_good: bool) -> Bar:
    place = axis.place(value)
    return Bar(
        place=place,
        name=name,
        good_from=place if is_above_good else 0,
        good_width=round(axis.width - place, 1) if is_above_good else place,
        is_left=place < axis.width / 2,
    )


def _bar_value(figures: Record) -> float | None:
    margin = figures.get("margin")
    if figures.get("kind") in _DIFFERENCES and is_known(margin):
        return -margin if figures["kind"] == "non_inferior" else margin
    found: float | None = figures.get("floor", figures.get("bar"))
    return found


def show_of(figures: Record, migration: Record) -> Show:
    """Return how the estimate of a gate is written."""
    kind, metric = figures["kind"], figures.get("metric")
    if kind == "ratio_at_most":
        return ratio
    if kind == "at_most" and figures.get("quantity") in RATES:
        return percent
    if kind == "at_most":
        return quantity((migration.get(figures.get("quantity", "")) or {}).get("unit", ""))
    scale = Scale.of(migration, metric) if metric else Scale.of({}, "")
    return scale.change if kind in _DIFFERENCES else scale.value
