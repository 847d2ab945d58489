"""The scores of one metric, read from the cases once; groups of rows pick theirs from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.comparison.flips import Scale
from pytest_llm_migrate.domain import SIDES, Score, ScoreFailure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Case, Side, SideName

Values = list[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """One metric's scores, row by row; ``None`` where the call or the metric failed.

    Attributes:
        sample_ids: The rows' ids.
        source: The source's scores.
        target: The target's.
        flips: What the move did to each, as `Scale.flip` has it.
        failed: Whether the metric failed on the row, by side.
        scale: What they can tell of a row; that of all rows, where these are a part.
    """

    sample_ids: Sequence[str]
    source: Values
    target: Values
    flips: Sequence[str | None]
    failed: dict[SideName, list[bool]]
    scale: Scale

    @classmethod
    def of(cls, cases: Sequence[Case], metric: str, bounds: tuple[float, float]) -> Scores:
        """Read the scores of one metric that scores between these bounds."""
        found = {side: [getattr(case, side).scores.get(metric) for case in cases] for side in SIDES}
        source, target = (_values([getattr(case, side) for case in cases], found[side]) for side in SIDES)
        scale = Scale.of([*source, *target], bounds)
        return cls(
            sample_ids=[case.row.sample_id for case in cases],
            source=source,
            target=target,
            flips=[scale.flip(before, after) for before, after in zip(source, target, strict=True)],
            failed={side: [isinstance(item, ScoreFailure) for item in scores] for side, scores in found.items()},
            scale=scale,
        )

    def at(self, places: Sequence[int]) -> Scores:
        """Return the scores of the rows in these places."""
        return Scores(
            sample_ids=[self.sample_ids[place] for place in places],
            flips=[self.flips[place] for place in places],
            source=[self.source[place] for place in places],
            target=[self.target[place] for place in places],
            failed={side: [failed[place] for place in places] for side, failed in self.failed.items()},
            scale=self.scale,
        )

    def unscored(self) -> list[str]:
        """Return the id of each answer's row that the metric failed on, twice where it failed on both sides."""
        pairs = zip(self.sample_ids, *(self.failed[side] for side in SIDES), strict=True)
        return [row for row, *failed in pairs for has_failed in failed if has_failed]

    def whole(self) -> list[int]:
        """Return the places of the rows with both scores."""
        pairs = enumerate(zip(self.source, self.target, strict=True))
        return [place for place, (source, target) in pairs if source is not None and target is not None]


def _values(sides: Sequence[Side], scores: Sequence[Score | ScoreFailure | None]) -> Values:
    return [
        float(score) if isinstance(score, Score) and side.failure is None else None
        for side, score in zip(sides, scores, strict=True)
    ]
