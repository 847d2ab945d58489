"""Several targets of one use case side by side: their ranks, the Pareto front, and what may be said of the leader."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.flips import score_of
from pytest_llm_migrate.comparison.gates import finite
from pytest_llm_migrate.migration.compared import comparison_of
from pytest_llm_migrate.stats import holm, sign_test, signed_rank

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.comparison import Comparison
    from pytest_llm_migrate.domain import SideName

ALPHA = 0.05
"""Chance of one false claim at most, over all targets."""
DIMENSIONS = ("quality", "latency", "cost")
FRONT, BEATEN, NOT_COMPARABLE = "front", "beaten", "not comparable"
Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a target has to show in each dimension, ``None`` where that is unknown.

    Attributes:
        quality: How the first metric changed against the source; more is better.
        latency: The median, in seconds.
        cost: US dollars a row.
    """

    quality: float | None
    latency: float | None
    cost: float | None

    def unknown(self, dimensions: Sequence[str]) -> list[str]:
        """Return which of these dimensions are unknown."""
        return [name for name in dimensions if getattr(self, name) is None]

    def gains(self, dimensions: Sequence[str]) -> list[float]:
        """Return its known values so that more is better in all of them."""
        values = {name: getattr(self, name) for name in dimensions}
        return [value if name == "quality" else -value for name, value in values.items()]


def known_dimensions(standings: Sequence[Standing]) -> list[str]:
    """Return the dimensions that are known of some target."""
    return [name for name in DIMENSIONS if any(not item.unknown([name]) for item in standings)]


def beaten_by(standings: Sequence[Standing]) -> list[list[int] | None]:
    """Return of each target which others beat it: none for one on the Pareto front, ``None`` if not comparable.

    A target is beaten by one that is at least as good in every dimension and better in one. A dimension that is
    unknown of all targets is left out; a target of which one of the others is unknown is not comparable.
    """
    known = known_dimensions(standings)
    gains = {place: item.gains(known) for place, item in enumerate(standings) if known and not item.unknown(known)}
    return [
        [other for other, theirs in gains.items() if _beats(theirs, gains[place])] if place in gains else None
        for place in range(len(standings))
    ]


def _beats(theirs: Sequence[float], ours: Sequence[float]) -> bool:
    return theirs != ours and all(their >= our for their, our in zip(theirs, ours, strict=True))


def rankings(migrations: Sequence[Record], cases: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Record]:
    """Return the ranking of every use case that has several targets.

    ``migrations`` are their records, ``cases`` the rows of each by its id, as the spool has them.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for migration in migrations:
        groups.setdefault((migration["nodeid"], migration["name"]), []).append(migration)
    several = [group for group in groups.values() if len(group) > 1]
    return [
        _Field([_Target(record, comparison_of(record, cases.get(record["id"], ()))) for record in group]).to_record()
        for group in several
    ]


class _Target:
    """A target with its rows; its first metric is the one that ranks."""

    def __init__(self, record: Record, comparison: Comparison) -> None:
        self.record, self.comparison = record, comparison
        self.ref = str(record["target"]["ref"])
        self.metric: str | None = next(iter(record["metrics"]), None)
        self.is_plain = record.get("weight") is None and record.get("cluster") is None
        self.is_graded = bool(self.metric and comparison[self.metric].scale.is_graded)
        latency_pass = record.get("latency_pass")
        is_timed = not latency_pass or latency_pass["valid"]
        self.latency = _statistic(record["latency"] if is_timed else None, "p50")
        self.cost = _statistic(record["cost"], "mean")
        quality = record["metrics"][self.metric]["delta"] if self.metric else None
        self.standing = Standing(quality=quality, latency=self.latency["target"], cost=self.cost["target"])

    def scores(self, side: SideName) -> dict[str, float]:
        """Return a side's scores in the first metric by row."""
        found = {case.id: score_of(getattr(case, side), self.metric or "") for case in self.comparison.cases}
        return {row: float(score) for row, score in found.items() if score is not None}

    def to_record(self, confidence: float) -> Record:
        figures = {name: self._metric_record(name, confidence) for name in self.record["metrics"]}
        return {
            "id": self.record["id"],
            "ref": self.ref,
            "verdict": self.record["verdict"],
            "metrics": figures,
            "latency": {"p50": self.latency["target"], "ratio": self.latency["ratio"]},
            "cost": {"mean": self.cost["target"], "ratio": self.cost["ratio"]},
        }

    def _metric_record(self, name: str, confidence: float) -> Record:
        found, figures = self.comparison[name], self.record["metrics"][name]
        estimate = found.estimate(confidence) if found.n else None
        return {
            "n": found.n,
            "mean": figures["target"]["mean"],
            "delta": figures["delta"],
            "interval": estimate and [estimate.low, estimate.high],
        }


