"""One metric over all rows: means, the paired difference, flips, and the gates on quality."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llm_migrate.comparison.asked import Figures, asked_confidence, check_bar, interval_confidence
from pytest_llm_migrate.comparison.change_tests import change_tests
from pytest_llm_migrate.comparison.correction import corrected
from pytest_llm_migrate.comparison.counting import EACH_ONCE, mean_of
from pytest_llm_migrate.comparison.flips import Flips
from pytest_llm_migrate.comparison.gates import (
    above,
    at_least,
    difference_words,
    evidence_of,
    floor_words,
    more_words,
    too_few,
)
from pytest_llm_migrate.comparison.guards import CriticalRows, Guards, SliceGate, looks, lost_at_worst
from pytest_llm_migrate.comparison.headroom import Room
from pytest_llm_migrate.comparison.row_price import RowPrice
from pytest_llm_migrate.comparison.sensitivity import with_missing
from pytest_llm_migrate.domain import ERROR_TOLERANCE, Ruling, Verdict
from pytest_llm_migrate.errors import NoValuesError, counted
from pytest_llm_migrate.stats import (
    Undefined,
    one_side,
    paired_difference,
    rows_to_settle,
    rows_to_settle_floor,
    two_sided_confidence,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llm_migrate.comparison.counting import Counting
    from pytest_llm_migrate.comparison.gates import Evidence
    from pytest_llm_migrate.comparison.guards import Group
    from pytest_llm_migrate.comparison.scores import Scores
    from pytest_llm_migrate.domain import Case, SideName
    from pytest_llm_migrate.stats import Design, Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class SideMean:
    """One side's mean over the rows that both sides have, and how many rows the metric could not score."""

    mean: float | None
    failures: int


