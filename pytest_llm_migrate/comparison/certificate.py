"""A judge's certificate: how far its scores agree with people's, on the answers that have both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_llm_migrate.comparison.asked import Figures, asked_confidence, check_bar
from pytest_llm_migrate.comparison.gates import Evidence, at_least, cannot_judge
from pytest_llm_migrate.domain import SIDES, Ruling, Verdict
from pytest_llm_migrate.errors import MarginError, UnknownNameError, counted
from pytest_llm_migrate.stats import Design, Undefined, cohen_kappa, spearman, true_rates, two_sided_confidence

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from pytest_llm_migrate.comparison.metric import MetricComparison
    from pytest_llm_migrate.stats import Estimate

Kind = Literal["kappa", "quadratic", "spearman"]
KINDS: Mapping[Kind, str] = {
    "kappa": "kappa",
    "quadratic": "quadratically weighted kappa",
    "spearman": "rank correlation",
}
"""How agreement is measured, and its name in a sentence."""

ENOUGH = 0.6
"""The kappa that a judge must be shown to reach before its gates say nothing of it."""
CONFIDENCE = 0.95
_MIDDLE = 0.5
UNHELD = "The judge behind it was not held against people."
"""What a gate says of a judge that nobody held against people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A judge's and people's scores of the same answers, from 0 to 1, with the row of each and what that belongs to.

    Answers of one row, or of rows of one cluster, are not independent: intervals are made for as many answers as these
    are worth (`effective_rows`), with the clusters, or where rows have none the rows, as the units that vary. Where
    judges err by cluster, intervals of kappa at 95 % so held it in 94 to 98 % of simulations with 10 to 60 clusters,
    those of a bootstrap of whole clusters in 79 to 95 %, and those of answers as if alone in 59 to 86 %.

    Attributes:
        human: The metric of people's scores.
        judge: The judge's score of each answer.
        people: People's.
        rows: Its row.
        clusters: The label of what its row belongs to: the row itself where there is no column of clusters.
        cluster: That column.
    """

    human: str
    judge: Sequence[float]
    people: Sequence[float]
    rows: Sequence[str]
    clusters: Sequence[Hashable]
    cluster: str | None = None

    @classmethod
    def of(cls, judge: MetricComparison, human: MetricComparison) -> Certificate:
        """Return the answers of both sides that both scored."""
        given: list[float] = []
        held: list[float] = []
        places: list[int] = []
        for side in SIDES:
            scored = zip(getattr(judge.scores, side), getattr(human.scores, side), strict=True)
            for place, (one, other) in enumerate(scored):
                found, wanted = judge.scale.share(one), human.scale.share(other)
                if found is not None and wanted is not None:
                    given.append(found)
                    held.append(wanted)
                    places.append(place)
        rows = [judge.scores.sample_ids[place] for place in places]
        labels = judge.design.clusters
        return cls(
            human=human.name,
            judge=given,
            people=held,
            rows=rows,
            clusters=rows if labels is None else [labels[place] for place in places],
            cluster=judge.counting.cluster,
        )

    @property
    def design(self) -> Design:
        """Clusters as the units that vary."""
        return Design(clusters=self.clusters)

    @property
    def units(self) -> str:
        """What varies, in words: the rows, or the clusters of a column and how many."""
        if self.cluster is None:
            return "rows are the units that vary"
        return f"{counted(len(set(self.clusters)), 'cluster')} by {self.cluster} are the units that vary"

    def statistic(self, kind: Kind, confidence: float) -> Estimate | Undefined:
        """Return one measure of agreement; kappa takes scores from the middle of the scale on as good ones."""
        if not self.rows:
            return Undefined(reason="no answer has both scores")
        if kind == "spearman":
            return spearman(self.people, self.judge, confidence=confidence, design=self.design)
        if kind == "quadratic":
            return cohen_kappa(
                self.people, self.judge, confidence=confidence, weights="quadratic", design=self.design
            ).coefficient
        return cohen_kappa(
            _words(self.people), _words(self.judge), confidence=confidence, design=self.design
        ).coefficient

    def caution(self) -> str:
        """Return what a gate says of its judge, nothing where it is shown to agree with people."""
        return unshown(self.statistic("kappa", CONFIDENCE), f"over {counted(len(self.rows), 'answer')}")

    def to_record(self, among_people: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return every figure as JSON-ready builtins; ``among_people`` is how far people agree themselves."""
        truth, said = [value >= _MIDDLE for value in self.people], [value >= _MIDDLE for value in self.judge]
        rates = true_rates(truth, said, confidence=CONFIDENCE, design=self.design) if truth else None
        nothing = Undefined(reason="no answer has both scores")
        return {
            "human": self.human,
            "answers": len(self.rows),
            "rows": len(set(self.rows)),
            "cluster": self.cluster,
            "clusters": len(set(self.clusters)),
            **{kind: figure(self.statistic(kind, CONFIDENCE)) for kind in KINDS},
            "observed": sum(map(bool.__eq__, truth, said)) / len(truth) if truth else None,
            "good_by_people": sum(truth) / len(truth) if truth else None,
            "good_by_judge": sum(said) / len(said) if said else None,
            "true_positive_rate": figure(rates.positive if rates else nothing),
            "true_negative_rate": figure(rates.negative if rates else nothing),
            "among_people": among_people and dict(among_people),
            "caution": self.caution() if truth else UNHELD,
        }


