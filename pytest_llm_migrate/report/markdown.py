"""The summary in Markdown: one screen, the verdict first, for a pull request or a page of CI; the rest is folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.report.attributions import attribution_sentences
from pytest_llm_migrate.report.cautions import cautions_of, shared_cautions
from pytest_llm_migrate.report.ci import ci_address
from pytest_llm_migrate.report.error_groups import GROUP_HEADS, broken_rows
from pytest_llm_migrate.report.figures import (
    gates_sentence,
    latency_sentences,
    metric_figures,
    quantity_figures,
    rows_sentence,
)
from pytest_llm_migrate.report.files import replaced
from pytest_llm_migrate.report.flips import FLIP_HEADS, flip_counts
from pytest_llm_migrate.report.gold_audits import gold_audit_of
from pytest_llm_migrate.report.judged import judged_sentences
from pytest_llm_migrate.report.money import projection_sentence, spending_details, spending_sentence
from pytest_llm_migrate.report.names import names_of
from pytest_llm_migrate.report.numbers import UNKNOWN, count, counted
from pytest_llm_migrate.report.outcomes import badness, outcome_words, reason, worst_rows
from pytest_llm_migrate.report.prompts import route, tuning_sentence
from pytest_llm_migrate.report.rankings import rankings_of
from pytest_llm_migrate.report.seals import seal_sentence
from pytest_llm_migrate.report.self_test import self_test_markdown
from pytest_llm_migrate.report.text import markdown
from pytest_llm_migrate.report.watched import watched_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pytest_llm_migrate.report.error_groups import ErrorGroup
    from pytest_llm_migrate.report.figures import Figure, Record
    from pytest_llm_migrate.report.rankings import RankedTarget, Ranking

_MOST_GATES = 20
_MOST_MIGRATIONS = 20
_MOST_WARNINGS = 5
_MOST_GROUPS = 5
_WORST_ROWS = 5
_LONGEST = 300
_SIGNS = {"GO": "✅", "NO-GO": "❌", "NOT ENOUGH EVIDENCE": "⚠️", "CANNOT JUDGE": "⛔"}
_ORDER = ("NO-GO", "CANNOT JUDGE", "NOT ENOUGH EVIDENCE", None, "GO")


def write_markdown(path: Path, results: Record, rows: Iterable[Record] = ()) -> None:
    """Write the summary to a file; raises `ReportFileError` when that fails."""
    with replaced(path) as file:
        file.write(summary_markdown(results, rows))


def summary_markdown(results: Record, rows: Iterable[Record] = ()) -> str:
    """Return the summary of a run; ``rows`` are the row records, read once for the worst of them."""
    tested = "self_test" in results
    lines = self_test_markdown(results) if tested else _lines(results, worst_rows(rows, _WORST_ROWS))
    return "\n".join(lines) + "\n"


def _lines(results: Record, worst: dict[str, list[Record]]) -> Iterator[str]:
    migrations = results["migrations"]
    yield f"## {_title(results)}"
    yield ""
    if results.get("warnings"):
        yield from _list(results["warnings"])
    for ranking in rankings_of(results):
        yield from _ranking(ranking)
    yield from _first(migrations)
    yield from _worst(migrations, worst)
    yield from _closing(results)
    yield from _folded("Every migration", [line for each in migrations[1:] and migrations for line in _migration(each)])
    yield from _folded("Every gate", list(_gates(migrations)) if migrations[1:] else [])
    yield from _folded("Figures", list(_figures(migrations)) if migrations[1:] else [])
    yield from _folded("Rows that broke and were fixed", [*_flips(migrations), *_broken(migrations)])
    yield from _folded("Suspect ground truth", list(_gold(migrations)))


def _first(migrations: Sequence[Record]) -> Iterator[str]:
    """Yield what the first screen holds: of several migrations their warnings, a line each, and gates but no GO."""
    if not migrations[1:]:
        for migration in migrations:
            yield from _migration(migration)
        yield from _gates(migrations)
        yield from _figures(migrations)
        return
    yield from _shared_warnings(migrations)
    yield from _overview(migrations)
    yield from _gates(migrations, is_hiding_go=True)


def _folded(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from ("", f"<details><summary>{title}</summary>", "", *lines, *([""] if lines[-1] else []), "</details>")


def _closing(results: Record) -> Iterator[str]:
    prices = results["prices"]
    as_of = f" of {prices['as_of']}" if prices.get("as_of") else ""
    paid = f"Paid for in this run: {spending_sentence(results)} (prices: {prices['source']}{as_of})."
    sealed = seal_sentence(results)
    yield f"{markdown(paid)} Run {markdown(results['run']['id'])}{sealed and f', {sealed}'}."
    if address := ci_address(results["run"]):
        yield from ("", f"Rows side by side, methods and sign-off: report.html of [this CI run]({address}).")
    for detail in spending_details(results):
        yield from ("", f"{markdown(detail[:1].upper() + detail[1:])}.")


def _title(results: Record) -> str:
    migrations = results["migrations"]
    what = markdown(migrations[0]["name"]) if len(migrations) == 1 else f"{len(migrations)} migrations"
    return f"{_verdict(results)}: {what}"


def _ranking(ranking: Ranking) -> Iterator[str]:
    yield from (f"**{markdown(ranking.title)}** ({markdown(ranking.change)})", "")
    head = ("", "Rank", "Target", "Verdict", "Change", "Latency p50", "Cost per 1,000 rows", "Pareto front")
    yield from _table(head, [("", *_ranked_cells(target)) for target in ranking.targets])
    yield from (f"- {markdown(statement, _LONGEST)}" for statement in ranking.statements)
    yield ""


def _ranked_cells(target: RankedTarget) -> tuple[str, ...]:
    verdict = _verdict({"verdict": target.verdict})
    latency, cost = _with_ratio(target.latency, target.latency_ratio), _with_ratio(target.cost, target.cost_ratio)
    change = markdown(target.change_and_limits)
    return target.rank, markdown(target.ref), verdict, change, latency, cost, target.front


def _with_ratio(value: str, ratio: str) -> str:
    return markdown(value if ratio == UNKNOWN else f"{value} ({ratio})")


def _migration(migration: Record) -> Iterator[str]:
    moved = markdown(route(migration, "→"))
    yield f"**{markdown(migration['name'])}**: {markdown(migration['heading'])}"
    yield f"- {moved}; gates: {gates_sentence(migration)}"
    yield f"- {markdown(rows_sentence(migration))}"
    said = [tuning_sentence(migration), *latency_sentences(migration), projection_sentence(migration)]
    said += [*judged_sentences(migration), *attribution_sentences(migration), *watched_sentences(migration)]
    yield from (f"- {markdown(sentence)}" for sentence in said if sentence)
    yield from _list(cautions_of(migration))


def _shared_warnings(migrations: Sequence[Record]) -> Iterator[str]:
    """Yield what several migrations warn of, each warning once with whose it is, the most frequent first."""
    found = shared_cautions(migrations)
    for names, warning in found[:_MOST_WARNINGS]:
        of = markdown(names[0]) if len(names) == 1 else counted(len(names), "migration")
        yield f"- ⚠️ {of}: {markdown(warning, _LONGEST)}"
    if found[_MOST_WARNINGS:]:
        yield f"- ⚠️ {counted(len(found) - _MOST_WARNINGS, 'more warning')}: see every migration, below"
    if found:
        yield ""


def _overview(migrations: Sequence[Record]) -> Iterator[str]:
    yield _cells(("Verdict", "Migration", "From → to", "Gates", "Rows below their bar"))
    yield _cells(("---",) * 5)
    for migration in migrations[:_MOST_MIGRATIONS]:
        moved, below = markdown(route(migration, "→")), count(migration["rows_below_bar"])
        yield _cells((_verdict(migration), markdown(migration["name"]), moved, gates_sentence(migration), below))
    if migrations[_MOST_MIGRATIONS:]:
        yield from ("", f"... and {len(migrations) - _MOST_MIGRATIONS} more migrations.")
    yield ""


def _list(warnings: Iterable[str]) -> Iterator[str]:
    yield from (f"- ⚠️ {markdown(warning, _LONGEST)}" for warning in warnings)
    yield ""


def _gates(migrations: Sequence[Record], *, is_hiding_go: bool = False) -> Iterator[str]:
    gates = [(migration, gate) for migration in migrations for gate in migration["gates"]]
    if is_hiding_go:
        gates = [(migration, gate) for migration, gate in gates if gate["verdict"] != "GO"]
    gates.sort(key=lambda pair: _ORDER.index(pair[1]["verdict"]))
    rows = [(_named(migration, migrations), *_gate_cells(gate)) for migration, gate in gates]
    yield from _table(("", "Verdict", "Gate", "Why"), rows[:_MOST_GATES])
    if len(rows) > _MOST_GATES:
        yield from (f"... and {len(rows) - _MOST_GATES} more gates.", "")


def _gate_cells(gate: Record) -> tuple[str, str, str]:
    name = gate["doc"] or gate["nodeid"].rpartition("::")[2]
    why = gate["statement"] or f"a plain assertion, without an interval: {gate['outcome']}"
    return _verdict(gate), markdown(name, _LONGEST), markdown(why, _LONGEST)


def _figures(migrations: Sequence[Record]) -> Iterator[str]:
    rows = [
        (_named(migration, migrations), *_figure_cells(figure))
        for migration in migrations
        for figure in [*metric_figures(migration), *quantity_figures(migration)]
    ]
    yield from _table(("", "Figure", "Source", "Target", "Change"), rows)


def _figure_cells(figure: Figure) -> tuple[str, str, str, str]:
    return markdown(figure.name), figure.source, figure.target, markdown(figure.change_and_limits)


def _flips(migrations: Sequence[Record]) -> Iterator[str]:
    rows = [
        (_named(migration, migrations), markdown(name), *counts)
        for migration in migrations
        for name, *counts in flip_counts(migration)
    ]
    yield from _table(("", "Rows", *(head.capitalize() for head in FLIP_HEADS)), rows)


def _broken(migrations: Sequence[Record]) -> Iterator[str]:
    rows = [
        (_named(migration, migrations), *_group_cells(broken.metric, group))
        for migration in migrations
        for broken in broken_rows(migration)
        for group in broken.groups[:_MOST_GROUPS]
    ]
    yield from _table(("", "Rows that broke in", *(head.capitalize() for head in GROUP_HEADS)), rows)


def _gold(migrations: Sequence[Record]) -> Iterator[str]:
    found = [(_named(migration, migrations), audit) for migration in migrations if (audit := gold_audit_of(migration))]
    for name, audit in found:
        yield f"- {name and f'{name}: '}{markdown(audit.sentence, _LONGEST)}"
    if found:
        yield ""
    rows = [
        (name, markdown(gate.gate, 80), markdown(gate.rows, 40), gate.verdict, gate.without)
        for name, audit in found
        for gate in audit.gates
    ]
    yield from _table(("", "Gate", "Rows", "Verdict", "Without suspect ground truth"), rows)
    suspects = [(name, markdown(row, 60), markdown(why, 160)) for name, audit in found for row, why in audit.rows]
    yield from _table(("", "Suspect ground truth", "Why"), suspects[:_WORST_ROWS])


def _group_cells(metric: str, group: ErrorGroup) -> tuple[str, ...]:
    examples = markdown(", ".join(group.examples), 60)
    return markdown(metric), group.change, group.rows, markdown(group.share), group.others, group.lift, examples


def _worst(migrations: Sequence[Record], worst: dict[str, list[Record]]) -> Iterator[str]:
    found = [(migration, row) for migration in migrations for row in worst.get(migration["id"], ())]
    found.sort(key=lambda pair: badness(pair[1]))
    rows = [
        (_named(migration, migrations), markdown(row["sample_id"], 60), outcome_words(row), markdown(reason(row), 160))
        for migration, row in found[:_WORST_ROWS]
    ]
    yield from _table(("", "Worst rows", "Outcome", "Why"), rows)


def _named(migration: Record, migrations: Sequence[Record]) -> str:
    return markdown(names_of(migrations)[migration["id"]]) if len(migrations) > 1 else ""


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        return
    first = 0 if any(row[0] for row in rows) else 1
    yield _cells(("Migration", *head[1:])[first:])
    yield _cells(("---",) * (len(head) - first))
    yield from (_cells(row[first:]) for row in rows)
    yield ""


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _verdict(record: Record) -> str:
    verdict = record["verdict"]
    return f"{_SIGNS[verdict]} {verdict}" if verdict else "NO VERDICT"
