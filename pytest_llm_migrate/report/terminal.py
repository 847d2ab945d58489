"""The section at the end of a pytest run: verdicts, figures and the worst rows, in lines of a fixed width."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_llm_migrate.report.figures import (
    gates_sentence,
    metric_lines,
    quantity_lines,
    rows_sentence,
    spending_sentence,
)
from pytest_llm_migrate.report.outcomes import is_below_bar, outcome, reason, worst_rows
from pytest_llm_migrate.report.text import columns, one_line, padded, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.report.figures import Line as Figure
    from pytest_llm_migrate.report.figures import Record

_NARROWEST, _WIDEST = 60, 110
_WORST_ROWS = 3
_REASON_LINES = 2
_STYLES = {"GO": "green", "NO-GO": "red", "NOT ENOUGH EVIDENCE": "yellow", "CANNOT JUDGE": "purple"}


class Line(NamedTuple):
    """One line of the terminal: its text, and the name pytest gives to its colour, ``None`` for plain."""

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
    """Return the section of verdicts for the end of a run, no line wider than ``width`` columns.

    ``rows`` are the row records, read once; ``report`` and ``folder`` are the paths to print last.
    """
    width = min(max(width, _NARROWEST), _WIDEST)
    worst = worst_rows(rows, _WORST_ROWS)
    lines = list(_index(results, width))
    for migration in results["migrations"]:
        lines += [*_migration(migration, worst.get(migration["id"], ()), width), Line("")]
    lines += _bullets(results.get("warnings", ()), width, indent=0)
    lines.append(Line(f"paid for in this run: {spending_sentence(results)}"))
    paths = (("report", report), ("run folder", folder))
    return lines + [Line(f"{name}: {path}") for name, path in paths if path]


def _index(results: Record, width: int) -> Iterator[Line]:
    migrations = results["migrations"]
    if len(migrations) < 2:  # noqa: PLR2004 - one migration needs no index
        return
    rest = width - 20 - 12 - 10
    yield Line(_cells(("verdict", "migration, target", "gates", "below bar"), (20, rest, 12, 10)), "bold")
    for migration in migrations:
        what = f"{migration['name']}, {migration['target']['ref']}"
        below = f"{migration['rows_below_bar']:,}"
        cells = (_verdict(migration), what, gates_sentence(migration), below.rjust(9))
        yield Line(_cells(cells, (20, rest, 12, 10)), _STYLES.get(migration["verdict"]))
    yield Line("")


def _migration(migration: Record, worst: Sequence[Record], width: int) -> Iterator[Line]:
    yield Line(one_line(f"{_verdict(migration)}  {migration['name']}", width), _bold_style(migration))
    yield from _indented(f"{migration['source']['ref']} -> {migration['target']['ref']}", width)
    yield from _indented(migration["heading"], width)
    yield from _indented(f"{rows_sentence(migration)} ({migration['dataset']['path']})", width)
    yield from _bullets(migration["warnings"], width, indent=2)
    yield from _gates(migration["gates"], width)
    yield from _figures([*metric_lines(migration), *quantity_lines(migration)], width)
    yield from _worst(worst, width)


def _bold_style(migration: Record) -> str:
    return _STYLES.get(migration["verdict"], "bold")


def _verdict(record: Record) -> str:
    return record["verdict"] or "NO VERDICT"


def _gates(gates: Sequence[Record], width: int) -> Iterator[Line]:
    if gates:
        yield from (Line(""), Line("  gates", "bold"))
    for gate in gates:
        verdict = gate["verdict"] or gate["outcome"].upper()
        name = gate["nodeid"].rpartition("::")[2]
        yield Line(one_line(f"  {verdict}  ", None) + one_line(name, width), _STYLES.get(gate["verdict"]))
        yield from _indented(gate["doc"], width, indent=6)
        yield from _indented(gate["statement"], width, indent=6)
