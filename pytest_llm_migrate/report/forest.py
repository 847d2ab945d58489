"""The gates of a migration as a forest plot: a line for each statement, on one axis a unit."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.report.drawings import Axis, gate_drawing, gate_values, show_of
from pytest_llm_migrate.report.figures import QUANTITIES, RATES, Scale
from pytest_llm_migrate.report.numbers import count, interval, is_known

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llm_migrate.report.drawings import Drawing
    from pytest_llm_migrate.report.figures import Record, Show

FOREST_WIDTH = 340
_MOST_TICKS = 5
_EMPTY_DECIMALS = re.compile(r"\.0+(?![\d])")
_WORDS = {
    "non_inferior": "{} no worse by more than {}",
    "superior": "{} better by {}",
    "at_least": "{} at least {}",
    "at_most": "{} at most {}",
    "ratio_at_most": "{} at most {}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A marked place of an axis."""

    place: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestLine:
    """What one gate asked and found.

    Attributes:
        asked: What must be shown, in a few words.
        gate: The gate's name.
        verdict: What it said.
        estimate: Its estimate, empty where it has none.
        limits: The limits of the estimate, likewise.
        n: Rows behind it, likewise.
        drawing: Where all that stands on the axis of its unit; ``None`` for what is no interval.
    """

    asked: str
    gate: str
    verdict: str | None
    estimate: str
    limits: str
    n: str
    drawing: Drawing | None

    @property
    def room(self) -> float:
        """How far the nearest limit is from the margin, as a share of the axis; 1 without a drawing."""
        if self.drawing is None or self.drawing.bar is None:
            return 1.0
        limits = (self.drawing.low, self.drawing.high)
        return min(abs(limit - self.drawing.bar.place) for limit in limits) / self.drawing.width


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """The lines that share an axis.

    Attributes:
        unit: What the axis measures; empty for lines without one.
        lines: The lines.
        ticks: The axis' marked places.
        width: Of the axis.
    """

    unit: str
    lines: list[ForestLine]
    ticks: list[Tick]
    width: int


def forests_of(migration: Record) -> list[Forest]:
    """Return the forest plot of a migration's gates, a part for each unit, those without an interval last."""
    groups: dict[str, list[tuple[Record, Record]]] = {}
    for gate, statement in _statements(migration):
        groups.setdefault(_unit(statement["figures"], migration), []).append((gate, statement))
    ordered = sorted(groups.items(), key=lambda group: not group[0])
    return [_forest(unit, found, migration) for unit, found in ordered]


def ticks_on(axis: Axis, show: Show) -> list[Tick]:
    """Return round values on an axis, with their texts."""
    step = _nice((axis.high - axis.low) / _MOST_TICKS)
    places = range(math.ceil(axis.low / step), math.floor(axis.high / step) + 1)
    return [Tick(place=axis.place(number * step), text=_round(show(number * step))) for number in places]


def _statements(migration: Record) -> Iterator[tuple[Record, Record]]:
    for gate in migration["gates"]:
        nothing = {"verdict": gate["verdict"], "gate": "", "statement": gate["statement"], "figures": {}}
        for statement in gate["statements"] or [nothing]:
            yield gate, statement


def _unit(figures: Record, migration: Record) -> str:
    """Return what a gate's axis measures, empty where there is nothing to draw."""
    kind = figures.get("kind")
    if gate_values(figures) is None:
        return ""
    if kind == "ratio_at_most":
        return "target divided by source"
    if kind == "at_most":
        return str(QUANTITIES.get(figures.get("quantity", ""), "share of the target's rows"))
    metric = figures.get("metric", "")
    on_scale = list(migration.get("bounds", {}).get(metric, (0, 1)))
    of_metric = "" if on_scale == [0, 1] else f" on a scale of {on_scale[0]:g} to {on_scale[1]:g}"
    if kind == "at_least":
        return f"the target's score{of_metric}"
    return f"change of the score{of_metric}" if of_metric else "change of the score, in percentage points"


def _forest(unit: str, found: Sequence[tuple[Record, Record]], migration: Record) -> Forest:
    if not unit:
        lines = [_line(gate, statement, migration, None) for gate, statement in found]
        return Forest(unit=unit, lines=lines, ticks=[], width=FOREST_WIDTH)
    values = [value for _, statement in found for value in gate_values(statement["figures"]) or ()]
    axis = Axis.over(values, FOREST_WIDTH)
    lines = [_line(gate, statement, migration, axis) for gate, statement in found]
    return Forest(
        unit=unit, lines=lines, ticks=ticks_on(axis, show_of(found[0][1]["figures"], migration)), width=axis.width
    )


def _line(gate: Record, statement: Record, migration: Record, axis: Axis | None) -> ForestLine:
    figures = statement["figures"]
    is_drawn = axis is not None
    show = show_of(figures, migration) if is_drawn else count
    limits = (figures.get("low"), figures.get("high"))
    return ForestLine(
        asked=_asked(figures, statement, migration) if is_drawn else gate["doc"] or statement["gate"],
        gate=gate["nodeid"].rpartition("::")[2],
        verdict=statement["verdict"],
        estimate=show(figures["estimate"]) if is_drawn else "",
        limits=interval(limits, show) if is_drawn and any(map(is_known, limits)) else "",
        n=count(figures["n"]) if is_known(figures.get("n")) else "",
        drawing=gate_drawing(figures, migration, axis) if is_drawn else None,
    )


def _asked(figures: Record, statement: Record, migration: Record) -> str:
    kind = figures["kind"]
    what = figures.get("metric") or " ".join(
        filter(None, [(QUANTITIES | RATES).get(figures.get("quantity", "")), figures.get("statistic")])
    )
    if not what:
        return str(statement["gate"])
    bar = figures["margin"] if kind in {"non_inferior", "superior"} else figures.get("floor", figures.get("bar"))
    show = Scale.of(migration, what).value if kind in {"non_inferior", "superior"} else show_of(figures, migration)
    text = show(bar).replace("%", " pp") if kind in {"non_inferior", "superior"} else show(bar)
    return _WORDS[kind].format(what, text)


def _round(text: str) -> str:
    """Return a round value without decimals that say nothing: ``-20.0 pp`` is ``-20 pp``."""
    return _EMPTY_DECIMALS.sub("", text)


def _nice(step: float) -> float:
    """Return the next round step: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9))
