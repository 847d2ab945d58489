"""How rows count in a comparison: by the columns that the marker names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.stats import Design

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """The columns that say how much a row counts, and with which others.

    Attributes:
        weight: How much of the traffic a row stands for, in numbers of 0 or more.
        cluster: Which rows belong together; one without a value stands for itself.
    """

    weight: str | None = None
    cluster: str | None = None

    def of(self, cases: Sequence[Case]) -> Design:
        """Return how these rows count; those of a group without any traffic count once each."""
        weights = [float(case.row[self.weight]) for case in cases] if self.weight else []
        return Design(
            weights=weights if any(weights) else None,
            clusters=[_label(case, self.cluster) for case in cases] if self.cluster else None,
        )


def _label(case: Case, column: str) -> tuple[str, str]:
    value = case.row.get(column)
    return ("row", case.id) if value is None else ("cluster", str(value))


EACH_ONCE = Counting()
