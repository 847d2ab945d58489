"""What charts need of the rows, gathered one row at a time and no bigger for more of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import SIDES, is_monitor
from pytest_llm_migrate.report.numbers import is_known

if TYPE_CHECKING:
    from pytest_llm_migrate.report.figures import Record

BINS = 21
"""Bins of a histogram of changes: an odd number, so that one has no change in its middle."""
_MOST = 5000


@dataclass(slots=True)
class Sample:
    """Values drawn from all that were seen, each with the same chance; all of them while they are few."""

    values: list[float] = field(default_factory=list)
    seen: int = 0
    _random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - no secret

    def add(self, value: float) -> None:
        """See a value."""
        self.seen += 1
        if len(self.values) < _MOST:
            self.values.append(value)
        elif (place := self._random.randrange(self.seen)) < _MOST:
            self.values[place] = value


@dataclass(slots=True)
class Gathered:
    """What was gathered of one migration's rows.

    Attributes:
        spans: Of each graded metric the distance between its least and its greatest score.
        latencies: Seconds that answers took, by side.
        changes: Of each graded metric how many rows changed by how much, in bins from the greatest loss to the
            greatest gain.
    """

    spans: dict[str, float]
    latencies: dict[str, Sample] = field(default_factory=lambda: {side: Sample() for side in SIDES})
    changes: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, migration: Record) -> Gathered:
        """Return what gathers for a migration; scores that are right or wrong have a table of flips instead."""
        bounds = migration.get("bounds", {})
        graded = [name for name, found in migration["metrics"].items() if found["graded"] and not is_monitor(name)]
        spans = {name: bounds.get(name, (0, 1))[1] - bounds.get(name, (0, 1))[0] for name in graded}
        return cls(spans=spans, changes={name: [0] * BINS for name, span in spans.items() if span > 0})

    def add(self, row: Record) -> None:
        """Gather a row."""
        for side in SIDES:
            if is_known(latency := row[side].get("latency")):
                self.latencies[side].add(latency)
        was, now = (row[side].get("scores", {}) for side in SIDES)
        for name, counts in self.changes.items():
            if is_known(before := was.get(name)) and is_known(after := now.get(name)):
                place = int(((after - before) / self.spans[name] + 1) / 2 * BINS)
                counts[min(max(place, 0), BINS - 1)] += 1