class _Field:
    """All targets of one use case, the best first in the first metric, those without a figure last."""

    def __init__(self, targets: Sequence[_Target]) -> None:
        self.targets = sorted(targets, key=_by_quality)
        best = self.targets[0]
        self.metric = best.metric
        self.leader = None if best.standing.quality is None else best
        self.is_graded = any(target.is_graded for target in targets)
        self.is_tested = self.leader is not None and best.is_plain
        self.confidence = 1 - ALPHA / len(targets)

    def to_record(self) -> Record:
        first = self.targets[0].record
        against, better = self._against(), self._better()
        return {
            "name": first["name"],
            "nodeid": first["nodeid"],
            "metric": self.metric,
            "confidence": self.confidence,
            "test": self._test(),
            "leader": self.leader and self.leader.ref,
            "targets": self._target_records(better),
            "against": against,
            "statements": self._statements(against, better),
        }

    def _target_records(self, better: Sequence[Record]) -> list[Record]:
        qualities = [target.standing.quality for target in self.targets]
        beaten = beaten_by([target.standing for target in self.targets])
        return [
            {
                "rank": None if quality is None else qualities.index(quality) + 1,
                **target.to_record(self.confidence),
                "pareto": NOT_COMPARABLE if others is None else BEATEN if others else FRONT,
                "beaten_by": [self.targets[other].ref for other in others or ()],
                **test,
            }
            for target, quality, others, test in zip(self.targets, qualities, beaten, better, strict=True)
        ]

    def _test(self) -> str | None:
        if not self.is_tested:
            return None
        return "wilcoxon signed-rank" if self.is_graded else "mcnemar exact"

    def _better(self) -> list[Record]:
        """Return the test of "better than the source" of each target, adjusted over all of them."""
        found = [self._p_up(_changes(item.scores("source"), item.scores("target"))) for item in self.targets]
        return [{"p_better": p, "p_better_holm": adjusted} for p, adjusted in _adjusted(found)]

    def _against(self) -> list[Record]:
        """Return the tests of the leader against each other target.

        They are adjusted over all pairs of targets, as any of them could have come out as the leader.
        """
        if self.leader is None:
            return []
        scores = [target.scores("target") for target in self.targets]
        pairs = {pair: _changes(scores[pair[1]], scores[pair[0]]) for pair in combinations(range(len(scores)), 2)}
        tests = dict(zip(pairs, _adjusted([self._p_two_sided(changes) for changes in pairs.values()]), strict=True))
        return [
            {
                "ref": target.ref,
                "n": len(pairs[0, place]),
                "delta": fmean(pairs[0, place]) if pairs[0, place] else None,
                "p": tests[0, place][0],
                "p_holm": tests[0, place][1],
                "shown": self._is_shown(pairs[0, place], tests[0, place][1]),
            }
            for place, target in enumerate(self.targets[1:], start=1)
        ]

    def _is_shown(self, changes: Sequence[float], adjusted: float | None) -> bool:
        up, down = self._p_up(changes), self._p_up([-change for change in changes])
        return adjusted is not None and adjusted <= ALPHA and up is not None and down is not None and up < down

    def _p_up(self, changes: Sequence[float]) -> float | None:
        if not self.is_tested or not changes:
            return None
        if self.is_graded:
            return signed_rank(changes)
        return sign_test(sum(change < 0 for change in changes), sum(change > 0 for change in changes))

    def _p_two_sided(self, changes: Sequence[float]) -> float | None:
        up, down = self._p_up(changes), self._p_up([-change for change in changes])
        return None if up is None or down is None else min(1.0, 2 * min(up, down))

    def _statements(self, against: Sequence[Record], better: Sequence[Record]) -> list[str]:
        said = [self._ranked_by(), *self._left_out()]
        if self.leader is None:
            return said
        said.append(
            f"The intervals hold for all {len(self.targets)} targets together at {1 - ALPHA:.0%} "
            f"({self.confidence:.1%} each): a leader that these rows picked tends to look better than it is."
        )
        if not self.is_tested:
            return [*said, "No target is tested against another: rows are weighted or in clusters."]
        return [*said, *_leader_words(self.leader.ref, against), self._source_words(better)]

    def _ranked_by(self) -> str:
        if self.leader is None:
            return "The targets have no rank: no row is scored on both sides."
        others = len(self.leader.record["metrics"]) - 1
        rest = f", the first of {others + 1} metrics" if others else ""
        return f"Ranked by the change of mean {self.metric} against the source{rest}."

    def _left_out(self) -> list[str]:
        standings = [target.standing for target in self.targets]
        known = known_dimensions(standings)
        nowhere = [name for name in DIMENSIONS if name not in known]
        said = [f"The Pareto front leaves out what is unknown of all targets: {', '.join(nowhere)}."] if nowhere else []
        lacking = [(target.ref, target.standing.unknown(known)) for target in self.targets]
        return said + [
            f"{ref} is not comparable: its {' and '.join(unknown)} {_is(unknown)} unknown."
            for ref, unknown in lacking
            if unknown
        ]

    def _source_words(self, better: Sequence[Record]) -> str:
        tested = list(zip((target.ref for target in self.targets), better, strict=True))
        shown = [
            _with_p(ref, test["p_better_holm"])
            for ref, test in tested
            if test["p_better_holm"] is not None and test["p_better_holm"] <= ALPHA
        ]
        return f"Shown to be better than the source: {', '.join(shown) or 'no target'}."


