"""One migration, from rows to a comparison: answers are begun ahead, then waited for, scored and compared."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison import Comparison
from pytest_llm_migrate.domain import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.domain import Dataset, Row, Verdict
    from pytest_llm_migrate.migration.scoring import Scorer
    from pytest_llm_migrate.migration.sides import SideAnswers


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What of a migration is fixed before anything is asked.

    Attributes:
        id: Its identity within a run: the same in every process.
        name: What people call it.
        nodeid: The test file.
        dataset: The golden dataset, after split and sample.
        dataset_rows: How many rows the dataset has before split and sample.
        source: Reference, and what is known of the prompt, of the source side.
        target: Likewise of the target side.
        metrics: Names of the metrics, in the marker's order.
        slices: Columns whose groups are looked at one by one.
        bounds: The least and the greatest score of metrics that do not score in [0, 1].
        weight: The column that says how much of the traffic a row stands for.
        row_failures: ``fail``, or ``report`` where failed rows are only reported and the gates decide.
    """

    id: str
    name: str
    nodeid: str
    dataset: Dataset
    dataset_rows: int
    source: Mapping[str, Any]
    target: Mapping[str, Any]
    metrics: tuple[str, ...]
    slices: tuple[str, ...]
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    weight: str | None = None
    row_failures: str = "fail"

    def to_record(self) -> dict[str, Any]:
        """Return the terms as JSON-ready builtins."""
        dataset = {
            "path": self.dataset.path,
            "sha256": self.dataset.sha256,
            "rows": len(self.dataset),
            "rows_in_file": self.dataset_rows,
        }
        return {
            "id": self.id,
            "name": self.name,
            "nodeid": self.nodeid,
            "dataset": dataset,
            "source": dict(self.source),
            "target": dict(self.target),
            "metrics": list(self.metrics),
            "slices": list(self.slices),
            "bounds": {name: list(limits) for name, limits in self.bounds.items()},
            "weight": self.weight,
            "row_failures": self.row_failures,
            "warnings": list(self.dataset.warnings),
        }


@dataclass(slots=True, kw_only=True)
class Migration:
    """A use case on its way from one model to another, in one process."""

    terms: Terms
    source: SideAnswers
    target: SideAnswers
    source_prompt: Any
    target_prompt: Any
    scorer: Scorer
    seen: Callable[[Case, int], None]
    _cases: dict[str, Case] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def rows(self) -> Sequence[Row]:
        """The rows that judge: those of the dataset after split and sample."""
        return self.terms.dataset.rows

    def prepare(self, rows: Sequence[Row]) -> None:
        """Raise `MigrateError` for what can be known to be wrong with these rows before any call."""
        self.source.prepare(rows)
        self.target.prepare(rows)

    def begin(self, rows: Sequence[Row]) -> None:
        """Ask for both sides' answers to these rows; returns at once."""
        self.prepare(rows)
        self.source.begin(rows)
        self.target.begin(rows)

    def case(self, row: Row) -> Case:
        """Return a row with both answers and their scores, waiting for its own answers only."""
        known = self._cases.get(row.sample_id)
        if known is None:
            self.begin([row])
            source = self.scorer.side("source", row, self.source.outcomes(row))
            target = self.scorer.side("target", row, self.target.outcomes(row))
            known = self._cases[row.sample_id] = Case(row=row, source=source, target=target)
            self.seen(known, self._place(row))
        return known

    def _place(self, row: Row) -> int:
        if not self._places:
            self._places.update((each.sample_id, place) for place, each in enumerate(self.rows))
        return self._places[row.sample_id]

    def comparison(self, watch: Callable[[Verdict], None]) -> Comparison:
        """Return all rows side by side, waiting for every answer; ``watch`` gets each verdict that is evaluated."""
        self.begin(self.rows)
        cases = [self.case(row) for row in self.rows]
        self.scorer.flush()
        terms = self.terms
        return Comparison(
            cases,
            metrics=terms.metrics,
            slices=terms.slices,
            bounds=terms.bounds,
            weight=terms.weight,
            watch=watch,
        )
