"""How alike texts are, by the pieces of words they share; no model is asked."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SIZES = (3, 4)
"""Characters of a piece."""

Weights = dict[str, float]


def weights(texts: Sequence[str]) -> list[Weights]:
    """Return for each text the weights of its pieces: the rarer a piece among the texts, the heavier; length one."""
    counts = [_pieces(text) for text in texts]
    spread = Counter(piece for count in counts for piece in count)
    return [_normed({piece: n * math.log(1 + len(texts) / spread[piece]) for piece, n in c.items()}) for c in counts]


def likeness(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    """Return how alike two texts are by their weights, from 0 to 1."""
    return sum(weight * second[piece] for piece, weight in first.items() if piece in second)


def nearest(pool: Sequence[str], texts: Sequence[str], count: int) -> list[int]:
    """Return the places in the pool that are together nearest to all texts, the nearest first.

    Each next one is the one that brings the texts, each held against its own nearest, furthest.
    """
    found = weights([*pool, *texts])
    likenesses = [[likeness(mine, other) for other in found[len(pool) :]] for mine in found[: len(pool)]]
    chosen: list[int] = []
    covered = [0.0] * len(texts)
    for _ in range(min(count, len(pool))):
        left = [place for place in range(len(pool)) if place not in chosen]
        best = max(left, key=lambda place: sum(map(max, covered, likenesses[place])))
        covered = list(map(max, covered, likenesses[best]))
        chosen.append(best)
    return chosen


def _pieces(text: str) -> Counter[str]:
    padded = f" {' '.join(text.lower().split())} "
    return Counter(padded[start : start + size] for size in _SIZES for start in range(len(padded) - size + 1))


def _normed(found: Weights) -> Weights:
    length = math.sqrt(sum(weight * weight for weight in found.values()))
    return {piece: weight / length for piece, weight in found.items()} if length else found
