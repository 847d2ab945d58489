"""One migration, from rows to a comparison: answers are begun ahead, then waited for, scored and compared."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison import Comparison, Counting
from pytest_llm_migrate.comparison.judging import Judging
from pytest_llm_migrate.comparison.timing import Timing
from pytest_llm_migrate.domain import ERROR_TOLERANCE, SIDES, Case, ScoreFailure
from pytest_llm_migrate.migration.ahead import ScoringAhead
from pytest_llm_migrate.migration.conditions import timing_of
from pytest_llm_migrate.migration.judge_plan import check_judges
from pytest_llm_migrate.migration.latency import LatencyPass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.domain import Dataset, Row, RunLevel, Side, SideName, Verdict
    from pytest_llm_migrate.migration.grid import Grid
    from pytest_llm_migrate.migration.judging import DeskJudge
    from pytest_llm_migrate.migration.looks import Look
    from pytest_llm_migrate.migration.scoring import Scorer
    from pytest_llm_migrate.migration.sides import SideAnswers


GATHERED = 64
"""Rows whose answers a metric is given at once, if it takes several."""


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
        judges: References of the models that metrics ask.
        paired: Names of the metrics that compare both sides' answers.
        preferred: Names of those among them by which people do.
        judged: Names of the metrics that say what a judge or a person thinks of one answer.
        people: The metrics whose scores people gave, with how far these agree among themselves where that is known.
        marked: What people say of rows whose ground truth they call wrong, by row: each ``rater`` and ``comment``.
        by_truth: Names of the metrics that compare with the ground truth.
        bounds: The least and the greatest score of metrics that do not score in [0, 1].
        directions: How to read the metrics whose judge says that lower is better, which were turned around.
        weight: The column that says how much of the traffic a row stands for.
        cluster: The column that says which rows belong together.
        critical: The column or expression that says which rows may not break.
        critical_rows: Their ids, ``None`` where nothing says which.
        row_failures: ``fail``, or ``report`` where failed rows are only reported and the gates decide.
        prompt_tuning: How the target's prompt scored on the rows that tuned it, ``None`` where none did.
        variants: What strategies wrote for the target, and how it scored on dev rows.
        attribution: What of the attribution grid cannot be had, empty where all of it can; ``None`` where it is not
            asked for.
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
    judges: tuple[str, ...] = ()
    paired: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    judged: tuple[str, ...] = ()
    people: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    marked: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    by_truth: tuple[str, ...] = ()
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    directions: Mapping[str, str] = field(default_factory=dict)
    weight: str | None = None
    cluster: str | None = None
    critical: str | None = None
    critical_rows: frozenset[str] | None = None
    row_failures: str = "fail"
    attribution: str | None = None
    prompt_tuning: Mapping[str, Any] | None = None
    variants: Sequence[Mapping[str, Any]] = ()

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
            "judges": list(self.judges),
            "paired": list(self.paired),
            "preferred": list(self.preferred),
            "judged": list(self.judged),
            "people": dict(self.people),
            "marked": {name: [dict(each) for each in said] for name, said in self.marked.items()},
            "by_truth": list(self.by_truth),
            "bounds": {name: list(limits) for name, limits in self.bounds.items()},
            "directions": dict(self.directions),
            "weight": self.weight,
            "cluster": self.cluster,
            "critical": self.critical,
            "row_failures": self.row_failures,
            "attribution": self.attribution,
            "variants": [dict(found) for found in self.variants],
            "prompt_tuning": self.prompt_tuning and dict(self.prompt_tuning),
            "warnings": list(self.dataset.warnings),
        }


@dataclass(slots=True, kw_only=True)
class Migration:
    """A use case on its way from one model to another, in one process.

    ``latency_rows`` are asked once more on both sides, for nothing but their times. Gates judge while no more than
    ``error_tolerance``, a share of the rows, lack what they judge by. With ``scores_ahead`` rows are scored in the
    background as their answers arrive, else one by one when they are looked at. A ``grid`` is asked for a gate.
    Metrics of ``run_level`` have figures of all rows together.
    """

    terms: Terms
    source: SideAnswers
    target: SideAnswers
    source_prompt: Any
    target_prompt: Any
    scorer: Scorer
    seen: Callable[[Case, int], None]
    latency_rows: int = 0
    latency_cache: bool = False
    error_tolerance: float = ERROR_TOLERANCE
    judges: Sequence[DeskJudge] = ()
    run_level: Sequence[RunLevel] = ()
    grid: Grid | None = None
    scores_ahead: bool = False
    _ahead: ScoringAhead = field(init=False)
    _pass: dict[str, Any] | None = None
    _cases: dict[str, Case] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._ahead = ScoringAhead(self._sides)

    @property
    def rows(self) -> Sequence[Row]:
        """The rows that judge: those of the dataset after split and sample."""
        return self.terms.dataset.rows

    def prepare(self, rows: Sequence[Row]) -> None:
        """Raise `MigrateError` for what can be known to be wrong with these rows before any call."""
        self.source.prepare(rows)
        self.target.prepare(rows)
        if any(judge.is_unpriced_under_budget() for judge in self.judges):
            check_judges(self, rows)

    def failed_judge(self, sides: Iterable[Side]) -> DeskJudge | None:
        """Return a judge that can be asked no more and for whose want one of these sides lacks a score, if any."""
        out = [judge for judge in self.judges if judge.fault]
        scores = [item for side in sides for item in side.scores.items()] if out else []
        lacking = {name for name, score in scores if isinstance(score, ScoreFailure)}
        return next((judge for judge in out if judge.asked_by & lacking), None)

    def known_sides(self, rows: Sequence[Row], scorer: Scorer) -> Iterator[tuple[Side, Side | None]]:
        """Yield both sides, scored, of every row whose source answer is there; no target where that answer is not."""
        source, target = self.source.known(rows), self.target.known(rows)
        for row in rows:
            before, after = source.get(row.sample_id), target.get(row.sample_id)
            if before and after:
                yield scorer.sides(row, before, after)
            elif before:
                yield scorer.side("source", row, before), None

    def begin(self, rows: Sequence[Row]) -> None:
        """Ask for both sides' answers to these rows; returns at once."""
        self.prepare(rows)
        self.source.begin(rows)
        self.target.begin(rows)
        if self.scores_ahead:
            self._ahead.begin([row for row in rows if row.sample_id not in self._cases])

    def case(self, row: Row) -> Case:
        """Return a row with both answers and their scores, waiting for its own answers only."""
        known = self._cases.get(row.sample_id)
        if known is None:
            self.begin([row])
            source, target = self._ahead.sides(row)
            known = self._cases[row.sample_id] = Case(row=row, source=source, target=target)
            self.seen(known, self._place(row))
        return known

    def _cases_of(self, rows: Sequence[Row]) -> list[Case]:
        """Return these rows' cases; without judges to wait for, metrics that take many answers at once get them so."""
        new = [row for row in rows if row.sample_id not in self._cases]
        if self.scorer.gathers and not self.scores_ahead:
            for start in range(0, len(new), GATHERED):
                part = new[start : start + GATHERED]
                self.scorer.gather([(row, side.outcomes(row)) for row in part for side in (self.source, self.target)])
                for row in part:
                    self.case(row)
        return [self.case(row) for row in rows]

    def _sides(self, row: Row) -> tuple[Side, Side]:
        return self.scorer.sides(row, self.source.outcomes(row), self.target.outcomes(row))

    def forget(self) -> None:
        """Let go of the cases, of which ``seen`` has had all, and score no more."""
        self._ahead.leave()
        self._cases.clear()

    def _place(self, row: Row) -> int:
        if not self._places:
            self._places.update((each.sample_id, place) for place, each in enumerate(self.rows))
        return self._places[row.sample_id]

    def comparison(self, watch: Callable[[Verdict], None]) -> Comparison:
        """Return all rows side by side, waiting for every answer; ``watch`` gets each verdict that is evaluated."""
        self.begin(self.rows)
        cases = self._cases_of(self.rows)
        if self.grid:
            self.grid.take(self.rows)
        self.scorer.flush()
        if self.source.is_live and self.target.is_live:
            self._measure()  # else not before a gate asks for a time
        return self.compared(cases, watch, timing=self._timing)

    def comparison_at(self, look: Look, watch: Callable[[Verdict], None]) -> Comparison:
        """Return the rows of a look side by side, waiting for their answers; times are measured where a gate asks."""
        self.begin(look.rows)
        cases = self._cases_of(look.rows)
        self.scorer.flush()
        return self.compared(cases, watch, timing=self._timing, level=look.level)

    def is_known(self, row: Row) -> bool:
        """Whether a row was looked at so far."""
        return row.sample_id in self._cases

    def compared(
        self,
        cases: Sequence[Case],
        watch: Callable[[Verdict], None],
        *,
        timing: Callable[[], Timing] = Timing,
        level: Callable[[float], float] = float,
    ) -> Comparison:
        """Return these cases side by side, on this migration's terms; ``watch`` gets each verdict.

        ``level`` gives the confidence at which a gate judges that was asked for one.
        """
        terms = self.terms
        return Comparison(
            cases,
            metrics=terms.metrics,
            slices=terms.slices,
            bounds=terms.bounds,
            counting=Counting(weight=terms.weight, cluster=terms.cluster, critical=terms.critical_rows),
            timing=timing,
            watch=watch,
            tolerance=self.error_tolerance,
            level=level,
            judging=Judging(
                judged=[name for name in terms.judged if name not in terms.people],
                paired=[name for name in terms.paired if name not in terms.preferred],
                people=terms.people,
                preferred=terms.preferred,
            ),
        )

    def times(self) -> dict[str, Any]:
        """Return when and under which conditions both sides answered so far, and the latency pass if it was made."""
        return {**self._conditions(), "kept_since": {name: getattr(self, name).kept_since() for name in SIDES}}

    def _conditions(self) -> dict[str, Any]:
        conditions = {name: list(getattr(self, name).times_from()) for name in SIDES}
        return {"times_from": conditions, "latency_pass": self._pass}

    def latency_pass(self) -> LatencyPass | None:
        """Return the latency pass that is wanted, ``None`` where there is none, or a side has no model to call."""
        if not (self.latency_rows and self.source.may_call and self.target.may_call):
            return None
        sides: dict[SideName, Any] = {"source": self.source, "target": self.target}
        return LatencyPass(wanted=self.latency_rows, rows=self.rows, sides=sides, with_cache=self.latency_cache)

    def latency_calls(self) -> int:
        """Return how many calls a latency pass would take at most, were a gate judged now; none where there is none."""
        wanted = self.latency_pass()
        if wanted is None:
            return 0
        # With all answers in recordings on both sides nothing is called, and so nothing is timed.
        is_replayed = all(side.recorded and not side.forecast(self.rows).calls for side in wanted.sides.values())
        return 0 if is_replayed else wanted.calls_left()

    def _timing(self) -> Timing:
        if self.source.is_live or self.target.is_live:
            self._measure()
        return timing_of(self._conditions())

    def _measure(self) -> None:
        wanted = self.latency_pass() if self._pass is None else None
        if wanted:
            self._pass = wanted.result()
