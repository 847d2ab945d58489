"""The rows as a table that a spreadsheet opens, in which nothing that people or models wrote becomes a formula."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import SIDES
from pytest_llm_migrate.report.files import replaced
from pytest_llm_migrate.report.numbers import count, is_known
from pytest_llm_migrate.report.outcomes import is_below_bar, metric_outcome, outcome
from pytest_llm_migrate.report.row_view import as_text
from pytest_llm_migrate.report.text import visible

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence
    from pathlib import Path

    from pytest_llm_migrate.report.figures import Record

SHEET = "rows.csv"
LONGEST_CELL = 32_000
"""Characters of a text that a cell holds, a little fewer than spreadsheets take (32,767)."""
_FORMULA = tuple("=+-@\t\n＝＋－＠")  # noqa: RUF001 - some spreadsheets take the wide ones, too
_MARK = "\ufeff"
"""What tells spreadsheets that a file is UTF-8."""
_ROW = ("migration", "sample_id", "outcome", "below_bar", "critical")
_SIDE = (
    ("answer", "text"),
    ("latency", "latency"),
    ("ttft", "ttft"),
    ("input_tokens", "input_tokens"),
    ("output_tokens", "output_tokens"),
    ("cost", "cost"),
    ("stop_reason", "stop_reason"),
)


def write_sheet(path: Path, results: Record, rows: Iterable[Record]) -> None:
    """Write one line a row, taken one by one: what became of it, its scores, answers, times, tokens, costs and errors.

    Times are seconds, costs US dollars; what is unknown is an empty cell. A text that a spreadsheet would take for a
    formula begins with an apostrophe, one longer than `LONGEST_CELL` says how much more of it stands in ``rows.jsonl``,
    and characters that cannot be seen stand as escapes.
    Raises `ReportFileError` when the file cannot be written.
    """
    asked = {record["id"]: frozenset(record["metrics"]) for record in results["migrations"]}
    metrics = list(dict.fromkeys(name for record in results["migrations"] for name in record["metrics"]))
    with replaced(path) as file:
        file.write(_MARK)
        lines = csv.writer(file)
        lines.writerow(map(_cell, _heads(metrics)))
        lines.writerows(map(_cell, _values(row, metrics, asked.get(row["migration"], ()))) for row in rows)


def _heads(metrics: Sequence[str]) -> Iterator[str]:
    yield from _ROW
    for name in metrics:
        yield from (f"outcome {name}", *(f"{name} {side}" for side in SIDES))
    yield "answer_ground_truth"
    for side in SIDES:
        yield from (*(f"{head}_{side}" for head, _ in _SIDE), f"error_{side}")


def _values(row: Record, metrics: Sequence[str], asked: Container[str]) -> Iterator[Any]:
    """Yield a row's cells; of metrics that its migration does not have they are empty."""
    yield from (row["migration"], row["sample_id"], outcome(row), is_below_bar(row), row.get("critical"))
    scores = [row[side].get("scores", {}) for side in SIDES]
    for name in metrics:
        yield metric_outcome(row, name) if name in asked else None
        yield from (found.get(name) for found in scores)
    yield row["reference"]
    for side in SIDES:
        found = row[side]
        yield from (found.get(key) for _, key in _SIDE)
        yield found["error"]["kind"] if "error" in found else None


def _cell(value: Any) -> Any:
    """Return what a cell holds: numbers as they are, any other value as a text that is no formula."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, (int, float)):
        return value if is_known(value) else None
    text = visible(as_text(value))
    if text.startswith(_FORMULA):
        text = f"'{text}"
    beyond = len(text) - LONGEST_CELL
    return text if beyond <= 0 else f"{text[:LONGEST_CELL]}… {count(beyond)} characters more stand in rows.jsonl."
