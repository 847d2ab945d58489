"""What a process saw, line by line in the run's folder, for the one process that reports."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, TextIO

from pytest_llm_migrate.comparison.changes import changes_of
from pytest_llm_migrate.domain import Answer, Case, Row, Score, ScoreFailure, Side
from pytest_llm_migrate.domain.answer import CallFailure
from pytest_llm_migrate.errors import masked
from pytest_llm_migrate.migration.run_level import run_figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_llm_migrate.answers import Forecast, RecordedAnswer
    from pytest_llm_migrate.domain import Outcome, SideName
    from pytest_llm_migrate.migration.judge_plan import JudgePlan
    from pytest_llm_migrate.migration.migration import Migration, Terms

LONGEST_RAW = 4_000
"""Characters that are kept of what a metric that failed had in hand."""
_ENCODER = json.JSONEncoder(default=str)
_BATCH = 500
"""Records that are read at once: they share the texts of their keys, which are most of a record."""


class Spool:
    """Appends records to one file, opened at the first of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None
        self._columns: dict[str, Sequence[str]] = {}
        self._critical: dict[str, frozenset[str] | None] = {}

    def migration(self, terms: Terms) -> None:
        """Note that a migration exists."""
        self._columns[terms.id] = (*terms.slices, *filter(None, [terms.weight, terms.cluster]))
        self._critical[terms.id] = terms.critical_rows
        self._write({"type": "migration", **terms.to_record()})

    def case(self, migration: str, case: Case, place: int) -> None:
        """Note a case as it became known, with its row's place in the dataset."""
        critical = self._critical.get(migration)
        record = case_record(
            case, self._columns.get(migration, ()), critical=None if critical is None else case.id in critical
        )
        self._write({"type": "case", "migration": migration, "place": place, **record})

    def exchanged(self, migration: str, row: Row, sides: Mapping[SideName, Side]) -> None:
        """Note what a row scored with exchanged prompts, by the side whose model was asked."""
        scores = {name: _side_record(side).get("scores", {}) for name, side in sides.items()}
        self._write({"type": "exchanged", "migration": migration, "sample_id": row.sample_id, "scores": scores})

    def times(self, migration: Migration) -> None:
        """Note under which conditions a migration's answers were timed, and its latency pass."""
        self._write({"type": "times", "migration": migration.terms.id, **migration.times()})

    def forecast(self, forecast: Forecast) -> None:
        """Note what the calls that this process is about to begin are expected to cost."""
        money = {"usd_expected": forecast.expected_cost, "usd_at_most": forecast.cost}
        self._write({"type": "forecast", "calls": forecast.calls, **money})

    def judges(self, plans: Sequence[JudgePlan]) -> None:
        """Note what judges are expected to be asked, and what that is expected to cost."""
        if plans:
            self._write({"type": "judges", "plans": [plan.to_record() for plan in plans]})

    def run_level(self, migration: Migration, cases: Sequence[Mapping[str, Any]]) -> None:
        """Note the figures of a migration's cases together, of metrics that have some."""
        figures = run_figures(migration.run_level, cases)
        self._write({"type": "run_level", "migration": migration.terms.id, "rows": len(cases), "figures": figures})

    def seal(self, sha256: str) -> None:
        """Note what this process takes the run's seal to say, by its hash."""
        self._write({"type": "seal", "sha256": sha256})

    def used(self, migration: Migration) -> None:
        """Note the answers, judges' included, that a recording could keep."""
        sides = [("source", migration.source), ("target", migration.target)]
        for side, answers in [*sides, *(migration.grid.cells.items() if migration.grid else ())]:
            ref = getattr(migration.terms, side)["ref"]
            for item in answers.used():
                self.used_by_test(migration.terms.nodeid, ref, item)
        for judge in migration.judges:
            for item in judge.used():
                self.used_by_test(migration.terms.nodeid, judge.ref, item)

    def used_by_test(self, nodeid: str, ref: str, item: RecordedAnswer) -> None:
        """Note an answer of a model that a test of this file used."""
        self._write({"type": "used", "nodeid": nodeid, "ref": masked(ref), **item.to_record()})

    def cut_short(self) -> None:
        """Note that calls were given up before all answers were there."""
        self._write({"type": "cut_short"})

    def close(self) -> None:
        """Close the file; the next record opens it again."""
        if self._file:
            self._file.close()
            self._file = None

    def _write(self, record: Mapping[str, Any]) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Line by line: a process that is killed leaves all that it saw.
            self._file = self.path.open("a", encoding="ascii", buffering=1)
        self._file.write(_ENCODER.encode(record) + "\n")


