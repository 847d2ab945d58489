"""How far a judge that compares two answers prefers what people prefer, on the rows that both compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.certificate import CONFIDENCE, figure, unshown
from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.stats import Design, Undefined, cohen_kappa

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from pytest_llm_migrate.comparison.metric import MetricComparison
    from pytest_llm_migrate.stats import Estimate

_TIE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPreferences:
    """Which side a judge and people prefer, row by row: ``source``, ``target`` or ``tie``.

    Attributes:
        human: The metric of people's preferences.
        judge: The judge's.
        people: People's; of several the side that more of them prefer.
        rows: The rows that have both.
        clusters: What each belongs to: itself where there is no column of clusters. Clusters are what varies.
    """

    human: str
    judge: Sequence[str]
    people: Sequence[str]
    rows: Sequence[str]
    clusters: Sequence[Hashable]

    @classmethod
    def of(cls, judge: MetricComparison, human: MetricComparison) -> SharedPreferences:
        """Return the rows that both compared, by the target's scores."""
        pairs = zip(judge.scores.target, human.scores.target, strict=True)
        both = [(at, one, other) for at, (one, other) in enumerate(pairs) if one is not None and other is not None]
        rows, labels = judge.scores.sample_ids, judge.design.clusters
        return cls(
            human=human.name,
            judge=[_preferred(one) for _, one, _ in both],
            people=[_preferred(other) for _, _, other in both],
            rows=[rows[at] for at, _, _ in both],
            clusters=[rows[at] if labels is None else labels[at] for at, _, _ in both],
        )

    def kappa(self) -> Estimate | Undefined:
        """Return Cohen's kappa of the two, undefined where one of them prefers the same throughout."""
        if not self.rows:
            return Undefined(reason="no row has both preferences")
        design = Design(clusters=self.clusters)
        return cohen_kappa(self.people, self.judge, confidence=CONFIDENCE, design=design).coefficient

    def caution(self) -> str:
        """Return what a gate says of its judge, nothing where it is shown to agree with people."""
        return unshown(self.kappa(), f"over {counted(len(self.rows), 'row')}")

    def to_record(self) -> dict[str, Any]:
        """Return every figure as JSON-ready builtins, with a sentence."""
        same = sum(map(str.__eq__, self.judge, self.people))
        return {
            "human": self.human,
            "rows": len(self.rows),
            "observed": same / len(self.rows) if self.rows else None,
            "kappa": figure(self.kappa()),
            "statement": self._statement(same),
        }

    def _statement(self, same: int) -> str:
        if not self.rows:
            return f"no row has a preference of {self.human} beside it"
        found = self.kappa()
        known = f"kappa is not known: {found.reason}" if isinstance(found, Undefined) else _words(found)
        return f"it agrees with {self.human} in {same} of {counted(len(self.rows), 'row')}, {known}"


def _words(kappa: Estimate) -> str:
    return f"kappa {kappa.value:.2f} ({kappa.low:.2f} to {kappa.high:.2f})"


def _preferred(target: float) -> str:
    return "tie" if target == _TIE else "target" if target > _TIE else "source"
