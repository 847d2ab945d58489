"""How rows count in a comparison: by what the marker says of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.stats import Design

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from pytest_llm_migrate.domain import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """How much a row counts, with which others, and whether it may break.

    Attributes:
        weight: The column that says how much of the traffic a row stands for, in numbers of 0 or more.
        cluster: The column that says which rows belong together; one without a value stands for itself.
        critical: Ids of the rows that may not break, ``None`` where nobody names any.
    """

    weight: str | None = None
    cluster: str | None = None
    critical: AbstractSet[str] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether every row counts once and stands for itself."""
        return self.weight is None and self.cluster is None

    def of(self, cases: Sequence[Case]) -> Design:
        """Return how these rows count; those of a group without any traffic count once each."""
        weights = [float(case.row[self.weight]) for case in cases] if self.weight else []
        return Design(
            weights=weights if any(weights) else None,
            clusters=[_label(case, self.cluster) for case in cases] if self.cluster else None,
        )


def mean_of(values: Sequence[float], design: Design) -> float | None:
    """Return the mean of values by the weights of their rows, ``None`` without values."""
    if design.weights is None:
        return math.fsum(values) / len(values) if values else None
    weighed = (weight * value for weight, value in zip(design.weights, values, strict=True))
    return math.fsum(weighed) / math.fsum(design.weights)


def _label(case: Case, column: str) -> tuple[str, str]:
    value = case.row.get(column)
    return ("row", case.id) if value is None else ("cluster", str(value))


EACH_ONCE = Counting()
