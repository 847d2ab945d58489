"""The guards beside the average: groups of rows that lost, and critical rows that broke."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llm_migrate.comparison.gates import finite, percent, signed_limits
from pytest_llm_migrate.domain import Ruling, worst
from pytest_llm_migrate.errors import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pytest_llm_migrate.comparison.gates import Evidence
    from pytest_llm_migrate.comparison.metric import MetricComparison
    from pytest_llm_migrate.domain import Verdict

_NAMED = 3
"""How many groups or rows a statement names."""


class Group(NamedTuple):
    """One metric over the rows that share a value of a slice column."""

    column: str
    value: Any
    metric: MetricComparison

    def __str__(self) -> str:
        return f"empty {self.column}" if self.value in (None, "") else f"{self.column} = {self.value!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceGate:
    """What a gate asks of every group.

    Attributes:
        look: Gives a group's evidence with limits at some confidence, ``None`` where it has no scores.
        at_worst: The same with its rows without scores at their worst, ``None`` where it has no such row.
        rule: Rules on it.
        lost: What a group did whose ruling is NO-GO, for the statement.
        confidence: Of the gate.
    """

    look: Callable[[MetricComparison, float], Evidence | None]
    at_worst: Callable[[MetricComparison, float], Evidence | None]
    rule: Callable[[Evidence], Ruling]
    lost: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A group as a gate finds it: its evidence at the gate's own confidence, and at an adjusted one if it lost."""

    group: Group
    evidence: Evidence
    ruling: Ruling
    adjusted: Evidence | None = None

    def __str__(self) -> str:
        return f"{self.group} ({counted(self.evidence.n, 'row')})"

    def to_record(self) -> dict[str, Any]:
        """Return the group's figures; a NO-GO alone has limits at an adjusted confidence."""
        found = self.evidence
        return {
            "column": self.group.column,
            "value": str(self.group.value),
            "n": found.n,
            "estimate": found.estimate,
            "low": finite(found.low),
            "high": finite(found.high),
            "verdict": str(self.ruling),
            "adjusted_confidence": self.adjusted and self.adjusted.confidence,
        }

    def detail(self) -> str:
        """Return the limits by which a group lost."""
        found = self.adjusted or self.evidence
        limits = signed_limits(found.low, found.high)
        return f"{self} estimate {found.estimate:+.4f}, one-sided {percent(found.confidence)} limits {limits}"


def looks(groups: Iterable[Group], gate: SliceGate) -> list[Look]:
    """Return what a gate finds in every group with scores.

    A group is NO-GO only at a confidence adjusted for how many groups are looked at, by Holm's step-down method
    (Scandinavian Journal of Statistics 1979; 6: 65): of m groups those whose limits at 1 - alpha/m rule them out are
    set apart, then those of the others at 1 - alpha/(m - 1) where one was, and so on until none is. So at most
    alpha of migrations that harm no group have even one group called NO-GO, however groups overlap. A group that
    would be NO-GO only if it were looked at alone is NOT ENOUGH EVIDENCE.
    """
    found = [(group, evidence) for group in groups if (evidence := gate.look(group.metric, gate.confidence))]
    lost = _lost([group for group, _ in found], [gate.rule(evidence) for _, evidence in found], gate)
    return [
        Look(group=group, evidence=evidence, ruling=_unless_lost(gate.rule(evidence)), adjusted=None)
        if place not in lost
        else Look(group=group, evidence=evidence, ruling=Ruling.NO_GO, adjusted=lost[place])
        for place, (group, evidence) in enumerate(found)
    ]


def _lost(groups: Sequence[Group], alone: Sequence[Ruling], gate: SliceGate) -> dict[int, Evidence]:
    """Return the evidence of every group that is NO-GO at its step's confidence, by its place."""
    lost: dict[int, Evidence] = {}
    suspects = {place for place, ruling in enumerate(alone) if ruling is Ruling.NO_GO}  # else it is none at any level
    while suspects:
        confidence = 1 - (1 - gate.confidence) / (len(groups) - len(lost))
        seen = {place: gate.look(groups[place].metric, confidence) for place in suspects}
        apart = {place: found for place, found in seen.items() if found and gate.rule(found) is Ruling.NO_GO}
        if not apart:
            break
        lost |= apart
        suspects -= apart.keys()
    return lost


def lost_at_worst(groups: Sequence[Group], gate: SliceGate) -> list[tuple[Group, int]]:
    """Return the groups that are NO-GO with their rows without scores at their worst, each with how many these are.

    They are ruled on as at the first step of `looks`: where that sets none apart, no later one does.
    """
    confidence = 1 - (1 - gate.confidence) / max(len(groups), 1)
    found = [(group, gate.at_worst(group.metric, confidence)) for group in groups]
    return [(group, seen.missing) for group, seen in found if seen and gate.rule(seen) is Ruling.NO_GO]


