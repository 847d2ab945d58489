"""The comparison: all cases of one migration, as a gate test sees them."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.counting import EACH_ONCE
from pytest_llm_migrate.comparison.counts import RowCounts
from pytest_llm_migrate.comparison.flips import Scale
from pytest_llm_migrate.comparison.metric import MetricComparison
from pytest_llm_migrate.comparison.projection import projected
from pytest_llm_migrate.comparison.quantity import Quantity, QuantityComparison
from pytest_llm_migrate.comparison.slice_tests import slice_tests
from pytest_llm_migrate.comparison.timing import UNTIMED, Timing
from pytest_llm_migrate.domain import ERROR_TOLERANCE, SIDES, Answer
from pytest_llm_migrate.errors import NoSliceError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.comparison.counting import Counting
    from pytest_llm_migrate.comparison.flips import Flips
    from pytest_llm_migrate.comparison.projection import Projection
    from pytest_llm_migrate.domain import Case, Side, SideName, Verdict

SEED = 0
"""For methods that resample: the same rows give the same figures in every process."""
TRUNCATED = frozenset({"max_tokens", "model_context_window_exceeded"})
REFUSED = frozenset({"guardrail_intervened", "content_filtered"})
_UNABLE = r"(?:can(?:no|['\u2019])t|(?:am|['\u2019]m) (?:unable|not able) to)"
_REFUSAL = re.compile(rf"\s*(?:(?:i(?: am|['\u2019]?m) )?sorry,? but|i ?{_UNABLE}|as an ai\b)", re.IGNORECASE)


def _read_tokens(answer: Answer) -> float | None:
    if answer.input_tokens is None:
        return None
    return float(answer.input_tokens + (answer.cache_read_tokens or 0) + (answer.cache_write_tokens or 0))


def _total_tokens(answer: Answer) -> float | None:
    read, written = _read_tokens(answer), answer.output_tokens
    return None if read is None or written is None else read + written


def _tokens_per_second(answer: Answer) -> float | None:
    """Return how fast text came after its first token; unknown where it came in one piece."""
    if answer.latency is None or answer.ttft is None or answer.output_tokens is None:
        return None
    seconds = answer.latency - answer.ttft
    return (answer.output_tokens - 1) / seconds if answer.output_tokens > 1 and seconds > 0 else None


LATENCY = Quantity(name="latency", unit="s", read=lambda answer: answer.latency)
SERVICE_LATENCY = Quantity(name="latency", unit="s", read=lambda answer: answer.server_latency)
TOKENS_PER_SECOND = Quantity(name="tokens_per_second", unit="tokens/s", read=_tokens_per_second)
TTFT = Quantity(name="ttft", unit="s", read=lambda answer: answer.ttft)
TOKENS = Quantity(name="tokens", unit="tokens", read=_total_tokens)
INPUT_TOKENS = Quantity(name="input_tokens", unit="tokens", read=_read_tokens)
OUTPUT_TOKENS = Quantity(name="output_tokens", unit="tokens", read=lambda answer: answer.output_tokens)
COST = Quantity(name="cost", unit="USD", read=lambda answer: answer.cost, why=lambda answer: answer.no_cost)


class Comparison:
    """All rows of one migration: ``comparison["metric"]``, ``.latency``, ``.cost``, ``.flips``, ``.slice(...)``.

    Args:
        cases: The rows with both sides' answers and scores.
        metrics: The metrics' names.
        slices: Columns whose groups are looked at one by one.
        bounds: The least and greatest score of metrics that do not score in [0, 1]; where the rows are a part of
            others, the scale that the metric has over all of them.
        counting: The columns that say how much rows count, and which belong together.
        timing: Says where times come from, asked at the first use of one.
        watch: Gets every verdict that a gate evaluates.
        tolerance: Share of rows that may lack what a gate judges by before it cannot judge, from 0 to 1.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        *,
        metrics: Sequence[str],
        slices: Sequence[str] = (),
        bounds: Mapping[str, tuple[float, float] | Scale] | None = None,
        counting: Counting = EACH_ONCE,
        timing: Callable[[], Timing] = Timing,
        watch: Callable[[Verdict], None] = lambda _: None,
        tolerance: float = ERROR_TOLERANCE,
    ) -> None:
        self.cases = tuple(cases)
        self.metrics, self.slices = tuple(metrics), tuple(slices)
        self._bounds, self._counting = dict(bounds or {}), counting
        self._timing, self._watch, self._tolerance = timing, watch, tolerance
        self._by_metric: dict[str, MetricComparison] = {}

    def __len__(self) -> int:
        return len(self.cases)

    def __repr__(self) -> str:
        return f"<comparison of {len(self)} rows>"

    def __getitem__(self, metric: str) -> MetricComparison:
        if metric not in self.metrics:
            raise UnknownNameError("metric", metric, self.metrics, hint="Name it in the marker's metrics=[...].")
        if metric not in self._by_metric:
            bounds = self._bounds.get(metric, (0.0, 1.0))
            scale = bounds if isinstance(bounds, Scale) else Scale.of(self.cases, metric, bounds)
            self._by_metric[metric] = MetricComparison(
                metric,
                self.cases,
                watch=self._watch,
                scale=scale,
                counting=self._counting,
                tolerance=self._tolerance,
            )
        return self._by_metric[metric]

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
        return self._count("truncated", "a known stop reason", _is_truncated)

    @cached_property
    def refusals(self) -> RowCounts:
        """Rows that a guardrail or filter stopped, or whose answer opens with a refusal in English."""
        return self._count("refusals", "an answer", _is_refusal)

    @property
    def flips(self) -> dict[str, Flips]:
        """Rows that broke, were fixed, are both right or both wrong, or held, by metric."""
        return {metric: self[metric].flips for metric in self.metrics}

    def projection(self, requests: int) -> Projection:
        """Return what so many requests like these rows, by their weights, would cost on each side."""
        return projected(self.cases, requests, self._counting.weight, SEED)

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

    def groups(self) -> Iterator[tuple[str, Any, Comparison]]:
        """Yield every group of every slice column: the column, its value, and the group's own comparison."""
        for column in self.slices:
            for value, cases in sorted(self._groups(column).items(), key=lambda group: str(group[0])):
                yield column, value, self._part(cases)

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
        for name in self.metrics:
            failed = self[name].source.failures + self[name].target.failures
            if failed:
                said.append(f"{name} could not score {failed} answers; they are in no mean")
        if self.timing.invalid or self.latency.n or self.ttft.n:
            said += filter(None, [self.timing.invalid or self.timing.note])
        return said

    def to_record(self) -> dict[str, Any]:
        """Return every figure as JSON-ready builtins."""
        quantities = (self.latency, self.ttft, self.tokens, self.input_tokens, self.output_tokens, self.cost)
        kinds = {
            side: Counter(getattr(case, side).failure.kind for case in self.cases if getattr(case, side).failure)
            for side in SIDES
        }
        return {
            "metrics": {name: _metric_record(self[name]) for name in self.metrics},
            "slice_metrics": list(_group_records(self)),
            **{quantity.name: quantity.to_record() for quantity in quantities},
            "errors": {**self.errors.to_record(), "kinds": {side: dict(found) for side, found in kinds.items()}},
            "truncated": self.truncated.to_record(),
            "refusals": self.refusals.to_record(),
            "stop_reasons": {side: dict(Counter(self._stop_reasons(side))) for side in SIDES},
            "cached": self._count(
                "cached", "an answer", lambda side: not side.failure and side.answer.cached
            ).to_record(),
            "no_cost": self.cost.reasons,
            "served": {side: dict(Counter(self._served(side))) for side in SIDES},
        }

    def _served(self, side: SideName) -> Iterator[str]:
        """Yield the tier and latency mode of every answer whose service said one."""
        for case in self.cases:
            outcome = getattr(case, side).outcome
            if isinstance(outcome, Answer) and (outcome.service_tier or outcome.latency_mode):
                yield ", ".join(filter(None, [outcome.service_tier, outcome.latency_mode]))

    def _stop_reasons(self, side: SideName) -> Iterator[str]:
        """Yield why every answer ended, where its model said so."""
        for case in self.cases:
            outcome = getattr(case, side).outcome
            if isinstance(outcome, Answer) and outcome.stop_reason:
                yield outcome.stop_reason

    def _groups(self, column: str) -> dict[Any, list[Case]]:
        groups: dict[Any, list[Case]] = {}
        for case in self.cases:
            groups.setdefault(_hashable(case.row.get(column)), []).append(case)
        return groups

    def _part(self, cases: Sequence[Case]) -> Comparison:
        return Comparison(
            cases,
            metrics=self.metrics,
            bounds={name: self[name].scale for name in self.metrics},
            counting=self._counting,
            timing=lambda: self.timing.of({case.id for case in cases}),
            watch=self._watch,
            tolerance=self._tolerance,
        )

    def _timed(self, quantity: Quantity) -> QuantityComparison:
        return self._quantity(quantity, self.timing)

    def _quantity(self, quantity: Quantity, timing: Timing = UNTIMED) -> QuantityComparison:
        cases = self.cases if timing.pairs is None else timing.pairs
        return QuantityComparison(
            quantity, cases, watch=self._watch, seed=SEED, timing=timing, tolerance=self._tolerance
        )

    def _count(self, name: str, tells: str, matches: Callable[[Side], bool | None]) -> RowCounts:
        source, target = ([matches(getattr(case, side)) for case in self.cases] for side in SIDES)
        return RowCounts(name, tells, source, target, watch=self._watch, tolerance=self._tolerance)


