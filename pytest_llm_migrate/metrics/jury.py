"""Several judges, whose votes are one score."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pytest_llm_migrate.domain import JudgedMetric, PairedMetric, Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError, masked
from pytest_llm_migrate.metrics.reference import check_several, one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llm_migrate.domain import Answer, Judge, Metric, Row

Combine = Literal["mean", "median", "majority"]
_MIDDLE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Jury:
    """The mean, median or majority of what several judges give an answer in one metric; the reason has every vote.

    Attributes:
        of: The metric that each of them judges by.
        judges: Their references; ``None`` is the run's ``--judge-model``.
        combine: ``mean``, ``median``, or ``majority``: 1 where more votes lie above the middle than below, 0 where
            fewer do, 0.5 where as many; a vote of exactly 0.5 is for neither.
        quorum: Votes that there must be; ``None`` asks for all.
        name: By default the metric's with ``jury:`` before it.
    """

    kept: ClassVar[bool] = True

    of: JudgedMetric
    judges: tuple[str | None, ...]
    combine: Combine = "mean"
    quorum: int | None = None
    name: str = ""
    jurors: tuple[tuple[str, Metric], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        promised: object = self.of
        if not isinstance(promised, (JudgedMetric, PairedMetric)):
            shown = getattr(promised, "name", promised)
            way_out = "Give it one of its own, such as of=judge_likert()."
            raise MetricDefinitionError(self.name or "the jury", f"its of={shown!r} is no judged metric", way_out)
        object.__setattr__(self, "name", self.name or f"jury:{self.of.name.removeprefix('judge:')}")
        one_of("way to combine votes", self.combine, _COMBINED)
        if isinstance(self.of, PairedMetric):
            raise MetricDefinitionError(self.name, f"{self.of.name} compares two answers, and a jury judges one")
        check_several(self.name, "judges", self.judges)
        if not self.judges:
            raise MetricDefinitionError(self.name, "a jury has judges, and it has none")
        ref, times = Counter(self.judges).most_common(1)[0]
        if times > 1:
            raise MetricDefinitionError(self.name, f"the judge {ref or 'of the run'!r} sits in it {times} times")
        if self.quorum is not None and not 1 <= self.quorum <= len(self.judges):
            raise MetricDefinitionError(self.name, f"its quorum {self.quorum} is not one of 1 to {len(self.judges)}")

    @property
    def version(self) -> str:
        """How votes are combined, and every juror's version."""
        versions = [metric.version for _, metric in self.jurors] or [self.of.version, *map(str, self.judges)]
        return f"1, {self.combine}, quorum={self.quorum}, [{'; '.join(versions)}]"

    @property
    def calls(self) -> int:
        """Requests that an answer takes, repairs aside: those of every juror."""
        return len(self.judges) * int(getattr(self.of, "calls", 1))

    def judged_by(self, judge_of: Callable[[str | None], Judge]) -> Jury:
        """Return the jury with its judges."""
        judges = [judge_of(ref) for ref in self.judges]
        for ref, times in Counter(judge.ref for judge in judges).items():
            if times > 1:
                raise MetricDefinitionError(self.name, f"the judge {masked(ref)!r} sits in it {times} times")
        return replace(self, jurors=tuple((masked(judge.ref), _bound(self.of, judge)) for judge in judges))

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return what the jury gives an answer; a failure where the quorum is not there."""
        if not self.jurors:
            return ScoreFailure(reason=f"{self.name} has no judges yet")
        votes = {ref: metric.score(answer, row) for ref, metric in self.jurors}
        cast = {ref: vote for ref, vote in votes.items() if isinstance(vote, Score)}
        lost = {ref: vote for ref, vote in votes.items() if isinstance(vote, ScoreFailure)}
        if len(cast) < (self.quorum or len(self.jurors)):
            return _no_quorum(lost, len(self.jurors))
        each = "; ".join(f"{ref} {float(vote):.4g} ({vote.reason})" for ref, vote in cast.items())
        silent = "".join(f"; {ref} gave none ({vote.reason})" for ref, vote in lost.items())
        spread = max(cast.values()) - min(cast.values())
        return Score(
            _COMBINED[self.combine](list(cast.values())),
            f"{self.combine} of {len(cast)} votes, spread {spread:.4g}: {each}{silent}",
        )


def _bound(metric: JudgedMetric, judge: Judge) -> Metric:
    return metric.judged_by(lambda _: judge)


def _no_quorum(lost: dict[str, ScoreFailure], seats: int) -> ScoreFailure:
    said = "; ".join(f"{ref}: {failure.reason}" for ref, failure in lost.items())
    raw = "\n\n".join(f"{ref}:\n{failure.raw}" for ref, failure in lost.items() if failure.raw)
    return ScoreFailure(reason=f"{len(lost)} of {seats} judges gave no vote: {said}", raw=raw)


def _majority(votes: Sequence[float]) -> float:
    lead = sum((vote > _MIDDLE) - (vote < _MIDDLE) for vote in votes)
    return 0.5 + 0.5 * ((lead > 0) - (lead < 0))


_COMBINED: dict[Combine, Callable[[Sequence[float]], float]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "majority": _majority,
}