class JudgeComparison(Figures):
    """One metric held against people's scores: ``comparison.judge("metric")``.

    Args:
        metric: The metric, both sides.
        others: Gives another metric of the same rows.
        watch: Gets every verdict that is evaluated.
        level: Gives the confidence at which a gate judges that was asked for one.
    """

    def __init__(
        self,
        metric: MetricComparison,
        others: Callable[[str], MetricComparison],
        watch: Callable[[Verdict], None],
        level: Callable[[float], float],
    ) -> None:
        self._metric, self._others, self._watch, self._level = metric, others, watch, level

    def certificate(self, human: str = "human_score") -> Certificate:
        """Return the answers that the metric and people scored."""
        return Certificate.of(self._metric, self._others(human))

    def agreement(
        self, at_least: float, human: str = "human_score", kind: Kind = "kappa", confidence: float = 0.95
    ) -> Verdict:
        """Judge whether the metric agrees with people by at least ``at_least``, above 0 and up to 1.

        GO when the lower one-sided limit of the statistic reaches it, NO-GO when the upper one lies below. ``kappa``
        is Cohen's, of good and bad answers, ``quadratic`` of the scores themselves, ``spearman`` of their ranks.
        """
        judge, expected = f"judge({self._metric.name})", "an agreement above 0 and up to 1, such as 0.6"
        check_bar(at_least, f"{judge}.agreement({at_least!r})", expected, lambda least: 0 < least <= 1, share=True)
        gate = f"{judge}.agreement({at_least:g}, {human}, {kind})"
        if kind not in KINDS:
            raise UnknownNameError("kind of agreement", kind, KINDS)
        if human == self._metric.name:
            raise MarginError(gate, f"a judge to hold against people, and {human} is what people say themselves")
        confidence, found = asked_confidence(gate, confidence, self._level), self.certificate(human)
        if found.rows:
            verdict = _verdict(gate, self._metric.name, found, kind, at_least, confidence)
        else:
            reason = f"There is nothing to judge: no answer has a score of {self._metric.name} and one of {human}."
            verdict = cannot_judge(gate, reason, "n=0")
        self._watch(verdict)
        return verdict


def unshown(kappa: Estimate | Undefined, over: str) -> str:
    """Return what a gate says of a judge with this agreement over so many answers, nothing where that is enough."""
    if isinstance(kappa, Undefined):
        return f"The judge behind it is not shown to agree with people {over}: {kappa.reason}."
    if kappa.low >= ENOUGH:
        return ""
    limits = f"kappa {kappa.value:.2f} ({kappa.low:.2f} to {kappa.high:.2f})"
    return f"The judge behind it is not shown to agree with people: {limits} {over}, {ENOUGH:g} is wanted."


def figure(found: Estimate | Undefined) -> dict[str, Any]:
    """Return an estimate with its interval, or why there is none, as JSON-ready builtins."""
    if isinstance(found, Undefined):
        return {"value": None, "interval": None, "why": found.reason}
    return {"value": found.value, "interval": [found.low, found.high], "why": ""}


def _words(scores: Sequence[float]) -> list[str]:
    return ["good" if score >= _MIDDLE else "bad" for score in scores]


def _verdict(gate: str, name: str, found: Certificate, kind: Kind, bar: float, confidence: float) -> Verdict:
    statistic = found.statistic(kind, two_sided_confidence(confidence))
    over = f"over {counted(len(found.rows), 'answer')} of {counted(len(set(found.rows)), 'row')}"
    figures = {"bar": bar, "metric": name, "human": found.human, "statistic": kind, "rows": len(set(found.rows))}
    if isinstance(statistic, Undefined):
        return Verdict(
            ruling=Ruling.NOT_ENOUGH_EVIDENCE,
            gate=gate,
            statement=f"How far {name} agrees with people is not known {over}: {statistic.reason}.",
            detail=f"n={len(found.rows)}; {KINDS[kind]} has no value; bar {bar:g}",
            figures={"kind": "agreement", "n": len(found.rows), **figures},
        )
    evidence = Evidence(
        estimate=statistic.value,
        low=statistic.low,
        high=statistic.high,
        confidence=confidence,
        n=statistic.n,
        method=statistic.method,
        effective_n=statistic.effective_n,
    )
    ruling, more = at_least(evidence, bar), None
    if ruling is Ruling.NOT_ENOUGH_EVIDENCE and statistic.value > bar:
        reach = (statistic.value - statistic.low) / (statistic.value - bar)
        more = max(1, math.ceil(statistic.n * (reach**2 - 1)))  # intervals narrow with the root of what is in them
    said = f"{name} agrees with people by a {KINDS[kind]} of {statistic.value:.2f} {over}"
    words = {Ruling.GO: f"at least {bar:g} is shown", Ruling.NO_GO: f"it is below {bar:g}"}
    hope = f"; about {counted(more, 'more answer')} scored by people would show it if they agree alike" if more else ""
    rates = ", ".join(
        f"{who} call {sum(score >= _MIDDLE for score in scores) / len(scores):.0%} good"
        for who, scores in (("people", found.people), ("its judges", found.judge))
    )
    return Verdict(
        ruling=ruling,
        gate=gate,
        statement=f"{said}; {words.get(ruling, f'these answers neither show nor rule out {bar:g}{hope}')}.",
        detail=f"{evidence.detail(f'bar {bar:g}')}; {rates}; {found.units}",
        figures=evidence.figures("agreement", more_answers=more, **figures),
    )
