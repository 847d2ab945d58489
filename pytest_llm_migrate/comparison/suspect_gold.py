"""Rows whose ground truth is worth a second look: both sides and the judge disagree with it, or a person does."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import SIDES, Score

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llm_migrate.comparison.comparison import Comparison
    from pytest_llm_migrate.domain import Case

    Marked = Mapping[str, Sequence[Mapping[str, str]]]

RIGHT = 0.75
"""From which part of its scale on a judge calls an answer right."""
WRONG = 0.5
"""Below which part of its scale a metric calls an answer wrong."""
_BESIDE_TRUTH = re.compile(r"harm|stereotyp|refus|toxic|bias|safe|style|tone|coheren|read", re.IGNORECASE)
"""Names of judged metrics that say nothing of whether an answer is right."""
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectGold:
    """A row whose ground truth may be wrong.

    Attributes:
        sample_id: The row.
        metrics: Metrics that call both answers wrong by the ground truth.
        reason: Why it is suspect, in a sentence.
        marked_by: People who call the ground truth wrong; an empty name is somebody's.
    """

    sample_id: str
    metrics: tuple[str, ...]
    reason: str
    marked_by: tuple[str, ...] = ()

    def to_record(self) -> dict[str, Any]:
        """Return the row as JSON-ready builtins."""
        return {**asdict(self), "metrics": list(self.metrics), "marked_by": list(self.marked_by)}


def suspects(
    comparison: Comparison, by_truth: Sequence[str], judged: Sequence[str], marked: Marked | None = None
) -> Iterator[SuspectGold]:
    """Yield the rows whose ground truth is suspect.

    People call it wrong, or both sides are wrong by a metric that compares with it: where judges scored both answers,
    all of them call both right; where none did, both sides give the same answer but for case, blanks and punctuation.

    Args:
        comparison: All rows.
        by_truth: Metrics that compare with the ground truth.
        judged: Metrics that say what a judge or a person thinks; those not of truth, such as harm, are left out.
        marked: By row, who calls its ground truth wrong, with what comment.
    """
    opinions = [name for name in judged if not _BESIDE_TRUTH.search(name)]
    for case in comparison.cases:
        said, wrong = (marked or {}).get(case.id, ()), _wrong(comparison, case, by_truth)
        seen = _reason(comparison, case, opinions) if wrong else ""
        reason = "; ".join(part for part in (_people(said), seen) if part)
        if reason:
            raters = tuple(each["rater"] for each in said)
            yield SuspectGold(sample_id=case.id, metrics=wrong, reason=reason, marked_by=raters)


def _people(said: Sequence[Mapping[str, str]]) -> str:
    named = ", ".join(_with_comment(each["rater"] or "somebody", each["comment"]) for each in said)
    return named and f"wrong by the word of {named}"


def _with_comment(rater: str, comment: str) -> str:
    return f"{rater} ({_short(comment)})" if comment else rater


def _wrong(comparison: Comparison, case: Case, by_truth: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics that call both answers wrong by the ground truth."""
    if case.reference in (None, "", []) or case.source.failure or case.target.failure:
        return ()
    return tuple(name for name in by_truth if all(part < WRONG for part in _parts(comparison, case, name) or (1,)))


def _reason(comparison: Comparison, case: Case, opinions: Sequence[str]) -> str:
    said = {name: parts for name in opinions if (parts := _parts(comparison, case, name))}
    answer, other = _normal(case.source.text), _normal(case.target.text)
    is_same = bool(answer) and answer == other
    if said:
        if any(part < RIGHT for parts in said.values() for part in parts):
            return ""
        given = "both sides give the same answer" if is_same else "both sides are wrong by it"
        return f"{given}, and {' and '.join(said)} call{'s' if len(said) == 1 else ''} both right"
    return f"both sides give the same answer: {_short(case.target.text)}" if is_same else ""


def _parts(comparison: Comparison, case: Case, metric: str) -> tuple[float, ...]:
    """Return both scores as parts of the metric's scale, nothing where one is missing."""
    scale = comparison[metric].scale
    scores = [getattr(case, side).scores.get(metric) for side in SIDES]
    if not all(isinstance(score, Score) for score in scores):
        return ()
    return tuple((float(score) - scale.low) / (scale.high - scale.low) for score in scores)


def _normal(text: str) -> str:
    """Return a text without what seldom matters; punctuation between digits stays."""
    folded = unicodedata.normalize("NFC", text[:10_000]).casefold()
    return " ".join(re.sub(r"(?<!\d)[^\w\s]+|[^\w\s]+(?!\d)", " ", folded).split())


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…")