class MetricComparison(Figures):
    """One metric, both sides; every figure is over the rows that both sides have a score for.

    Args:
        name: The metric.
        cases: All rows.
        scores: The metric's scores of these rows.
        watch: Gets every verdict that is evaluated.
        counting: How much rows count, which belong together, and which may not break.
        tolerance: Share of rows that may lack scores before a gate cannot judge.
        groups: Gives the groups of rows that every gate looks at one by one.
        level: Gives the confidence at which a gate judges that was asked for one.
        others: Gives another metric of the same rows.
        caution: Gives what a reader of every verdict must know of the judge behind the scores, if anything.
    """

    def __init__(  # noqa: PLR0913 - all but three by keyword, with a default
        self,
        name: str,
        cases: Sequence[Case],
        *,
        scores: Scores,
        watch: Callable[[Verdict], None],
        counting: Counting = EACH_ONCE,
        tolerance: float = ERROR_TOLERANCE,
        groups: Callable[[], Sequence[Group]] = tuple,
        level: Callable[[float], float] = float,
        others: Callable[[str], MetricComparison] | None = None,
        caution: Callable[[], str] = str,
    ) -> None:
        self.name, self.scores, self.scale, self.counting = name, scores, scores.scale, counting
        self._cases, self._watch, self._bounds = cases, watch, (self.scale.low, self.scale.high)
        self._tolerance, self._groups, self._level = tolerance, groups, level
        self._others, self._caution = others, caution

    def __repr__(self) -> str:
        return f"<{self.name} of {counted(len(self._cases), 'row')}>"

    @cached_property
    def _pairs(self) -> tuple[list[float], list[float]]:
        pairs = zip(self.scores.source, self.scores.target, strict=True)
        both = [(source, target) for source, target in pairs if source is not None and target is not None]
        return [source for source, _ in both], [target for _, target in both]

    @cached_property
    def _design(self) -> Design:
        return self.counting.of([self._cases[place] for place in self.scores.whole()])

    @cached_property
    def design(self) -> Design:
        """How all rows count, those without scores included."""
        return self.counting.of(self._cases)

    @cached_property
    def _price(self) -> RowPrice:
        return RowPrice.of(self._cases)

    @property
    def _span(self) -> float:
        return self._bounds[1] - self._bounds[0]

    @property
    def n(self) -> int:
        """Rows with a score on both sides."""
        return len(self._pairs[0])

    @property
    def missing(self) -> int:
        """Rows without a score on a side."""
        return len(self._cases) - self.n

    @cached_property
    def source(self) -> SideMean:
        """The source's mean score."""
        return SideMean(mean=mean_of(self._pairs[0], self._design), failures=sum(self.scores.failed["source"]))

    @cached_property
    def target(self) -> SideMean:
        """The target's mean score."""
        return SideMean(mean=mean_of(self._pairs[1], self._design), failures=sum(self.scores.failed["target"]))

    @cached_property
    def delta(self) -> float | None:
        """Mean of target − source; negative is a loss; ``None`` without rows."""
        return mean_of([after - before for before, after in zip(*self._pairs, strict=True)], self._design)

    @cached_property
    def flips(self) -> Flips:
        """Rows that broke, were fixed, stayed right or wrong, or held; a graded score flips by half of its scale."""
        return Flips.of(self.scores)

    @cached_property
    def change_tests(self) -> dict[str, float | None]:
        """Two-sided p-values of "nothing changed": ``wilcoxon_p``, ``mcnemar_p`` and ``mcnemar_midp``."""
        return change_tests(self, *self._pairs)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval of target − source; raises `NoValuesError` without rows."""
        found = self.estimate(interval_confidence(self.name, confidence))
        return found.low, found.high

    def estimate(self, confidence: float = 0.95) -> Estimate:
        """Return target − source with its two-sided interval and the method behind it."""
        if not self.n:
            raise NoValuesError(self.name)
        return paired_difference(*self._pairs, confidence=confidence, bounds=self._bounds, design=self._design)

    def corrected(self, human: str = "human_score", confidence: float = 0.95) -> Estimate | Undefined:
        """Return target − source as people would find it, by prediction-powered inference.

        Undefined where fewer rows have people's scores on both sides than that takes, or rows do not count alike.
        """
        if self._others is None:
            return Undefined(reason="there is no other metric to correct it by")
        return corrected(self, self._others(human), confidence)

    def non_inferior(self, margin: float, confidence: float = 0.95) -> Verdict:
        """Judge whether the target is worse by less than ``margin``.

        GO when the lower one-sided limit of target − source lies above −margin, NO-GO when the upper one lies
        below it. Raises `MarginError` for a margin outside (0, 1].
        """
        gate, span = f"{self.name}.non_inferior(margin={margin!r})", self._span
        expected = f"a loss above 0 and up to {span:g}, such as {0.03 * span:g}"
        check_bar(margin, gate, expected, lambda loss: 0 < loss <= span, share=span == 1)
        gate = f"{self.name}.non_inferior(margin={margin:g})"
        return self._difference_gate(gate, "non_inferior", -margin, margin, confidence)

    def superior(self, margin: float = 0.0, confidence: float = 0.95) -> Verdict:
        """Judge whether the target is better by more than ``margin``, 0 or more."""
        gate, span = f"{self.name}.superior(margin={margin!r})", self._span
        check_bar(margin, gate, f"a gain of 0 or more, below {span:g}", lambda gain: 0 <= gain < span, share=span == 1)
        return self._difference_gate(f"{self.name}.superior(margin={margin:g})", "superior", margin, margin, confidence)

    def at_least(self, floor: float, confidence: float = 0.95) -> Verdict:
        """Judge whether the target's own mean is at least ``floor``, whatever the source did.

        Raises `MarginError` for a floor that no score can lie below or above.
        """
        (low, high), expected = self._bounds, "a floor above {:g} and up to {:g}".format(*self._bounds)
        gate, share = f"{self.name}.at_least({floor!r})", (low, high) == (0, 1)
        check_bar(floor, gate, expected, lambda bar: low < bar <= high, share=share)
        gate = f"{self.name}.at_least({floor:g})"
        confidence = asked_confidence(gate, confidence, self._level)
        values = [score for score in self.scores.target if score is not None]
        what, rows = f"{self.name} scores", len(self._cases)
        refused = too_few(gate, what, len(values), rows, tolerance=self._tolerance, paired=False)
        if refused is not None:
            return self._said(self._guards().applied(refused))
        guards = self._guards(
            SliceGate(
                look=MetricComparison.of_target,
                at_worst=MetricComparison.of_target_at_worst,
                rule=lambda seen: at_least(seen, floor),
                lost=f"it is below {floor:g}",
                confidence=confidence,
            )
        )
        found = self._one_side(two_sided_confidence(confidence))
        evidence = evidence_of(found, confidence, missing=rows - len(values))
        ruling, more = at_least(evidence, floor), None
        if is_open := ruling is Ruling.NOT_ENOUGH_EVIDENCE and not guards.forbid:
            more = rows_to_settle_floor(found, floor=floor, bounds=self._bounds)
        hope = f"; {more_words(more, self._price)}" if is_open else ""
        statement = f"The target's mean {self.name} is {found.value:.3f}; {floor_words(ruling, floor, hope)}."
        figures = evidence.figures("at_least", floor=floor, metric=self.name, **self._hoped(more))
        detail = evidence.detail(f"floor {floor:g}")
        verdict = Verdict(ruling=ruling, gate=gate, statement=statement, detail=detail, figures=figures)
        weighed = self._weighed(verdict, lambda seen: at_least(seen, floor), self._all_targets)
        return self._said(guards.applied(weighed))

    def of_difference(self, confidence: float) -> Evidence | None:
        """Return target − source with limits at this confidence, ``None`` without rows."""
        if not self.n:
            return None
        found = self.estimate(two_sided_confidence(confidence))
        return evidence_of(found, confidence, missing=self.missing)

    def of_target(self, confidence: float) -> Evidence | None:
        """Return the target's mean with limits at this confidence, ``None`` without scores of the target."""
        missing = self.scores.target.count(None)
        if missing == len(self._cases):
            return None
        return evidence_of(self._one_side(two_sided_confidence(confidence)), confidence, missing=missing)

    def of_difference_at_worst(self, confidence: float) -> Evidence | None:
        """Return `of_difference` with missing scores at their worst, ``None`` where every row has both scores."""
        if not self.missing:
            return None
        low, high = self._bounds
        found = self._all_pairs(high, low, two_sided_confidence(confidence))
        return evidence_of(found, confidence, missing=self.missing)

    def of_target_at_worst(self, confidence: float) -> Evidence | None:
        """Return `of_target` with missing scores at the lower bound, ``None`` where every row has the target's."""
        missing, (low, high) = self.scores.target.count(None), self._bounds
        if not missing:
            return None
        found = self._all_targets(high, low, two_sided_confidence(confidence))
        return evidence_of(found, confidence, missing=missing)

    def _one_side(self, confidence: float) -> Estimate:
        targets = zip(self._cases, self.scores.target, strict=True)
        design = self.counting.of([case for case, score in targets if score is not None])
        scored = [score for score in self.scores.target if score is not None]
        return one_side(scored, confidence=confidence, bounds=self._bounds, design=design)

    def _difference_gate(self, gate: str, kind: str, bar: float, margin: float, confidence: float) -> Verdict:
        confidence = asked_confidence(gate, confidence, self._level)
        refused = too_few(gate, f"{self.name} scores", self.n, len(self._cases), tolerance=self._tolerance)
        if refused is not None:
            return self._said(self._guards().applied(refused))
        # No group need gain by itself: under a gate on a gain it is enough that none lost.
        least, lost = (bar, f"it lost more than {margin:g}") if bar < 0 else (0.0, "it lost")
        guards = self._guards(
            SliceGate(
                look=MetricComparison.of_difference,
                at_worst=MetricComparison.of_difference_at_worst,
                rule=lambda seen: above(seen, least),
                lost=lost,
                confidence=confidence,
            )
        )
        found = self.estimate(two_sided_confidence(confidence))
        evidence = evidence_of(found, confidence, missing=self.missing)
        ruling, more = above(evidence, bar), None
        at_best = self._filled("source", self._bounds[1])
        room = Room.of(at_best, bar, evidence, bounds=self._bounds, design=self.design)
        if is_open := ruling is Ruling.NOT_ENOUGH_EVIDENCE and not guards.forbid and room.is_seen:
            more = rows_to_settle(found, margin=-bar, bounds=self._bounds)
        hope = f"; {more_words(more, self._price)}" if is_open else ""
        statement = f"{self._moved()}; {difference_words(kind, ruling, margin, hope)}{room.caution}."
        flips = f"broke {len(self.flips.broke)}, fixed {len(self.flips.fixed)}"
        detail = f"{evidence.detail(f'bar {bar:+g}')}; {flips}"
        figures = evidence.figures(
            kind, margin=margin, bar=bar, metric=self.name, **self._hoped(more), **self.change_tests
        )
        verdict = Verdict(ruling=ruling, gate=gate, statement=statement, detail=detail, figures=figures)
        weighed = self._weighed(verdict, lambda seen: above(seen, bar), self._all_pairs)
        return self._said(guards.applied(room.applied(weighed, self._moved())))

    def _hoped(self, more: int | None) -> dict[str, float | None]:
        return {"more_rows": more, "more_rows_usd": None if more is None else self._price.times(more)}

    def _guards(self, gate: SliceGate | None = None) -> Guards:
        """Return what stands against a gate; a gate that cannot judge looks at no group."""
        if gate is None:
            return Guards(critical=self.critical)
        groups = self._groups()
        at_worst = lost_at_worst(groups, gate)
        return Guards(slices=looks(groups, gate), at_worst=at_worst, lost=gate.lost, critical=self.critical)

    @cached_property
    def critical(self) -> CriticalRows | None:
        """What became of the critical rows, ``None`` where the marker names none."""
        return CriticalRows.of(self)

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
        return paired_difference(*sides, confidence=confidence, bounds=self._bounds, design=self.design)

    def _all_targets(self, _source: float, target: float, confidence: float) -> Estimate:
        values = self._filled("target", target)
        return one_side(values, confidence=confidence, bounds=self._bounds, design=self.design)

    def _filled(self, side: SideName, score: float) -> list[float]:
        known = self.scores.source if side == "source" else self.scores.target
        return [score if found is None else found for found in known]

    def _moved(self) -> str:
        was, is_now = self.source.mean, self.target.mean
        return f"{self.name} went from {was:.3f} to {is_now:.3f} over {counted(self.n, 'row')}"

    def _said(self, verdict: Verdict) -> Verdict:
        caution = self._caution()
        said = replace(verdict, statement=f"{verdict.statement} {caution}") if caution else verdict
        self._watch(said)
        return said
