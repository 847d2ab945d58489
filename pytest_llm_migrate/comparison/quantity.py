"""Latency, time to first token, tokens and cost: statistics of both sides, their ratio, and the gates on them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.asked import Figures, asked_confidence, check_bar, interval_confidence
from pytest_llm_migrate.comparison.counting import EACH_ONCE
from pytest_llm_migrate.comparison.gates import at_most, cannot_judge, evidence_of, finite, more_words, too_few
from pytest_llm_migrate.comparison.row_price import RowPrice
from pytest_llm_migrate.comparison.shown import shown
from pytest_llm_migrate.comparison.timing import UNTIMED
from pytest_llm_migrate.domain import ERROR_TOLERANCE, SIDES, Answer, Ruling, Verdict
from pytest_llm_migrate.errors import NoValuesError, counted
from pytest_llm_migrate.stats import (
    LEAST_ROWS,
    STATISTICS,
    paired_quantities,
    quantities,
    rows_to_settle_ceiling,
    two_sided_confidence,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_llm_migrate.comparison.counting import Counting
    from pytest_llm_migrate.comparison.timing import Timing
    from pytest_llm_migrate.domain import Case, SideName
    from pytest_llm_migrate.stats import Estimate, PairedQuantity, Statistic


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What is measured.

    Attributes:
        name: What it is called.
        unit: What it is measured in.
        read: Reads it from an answer, ``None`` where it is unknown.
        why: Says why it is unknown, where the answer knows.
    """

    name: str
    unit: str
    read: Callable[[Answer], float | None]
    why: Callable[[Answer], str | None] = lambda _: None


