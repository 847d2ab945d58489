"""How rows count: all alike, by weight, or together with those of their cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How rows count, in their order; rows of weight 0 count nothing.

    Attributes:
        weights: How much of the traffic each row stands for, 0 or more; ``None`` where all stand for as much.
        clusters: Which rows belong together, by equal labels; ``None`` where each stands for itself.
    """

    weights: Sequence[float] | None = None
    clusters: Sequence[Hashable] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether every row counts once and stands for itself."""
        return self.weights is None and self.clusters is None


PLAIN = Design()
"""Every row counts once and stands for itself."""
