"""What the gates of a run said in earlier ones: a few numbers of each, for a chart."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MOST_POINTS = 12
_BARS = {"non_inferior": "margin", "superior": "margin", "at_least": "floor", "at_most": "bar", "ratio_at_most": "bar"}
Record = dict[str, Any]


def add_history(results: Mapping[str, Any], earlier: Iterable[Mapping[str, Any]]) -> None:
    """Put on every migration what each of its gates said over time, the oldest run first and this one last.

    Args:
        results: The record of this run.
        earlier: Records of earlier runs, the newest first, read as far as is needed; damaged ones are passed over.
    """
    found: dict[tuple[str, str, int], list[Record]] = {
        (name, nodeid, place): [] for name, nodeid, place, _ in _points(results)
    }
    for record in chain([results], earlier if found else ()):
        for name, nodeid, place, point in _points_of(record):
            kept = found.get((name, nodeid, place), [])
            if len(kept) < MOST_POINTS and (not kept or _is_same(kept[0], point)):
                kept.append(point)
    for migration in results["migrations"]:
        series = [points for (name, _, _), points in found.items() if name == migration["id"]]
        migration["history"] = [_series(points) for points in series]


def _points_of(record: Mapping[str, Any]) -> list[tuple[str, str, int, Record]]:
    try:
        return list(_points(record))
    except (KeyError, TypeError, AttributeError):
        return []  # not a record that this program wrote, or not whole


def _points(record: Mapping[str, Any]) -> Iterator[tuple[str, str, int, Record]]:
    for migration in record["migrations"]:
        for gate in migration["gates"]:
            for place, said in enumerate(gate["statements"]):
                if (point := _point(record["run"], gate, said)) is not None:
                    yield migration["id"], gate["nodeid"], place, point


def _point(run: Mapping[str, Any], gate: Mapping[str, Any], said: Mapping[str, Any]) -> Record | None:
    figures = said["figures"]
    bar = figures.get(_BARS.get(figures["kind"], ""))
    if bar is None or figures.get("estimate") is None:
        return None
    return {
        "about": {key: figures.get(key) for key in ("kind", "metric", "quantity", "statistic")},
        "gate": said["gate"],
        "nodeid": gate["nodeid"],
        "run": run["id"],
        "at": run["started"],
        "verdict": said["verdict"],
        "bar": -bar if figures["kind"] == "non_inferior" else bar,
        **{key: figures.get(key) for key in ("estimate", "low", "high", "n")},
    }


def _is_same(one: Record, other: Record) -> bool:
    return bool(one["about"] == other["about"])


def _series(points: list[Record]) -> Record:
    newest, names = points[0], ("run", "at", "verdict", "estimate", "low", "high", "bar", "n")
    shown = [{name: point[name] for name in names} for point in reversed(points)]
    return {"nodeid": newest["nodeid"], "gate": newest["gate"], **newest["about"], "points": shown}
