"""The comparison: all cases of one migration, as a gate test sees them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.asked import Figures
from pytest_llm_migrate.comparison.certificate import JudgeComparison
from pytest_llm_migrate.comparison.counting import EACH_ONCE
from pytest_llm_migrate.comparison.counts import RowCounts
from pytest_llm_migrate.comparison.guards import Group
from pytest_llm_migrate.comparison.judging import NOBODY, caution_of, judging_records
from pytest_llm_migrate.comparison.measured import (
    COST,
    INPUT_TOKENS,
    LATENCY,
    OUTPUT_TOKENS,
    SERVICE_LATENCY,
    TOKENS,
    TOKENS_PER_SECOND,
    TTFT,
)
from pytest_llm_migrate.comparison.metric import MetricComparison
from pytest_llm_migrate.comparison.not_answered import is_refusal, is_truncated
from pytest_llm_migrate.comparison.projection import projected
from pytest_llm_migrate.comparison.quantity import QuantityComparison
from pytest_llm_migrate.comparison.records import (
    critical_record,
    fault_kinds,
    flipped_rows,
    group_records,
    is_cached,
    metric_record,
    served,
    stop_reasons,
)
from pytest_llm_migrate.comparison.row_price import RowPrice
from pytest_llm_migrate.comparison.scores import Scores
from pytest_llm_migrate.comparison.timing import UNTIMED, Timing
from pytest_llm_migrate.domain import ERROR_TOLERANCE, SIDES, is_monitor
from pytest_llm_migrate.errors import NoCriticalError, NoSliceError, UnknownNameError, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.comparison.counting import Counting
    from pytest_llm_migrate.comparison.flips import Flips
    from pytest_llm_migrate.comparison.judging import Judging
    from pytest_llm_migrate.comparison.projection import Projection
    from pytest_llm_migrate.comparison.quantity import Quantity
    from pytest_llm_migrate.domain import Case, Side, Verdict

SEED = 0
"""For methods that resample: the same rows give the same figures in every process."""


class Comparison(Figures):
    """All rows of one migration: ``comparison["metric"]``, ``.latency``, ``.cost``, ``.flips``, ``.slice(...)``.

    Gates on scores look at every group of ``slices`` and at the critical rows, too: a group that is NO-GO by itself,
    or one critical row that broke, makes them NO-GO.

    Args:
        cases: The rows with both sides' answers and scores.
        metrics: The metrics' names.
        slices: Columns whose groups are looked at one by one.
        bounds: The least and greatest score of metrics that do not score in [0, 1]; where the rows are a part of
            others, their scores as they were read with them.
        counting: How much rows count, which belong together, and which may not break.
        timing: Says where times come from, asked at the first use of one.
        watch: Gets every verdict that a gate evaluates.
        tolerance: Share of rows that may lack what a gate judges by before it cannot judge, from 0 to 1.
        level: Gives the confidence at which a gate judges that was asked for one; at a look before all rows are in it
            is a higher one.
        judging: Which metrics are judges' and which people's; ``whole`` has their certificates where rows are a part.
    """

    def __init__(  # noqa: PLR0913 - all by keyword, all but the metrics with a default
        self,
        cases: Sequence[Case],
        *,
        metrics: Sequence[str],
        slices: Sequence[str] = (),
        bounds: Mapping[str, tuple[float, float] | Scores] | None = None,
        counting: Counting = EACH_ONCE,
        timing: Callable[[], Timing] = Timing,
        watch: Callable[[Verdict], None] = lambda _: None,
        tolerance: float = ERROR_TOLERANCE,
        level: Callable[[float], float] = float,
        judging: Judging = NOBODY,
        whole: Comparison | None = None,
    ) -> None:
        self.judging, self._whole = judging, whole or self
        self.cases = tuple(cases)
        self.metrics, self.slices = tuple(metrics), tuple(slices)
        self._bounds, self.counting = dict(bounds or {}), counting
        self._timing, self._watch, self._tolerance, self._level = timing, watch, tolerance, level
        self._by_metric: dict[str, MetricComparison] = {}

    def __len__(self) -> int:
        return len(self.cases)

    def __repr__(self) -> str:
        return f"<comparison of {counted(len(self), 'row')}>"

    def __getitem__(self, metric: str) -> MetricComparison:
        if metric not in self.metrics:
            raise UnknownNameError("metric", metric, self.metrics, hint="Name it in the marker's metrics=[...].")
        if metric not in self._by_metric:
            bounds = self._bounds.get(metric, (0.0, 1.0))
            self._by_metric[metric] = MetricComparison(
                metric,
                self.cases,
                scores=bounds if isinstance(bounds, Scores) else Scores.of(self.cases, metric, bounds),
                watch=self._watch,
                counting=self.counting,
                tolerance=self._tolerance,
                level=self._level,
                groups=lambda: [Group(column, value, part[metric]) for column, value, part in self._parts],
                others=self.__getitem__,
                caution=lambda: caution_of(self._whole[metric], self._whole.__getitem__, self.judging),
            )
        return self._by_metric[metric]

    @cached_property
    def _row_price(self) -> RowPrice:
        return RowPrice.of(self.cases)

    @cached_property
    def timing(self) -> Timing:
        """Where times come from: of a latency pass, once it is made, or of the rows' own answers."""
        return self._timing()

    @cached_property
    def latency(self) -> QuantityComparison:
        """Seconds to the end of the answer: the service's own where a latency pass has them, else the client's."""
        return self._timed(SERVICE_LATENCY if self.timing.is_services else LATENCY)

    @cached_property
    def client_latency(self) -> QuantityComparison:
        """Seconds to the end of the answer on the client's clock, the network included."""
        return self._timed(LATENCY)

    @cached_property
    def ttft(self) -> QuantityComparison:
        """Seconds to the first text."""
        return self._timed(TTFT)

    @cached_property
    def tokens_per_second(self) -> QuantityComparison:
        """Output tokens a second after the first; where more is better, gates on what is at most do not fit."""
        return self._timed(TOKENS_PER_SECOND)

    @cached_property
    def tokens(self) -> QuantityComparison:
        """Tokens read and written, together."""
        return self._quantity(TOKENS)

    @cached_property
    def input_tokens(self) -> QuantityComparison:
        """Tokens read, those of a prompt cache included."""
        return self._quantity(INPUT_TOKENS)

    @cached_property
    def output_tokens(self) -> QuantityComparison:
        """Tokens written."""
        return self._quantity(OUTPUT_TOKENS)

    @cached_property
    def cost(self) -> QuantityComparison:
        """US dollars a row."""
        return self._quantity(COST)

    @cached_property
    def errors(self) -> RowCounts:
        """Rows whose call gave no answer."""
        return self._count("errors", "an outcome", lambda side: side.failure is not None)

    @cached_property
    def truncated(self) -> RowCounts:
        """Rows whose answer ended because it was too long."""
        return self._count("truncated", "a known stop reason", is_truncated)

    @cached_property
    def refusals(self) -> RowCounts:
        """Rows that a guardrail or filter stopped, or whose answer opens with a refusal in English."""
        return self._count("refusals", "an answer", is_refusal)

    @property
    def flips(self) -> dict[str, Flips]:
        """Rows that broke, were fixed, are both right or both wrong, or held, by metric."""
        return {metric: self[metric].flips for metric in self.metrics}

    def projection(self, requests: int) -> Projection:
        """Return what so many requests like these rows, by their weights, would cost on each side."""
        return projected(self.cases, requests, self.counting, SEED)

    def judge(self, metric: str) -> JudgeComparison:
        """Return a metric to be held against people's scores of the same answers: ``.agreement(at_least=0.6)``."""
        return JudgeComparison(self[metric], self.__getitem__, self._watch, self._level)

    def slice(self, column: str, value: Any) -> Comparison:
        """Return the comparison of the rows whose column has this value.

        Raises:
            UnknownNameError: No row has such a column.
            NoSliceError: No row has the value.
        """
        columns = {name for case in self.cases for name in case.row.values}
        if column not in columns:
            raise UnknownNameError("column", column, columns)
        groups = self._groups(column)
        if _hashable(value) not in groups:
            raise NoSliceError(column, value, sorted(map(str, groups)))
        return self._part(groups[_hashable(value)])

    @property
    def critical(self) -> Comparison:
        """The comparison of the critical rows; raises `NoCriticalError` where the marker names none."""
        if self.critical_places is None:
            raise NoCriticalError
        return self._part(self.critical_places)

    @cached_property
    def critical_places(self) -> list[int] | None:
        """The places of the critical rows among all, ``None`` where the marker names none."""
        critical = self.counting.critical
        return None if critical is None else [place for place, case in enumerate(self.cases) if case.id in critical]

    def groups(self) -> Iterator[tuple[str, Any, Comparison]]:
        """Yield every group of every slice column: the column, its value, and the group's own comparison."""
        yield from self._parts

    @cached_property
    def _parts(self) -> list[tuple[str, Any, Comparison]]:
        return [
            (column, value, self._part(places))
            for column in self.slices
            for value, places in sorted(self._groups(column).items(), key=lambda group: str(group[0]))
        ]

    def warnings(self) -> list[str]:
        """Return what a reader must know before believing the figures, one sentence each."""
        said = []
        for side in SIDES:
            lost, cut = getattr(self.errors, side), getattr(self.truncated, side)
            if lost:
                said.append(f"{lost} of {len(self)} {side} rows have no answer; they are in no mean")
            if cut:
                said.append(f"{cut} of {len(self)} {side} answers were cut off at their token limit")
            said += [
                f"{number} of {len(self)} {side} answers have no cost; {reason}"
                for reason, number in self.cost.reasons[side].items()
                if reason.startswith("unpriced")
            ]
        if self.critical_places == []:
            said.append("no row is critical: the marker's critical= guards nothing")
        for name in self.metrics:
            if (failed := self[name].scores.unscored()) and not is_monitor(name):
                unscored = f"{name} could not score {counted(len(failed), 'answer')}; they are in no mean"
                said.append(f"{unscored}. Row {failed[0]} says why")
        if self.timing.invalid or self.latency.n or self.ttft.n:
            said += filter(None, [self.timing.invalid or self.timing.note])
        return said

    def to_record(self) -> dict[str, Any]:
        """Return every figure as JSON-ready builtins."""
        quantities = (self.latency, self.ttft, self.tokens, self.input_tokens, self.output_tokens, self.cost)
        return {
            "metrics": {name: metric_record(self[name]) | flipped_rows(self[name]) for name in self.metrics},
            **judging_records(self.__getitem__, self.judging),
            "slice_metrics": list(group_records(self)),
            "critical_rows": critical_record(self),
            **{quantity.name: quantity.to_record() for quantity in quantities},
            "errors": {
                **self.errors.to_record(),
                "kinds": {side: dict(Counter(fault_kinds(self.cases, side))) for side in SIDES},
            },
            "truncated": self.truncated.to_record(),
            "refusals": self.refusals.to_record(),
            "stop_reasons": {side: dict(Counter(stop_reasons(self.cases, side))) for side in SIDES},
            "cached": self._count("cached", "an answer", is_cached).to_record(),
            "no_cost": self.cost.reasons,
            "served": {side: dict(Counter(served(self.cases, side))) for side in SIDES},
        }

    def _groups(self, column: str) -> dict[Any, list[int]]:
        groups: dict[Any, list[int]] = {}
        for place, case in enumerate(self.cases):
            groups.setdefault(_hashable(case.row.get(column)), []).append(place)
        return groups

    def _part(self, places: Sequence[int]) -> Comparison:
        cases = [self.cases[place] for place in places]
        return Comparison(
            cases,
            metrics=self.metrics,
            bounds={name: self[name].scores.at(places) for name in self.metrics},
            counting=self.counting,
            timing=lambda: self.timing.of({case.id for case in cases}),
            watch=self._watch,
            tolerance=self._tolerance,
            level=self._level,
            judging=self.judging,
            whole=self._whole,
        )

    def _timed(self, quantity: Quantity) -> QuantityComparison:
        return self._quantity(quantity, self.timing)

    def _quantity(self, quantity: Quantity, timing: Timing = UNTIMED) -> QuantityComparison:
        return QuantityComparison(
            quantity,
            self.cases if timing.pairs is None else self._rows_of(timing.pairs),
            watch=self._watch,
            counting=self.counting,
            seed=SEED,
            timing=timing,
            tolerance=self._tolerance,
            level=self._level,
        )

    def _rows_of(self, pairs: Sequence[Case]) -> list[Case]:
        """Return the pairs of a latency pass with the columns of their rows, which say how much they count."""
        rows = {case.id: case.row for case in self.cases}
        return [replace(pair, row=rows.get(pair.id, pair.row)) for pair in pairs]

    def _count(self, name: str, tells: str, matches: Callable[[Side], bool | None]) -> RowCounts:
        source, target = ([matches(getattr(case, side)) for case in self.cases] for side in SIDES)
        return RowCounts(
            name,
            tells,
            source,
            target,
            watch=self._watch,
            price=lambda: self._row_price,
            tolerance=self._tolerance,
            level=self._level,
        )


def _hashable(value: Any) -> Any:
    is_nan = isinstance(value, float) and math.isnan(value)  # and so no key: it equals not even itself
    return value if isinstance(value, (str, int, float, bool, type(None))) and not is_nan else str(value)
