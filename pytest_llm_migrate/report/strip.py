"""What the first screen shows at a glance: quality, time, tokens and money, and what moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.report.figures import cost_state, is_pass_invalid, metric_figures, quantity_figure
from pytest_llm_migrate.report.numbers import (
    PRICED_ROWS,
    UNKNOWN,
    count,
    counted,
    interval,
    is_known,
    ratio,
    usd,
    usd_change,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.report.figures import Figure, Record

_MOST_METRICS = 2
_TIMES = (("latency", "p50"), ("latency", "p95"), ("ttft", "p50"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure to be seen at a glance; ``is_bad`` marks a count that should be zero."""

    label: str
    value: str
    note: str = ""
    is_bad: bool = False


def tiles_of(migration: Record) -> list[Tile]:
    """Return the strip of a migration."""
    return list(_tiles(migration))


def _tiles(record: Record) -> Iterator[Tile]:
    for figure in metric_figures(record)[:_MOST_METRICS]:
        yield _tile(figure)
    times = [quantity_figure(record, name, statistic) for name, statistic in _TIMES]
    invalid = is_pass_invalid(record)
    yield from (_invalid_tile(figure) if invalid else _tile(figure) for figure in times if figure)
    if not record.get("latency"):
        yield Tile(label="latency", value=UNKNOWN, note="no row has it on either side")
    if tokens := quantity_figure(record, "tokens", "mean"):
        yield _tile(tokens)
    yield _cost_tile(record)
    if record.get("projection"):
        yield _month_tile(record["projection"])
    below, judged = record["rows_below_bar"], record["dataset"]["rows"]
    yield Tile(label="rows below their bar", value=count(below), note=f"of {count(judged)}", is_bad=below > 0)
    yield _fault_tile(record)


def _tile(figure: Figure) -> Tile:
    return Tile(label=figure.name, value=figure.change, note=f"{figure.source} → {figure.target}")


def _invalid_tile(figure: Figure) -> Tile:
    return Tile(label=figure.name, value="invalid", note="the latency pass does not count", is_bad=True)


def _fault_tile(record: Record) -> Tile:
    kinds = (("errors", "no answer"), ("truncated", "cut off"), ("refusals", "refused"))
    found = [(record[key]["target"], word) for key, word in kinds]
    faults = sum(number for number, _ in found)
    said = ", ".join(f"{count(number)} {word}" for number, word in found if number)
    note = said or "every answer came whole"
    return Tile(label="target answers at fault", value=count(faults), note=note, is_bad=faults > 0)


def _cost_tile(record: Record) -> Tile:
    label, cost = f"cost of {count(PRICED_ROWS)} rows", record.get("cost")
    if not cost:
        return Tile(label=label, value=cost_state(record) or UNKNOWN, note="no row has it on either side")
    mean = cost["statistics"]["mean"]
    source, target = (usd(mean[side] and mean[side] * PRICED_ROWS) for side in ("source", "target"))
    return Tile(label=label, value=ratio(mean["ratio"]), note=f"{source} → {target}")


def _month_tile(found: Record) -> Tile:
    label = f"a month of {counted(found['requests'], 'request')}"
    if not is_known(found["difference_usd"]):
        return Tile(label=label, value=UNKNOWN, note="cost unknown")
    limits = f", {interval(found['interval'], usd_change)}" if found["interval"] else ""
    note = f"{usd(found['source_usd'])} → {usd(found['target_usd'])}{limits}"
    return Tile(label=label, value=usd_change(found["difference_usd"]), note=note)