def _unless_lost(ruling: Ruling) -> Ruling:
    return Ruling.NOT_ENOUGH_EVIDENCE if ruling is Ruling.NO_GO else ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalRows:
    """What became of the critical rows in one metric.

    Attributes:
        rows: How many there are.
        broke: Ids of those that the target broke.
        unseen: Ids of those that the source got right and whose target has no score.
    """

    rows: int
    broke: tuple[str, ...]
    unseen: tuple[str, ...]

    @classmethod
    def of(cls, metric: MetricComparison) -> CriticalRows | None:
        """Return what became of them, ``None`` where the marker names none."""
        critical, scores, scale = metric.counting.critical, metric.scores, metric.scale
        if critical is None:
            return None
        sides = zip(scores.sample_ids, scores.source, scores.target, strict=True)
        rows = [(sample_id, source, target) for sample_id, source, target in sides if sample_id in critical]
        return cls(
            rows=len(rows),
            broke=tuple(sample_id for sample_id in metric.flips.broke if sample_id in critical),
            unseen=tuple(
                sample_id
                for sample_id, source, target in rows
                if target is None and scale.flip(source, scale.low) == "broke"
            ),
        )

    def to_record(self) -> dict[str, Any]:
        """Return the rows as JSON-ready builtins."""
        return {"rows": self.rows, "broke": list(self.broke), "unseen": list(self.unseen)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What stands against a gate beside its average.

    Attributes:
        slices: Every group that was looked at.
        at_worst: Groups that are NO-GO with their rows without scores at their worst, and how many these are.
        lost: What a group did whose ruling is NO-GO.
        critical: What became of the critical rows, ``None`` where the marker names none.
    """

    slices: Sequence[Look] = ()
    at_worst: Sequence[tuple[Group, int]] = ()
    lost: str = ""
    critical: CriticalRows | None = None

    @property
    def forbid(self) -> bool:
        """Whether the gate is NO-GO whatever its average says."""
        return any(ruling is Ruling.NO_GO for ruling, _ in self._objections())

    def applied(self, verdict: Verdict) -> Verdict:
        """Return a gate's verdict as the guards leave it.

        A group that is NO-GO, or one critical row that broke, makes any verdict NO-GO. A group that would be NO-GO
        with its rows without scores at their worst, or a critical row that the source got right and whose target has
        no score, makes a GO NOT ENOUGH EVIDENCE. Other groups change nothing.
        """
        objections = [(ruling, said) for ruling, said in self._objections() if _is_worse(ruling, verdict.ruling)]
        figures: dict[str, Any] = {"slices": [look.to_record() for look in self.slices]} if self.slices else {}
        if self.critical:
            figures["critical"] = self.critical.to_record()
        joint = ", and " if ", but " in verdict.statement else ", but "
        said = ", and ".join(words for _, words in objections)
        return replace(
            verdict,
            ruling=worst([verdict.ruling, *(ruling for ruling, _ in objections)]) or verdict.ruling,
            statement=f"{verdict.statement.removesuffix('.')}{joint}{said}." if said else verdict.statement,
            detail="; ".join([verdict.detail, *self._details()]),
            figures={**verdict.figures, **figures},
        )

    def _objections(self) -> Iterator[tuple[Ruling, str]]:
        lost = [look for look in self.slices if look.ruling is Ruling.NO_GO]
        if lost:
            yield Ruling.NO_GO, f"in {_listed([str(look) for look in lost], 'group')} {self.lost}"
        elif self.at_worst:
            groups = [f"{group} ({missing} of them)" for group, missing in self.at_worst]
            said = f"rows without scores could mean that in {_listed(groups, 'group')} {self.lost}"
            yield Ruling.NOT_ENOUGH_EVIDENCE, said
        if self.critical and self.critical.broke:
            yield Ruling.NO_GO, f"{self._some(self.critical.broke)} broke: {_named(self.critical.broke)}"
        if self.critical and self.critical.unseen:
            unseen = self.critical.unseen
            said = f"the target has no score on {self._some(unseen)} that the source got right: {_named(unseen)}"
            yield Ruling.NOT_ENOUGH_EVIDENCE, said

    def _some(self, ids: Sequence[str]) -> str:
        rows = self.critical.rows if self.critical else 0
        return f"{len(ids)} of {counted(rows, 'critical row')}"

    def _details(self) -> Iterator[str]:
        if self.slices:
            lost = [look.detail() for look in self.slices if look.ruling is Ruling.NO_GO]
            named = f": {'; '.join(lost)}" if lost else ""
            level = percent(1 - (1 - self.slices[0].evidence.confidence) / len(self.slices))
            yield f"{len(lost)} of {counted(len(self.slices), 'group')} NO-GO by Holm from {level} on{named}"
        if self.at_worst:
            yield f"NO-GO with rows without scores at their worst: {counted(len(self.at_worst), 'group')}"
        if self.critical:
            broke, unseen = len(self.critical.broke), len(self.critical.unseen)
            yield f"critical rows: {self.critical.rows}, {broke} broke, {unseen} right before and without a score"


def _is_worse(ruling: Ruling, than: Ruling) -> bool:
    return ruling is not than and worst([ruling, than]) is ruling


def _named(ids: Sequence[str]) -> str:
    return _listed([repr(sample_id) for sample_id in ids], "row")


def _listed(names: Sequence[str], noun: str) -> str:
    more = len(names) - _NAMED
    shown = [*names[:_NAMED], *([f"{more} more {noun}{'s' if more > 1 else ''}"] if more > 0 else [])]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
