"""Whether rows that move up and rows that move down balance, with whole clusters as the units that vary."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_llm_migrate.stats.design import PLAIN
from pytest_llm_migrate.stats.proportions import mcnemar_exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.stats.bounded import Floats
    from pytest_llm_migrate.stats.design import Design


def sign_flips(signs: Sequence[int], design: Design = PLAIN) -> float:
    """Return the two-sided exact p-value of "as many go up as down" of rows that go up (1) or down (-1); 1 without any.

    Each cluster's sum could as well have had the other sign: the p-value is the share of all ways in which these
    signs could have fallen whose total lies as far from 0 as the one seen. Where each row stands for itself that is
    the exact sign test. Weights are not looked at.
    """
    if design.clusters is None:
        up = sum(sign > 0 for sign in signs)
        return mcnemar_exact(len(signs) - up, up)
    sums: Counter[object] = Counter()
    for label, sign in zip(design.clusters, signs, strict=True):
        sums[label] += sign
    moved = [abs(total) for total in sums.values() if total]
    total, most = abs(sum(sums.values())), sum(moved)
    chances = _chances(moved)
    # Totals go from -most on in steps of 2; they are as likely as their opposites.
    return min(1.0, 2 * float(chances[: (most - total) // 2 + 1].sum())) if total else 1.0


def _chances(sizes: Sequence[int]) -> Floats:
    """Return the chance of each sum from 0 on where each size counts or not by the toss of a fair coin."""
    import numpy as np  # noqa: PLC0415 - numpy loads with it

    chances: Floats = np.zeros(sum(sizes) + 1)
    chances[0], reached = 1.0, 0
    for size in sizes:
        counted = chances[: reached + 1] / 2
        chances[: reached + 1] /= 2
        chances[size : size + reached + 1] += counted
        reached += size
    return chances
