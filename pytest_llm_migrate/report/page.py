"""What the page shows of a run and of each migration, as text, from the records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.report.as_sent import prompts_as_sent
from pytest_llm_migrate.report.attributions import attribution_grids
from pytest_llm_migrate.report.cautions import cautions_of
from pytest_llm_migrate.report.charts import charts_of, target_chart
from pytest_llm_migrate.report.drawn import drawn_economics, drawn_metrics, drawn_slices
from pytest_llm_migrate.report.error_groups import broken_rows
from pytest_llm_migrate.report.figures import (
    QUANTITIES,
    STATISTICS,
    latency_sentences,
    no_cost_sentences,
    quantity_figures,
    unknown_quantities,
)
from pytest_llm_migrate.report.forest import forests_of
from pytest_llm_migrate.report.gold_audits import gold_audit_of
from pytest_llm_migrate.report.heat import slice_heat
from pytest_llm_migrate.report.index import index_of
from pytest_llm_migrate.report.judged import judged_sentences
from pytest_llm_migrate.report.left_out import left_out_sentence
from pytest_llm_migrate.report.methods import methods_of, run_provenance
from pytest_llm_migrate.report.money import projection_sentence
from pytest_llm_migrate.report.moved import facts_of, moment, moved_of, took
from pytest_llm_migrate.report.names import names_of, subject_of
from pytest_llm_migrate.report.numbers import count, counted
from pytest_llm_migrate.report.outcomes import OUTCOMES
from pytest_llm_migrate.report.prompt_diff import prompt_pair
from pytest_llm_migrate.report.prompts import tuning_sentence
from pytest_llm_migrate.report.rankings import rankings_of
from pytest_llm_migrate.report.rewrites import variant_cells
from pytest_llm_migrate.report.row_view import CODES
from pytest_llm_migrate.report.seals import seal_sentence
from pytest_llm_migrate.report.signoffs import DECISIONS, VALID_DAYS, decisions_of
from pytest_llm_migrate.report.strip import tiles_of
from pytest_llm_migrate.report.text import visible
from pytest_llm_migrate.report.watched import watched_sentences

if TYPE_CHECKING:
    from pytest_llm_migrate.report.attributions import AttributionGrid
    from pytest_llm_migrate.report.charts import Chart
    from pytest_llm_migrate.report.drawn import Drawn
    from pytest_llm_migrate.report.error_groups import BrokenRows
    from pytest_llm_migrate.report.figures import Figure, Record
    from pytest_llm_migrate.report.forest import Forest
    from pytest_llm_migrate.report.gathered import Gathered
    from pytest_llm_migrate.report.gold_audits import GoldAudit
    from pytest_llm_migrate.report.heat import HeatMap
    from pytest_llm_migrate.report.index import Index
    from pytest_llm_migrate.report.methods import Method
    from pytest_llm_migrate.report.moved import Moved
    from pytest_llm_migrate.report.packing import Pile
    from pytest_llm_migrate.report.prompt_diff import PromptPair
    from pytest_llm_migrate.report.rankings import Ranking
    from pytest_llm_migrate.report.signoffs import Decided
    from pytest_llm_migrate.report.strip import Tile


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate by its record, and its name."""

    record: Record
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationView:
    """One migration, ready for its template."""

    record: Record
    name: str
    subject: str
    anchor: str
    next_anchor: str
    tuned: str
    variants: list[list[tuple[str, str]]]
    warnings: list[str]
    facts: list[tuple[str, str]]
    forests: list[Forest]
    heat: HeatMap | None
    charts: list[Chart]
    both_prompts: PromptPair | None
    methods: list[Method]
    decided: list[Decided]
    tiles: list[Tile]
    moved: list[Moved]
    gates: list[Gate]
    metrics: list[Drawn]
    economics: list[Drawn]
    statistics: list[Figure]
    unknown: str
    no_cost: list[str]
    timed: list[str]
    judged: list[str]
    watched: list[str]
    projection: str
    attribution: list[AttributionGrid]
    broken: list[BrokenRows]
    audit: GoldAudit | None
    slices: list[tuple[str, list[Drawn]]]
    outcomes: list[tuple[str, str, str]]
    rows: Pile
    left_out: str
    as_sent: str
    scales: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole page, ready for its template."""

    title: str
    record: Record
    moment: str
    took: str
    sealed: str
    index: Index | None
    rankings: list[tuple[Ranking, Chart | None]]
    migrations: list[MigrationView]
    provenance: list[tuple[str, str]]
    signoff: list[str]
    valid_days: int


def page_of(
    results: Record, piles: dict[str, Pile], gathered: dict[str, Gathered], *, is_redacted: bool = False
) -> Page:
    """Return the page of a run, whose rows are rendered and gathered already."""
    records = results["migrations"]
    views = [
        _migration(results, place, piles[record["id"]], gathered[record["id"]], is_redacted=is_redacted)
        for place, record in enumerate(records, 1)
    ]
    run = results["run"]
    return Page(
        title=records[0]["name"] if len(records) == 1 else counted(len(records), "migration"),
        record=results,
        moment=moment(run["started"]),
        took=took(run),
        sealed=seal_sentence(results),
        index=index_of(results, views),
        rankings=list(zip(rankings_of(results), _ranking_charts(results), strict=True)),
        migrations=views,
        provenance=run_provenance(results),
        signoff=list(DECISIONS),
        valid_days=VALID_DAYS,
    )


def _ranking_charts(results: Record) -> list[Chart | None]:
    migrations = {record["id"]: record for record in results["migrations"]}
    return [target_chart(found, migrations[found["targets"][0]["id"]]) for found in results.get("rankings", ())]


def _migration(results: Record, place: int, pile: Pile, gathered: Gathered, *, is_redacted: bool) -> MigrationView:
    records = results["migrations"]
    record = records[place - 1]
    return MigrationView(
        record=record,
        name=names_of(records)[record["id"]],
        subject=subject_of(record, records),
        anchor=f"m{place}",
        next_anchor=f"m{place + 1}" if place < len(records) else "",
        tuned=tuning_sentence(record),
        variants=[variant_cells(variant, record) for variant in record.get("variants", ())],
        warnings=cautions_of(record),
        facts=facts_of(results, record),
        forests=forests_of(record),
        heat=slice_heat(record),
        charts=charts_of(record, gathered),
        both_prompts=prompt_pair(record),
        methods=methods_of(results, record),
        decided=decisions_of(results, record),
        tiles=tiles_of(record),
        moved=moved_of(record),
        gates=[Gate(record=gate, name=gate["nodeid"].rpartition("::")[2]) for gate in record["gates"]],
        metrics=drawn_metrics(record),
        economics=drawn_economics(record),
        statistics=quantity_figures(record, [(name, statistic) for name in QUANTITIES for statistic in STATISTICS]),
        unknown=unknown_quantities(record),
        no_cost=no_cost_sentences(record),
        timed=latency_sentences(record),
        judged=judged_sentences(record),
        watched=watched_sentences(record),
        projection=projection_sentence(record),
        attribution=attribution_grids(record),
        broken=broken_rows(record),
        audit=gold_audit_of(record),
        slices=list(drawn_slices(record)),
        outcomes=[(name, CODES[name], count(pile.counts[name])) for name in OUTCOMES if pile.counts[name]],
        rows=pile,
        left_out=left_out_sentence(pile),
        as_sent=prompts_as_sent(record, is_redacted=is_redacted),
        scales=_scales(record),
    )


def _scales(record: Record) -> str:
    """Return the metrics' names with their least and greatest score, for the page's script."""
    bounds = {name: record.get("bounds", {}).get(name, (0, 1)) for name in record["metrics"]}
    return json.dumps([{"name": visible(name), "low": low, "high": high} for name, (low, high) in bounds.items()])