def read_spool(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield every record of every process, in the order of the processes' names."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="ascii") as file:
            # Without its end a line is not whole: the process was killed in the middle of it.
            whole = (line for line in file if line.endswith("\n"))
            while batch := list(islice(whole, _BATCH)):
                yield from json.loads(f"[{','.join(batch)}]")


def case_record(case: Case, slices: Sequence[str] = (), *, critical: bool | None = None) -> dict[str, Any]:
    """Return a case as JSON-ready builtins, with the values of slice and weight columns, which need not be inputs.

    ``critical`` says whether the row may not break, ``None`` where nothing says of any.
    """
    return {
        "sample_id": case.id,
        "inputs": case.inputs,
        "reference": case.reference,
        "slices": {column: case.row.get(column) for column in slices},
        **({} if critical is None else {"critical": critical}),
        "source": _side_record(case.source),
        "target": _side_record(case.target),
        "changes": [change.to_record() for change in changes_of(case)],
    }


def changes_by_row(records: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the names of what changed between the two answers of each row, the main change first."""
    return {record["sample_id"]: [found["change"] for found in record.get("changes", ())] for record in records}


def _side_record(side: Side) -> dict[str, Any]:
    if isinstance(side.outcome, CallFailure):
        return {"error": side.outcome.to_record()}
    scores = {name: score for name, score in side.scores.items() if isinstance(score, Score)}
    failures = {name: item for name, item in side.scores.items() if isinstance(item, ScoreFailure)}
    raws = {name: _cut(item.raw) for name, item in failures.items() if item.raw}
    return {
        **side.outcome.to_record(),
        "cached": side.outcome.cached,
        "scores": {name: float(score) for name, score in scores.items()},
        "reasons": {name: score.reason for name, score in scores.items() if score.reason},
        "failures": {name: item.reason for name, item in failures.items()},
        **({"raws": raws} if raws else {}),
    }


def _cut(raw: str) -> str:
    more = len(raw) - LONGEST_RAW
    return raw if more <= 0 else f"{raw[:LONGEST_RAW]}… ({more:,} more characters)"


def case_of(record: Mapping[str, Any]) -> Case:
    """Return the case that `case_record` wrote down."""
    values = {**record["slices"], **record["inputs"], "answer_ground_truth": record["reference"]}
    sample_id = record["sample_id"]
    return Case(
        row=Row(sample_id=sample_id, values=values),
        source=_side_of("source", sample_id, record["source"]),
        target=_side_of("target", sample_id, record["target"]),
    )


def _side_of(name: SideName, sample_id: str, record: Mapping[str, Any]) -> Side:
    if "error" in record:
        return Side(name=name, sample_id=sample_id, outcome=CallFailure(**record["error"]))
    reasons = record["reasons"]
    scores: dict[str, Score | ScoreFailure] = {
        metric: Score(value, reasons.get(metric, ""), metric=metric, side=name, sample_id=sample_id)
        for metric, value in record["scores"].items()
    }
    raws = record.get("raws", {})
    failures = {
        metric: ScoreFailure(reason=reason, raw=raws.get(metric, "")) for metric, reason in record["failures"].items()
    }
    outcome: Outcome = Answer.from_record(record)
    return Side(name=name, sample_id=sample_id, outcome=outcome, scores=scores | failures)
