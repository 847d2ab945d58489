"""One metric over all rows: means, the paired difference, flips, and the gates on quality."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llm_migrate.comparison.counting import EACH_ONCE
from pytest_llm_migrate.comparison.flips import Flips, score_of
from pytest_llm_migrate.comparison.gates import above, at_least, evidence_of, more_words, too_few
from pytest_llm_migrate.comparison.sensitivity import with_missing
from pytest_llm_migrate.domain import ERROR_TOLERANCE, Ruling, ScoreFailure, Verdict
from pytest_llm_migrate.errors import MarginError, NoValuesError, counted
from pytest_llm_migrate.stats import (
    one_side,
    paired_difference,
    rows_to_settle,
    rows_to_settle_floor,
    two_sided_confidence,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llm_migrate.comparison.counting import Counting
    from pytest_llm_migrate.comparison.flips import Scale
    from pytest_llm_migrate.comparison.gates import Evidence
    from pytest_llm_migrate.domain import Case, SideName
    from pytest_llm_migrate.stats import Design, Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class SideMean:
    """One side's mean over the rows that both sides have, and how many rows the metric could not score."""

    mean: float | None
    failures: int


class MetricComparison:
    """One metric, both sides; every figure is over the rows that both sides have a score for.

    Args:
        name: The metric.
        cases: All rows.
        watch: Gets every verdict that is evaluated.
        scale: Between which scores the metric gives one, and whether it grades.
        counting: How much rows count, and which belong together.
        tolerance: Share of rows that may lack scores before a gate cannot judge.
    """

    def __init__(
        self,
        name: str,
        cases: Sequence[Case],
        *,
        watch: Callable[[Verdict], None],
        scale: Scale,
        counting: Counting = EACH_ONCE,
        tolerance: float = ERROR_TOLERANCE,
    ) -> None:
        self.name, self.scale, self.counting = name, scale, counting
        self._cases, self._watch, self._bounds = cases, watch, (scale.low, scale.high)
        self._tolerance = tolerance

    def __repr__(self) -> str:
        return f"<{self.name} of {len(self._cases)} rows>"

    @cached_property
    def _whole(self) -> list[tuple[Case, float, float]]:
        both = [(case, score_of(case.source, self.name), score_of(case.target, self.name)) for case in self._cases]
        return [
            (case, float(source), float(target))
            for case, source, target in both
            if source is not None and target is not None
        ]

    @cached_property
    def _pairs(self) -> tuple[list[float], list[float]]:
        return [source for _, source, _ in self._whole], [target for _, _, target in self._whole]

    @cached_property
    def _design(self) -> Design:
        return self.counting.of([case for case, _, _ in self._whole])

    @property
    def _all(self) -> Design:
        return self.counting.of(self._cases)

    @property
    def _span(self) -> float:
        return self._bounds[1] - self._bounds[0]

    @property
    def n(self) -> int:
        """Rows with a score on both sides."""
        return len(self._pairs[0])

    @property
    def source(self) -> SideMean:
        """The source's mean score."""
        return self._side("source", self._pairs[0])

    @property
    def target(self) -> SideMean:
        """The target's mean score."""
        return self._side("target", self._pairs[1])

    @property
    def delta(self) -> float | None:
        """Mean of target − source; negative is a loss; ``None`` without rows."""
        source, target = self._pairs
        changes = [after - before for before, after in zip(source, target, strict=True)]
        return _mean(changes, self._design)

    @cached_property
    def flips(self) -> Flips:
        """Rows that broke, were fixed, stayed right or wrong, or held; a graded score flips by half of its scale."""
        return Flips.of(self._cases, self.name, self.scale)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval of target − source; raises `NoValuesError` without rows."""
        found = self.estimate(confidence)
        return found.low, found.high

    def estimate(self, confidence: float = 0.95) -> Estimate:
        """Return target − source with its two-sided interval and the method behind it."""
        if not self.n:
            raise NoValuesError(self.name)
        return paired_difference(*self._pairs, confidence=confidence, bounds=self._bounds, design=self._design)

    def non_inferior(self, margin: float, confidence: float = 0.95) -> Verdict:
        """Judge whether the target is worse by less than ``margin``.

        GO when the lower one-sided limit of target − source lies above −margin, NO-GO when the upper one lies
        below it. Raises `MarginError` for a margin outside (0, 1].
        """
        if not 0 < margin <= self._span:
            expected = f"a loss above 0 and up to {self._span:g}, such as {0.03 * self._span:g}"
            raise MarginError(f"{self.name}.non_inferior(margin={margin!r})", expected)
        gate = f"{self.name}.non_inferior(margin={margin:g})"
        return self._difference_gate(gate, "non_inferior", -margin, margin, confidence)

    def superior(self, margin: float = 0.0, confidence: float = 0.95) -> Verdict:
        """Judge whether the target is better by more than ``margin``, 0 or more."""
        if not 0 <= margin < self._span:
            raise MarginError(f"{self.name}.superior(margin={margin!r})", f"a gain of 0 or more, below {self._span:g}")
        return self._difference_gate(f"{self.name}.superior(margin={margin:g})", "superior", margin, margin, confidence)

    def at_least(self, floor: float, confidence: float = 0.95) -> Verdict:
        """Judge whether the target's own mean is at least ``floor``, whatever the source did.

        Raises `MarginError` for a floor that no score can lie below or above.
        """
        gate, (low, high) = f"{self.name}.at_least({floor:g})", self._bounds
        if not low < floor <= high:
            raise MarginError(gate, f"a floor above {low:g} and up to {high:g}")
        scored = [(case, score) for case in self._cases if (score := score_of(case.target, self.name)) is not None]
        values = [float(score) for _, score in scored]
        what, rows = f"{self.name} scores", len(self._cases)
        refused = too_few(gate, what, len(values), rows, tolerance=self._tolerance, paired=False)
        if refused is not None:
            return self._said(refused)
        design = self.counting.of([case for case, _ in scored])
        found = one_side(values, confidence=two_sided_confidence(confidence), bounds=self._bounds, design=design)
        evidence = evidence_of(found, confidence, missing=len(self._cases) - len(values))
        ruling, more = at_least(evidence, floor), None
        if ruling is Ruling.NOT_ENOUGH_EVIDENCE:
            more = rows_to_settle_floor(found, floor=floor, bounds=self._bounds)
        statement = f"The target's mean {self.name} is {found.value:.3f}; {_floor_words(ruling, floor, more)}."
        figures = evidence.figures("at_least", floor=floor, metric=self.name, more_rows=more)
        detail = evidence.detail(f"floor {floor:g}")
        verdict = Verdict(ruling=ruling, gate=gate, statement=statement, detail=detail, figures=figures)
        return self._said(self._weighed(verdict, lambda seen: at_least(seen, floor), self._all_targets))

    def _difference_gate(self, gate: str, kind: str, bar: float, margin: float, confidence: float) -> Verdict:
        refused = too_few(gate, f"{self.name} scores", self.n, len(self._cases), tolerance=self._tolerance)
        if refused is not None:
            return self._said(refused)
        found = self.estimate(two_sided_confidence(confidence))
        evidence = evidence_of(found, confidence, missing=len(self._cases) - self.n)
        ruling = above(evidence, bar)
        more = rows_to_settle(found, margin=-bar, bounds=self._bounds) if ruling is Ruling.NOT_ENOUGH_EVIDENCE else None
        statement = f"{self._moved()}; {_difference_words(kind, ruling, margin, more)}."
        flips = f"broke {len(self.flips.broke)}, fixed {len(self.flips.fixed)}"
        detail = f"{evidence.detail(f'bar {bar:+g}')}; {flips}"
        figures = evidence.figures(kind, margin=margin, bar=bar, metric=self.name, more_rows=more)
        verdict = Verdict(ruling=ruling, gate=gate, statement=statement, detail=detail, figures=figures)
        return self._said(self._weighed(verdict, lambda seen: above(seen, bar), self._all_pairs))

    def _weighed(
        self, verdict: Verdict, rule: Callable[[Evidence], Ruling], estimate: Callable[[float, float, float], Estimate]
    ) -> Verdict:
        """Return a verdict with what rows without scores could make of it, were any score possible for them."""
        if not verdict.figures["missing"]:
            return verdict
        (low, high), confidence = self._bounds, verdict.figures["confidence"]
        both = two_sided_confidence(confidence)
        worst, best = estimate(high, low, both), estimate(low, high, both)
        return with_missing(
            verdict,
            rule,
            worst=evidence_of(worst, confidence, missing=0),
            best=evidence_of(best, confidence, missing=0),
        )

    def _all_pairs(self, source: float, target: float, confidence: float) -> Estimate:
        sides = self._filled("source", source), self._filled("target", target)
        return paired_difference(*sides, confidence=confidence, bounds=self._bounds, design=self._all)

    def _all_targets(self, _source: float, target: float, confidence: float) -> Estimate:
        values = self._filled("target", target)
        return one_side(values, confidence=confidence, bounds=self._bounds, design=self._all)

    def _filled(self, side: SideName, score: float) -> list[float]:
        known = (score_of(getattr(case, side), self.name) for case in self._cases)
        return [score if found is None else float(found) for found in known]

    def _moved(self) -> str:
        was, is_now = self.source.mean, self.target.mean
        return f"{self.name} went from {was:.3f} to {is_now:.3f} over {counted(self.n, 'row')}"

    def _side(self, side: SideName, values: Sequence[float]) -> SideMean:
        sides = [getattr(case, side) for case in self._cases]
        failures = sum(isinstance(item.scores.get(self.name), ScoreFailure) for item in sides)
        return SideMean(mean=_mean(values, self._design), failures=failures)

    def _said(self, verdict: Verdict) -> Verdict:
        self._watch(verdict)
        return verdict


def _mean(values: Sequence[float], design: Design) -> float | None:
    weights = design.weights or [1.0] * len(values)
    total = math.fsum(weights)
    return math.fsum(weight * value for weight, value in zip(weights, values, strict=True)) / total if total else None


def _difference_words(kind: str, ruling: Ruling, margin: float, more: int | None) -> str:
    if kind == "non_inferior":
        claim = f"a loss of {margin:g}"
        shown, refuted = f"{claim} or more is ruled out", f"it lost more than {margin:g}"
    else:
        claim = f"a gain of more than {margin:g}" if margin else "a gain"
        shown, refuted = f"{claim} is shown", f"{claim} is ruled out"
    open_still = f"these rows neither show nor rule out {claim}; {more_words(more)}"
    return {Ruling.GO: shown, Ruling.NO_GO: refuted}.get(ruling, open_still)


def _floor_words(ruling: Ruling, floor: float, more: int | None) -> str:
    if ruling is Ruling.GO:
        return f"at least {floor:g} is shown"
    if ruling is Ruling.NO_GO:
        return f"it is below {floor:g}"
    return f"these rows neither show nor rule out {floor:g}; {more_words(more)}"
