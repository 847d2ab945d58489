"""Which metrics are judges' and which people's, and what is known of the judges by people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.certificate import CONFIDENCE, UNHELD, Certificate, figure
from pytest_llm_migrate.comparison.preferences import SharedPreferences
from pytest_llm_migrate.stats import Undefined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.comparison.metric import MetricComparison
    from pytest_llm_migrate.stats import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """Which metrics are judges' and which people's.

    Attributes:
        judged: Names of the metrics whose scores a judge gives, one answer at a time.
        paired: Names of those by which a judge compares two answers.
        people: Names of the metrics whose scores people gave, with how far they agree among themselves, ``None``
            where that is not known.
        preferred: Names of the metrics by which people compare two answers.
    """

    judged: Sequence[str] = ()
    paired: Sequence[str] = ()
    people: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    preferred: Sequence[str] = ()

    @classmethod
    def of(cls, terms: Mapping[str, Any]) -> Judging:
        """Return what a migration's terms say, as written down."""
        people, preferred = terms.get("people", {}), tuple(terms.get("preferred", ()))
        return cls(
            judged=[name for name in terms.get("judged", ()) if name not in people],
            paired=[name for name in terms.get("paired", ()) if name not in preferred],
            people=people,
            preferred=preferred,
        )


NOBODY = Judging()
"""No metric is a judge's or people's."""


def caution_of(metric: MetricComparison, others: Callable[[str], MetricComparison], judging: Judging) -> str:
    """Return what the gates of a metric say of the judge behind it: nothing where there is none, or it agrees."""
    held: Sequence[Certificate | SharedPreferences] = ()
    if metric.name in judging.paired:
        held = [SharedPreferences.of(metric, others(human)) for human in judging.preferred]
    elif metric.name in judging.judged:
        held = [Certificate.of(metric, others(human)) for human in judging.people]
    else:
        return ""
    most = max(held, key=lambda found: len(found.rows), default=None)
    return most.caution() if most and most.rows else UNHELD


def judging_records(others: Callable[[str], MetricComparison], judging: Judging) -> dict[str, Any]:
    """Return the ``certificates`` of every judged metric, one for each metric of people's, and what they correct."""
    people = judging.people.items()
    return {
        "certificates": {
            name: [Certificate.of(others(name), others(human)).to_record(among) for human, among in people]
            for name in judging.judged
        },
        "corrected": _corrected(others, judging),
    }


def preference_records(
    metric: str, others: Callable[[str], MetricComparison], judging: Judging
) -> list[dict[str, Any]] | None:
    """Return how far a metric that compares two answers agrees with people's preferences; ``None`` for people's."""
    if metric in judging.preferred:
        return None
    return [SharedPreferences.of(others(metric), others(human)).to_record() for human in judging.preferred]


def _corrected(others: Callable[[str], MetricComparison], judging: Judging) -> dict[str, list[dict[str, Any]]]:
    """Return each judged metric's difference as people would find it, or why that is not known of rows of theirs."""
    return {
        name: [
            _correction(human, others(name).corrected(human, CONFIDENCE))
            for human in judging.people
            if Certificate.of(others(name), others(human)).rows
        ]
        for name in judging.judged
    }


def _correction(human: str, found: Estimate | Undefined) -> dict[str, Any]:
    known = (None, None) if isinstance(found, Undefined) else (found.n, found.method)
    return {"human": human, "labelled": known[0], "method": known[1], "confidence": CONFIDENCE, **figure(found)}