def _by_quality(target: _Target) -> tuple[bool, float]:
    quality = target.standing.quality
    return quality is None, -(quality or 0.0)


def _changes(before: Mapping[str, float], after: Mapping[str, float]) -> list[float]:
    """Return by how much each row that both have moved."""
    return [after[row] - score for row, score in before.items() if row in after]


def _adjusted(p_values: Sequence[float | None]) -> list[tuple[float | None, float | None]]:
    """Return each p-value with the one adjusted over all that are known."""
    adjusted = iter(holm([p for p in p_values if p is not None]))
    return [(p, None if p is None else next(adjusted)) for p in p_values]


def _leader_words(leader: str, against: Sequence[Record]) -> list[str]:
    return [
        f"The leader {leader} is {'' if test['shown'] else 'not '}shown to be better than "
        f"{_with_p(test['ref'], test['p_holm'])}."
        for test in against
    ]


def _with_p(ref: str, p: float | None) -> str:
    return f"{ref} ({'no row in common' if p is None else f'adjusted p {_p_words(p)}'})"


def _p_words(p: float) -> str:
    return f"{p:.2g}" if p >= 0.001 else "< 0.001"  # noqa: PLR2004 - as all p-values in reports


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _statistic(quantity: Mapping[str, Any] | None, name: str) -> dict[str, float | None]:
    """Return the target's value of a statistic and its ratio to the source's, ``None`` where they are unknown."""
    figures = quantity["statistics"][name] if quantity else {}
    values = {key: figures.get(key) for key in ("target", "ratio")}
    return {key: None if value is None else finite(value) for key, value in values.items()}
