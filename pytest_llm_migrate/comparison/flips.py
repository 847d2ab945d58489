"""Flips: which rows broke, which were fixed, which stayed right or wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import Score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Case, Side

RIGHT_FROM = 0.5
"""A score of at least this counts as right; right/wrong metrics score 0 or 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips:
    """Row ids by what the move did to them; rows without both scores are in none."""

    broke: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    both_right: tuple[str, ...] = ()
    both_wrong: tuple[str, ...] = ()

    @classmethod
    def of(cls, cases: Sequence[Case], metric: str) -> Flips:
        """Return the flips of one metric."""
        rows: dict[str, list[str]] = {"broke": [], "fixed": [], "both right": [], "both wrong": []}
        for case in cases:
            found = flip(case, metric)
            if found:
                rows[found].append(case.id)
        return cls(**{name.replace(" ", "_"): tuple(ids) for name, ids in rows.items()})

    def counts(self) -> dict[str, int]:
        """Return how many rows there are of each kind."""
        return {
            "broke": len(self.broke),
            "fixed": len(self.fixed),
            "both right": len(self.both_right),
            "both wrong": len(self.both_wrong),
        }


def flip(case: Case, metric: str) -> str | None:
    """Return what the move did to a row in one metric, as `flip_of` has it."""
    return flip_of(score_of(case.source, metric), score_of(case.target, metric))


def flip_of(source: float | None, target: float | None) -> str | None:
    """Return ``broke``, ``fixed``, ``both right`` or ``both wrong``; ``None`` without a score on both sides."""
    if source is None or target is None:
        return None
    was, is_now = source >= RIGHT_FROM, target >= RIGHT_FROM
    if was == is_now:
        return "both right" if was else "both wrong"
    return "broke" if was else "fixed"


def score_of(side: Side, metric: str) -> Score | None:
    """Return a side's score, or ``None`` where the call or the metric failed."""
    score = None if side.failure else side.scores.get(metric)
    return score if isinstance(score, Score) else None