class QuantityComparison(Figures):
    """One quantity, both sides, over the rows where both are known; over a side's own where no row has both.

    ``.mean``, ``.p50``, ``.p90``, ``.p95`` and ``.p99`` give a statistic of it. A gate on the quantity itself,
    such as ``comparison.cost.ratio_at_most(0.6)``, is a gate on its mean.
    """

    def __init__(
        self,
        quantity: Quantity,
        cases: Sequence[Case],
        *,
        watch: Callable[[Verdict], None],
        counting: Counting = EACH_ONCE,
        seed: int = 0,
        timing: Timing = UNTIMED,
        tolerance: float = ERROR_TOLERANCE,
        level: Callable[[float], float] = float,
    ) -> None:
        self.name, self.unit = quantity.name, quantity.unit
        self._quantity, self._cases, self._watch, self._seed = quantity, cases, watch, seed
        self.counting, self.timing, self.tolerance, self.level = counting, timing, tolerance, level
        self._estimates: dict[float, dict[Statistic, PairedQuantity]] = {}
        self._side_estimates: dict[tuple[SideName, float], dict[Statistic, Estimate]] = {}

    def __repr__(self) -> str:
        return f"<{self.name} of {counted(self.rows, 'row')}>"

    @cached_property
    def _whole(self) -> list[tuple[Case, float, float]]:
        answered = [case for case in self._cases if not (case.source.failure or case.target.failure)]
        read = self._quantity.read
        both = [(case, read(case.source.answer), read(case.target.answer)) for case in answered]
        return [(case, source, target) for case, source, target in both if source is not None and target is not None]

    @cached_property
    def _known(self) -> dict[SideName, list[tuple[Case, float]]]:
        return {side: list(self._side(side)) for side in SIDES}

    def _side(self, side: SideName) -> Iterator[tuple[Case, float]]:
        for case in self._cases:
            outcome = getattr(case, side).outcome
            if isinstance(outcome, Answer) and (value := self._quantity.read(outcome)) is not None:
                yield case, value

    @cached_property
    def values(self) -> dict[SideName, list[float]]:
        """Each side's values, whether or not the other has any."""
        return {side: [value for _, value in known] for side, known in self._known.items()}

    @cached_property
    def reasons(self) -> dict[SideName, dict[str, int]]:
        """Why answers do not have the quantity, with how many say so, by side; only what answers know of it."""
        return {side: dict(Counter(self._reasons(side))) for side in SIDES}

    def _reasons(self, side: SideName) -> Iterator[str]:
        for case in self._cases:
            answered = getattr(case, side)
            if not answered.failure and self._quantity.read(answered.answer) is None:
                yield from filter(None, [self._quantity.why(answered.answer)])

    def why(self, *sides: SideName) -> str:
        """Return in words why answers of these sides do not have the quantity, nothing where that is not known."""
        found = [(side, *item) for side in sides for item in self.reasons[side].items()]
        return "; ".join(f"{counted(number, f'{side} answer')}: {reason}" for side, reason, number in found)

    @property
    def n(self) -> int:
        """Rows where the quantity is known on both sides."""
        return len(self._whole)

    @property
    def rows(self) -> int:
        """All rows."""
        return len(self._cases)

    @cached_property
    def price(self) -> RowPrice:
        """What a row like these costs."""
        return RowPrice.of(self._cases)

    @property
    def mean(self) -> StatisticComparison:
        """The arithmetic mean."""
        return self._statistic("mean")

    @property
    def p50(self) -> StatisticComparison:
        """The median."""
        return self._statistic("p50")

    @property
    def p90(self) -> StatisticComparison:
        """The 90th percentile."""
        return self._statistic("p90")

    @property
    def p95(self) -> StatisticComparison:
        """The 95th percentile."""
        return self._statistic("p95")

    @property
    def p99(self) -> StatisticComparison:
        """The 99th percentile."""
        return self._statistic("p99")

    def ratio_at_most(self, bar: float, confidence: float = 0.95) -> Verdict:
        """Judge whether the target's mean is at most ``bar`` times the source's."""
        return self.mean.ratio_at_most(bar, confidence)

    def at_most(self, bar: float, confidence: float = 0.95) -> Verdict:
        """Judge whether the target's mean is at most ``bar``."""
        return self.mean.at_most(bar, confidence)

    def estimates(self, confidence: float) -> dict[Statistic, PairedQuantity]:
        """Return every statistic of both sides and of the ratio, with two-sided intervals; raises `NoValuesError`."""
        if not self.n:
            raise NoValuesError(self.name)
        if confidence not in self._estimates:
            cases, source, target = zip(*self._whole, strict=True)
            self._estimates[confidence] = paired_quantities(
                source, target, confidence=confidence, seed=self._seed, design=self.counting.of(cases)
            )
        return self._estimates[confidence]

    def side_estimates(self, side: SideName, confidence: float) -> dict[Statistic, Estimate]:
        """Return every statistic of one side alone, with two-sided intervals; raises `NoValuesError`."""
        if not self.values[side]:
            raise NoValuesError(self.name)
        known = self._side_estimates
        if (side, confidence) not in known:
            cases = [case for case, _ in self._known[side]]
            known[side, confidence] = quantities(
                self.values[side], confidence=confidence, seed=self._seed, design=self.counting.of(cases)
            )
        return known[side, confidence]

    def value(self, side: SideName, statistic: Statistic) -> float:
        """Return one side's value; raises `NoValuesError` where it has none."""
        if self.n:
            found: Estimate = getattr(self.estimates(0.95)[statistic], side)
            return found.value
        return self.side_estimates(side, 0.95)[statistic].value

    def refused(self, gate: str, lacking: Verdict | None) -> Verdict | None:
        """Return why a gate cannot judge: its times are not to be trusted, or values are lacking."""
        if self.timing.invalid:
            return cannot_judge(gate, self.timing.invalid, self.timing.detail)
        return lacking

    def say(self, verdict: Verdict) -> Verdict:
        """Report a verdict, with the conditions of times, and return it."""
        shown = self.timing.shown(verdict)
        self._watch(shown)
        return shown

    def to_record(self, confidence: float = 0.95) -> dict[str, Any] | None:
        """Return every statistic as JSON-ready builtins, ``None`` where the quantity is unknown throughout."""
        known = {side: len(values) for side, values in self.values.items()}
        if not any(known.values()):
            return None
        found = self._statistic_records(confidence) if self.n else self._lone_records()
        return {"unit": self.unit, "n": self.n, "known": known, "statistics": dict(found)}

    def _lone_records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the statistics of each side by itself: nothing can be said of a ratio."""
        for name in STATISTICS:
            source, target = (self.value(side, name) if self.values[side] else None for side in SIDES)
            yield name, {"source": source, "target": target, "ratio": None, "interval": None}

    def _statistic_records(self, confidence: float) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, found in self.estimates(confidence).items():
            limits = (found.ratio.low, found.ratio.high) if found.ratio else (0.0, math.inf)
            yield (
                name,
                {
                    "source": found.source.value,
                    "target": found.target.value,
                    "ratio": found.ratio and finite(found.ratio.value),
                    "interval": None if limits == (0.0, math.inf) else [finite(limit) for limit in limits],
                },
            )

    def _statistic(self, name: Statistic) -> StatisticComparison:
        return StatisticComparison(self, name)


class StatisticComparison(Figures):
    """One statistic of a quantity: both sides, their ratio, and the gates on it."""

    def __init__(self, quantity: QuantityComparison, statistic: Statistic) -> None:
        self._quantity, self._name = quantity, statistic

    def __repr__(self) -> str:
        return f"<{self._quantity.name} {self._name}>"

    @property
    def source(self) -> float:
        """The source's value, in the quantity's unit."""
        return self._quantity.value("source", self._name)

    @property
    def target(self) -> float:
        """The target's value, in the quantity's unit."""
        return self._quantity.value("target", self._name)

    @property
    def ratio(self) -> float | None:
        """Target ÷ source; ``None`` where the source's value is zero."""
        found = self._quantity.estimates(0.95)[self._name].ratio
        return found.value if found else None

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval of the ratio; raises `NoValuesError` where there is no ratio."""
        asked = interval_confidence(f"{self._quantity.name}.{self._name}", confidence)
        found = self._quantity.estimates(asked)[self._name].ratio
        if found is None:
            raise NoValuesError(f"the ratio of {self._quantity.name}")
        return found.low, found.high

    def ratio_at_most(self, bar: float, confidence: float = 0.95) -> Verdict:
        """Judge whether target ÷ source is at most ``bar``; raises `MarginError` for a bar of 0 or less."""
        gate, quantity = f"{self._quantity.name}.{self._name}.ratio_at_most", self._quantity
        check_bar(bar, f"{gate}({bar!r})", "a factor above 0, such as 1.2", lambda factor: 0 < factor < math.inf)
        gate = f"{gate}({bar:g})"
        confidence = asked_confidence(gate, confidence, quantity.level)
        known, why = f"a known {quantity.name}", quantity.why(*SIDES)
        lacking = too_few(gate, known, quantity.n, quantity.rows, tolerance=quantity.tolerance, why=why)
        refused = quantity.refused(gate, lacking)
        if refused is not None:
            return quantity.say(refused)
        found = quantity.estimates(two_sided_confidence(confidence))[self._name]
        if found.ratio is None:
            reason = f"The source's {quantity.name} ({self._name}) is zero, so there is no ratio to judge."
            return quantity.say(cannot_judge(gate, reason, f"n={quantity.n}"))
        was, is_now = found.source.value, found.target.value
        moved = f"{quantity.name} ({self._name}) went from {shown(quantity.unit, self._name, was, is_now)}"
        said = f"{moved} (x{found.ratio.value:.2f}); at most x{bar:g}"
        exact = f"bar {bar:g}; source {was:.4g}, target {is_now:.4g} {quantity.unit}"
        return self._judged(gate, "ratio_at_most", bar, found.ratio, confidence, said=said, exact=exact)

    def at_most(self, bar: float, confidence: float = 0.95) -> Verdict:
        """Judge whether the target's value is at most ``bar``, in the quantity's unit, whatever the source's is.

        Raises `MarginError` for a bar below 0.
        """
        gate, quantity = f"{self._quantity.name}.{self._name}.at_most", self._quantity
        expected = f"a bar of 0 or more, in {quantity.unit}"
        check_bar(bar, f"{gate}({bar!r})", expected, lambda most: 0 <= most < math.inf)
        gate = f"{gate}({bar:g})"
        confidence = asked_confidence(gate, confidence, quantity.level)
        known, why = f"a known {quantity.name}", quantity.why("target")
        n, tolerance = len(quantity.values["target"]), quantity.tolerance
        lacking = too_few(gate, known, n, quantity.rows, tolerance=tolerance, paired=False, why=why)
        refused = quantity.refused(gate, lacking)
        if refused is not None:
            return quantity.say(refused)
        found = quantity.side_estimates("target", two_sided_confidence(confidence))[self._name]
        value, most = (shown(quantity.unit, self._name, number) for number in (found.value, bar))
        said = f"The target's {quantity.name} ({self._name}) is {value}; at most {most}"
        return self._judged(gate, "at_most", bar, found, confidence, said=said, exact=f"bar {bar:g} {quantity.unit}")

    def _judged(
        self, gate: str, kind: str, bar: float, found: Estimate, confidence: float, *, said: str, exact: str
    ) -> Verdict:
        quantity, few = self._quantity, self._few(found)
        evidence = evidence_of(found, confidence, missing=quantity.rows - found.n)
        ruling, more = at_most(evidence, bar), None
        if found.n < quantity.timing.least:
            ruling = Ruling.NOT_ENOUGH_EVIDENCE
        if ruling is Ruling.NOT_ENOUGH_EVIDENCE:
            more = few or rows_to_settle_ceiling(found, ceiling=bar)
        hope = self._takes(found) if few else more_words(more, quantity.price)
        words = {Ruling.GO: "is shown", Ruling.NO_GO: "is ruled out"}
        ruled = words.get(ruling, f"is neither shown nor ruled out by {counted(found.n, 'row')}; {hope}")
        figures = evidence.figures(
            kind,
            bar=bar,
            quantity=quantity.name,
            statistic=self._name,
            more_rows=more,
            more_rows_usd=quantity.price.times(more),
        )
        detail, statement = evidence.detail(exact), f"{said} {ruled}."
        return quantity.say(Verdict(ruling=ruling, gate=gate, statement=statement, detail=detail, figures=figures))

    def _few(self, found: Estimate) -> int:
        """Return how many rows like these it takes until there is any verdict, 0 where there are enough."""
        worth = found.effective_n or found.n
        needed = math.ceil(LEAST_ROWS[self._name] * found.n / worth)
        return max(needed - found.n, self._quantity.timing.least - found.n, 0)

    def _takes(self, found: Estimate) -> str:
        least = max(LEAST_ROWS[self._name], self._quantity.timing.least)
        return f"{self._name} takes {least} rows or more{'' if found.effective_n is None else ' that count once'}"
