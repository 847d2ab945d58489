"""What the page shows of a run and of each migration, as text, from the records."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.report.attributions import attribution_grids
from pytest_llm_migrate.report.drawings import figure_drawings, gate_drawing
from pytest_llm_migrate.report.error_groups import broken_rows
from pytest_llm_migrate.report.figures import (
    QUANTITIES,
    STATISTICS,
    Scale,
    cost_state,
    gates_sentence,
    latency_sentences,
    metric_figure,
    metric_figures,
    no_cost_sentences,
    projection_sentence,
    quantity_figure,
    quantity_figures,
    served_sentence,
    settings_sentence,
    spending_sentence,
    unknown_quantities,
)
from pytest_llm_migrate.report.gold_audits import gold_audit_of
from pytest_llm_migrate.report.numbers import UNKNOWN, count, counted, percent, ratio, usd
from pytest_llm_migrate.report.outcomes import OUTCOMES
from pytest_llm_migrate.report.prompts import route, tuning_sentence
from pytest_llm_migrate.report.rankings import rankings_of
from pytest_llm_migrate.report.rewrites import variant_cells
from pytest_llm_migrate.report.row_view import CODES
from pytest_llm_migrate.report.seals import seal_sentence
from pytest_llm_migrate.report.text import visible
from pytest_llm_migrate.report.watched import watched_sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llm_migrate.report.attributions import AttributionGrid
    from pytest_llm_migrate.report.drawings import Drawing
    from pytest_llm_migrate.report.error_groups import BrokenRows
    from pytest_llm_migrate.report.figures import Figure, Record
    from pytest_llm_migrate.report.gold_audits import GoldAudit
    from pytest_llm_migrate.report.packing import Pile
    from pytest_llm_migrate.report.rankings import Ranking

_PRICED_ROWS = 1000
"""Rows that a cost is shown for, since the cost of one is too small to picture."""
_SETTINGS = ("model", "prompt", "prompt file", "strategy", "settings", "prompt hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure to be seen at a glance; ``is_bad`` marks a count that should be zero."""

    label: str
    value: str
    note: str = ""
    is_bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One thing that both sides have, and whether it differs."""

    label: str
    source: str
    target: str

    @property
    def is_changed(self) -> bool:
        """Whether the sides differ."""
        return self.source != self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A figure with the drawing of its interval, and the record it came from."""

    figure: Figure
    drawing: Drawing | None
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What an evaluated gate said, with its drawing."""

    record: Record
    drawing: Drawing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate and its statements."""

    record: Record
    name: str
    statements: list[Statement]


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationView:
    """One migration, ready for its template."""

    record: Record
    anchor: str
    next_anchor: str
    route: str
    prompts: str
    tuned: str
    variants: list[tuple[str, str, str, str]]
    judged: str
    tiles: list[Tile]
    moved: list[Moved]
    gates: list[Gate]
    metrics: list[Drawn]
    economics: list[Drawn]
    statistics: list[Figure]
    unknown: str
    no_cost: list[str]
    timed: list[str]
    watched: list[str]
    projection: str
    attribution: list[AttributionGrid]
    broken: list[BrokenRows]
    audit: GoldAudit | None
    slices: list[tuple[str, list[Drawn]]]
    outcomes: list[tuple[str, str, str]]
    provenance: list[tuple[str, str]]
    rows: Pile
    scales: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole page, ready for its template."""

    title: str
    record: Record
    moment: str
    took: str
    sealed: str
    index: list[tuple[MigrationView, list[str]]]
    rankings: list[Ranking]
    migrations: list[MigrationView]
    provenance: list[tuple[str, str]]


def page_of(results: Record, piles: dict[str, Pile]) -> Page:
    """Return the page of a run, whose rows are rendered already."""
    records = results["migrations"]
    views = [_migration(record, place, len(records), piles[record["id"]]) for place, record in enumerate(records, 1)]
    run = results["run"]
    return Page(
        title=records[0]["name"] if len(records) == 1 else counted(len(records), "migration"),
        record=results,
        moment=_moment(run["started"]),
        took=_took(run),
        sealed=seal_sentence(results),
        index=[(view, _index_cells(view.record)) for view in views] if len(views) > 1 else [],
        rankings=rankings_of(results),
        migrations=views,
        provenance=list(_run_provenance(results)),
    )


def _migration(record: Record, place: int, last: int, pile: Pile) -> MigrationView:
    economics = quantity_figures(record, list(_economics()))
    return MigrationView(
        record=record,
        anchor=f"m{place}",
        next_anchor=f"m{place + 1}" if place < last else "",
        route=route(record, "→"),
        prompts=_prompts(record),
        tuned=tuning_sentence(record),
        variants=[variant_cells(variant) for variant in record.get("variants", ())],
        judged=_judged(record["dataset"]),
        tiles=list(_tiles(record)),
        moved=[Moved(label=label, source=was, target=now) for label, was, now in _moved(record) if was or now],
        gates=[_gate(gate, record) for gate in record["gates"]],
        metrics=_metrics(record),
        economics=_drawn(economics, [{}] * len(economics), reference=1),
        statistics=quantity_figures(record, [(name, statistic) for name in QUANTITIES for statistic in STATISTICS]),
        unknown=unknown_quantities(record),
        no_cost=no_cost_sentences(record),
        timed=latency_sentences(record),
        watched=watched_sentences(record),
        projection=projection_sentence(record),
        attribution=attribution_grids(record),
        broken=broken_rows(record),
        audit=gold_audit_of(record),
        slices=list(_slices(record)),
        outcomes=[(name, CODES[name], count(pile.counts[name])) for name in OUTCOMES if pile.counts[name]],
        provenance=list(_provenance(record)),
        rows=pile,
        scales=_scales(record),
    )


def _scales(record: Record) -> str:
    """Return the metrics' names with their least and greatest score, for the page's script."""
    bounds = {name: record.get("bounds", {}).get(name, (0, 1)) for name in record["metrics"]}
    return json.dumps([{"name": visible(name), "low": low, "high": high} for name, (low, high) in bounds.items()])


def _metrics(record: Record) -> list[Drawn]:
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


def _index_cells(record: Record) -> list[str]:
    quality = [f"{figure.name} {figure.change}" for figure in metric_figures(record)[:2]]
    speed, price = quantity_figure(record, "latency", "p95"), quantity_figure(record, "cost", "mean")
    return [
        gates_sentence(record),
        "\n".join(quality) or "no metric",
        speed.change if speed else UNKNOWN,
        price.change if price else UNKNOWN,
        count(record["rows_below_bar"]),
    ]


def _tiles(record: Record) -> Iterator[Tile]:
    for figure in metric_figures(record)[:2]:
        yield Tile(label=figure.name, value=figure.change, note=f"{figure.source} → {figure.target}")
    yield _speed_tile(quantity_figure(record, "latency", "p95"))
    yield _cost_tile(record)
    below, judged = record["rows_below_bar"], record["dataset"]["rows"]
    yield Tile(label="rows below their bar", value=count(below), note=f"of {count(judged)}", is_bad=below > 0)
    faults = record["errors"]["target"] + record["truncated"]["target"] + record["refusals"]["target"]
    note = f"{record['errors']['target']} no answer, {record['truncated']['target']} cut off, "
    note += f"{record['refusals']['target']} refused"
    yield Tile(label="target answers at fault", value=count(faults), note=note, is_bad=faults > 0)


def _speed_tile(figure: Figure | None) -> Tile:
    if figure is None:
        return Tile(label="latency p95", value=UNKNOWN, note="no row has it on either side")
    return Tile(label=figure.name, value=figure.change, note=f"{figure.source} → {figure.target}")


def _cost_tile(record: Record) -> Tile:
    label, cost = f"cost of {count(_PRICED_ROWS)} rows", record.get("cost")
    if not cost:
        return Tile(label=label, value=cost_state(record) or UNKNOWN, note="no row has it on either side")
    mean = cost["statistics"]["mean"]
    source, target = (usd(mean[side] and mean[side] * _PRICED_ROWS) for side in ("source", "target"))
    return Tile(label=label, value=ratio(mean["ratio"]), note=f"{source} → {target}")


def _moved(record: Record) -> Iterator[tuple[str, str, str]]:
    sides = [_settings(record[side]) for side in ("source", "target")]
    yield from zip(_SETTINGS, *sides, strict=True)
    for label, key in (("no answer", "errors"), ("cut off", "truncated"), ("refused", "refusals")):
        yield label, count(record[key]["source"]), count(record[key]["target"])
    yield "kept answers", _kept(record, "source"), _kept(record, "target")
    yield "served in tier", served_sentence(record, "source"), served_sentence(record, "target")


def _kept(record: Record, side: str) -> str:
    return f"{count(record['cached'][side])} of {count(record['dataset']['rows'])}"


def _settings(side: Record) -> tuple[str, ...]:
    prompt = side.get("prompt") or {}
    model = f"{side['ref']} ({side['model']})" if side.get("model") else side["ref"]
    settings = settings_sentence(prompt) if prompt else ""
    strategy = (prompt.get("strategy") or "as written") if prompt else ""
    name = prompt.get("name") or "none: each row's own"
    return model, name, prompt.get("path") or "", strategy, settings, (prompt.get("sha256") or "")[:12]


def _prompts(record: Record) -> str:
    source, target = (record[side].get("prompt") for side in ("source", "target"))
    if not source and not target:
        return "no prompt file: each row brought its own prompt, or its answers"
    if source and target and source["sha256"] == target["sha256"]:
        return f"the same prompt on both sides, {target['name']}"
    name = (target or source)["name"]
    return f"prompt {name} on the target side: {(target or {}).get('strategy') or 'none'}"


def _judged(dataset: Record) -> str:
    return f"{count(dataset['rows'])} of {counted(dataset['rows_in_file'], 'row')} of {dataset['path']} judged"


def _gate(gate: Record, migration: Record) -> Gate:
    said = [Statement(record=item, drawing=gate_drawing(item["figures"], migration)) for item in gate["statements"]]
    return Gate(record=gate, name=gate["nodeid"].rpartition("::")[2], statements=said)


def _economics() -> Iterator[tuple[str, str]]:
    for name in QUANTITIES:
        timed = name in {"latency", "ttft"}
        yield from ((name, statistic) for statistic in (("p50", "p95") if timed else ("mean",)))


def _slices(record: Record) -> Iterator[tuple[str, list[Drawn]]]:
    """Yield each slice column and metric with its groups, drawn on one axis."""
    groups = record["slice_metrics"]
    for column in dict.fromkeys(group["column"] for group in groups):
        for metric in record["metrics"]:
            found = [group for group in groups if group["column"] == column and metric in group["metrics"]]
            figures = [_group_figure(group, metric, Scale.of(record, metric)) for group in found]
            yield f"{column}: {metric}", _drawn(figures, found, reference=0)


def _group_figure(group: Record, metric: str, scale: Scale) -> Figure:
    return metric_figure(str(group["value"]), group["metrics"][metric], scale)


def _provenance(record: Record) -> Iterator[tuple[str, str]]:
    dataset = record["dataset"]
    yield "test file", record["nodeid"]
    yield "dataset", dataset["path"]
    yield "dataset sha256", dataset["sha256"]
    for side in ("source", "target"):
        prompt = record[side].get("prompt")
        if prompt:
            yield f"{side} prompt sha256", prompt["sha256"]
    methods = {f"{name}: {found['method']}" for name, found in record["metrics"].items() if found.get("method")}
    if methods:
        yield "intervals", f"two-sided, {_confidence(record)}; {'; '.join(sorted(methods))}"


def _confidence(record: Record) -> str:
    found = sorted({item["confidence"] for item in record["metrics"].values() if item.get("confidence")})
    return ", ".join(percent(value) for value in found) or "unknown confidence"


def _run_provenance(results: Record) -> Iterator[tuple[str, str]]:
    run, prices = results["run"], results["prices"]
    yield "command", run["command"]
    yield "run", f"{run['id']}, {run['started']} to {run['ended']}, exit status {run['exit_status']}"
    if sealed := run.get("sealed"):
        yield "sealed", f"{sealed['at']}, sealed.json with sha256 {sealed['sha256']}"
    yield "git commit", run["git_commit"] or UNKNOWN
    yield "versions", ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    yield "prices", f"{prices['source']}, as of {prices.get('as_of') or 'unknown date'}"
    yield "paid for in this run", spending_sentence(results)


def _moment(text: str) -> str:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC).strftime("%d %B %Y, %H:%M UTC")


def _took(run: Record) -> str:
    whole = round((dt.datetime.fromisoformat(run["ended"]) - dt.datetime.fromisoformat(run["started"])).total_seconds())
    minutes, seconds = divmod(whole, 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
