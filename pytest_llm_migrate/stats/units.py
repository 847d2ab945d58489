"""What a resample draws: rows with their weights, or whole clusters of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_llm_migrate.stats.design import Design
from pytest_llm_migrate.stats.effective import effective_rows, relative_weights

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from pytest_llm_migrate.stats.bounded import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Rows in an order that does not depend on the one they came in, and the units they are drawn in.

    Attributes:
        columns: The rows that count, one column a side.
        weights: Their weights, the greatest of which is 1.
        labels: The unit of each row: numbers from 0 on, in order.
        rows: How many rows there are, those of weight 0 included.
        is_weighted: Whether some rows count more than others.
        is_clustered: Whether some unit has several rows.
    """

    columns: Floats
    weights: Floats
    labels: NDArray[np.int64]
    rows: int
    is_weighted: bool
    is_clustered: bool

    @classmethod
    def of(cls, columns: Floats, design: Design) -> Units:
        """Put rows into units; raises ValueError for a design that does not fit them."""
        rows, weights = len(columns), relative_weights(design, len(columns))
        if design.clusters is not None and len(design.clusters) != rows:
            raise ValueError(f"{len(design.clusters)} cluster labels do not fit {rows} rows")
        counting = np.flatnonzero(weights > 0)
        keys = np.column_stack([columns, weights])[counting]
        order = np.lexsort(keys.T[::-1])
        clusters = None if design.clusters is None else [design.clusters[place] for place in counting[order]]
        places, labels = _drawn(keys[order], clusters)
        return cls(
            columns=keys[order[places], :-1],
            weights=keys[order[places], -1],
            labels=labels,
            rows=rows,
            is_weighted=bool((weights[counting] != 1).any()),
            is_clustered=len(labels) > labels[-1] + 1,
        )

    @property
    def number(self) -> int:
        """How many units there are."""
        return int(self.labels[-1]) + 1

    @property
    def like(self) -> float:
        """How many units of like weight say as much: Kish's (Σw)²/Σw² of the units."""
        weights = self.totals(np.ones(len(self.labels)))
        return float(weights.sum() ** 2 / (weights**2).sum())

    def totals(self, values: Floats) -> Floats:
        """Return each unit's weighted sum of the values of its rows."""
        return np.bincount(self.labels, values * self.weights).astype(np.float64)

    def mean(self, values: Floats) -> float:
        """Return the weighted mean of the rows' values."""
        return float(np.average(values, weights=self.weights))

    def worth(self, values: Floats, confidence: float) -> float | None:
        """Return what the rows are worth for the mean of these values, as `effective_rows`: ``None`` where all count.

        It is never more than the units of like weight.
        """
        if len(self.labels) == self.rows and not (self.is_weighted or self.is_clustered):
            return None
        design = Design(
            weights=self.weights.tolist() if self.is_weighted else None,
            clusters=self.labels.tolist() if self.is_clustered else None,
        )
        return round(min(effective_rows(values, design, confidence=confidence), self.like), 6)


def _drawn(keys: Floats, clusters: Sequence[Hashable] | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the order of sorted rows unit by unit, and the unit of each in that order.

    Clusters are put in order by the rows they have: their labels, like the order of rows, must not matter.
    """
    if clusters is None:
        return np.arange(len(keys)), np.arange(len(keys))
    ranks = np.concatenate([[0], (keys[1:] != keys[:-1]).any(axis=1).cumsum()]).tolist()
    members: dict[Hashable, list[int]] = {}
    for place, label in enumerate(clusters):
        members.setdefault(label, []).append(place)
    groups = sorted(members.values(), key=lambda group: [ranks[place] for place in group])
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return np.concatenate(groups), labels
