"""Flips: which rows broke, which were fixed, and what became of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import SIDES, Score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Case, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What a metric's scores can tell of a row.

    Attributes:
        low: The least score that the metric can give.
        high: The greatest.
        is_graded: Some score lies between them; else each says right or wrong.
    """

    low: float = 0.0
    high: float = 1.0
    is_graded: bool = False

    @classmethod
    def of(cls, cases: Sequence[Case], metric: str, bounds: tuple[float, float]) -> Scale:
        """Return the scale of a metric, by the scores that it gave."""
        scores = (score_of(getattr(case, side), metric) for case in cases for side in SIDES)
        low, high = bounds
        return cls(low=low, high=high, is_graded=any(score not in {None, low, high} for score in scores))

    def flip(self, source: float | None, target: float | None) -> str | None:
        """Return what the move did to a row; ``None`` without a score on both sides.

        A right/wrong score ``broke`` (right to wrong), was ``fixed``, or is ``both right`` or ``both wrong``. A
        graded one has no line between right and wrong: it ``broke`` or was ``fixed`` where it moved by more than half
        of the scale, and ``held`` where it did not.
        """
        if source is None or target is None:
            return None
        half = (self.high - self.low) / 2
        if abs(target - source) > half:
            return "broke" if target < source else "fixed"
        if self.is_graded:
            return "held"
        return "both right" if target > self.low else "both wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips:
    """Row ids by what the move did to them, as `Scale.flip` has it; rows without both scores are in none.

    Rows are ``both_right`` or ``both_wrong`` in right/wrong metrics alone, and ``held`` in graded ones alone.
    """

    broke: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    both_right: tuple[str, ...] = ()
    both_wrong: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    @classmethod
    def of(cls, cases: Sequence[Case], metric: str, scale: Scale) -> Flips:
        """Return the flips of one metric."""
        rows: dict[str, list[str]] = {}
        for case in cases:
            found = scale.flip(score_of(case.source, metric), score_of(case.target, metric))
            if found:
                rows.setdefault(found, []).append(case.id)
        return cls(**{name.replace(" ", "_"): tuple(ids) for name, ids in rows.items()})

    def counts(self) -> dict[str, int]:
        """Return how many rows there are of each kind."""
        return {name.replace("_", " "): len(getattr(self, name)) for name in self.__slots__}


def score_of(side: Side, metric: str) -> Score | None:
    """Return a side's score, or ``None`` where the call or the metric failed."""
    score = None if side.failure else side.scores.get(metric)
    return score if isinstance(score, Score) else None
