"""What one more row like these would cost, by what these did."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain.amounts import usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llm_migrate.domain import Case, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPrice:
    """The mean cost of a row on the sides that are called.

    Attributes:
        usd: US dollars; ``None`` where the target's answers, or those of a source with a price to ask for, have none.
        is_targets: The source's answers have no cost, as recorded ones need not: the target alone is paid for.
    """

    usd: float | None
    is_targets: bool = False

    @classmethod
    def of(cls, cases: Sequence[Case]) -> RowPrice:
        """Return the price of a row like these, by the answers that have a cost."""
        source, target = _mean(case.source for case in cases), _mean(case.target for case in cases)
        if target is None:
            return cls(usd=None)
        if source is None:
            is_called = any(_is_unpriced(case.source) for case in cases)
            return cls(usd=None) if is_called else cls(usd=target, is_targets=True)
        return cls(usd=source + target)

    def times(self, rows: int | None) -> float | None:
        """Return US dollars for so many rows, ``None`` where that is unknown."""
        return None if rows is None or self.usd is None else rows * self.usd

    def words(self, rows: int) -> str:
        """Return what so many rows would cost, for the end of a sentence."""
        cost = self.times(rows)
        if cost is None:
            return "at an unknown cost"
        return f"for about {usd(cost)}{' of the target alone' if self.is_targets else ''}"


def _mean(sides: Iterable[Side]) -> float | None:
    costs = [side.cost for side in sides if side.failure is None]
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) / len(known) if known else None


def _is_unpriced(side: Side) -> bool:
    return side.failure is None and side.answer.no_cost is not None
