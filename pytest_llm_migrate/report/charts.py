"""Charts of a migration as places on a plane: latencies, changes of scores, several targets, earlier runs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llm_migrate.report.drawings import Axis, show_of
from pytest_llm_migrate.report.figures import Scale
from pytest_llm_migrate.report.forest import Tick, ticks_on
from pytest_llm_migrate.report.numbers import count, interval, is_known, percent, seconds, usd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.report.figures import Record
    from pytest_llm_migrate.report.gathered import Gathered

WIDTH, HEIGHT = 420, 170
_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_LEAST_DOT, _MORE_DOT = 7, 7
_SEEN = 0.99
"""The share of the slower side's answers that the axis of latencies covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A point, a bar or a whisker: its class says which, ``text`` what it stands for."""

    kind: str
    x: float
    y: float
    text: str
    width: float = 0
    height: float = 0
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart with all that it says in words and in a table.

    Attributes:
        title: What it shows.
        text: The same for those who do not see it: the main figures.
        x: The marked places across, from the left.
        x_name: What is measured across.
        y: The marked places upwards, as distances from the top.
        y_name: What is measured upwards.
        lines: Lines as the path of an SVG, by class.
        marks: Points and bars.
        legend: What the classes of lines or points mean, by class.
        note: What must be known to read it right.
        columns: The header of its table.
        cells: The lines of its table.
    """

    title: str
    text: str
    x: list[Tick]
    x_name: str
    y: list[Tick]
    y_name: str
    lines: list[tuple[str, str]]
    marks: list[Mark]
    legend: list[tuple[str, str]]
    note: str
    columns: list[str]
    cells: list[list[str]]


def charts_of(migration: Record, gathered: Gathered) -> list[Chart]:
    """Return the charts of one migration that there are rows or earlier runs for."""
    found = [_latencies(migration, gathered)]
    found += [_changes(migration, name, counts) for name, counts in gathered.changes.items() if sum(counts)]
    found += [_history(record, migration) for record in migration.get("history", ()) if len(record["points"]) > 1]
    return [chart for chart in found if chart]


def _latencies(migration: Record, gathered: Gathered) -> Chart | None:
    sides = {side: sorted(sample.values) for side, sample in gathered.latencies.items()}
    if not all(sides.values()):
        return None
    axis = Axis(low=0, high=max(quantile(values, _SEEN) for values in sides.values()) or 1, width=WIDTH)
    rows = {side: gathered.latencies[side].seen for side in sides}
    medians = {side: seconds(quantile(values, 0.5)) for side, values in sides.items()}
    beyond = "; the slowest 1% of the slower side lies beyond the axis"
    drawn = "" if all(rows[side] == len(sides[side]) for side in sides) else ", drawn from a sample of them"
    apart = (
        " These are the rows' own answers, not the latency pass of the figures." if migration["latency_pass"] else ""
    )
    return Chart(
        title="Latency: share of answers that took at most so long",
        text=f"Half of the source's answers took {medians['source']} at most, the target's {medians['target']}.",
        x=ticks_on(axis, seconds),
        x_name="latency of an answer",
        y=_shares(),
        y_name="share of answers",
        lines=[(side, _steps(values, axis)) for side, values in sides.items()],
        marks=[],
        legend=[(side, f"{side}, {count(rows[side])} answers") for side in sides],
        note=f"n: {count(rows['source'])} source and {count(rows['target'])} target answers{drawn}{beyond}."
        f"{_kept(migration)}{apart}",
        columns=["Share of answers", "Source", "Target"],
        cells=[[percent(share), *(seconds(quantile(values, share)) for values in sides.values())] for share in _SHARES],
    )


def _kept(migration: Record) -> str:
    kept = {side: number for side, number in migration["cached"].items() if number}
    if not kept:
        return ""
    named = ", ".join(f"{count(number)} {side}" for side, number in kept.items())
    return f" Kept answers ({named}) count with the time of their first call."


def quantile(values: Sequence[float], share: float) -> float:
    """Return the least of some sorted values that at least a share of them does not exceed."""
    return values[min(int(share * len(values)), len(values) - 1)]


def _steps(values: Sequence[float], axis: Axis) -> str:
    """Return the steps of a cumulated share, at most a few hundred of them."""
    stride = max(1, len(values) // 300)
    path = [f"M0 {HEIGHT}"]
    for place in range(0, len(values), stride):
        if values[place] > axis.high:
            break
        path.append(
            f"H{axis.place(values[place])}V{round(HEIGHT * (1 - min(place + stride, len(values)) / len(values)), 1)}"
        )
    return "".join(path)


def _shares() -> list[Tick]:
    return [
        Tick(place=HEIGHT * (1 - share), text=percent(share).replace(".0", "")) for share in (0, 0.25, 0.5, 0.75, 1)
    ]


def _changes(migration: Record, metric: str, counts: Sequence[int]) -> Chart:
    """Return how often a graded score moved by how much; the middle bin is that of no change."""
    low, high = migration.get("bounds", {}).get(metric, (0, 1))
    reach, scale = high - low, Scale.of(migration, metric)
    axis, most, n = Axis(low=-reach, high=reach, width=WIDTH), max(counts), sum(counts)
    up, edges = Axis(low=0, high=most, width=HEIGHT), _edges(len(counts), reach)
    middle = len(counts) // 2
    worse, same, better = sum(counts[:middle]), counts[middle], sum(counts[middle + 1 :])
    names = [f"{scale.change(left)} to {scale.change(right)}" for left, right in edges]
    figures = migration["metrics"][metric]
    return Chart(
        title=f"{metric}: by how much rows changed",
        text=f"{count(worse)} rows fell, {count(same)} hardly moved and {count(better)} rose.",
        x=ticks_on(axis, scale.change),
        x_name="target's score minus source's",
        y=_whole_ticks(up),
        y_name="rows",
        lines=[("reference", f"M{axis.place(0)} 0V{HEIGHT}")],
        marks=[
            Mark(
                kind=f"bar {'worse' if place < middle else 'better' if place > middle else 'same'}",
                x=axis.place(left) + 1,
                width=round(axis.place(right) - axis.place(left) - 2, 1),
                y=HEIGHT - up.place(number),
                height=up.place(number),
                text=f"{names[place]}: {count(number)} rows",
            )
            for place, ((left, right), number) in enumerate(zip(edges, counts, strict=True))
            if number
        ],
        legend=[
            ("worse", f"fell: {count(worse)}"),
            ("same", f"within {scale.change(edges[middle][1]).lstrip('+')} of no change: {count(same)}"),
            ("better", f"rose: {count(better)}"),
        ],
        note=f"n: {count(n)} rows with both scores. Mean change {scale.change(figures['delta'])}, "
        f"interval {interval(figures['interval'], scale.change)}.",
        columns=["Change", "Rows"],
        cells=[[name, count(number)] for name, number in zip(names, counts, strict=True) if number],
    )


def _edges(bins: int, reach: float) -> list[tuple[float, float]]:
    return list(pairwise(reach * (2 * place / bins - 1) for place in range(bins + 1)))


def _whole_ticks(axis: Axis) -> list[Tick]:
    step = max(1, round(axis.high / 4))
    return [
        Tick(place=HEIGHT - axis.place(number), text=count(number)) for number in range(0, int(axis.high) + 1, step)
    ]


def _history(record: Record, migration: Record) -> Chart:
    """Return a gate's estimates with their limits over the runs that asked it, this one last."""
    points, show = record["points"], show_of(record, migration)
    values = [value for point in points for value in (point["estimate"], point["low"], point["high"], point["bar"])]
    up = Axis.over(values, HEIGHT)
    xs = [round(WIDTH * (place + 0.5) / len(points), 1) for place in range(len(points))]
    days = [dt.datetime.fromisoformat(point["at"]).strftime("%d %b %H:%M") for point in points]
    said = [interval((point["low"], point["high"]), show) for point in points]
    marks, whiskers = [], []
    for x, point, day, limits in zip(xs, points, days, said, strict=True):
        low = up.low if not is_known(point["low"]) else point["low"]
        high = up.high if not is_known(point["high"]) else point["high"]
        whiskers.append(f"M{x} {_down(up, low)}V{_down(up, high)}")
        text = f"{day}: {point['verdict']}, {show(point['estimate'])} {limits}"
        marks.append(Mark(kind=f"point {_TONES[point['verdict']]}", x=x, y=_down(up, point["estimate"]), text=text))
    bars = "".join(
        f"M{round(x - WIDTH / len(points) / 2, 1)} {_down(up, point['bar'])}h{round(WIDTH / len(points), 1)}"
        for x, point in zip(xs, points, strict=True)
    )
    stride = -(-len(points) // 4)  # four dates fit beside each other
    return Chart(
        title=f"{record['gate']}: over {count(len(points))} runs",
        text=f"From {points[0]['verdict']} at {show(points[0]['estimate'])} "
        f"to {points[-1]['verdict']} at {show(points[-1]['estimate'])}.",
        x=[Tick(place=xs[place], text=days[place]) for place in range(0, len(points), stride)],
        x_name="runs in their order, in UTC; not to scale in time",
        y=[Tick(place=HEIGHT - tick.place, text=tick.text) for tick in ticks_on(up, show)],
        y_name="estimate with its limits",
        lines=[("whisker", "".join(whiskers)), ("bar", bars)],
        marks=marks,
        legend=[("bar", "what must be shown")],
        note="Each run judged the rows, prompts and models that it had then.",
        columns=["Run", "Verdict", "Estimate", "Limits", "Rows"],
        cells=[
            [f"{day}, {point['run']}", point["verdict"], show(point["estimate"]), limits, count(point["n"])]
            for day, point, limits in zip(days, points, said, strict=True)
        ],
    )


_TONES = {"GO": "go", "NO-GO": "no", "NOT ENOUGH EVIDENCE": "more", "CANNOT JUDGE": "cannot"}


def _down(axis: Axis, value: float) -> float:
    return round(HEIGHT - axis.place(value), 1)


def target_chart(ranking: Record, migration: Record) -> Chart | None:
    """Return several targets by cost and change of quality, the area of a dot its median latency."""
    metric = ranking["metric"]
    known = [
        found
        for found in ranking["targets"]
        if metric and is_known(found["cost"]["mean"]) and is_known(found["metrics"][metric]["delta"])
    ]
    if len(known) < 2:  # noqa: PLR2004 - one alone is no comparison
        return None
    scale = Scale.of(migration, metric)
    figures = [found["metrics"][metric] for found in known]
    across = Axis(low=0, high=max(found["cost"]["mean"] for found in known) * 1.15 or 1, width=WIDTH)
    up = Axis.over([0.0, *(value for item in figures for value in (item["delta"], *(item["interval"] or ())))], HEIGHT)
    slowest = max((found["latency"]["p50"] or 0 for found in known), default=0) or 1
    xs = [across.place(found["cost"]["mean"]) for found in known]
    whiskers = [
        f"M{x} {_down(up, item['interval'][0])}V{_down(up, item['interval'][1])}"
        for x, item in zip(xs, figures, strict=True)
        if item["interval"] and all(map(is_known, item["interval"]))
    ]
    return Chart(
        title="Quality, cost and latency of the targets",
        text="; ".join(
            f"{found['ref']}: {scale.change(item['delta'])} at {usd(found['cost']['mean'])} a row"
            for found, item in zip(known, figures, strict=True)
        )
        + ".",
        x=ticks_on(across, usd),
        x_name="cost of a row",
        y=[Tick(place=HEIGHT - tick.place, text=tick.text) for tick in ticks_on(up, scale.change)],
        y_name=f"change of {metric}",
        lines=[("reference", f"M0 {_down(up, 0)}H{WIDTH}"), ("whisker", "".join(whiskers))],
        marks=[_dot(found, item, scale, across, up, slowest) for found, item in zip(known, figures, strict=True)],
        legend=[],
        note="A dot's number is its rank, its size grows with the median latency, where that is known. Cost begins at "
        f"zero. Intervals: {percent(ranking['confidence'])}.",
        columns=["Target", "Rows", f"Change of {metric}", "Interval", "Cost of a row", "Latency p50"],
        cells=[_target_cells(found, item, scale) for found, item in zip(known, figures, strict=True)],
    )


def _dot(target: Record, figures: Record, scale: Scale, across: Axis, up: Axis, slowest: float) -> Mark:
    cost, latency = target["cost"]["mean"], target["latency"]["p50"]
    return Mark(
        kind=f"dot {_TONES.get(target['verdict'] or '', 'none')}",
        x=across.place(cost),
        y=_down(up, figures["delta"]),
        width=round(_LEAST_DOT + _MORE_DOT * ((latency or 0) / slowest) ** 0.5, 1),
        text=f"{target['ref']}: {scale.change(figures['delta'])}, {usd(cost)} a row, {seconds(latency)}",
        label=str(target["rank"] or ""),
    )


def _target_cells(target: Record, figures: Record, scale: Scale) -> list[str]:
    change = [scale.change(figures["delta"]), interval(figures["interval"], scale.change)]
    return [target["ref"], count(figures["n"]), *change, usd(target["cost"]["mean"]), seconds(target["latency"]["p50"])]
