"""Flips: which rows broke, which were fixed, and what became of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import Score

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llm_migrate.comparison.scores import Scores
    from pytest_llm_migrate.domain import Side


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
    def of(cls, scores: Iterable[float | None], bounds: tuple[float, float]) -> Scale:
        """Return the scale of a metric, by the scores that it gave."""
        low, high = bounds
        return cls(low=low, high=high, is_graded=bool(set(scores) - {None, low, high}))

    def share(self, score: float | None) -> float | None:
        """Return where on the scale a score lies, from 0 to 1; ``None`` for none."""
        return None if score is None else (score - self.low) / (self.high - self.low)

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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
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
    def of(cls, scores: Scores) -> Flips:
        """Return the flips of one metric."""
        rows: dict[str, list[str]] = {}
        for sample_id, found in zip(scores.sample_ids, scores.flips, strict=True):
            if found:
                rows.setdefault(found, []).append(sample_id)
        return cls(**{name.replace(" ", "_"): tuple(ids) for name, ids in rows.items()})

    def counts(self) -> dict[str, int]:
        """Return how many rows there are of each kind."""
        return {name.replace("_", " "): len(getattr(self, name)) for name in self.__slots__}

    def table(self) -> str:
        """Return the counts as lines of text: source by target of right/wrong scores, a line a kind of graded ones."""
        counts = {name: f"{count:,}" for name, count in self.counts().items()}
        if self.held:
            names = ("broke", "fixed", "held")
            return "\n".join(f"{name:<6}{counts[name]:>10}" for name in names)
        rows = (
            ("", "target right", "target wrong"),
            ("source right", f"{counts['both right']} both right", f"{counts['broke']} broke"),
            ("source wrong", f"{counts['fixed']} fixed", f"{counts['both wrong']} both wrong"),
        )
        return "\n".join(f"{name:<12}{right:>20}{wrong:>20}" for name, right, wrong in rows)

    def __repr__(self) -> str:
        return self.table()


def score_of(side: Side, metric: str) -> Score | None:
    """Return a side's score, or ``None`` where the call or the metric failed."""
    score = None if side.failure else side.scores.get(metric)
    return score if isinstance(score, Score) else None