def _is_truncated(side: Side) -> bool | None:
    return None if side.failure or side.stop_reason is None else side.stop_reason in TRUNCATED


def _is_refusal(side: Side) -> bool | None:
    return None if side.failure else side.stop_reason in REFUSED or bool(_REFUSAL.match(side.text))


def _hashable(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) and not _is_nan(value) else str(value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)  # and so no key: it equals not even itself


def _group_records(comparison: Comparison) -> Iterator[dict[str, Any]]:
    groups = list(comparison.groups())
    tests = {name: slice_tests([group[name] for _, _, group in groups]) for name in comparison.metrics}
    for place, (column, value, group) in enumerate(groups):
        metrics = {name: _metric_record(group[name]) | found[place] for name, found in tests.items()}
        yield {"column": column, "value": str(value), "rows": len(group), "metrics": metrics}


def _metric_record(metric: MetricComparison) -> dict[str, Any]:
    found = metric.estimate() if metric.n else None
    return {
        "n": metric.n,
        "source": {"mean": metric.source.mean},
        "target": {"mean": metric.target.mean},
        "delta": metric.delta,
        "interval": found and [found.low, found.high],
        "confidence": found and found.confidence,
        "method": found and found.method,
        "effective_n": found and found.effective_n,
        "graded": metric.scale.is_graded,
        "flips": metric.flips.counts(),
        "failures": {"source": metric.source.failures, "target": metric.target.failures},
    }
