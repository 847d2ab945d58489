"""The section at the end of a pytest run: verdicts, figures and the worst rows, in lines of a fixed width."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_llm_migrate.report.attributions import attribution_sentences
from pytest_llm_migrate.report.cautions import cautions_of
from pytest_llm_migrate.report.error_groups import broken_rows
from pytest_llm_migrate.report.figures import (
    gates_sentence,
    latency_sentences,
    metric_figures,
    quantity_figures,
    rows_sentence,
    unknown_quantities,
)
from pytest_llm_migrate.report.flips import FLIP_HEADS, flip_counts
from pytest_llm_migrate.report.gold_audits import gold_audit_of
from pytest_llm_migrate.report.judged import judged_sentences
from pytest_llm_migrate.report.money import projection_sentence, spending_details, spending_sentence
from pytest_llm_migrate.report.names import side_name
from pytest_llm_migrate.report.numbers import counted
from pytest_llm_migrate.report.outcomes import outcome_words, reason, worst_rows
from pytest_llm_migrate.report.prompts import route, tuning_sentence
from pytest_llm_migrate.report.rankings import rankings_of
from pytest_llm_migrate.report.seals import seal_sentence
from pytest_llm_migrate.report.text import cut, one_line, padded, visible, wrapped
from pytest_llm_migrate.report.watched import watched_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_llm_migrate.report.figures import Record
    from pytest_llm_migrate.report.rankings import Ranking

_NARROWEST, _WIDEST = 60, 110
_WORST_ROWS = 3
_HANDFUL = 6
_STYLES = {"GO": "green", "NO-GO": "red", "NOT ENOUGH EVIDENCE": "yellow", "CANNOT JUDGE": "purple"}


class Line(NamedTuple):
    """One line of the terminal: its text, and what pytest calls its colour or weight, ``None`` for plain."""

    text: str
    style: str | None = None


def terminal_lines(
    results: Record,
    width: int = 80,
    *,
    rows: Iterable[Record] = (),
    report: str | None = None,
    folder: str | None = None,
) -> list[Line]:
    """Return the section of verdicts for the end of a run, no line but those of paths wider than ``width`` columns.

    ``rows`` are the row records, read once; ``report`` and ``folder`` are the paths to print last.
    """
    width = min(max(width, _NARROWEST), _WIDEST)
    worst = worst_rows(rows, _WORST_ROWS)
    lines = list(_index(results, width))
    for ranking in rankings_of(results):
        lines += _ranking(ranking, width)
    for migration in results["migrations"]:
        lines += [*_migration(migration, worst.get(migration["id"], []), width), Line("")]
    lines += _warnings(results.get("warnings", ()), width, "")
    lines += _text(f"paid for in this run: {spending_sentence(results)}", width, "")
    for detail in spending_details(results):
        lines += _text(detail, width, "")
    lines += _text(seal_sentence(results), width, "")
    paths = (("report", report), ("run folder", folder))
    return lines + [Line(f"{name}: {visible(path)}") for name, path in paths if path]


def _index(results: Record, width: int) -> Iterator[Line]:
    migrations = results["migrations"]
    if len(migrations) < 2:  # noqa: PLR2004 - one migration needs no index
        return
    yield _index_line(("verdict", "migration", "gates", "below bar"), width, "bold")
    for migration in migrations:
        name = f"{migration['name']} -> {side_name(migration['target'])}"
        cells = (_verdict(migration), name, gates_sentence(migration), f"{migration['rows_below_bar']:,}")
        yield _index_line(cells, width, _STYLES.get(migration["verdict"]))
    yield Line("")


def _index_line(cells: tuple[str, str, str, str], width: int, style: str | None) -> Line:
    verdict, name, gates, below = cells
    start = f"{padded(verdict, 20)}{padded(one_line(name), width - 46)}  {padded(gates, 14)}"
    return Line(f"{start}{below:>10}", style)


def _ranking(ranking: Ranking, width: int) -> Iterator[Line]:
    yield Line(one_line(ranking.title, width), "bold")
    yield from _text(f"{ranking.change}; * on the Pareto front", width, "  ")
    yield _ranked_line(("", "target", "change", "p50", "cost/1,000"), width, "bold")
    for target in ranking.targets:
        rank = f"{target.rank}{'*' if target.front == 'yes' else ' '}"
        yield _ranked_line((rank, target.ref, target.change_and_limits, target.latency, target.cost), width)
    for statement in ranking.statements:
        yield from _text(statement, width, "  ")
    yield Line("")


def _ranked_line(cells: tuple[str, str, str, str, str], width: int, style: str | None = None) -> Line:
    rank, ref, change, latency, cost = cells
    start = f"{rank:>4} {padded(one_line(ref), width - 54)} {padded(change, 29)}"
    return Line(cut(f"{start}{latency:>8} {cost:>10}", width), style)


def _migration(migration: Record, worst: Sequence[Record], width: int) -> Iterator[Line]:
    verdict = migration["verdict"]
    yield Line(one_line(f"{_verdict(migration)}: {migration['name']}", width), _STYLES.get(verdict, "bold"))
    yield from _text(route(migration), width, "  ")
    yield from _text(migration["heading"], width, "  ")
    yield from _text(rows_sentence(migration), width, "  ")
    yield from _text(tuning_sentence(migration), width, "  ")
    yield from _cautions(migration, width)
    yield from _gates(migration["gates"], width)
    yield from _figures(migration, width)
    yield from _flips(migration, width)
    yield from _worst(worst, width)


def _gates(gates: Sequence[Record], width: int) -> Iterator[Line]:
    if gates:
        yield Line("")
    for gate in gates:
        name = gate["nodeid"].rpartition("::")[2]
        idle = "" if gate["verdict"] else f" ({gate['outcome']})"
        style = _STYLES.get(gate["verdict"])
        yield Line("  " + one_line(f"{_verdict(gate)}: {name}{idle}", width - 2), style)
        yield from _text(gate["doc"], width, "    ")
        yield from _text(gate["statement"], width, "    ")


def _figures(migration: Record, width: int) -> Iterator[Line]:
    figures = [*metric_figures(migration), *quantity_figures(migration)]
    if figures:
        yield Line("")
        yield _figure_line(("", "source", "target", "change and its interval"), width, "bold")
    for figure in figures:
        yield _figure_line((figure.name, figure.source, figure.target, figure.change_and_limits), width)
    for sentence in judged_sentences(migration):
        yield from _text(sentence, width, "  ")
    if unknown := unknown_quantities(migration):
        yield from _text(f"unknown: {unknown}", width, "  ")
    for sentence in latency_sentences(migration):
        yield from _text(sentence, width, "  ")
    yield from _text(projection_sentence(migration), width, "  ")
    for sentence in [*attribution_sentences(migration), *watched_sentences(migration)]:
        yield from _text(sentence, width, "  ")


def _figure_line(cells: tuple[str, str, str, str], width: int, style: str | None = None) -> Line:
    name, source, target, change = cells
    line = f"  {padded(one_line(name), width - 55)}{source:>10} {target:>10}   {change}"
    return Line(cut(line, width), style)


def _flips(migration: Record, width: int) -> Iterator[Line]:
    """Yield where the rows of right/wrong metrics went, what changed in those that broke, and suspect ones."""
    found = flip_counts(migration)
    if found:
        yield Line("")
        yield _flip_line(("", *FLIP_HEADS), width, "bold")
    for counts in found:
        yield _flip_line(counts, width)
    for broken in broken_rows(migration):
        yield from _text(broken.sentence, width, "  ")
    if audit := gold_audit_of(migration):
        yield from _text(audit.sentence, width, "  ")


def _flip_line(cells: Sequence[str], width: int, style: str | None = None) -> Line:
    name, *counts = cells
    return Line(cut(f"  {padded(one_line(name), width - 55)}{''.join(f'{cell:>12}' for cell in counts)}", width), style)


def _worst(rows: Sequence[Record], width: int) -> Iterator[Line]:
    if rows:
        yield from (Line(""), Line("  worst rows", "bold"))
    for row in rows:
        first, *rest = wrapped(one_line(f"{row['sample_id']} {outcome_words(row)}: {reason(row)}"), width - 4)
        yield Line(f"  {first}")
        if rest:
            yield Line(f"    {cut(' '.join(rest), width - 4)}")


def _cautions(migration: Record, width: int) -> Iterator[Line]:
    """Yield what the page warns of, too: all of a handful, else the first of them and how many it has more."""
    found = cautions_of(migration)
    shown = found if len(found) <= _HANDFUL else found[: _HANDFUL - 1]
    yield from _warnings(shown, width, "  ")
    if more := len(found) - len(shown):
        yield Line(f"  ... and {counted(more, 'more warning')} in the report", "yellow")


def _warnings(warnings: Iterable[str], width: int, indent: str) -> Iterator[Line]:
    for warning in warnings:
        first, *rest = wrapped(visible(f"warning: {warning}"), width - len(indent) - 2)
        yield Line(indent + first, "yellow")
        yield from (Line(f"{indent}  {line}", "yellow") for line in rest)


def _text(text: str, width: int, indent: str) -> Iterator[Line]:
    return (Line(indent + line) for line in wrapped(visible(text), width - len(indent)) if line)


def _verdict(record: Record) -> str:
    return str(record["verdict"] or "NO VERDICT")
