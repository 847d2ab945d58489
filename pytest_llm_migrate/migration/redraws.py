"""One model against itself: for every trial, two different repeats of each row are drawn as the two sides."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import Answer, Case, PairedMetric, Score
from pytest_llm_migrate.migration.ahead import THREADS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llm_migrate.comparison import Comparison
    from pytest_llm_migrate.domain import Outcome, Row, ScoreFailure, Side, Verdict
    from pytest_llm_migrate.migration.migration import Migration

SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """What came of asking once, and the source's side with the scores of it."""

    outcome: Outcome
    side: Side


@dataclass(slots=True, kw_only=True)
class Redraws:
    """A source's repeats, each scored once, to be compared with each other over and over.

    Attributes:
        migration: Says how cases are compared.
        rows: Every row with its repeats, at least two.
    """

    migration: Migration
    rows: Sequence[tuple[Row, Sequence[Repeat]]]
    _cases: dict[tuple[int, int, int], Case] = field(default_factory=dict)

    @classmethod
    def of(cls, migration: Migration) -> Redraws:
        """Ask for the source's repeats of all rows, and wait for them; raises what `Migration.begin` raises."""
        migration.begin(migration.rows)
        # A judge is waited for; anything else would only wait for its turn.
        with ThreadPoolExecutor(THREADS if migration.scorer.is_slow else 1) as pool:
            repeats = list(pool.map(lambda row: _repeats(migration, row), migration.rows))
        migration.scorer.flush()
        return cls(migration=migration, rows=list(zip(migration.rows, repeats, strict=True)))

    def comparison(self, trial: int, watch: Callable[[Verdict], None]) -> Comparison:
        """Return the comparison of one trial, the same in every process; ``watch`` gets each verdict."""
        draw = random.Random(f"{SEED}:{trial}")  # noqa: S311 - no secret depends on it
        drawn = [draw.sample(range(len(repeats)), 2) for _, repeats in self.rows]
        cases = [self._case(place, first, second) for place, (first, second) in enumerate(drawn)]
        return self.migration.compared(cases, watch)

    def to_record(self) -> dict[str, int]:
        """Return how many rows and repeats there are, and how many rows' repeats do not all say the same."""
        return {
            "rows": len(self.rows),
            "repeats": min((len(repeats) for _, repeats in self.rows), default=0),
            "rows_varied": sum(len({_said(each.outcome) for each in repeats}) > 1 for _, repeats in self.rows),
        }

    def _case(self, place: int, first: int, second: int) -> Case:
        key = (place, first, second)
        if key not in self._cases:
            row, repeats = self.rows[place]
            self._cases[key] = self._paired(row, repeats[first], repeats[second])
        return self._cases[key]

    def _paired(self, row: Row, first: Repeat, second: Repeat) -> Case:
        source, target, scorer = first.side, second.side, self.migration.scorer
        if paired := [metric.name for metric in scorer.metrics if isinstance(metric, PairedMetric)]:
            before, after = scorer.sides(row, [first.outcome], [second.outcome])
            source, target = _with_scores_of(source, before, paired), _with_scores_of(target, after, paired)
        return Case(row=row, source=source, target=_as_target(target))


def _repeats(migration: Migration, row: Row) -> list[Repeat]:
    outcomes = migration.source.outcomes(row)
    return [Repeat(outcome=each, side=migration.scorer.side("source", row, [each])) for each in outcomes]


def _said(outcome: Outcome) -> tuple[str, ...]:
    if isinstance(outcome, Answer):
        return outcome.text, str(outcome.tool_calls)
    return (outcome.kind,)


def _with_scores_of(side: Side, other: Side, metrics: Sequence[str]) -> Side:
    return replace(
        side, scores={**side.scores, **{name: other.scores[name] for name in metrics if name in other.scores}}
    )


def _as_target(side: Side) -> Side:
    return replace(side, name="target", scores={name: _of_target(score) for name, score in side.scores.items()})


def _of_target(score: Score | ScoreFailure) -> Score | ScoreFailure:
    if not isinstance(score, Score):
        return score
    return Score(float(score), score.reason, metric=score.metric, side="target", sample_id=score.sample_id)
