"""Many tests at once: p-values adjusted so that a family of them raises no more false alarms than one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Holm's step-down method, in the order given.

    Those at or below alpha are rejected with a chance of at most alpha that even one is rejected wrongly, however
    the tests depend on each other. Of m tests the i-th smallest gets the largest of (m - j + 1) p_(j) over j up to
    i, at most 1 (Holm, Scandinavian Journal of Statistics 1979; 6: 65). Raises ValueError for what is no p-value.
    """
    adjusted, running = list(p_values), 0.0
    for rank, place in enumerate(_order(p_values)):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = running
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Benjamini and Hochberg's step-up method, in the order given.

    Of those at or below alpha a share of at most alpha is expected to be wrong, where tests are independent or
    depend positively. Of m tests the i-th smallest gets the smallest of m p_(j) / j over j from i up (Journal of the
    Royal Statistical Society B 1995; 57: 289). Raises ValueError for what is no p-value.
    """
    adjusted, running = list(p_values), 1.0
    for rank, place in reversed(list(enumerate(_order(p_values), start=1))):
        running = min(running, len(p_values) / rank * p_values[place])
        adjusted[place] = running
    return adjusted


def _order(p_values: Sequence[float]) -> list[int]:
    """Return the places of the p-values, the smallest first."""
    for p in p_values:
        if not 0 <= p <= 1:
            raise ValueError(f"a p-value lies between 0 and 1, got {p!r}")
    return sorted(range(len(p_values)), key=p_values.__getitem__)
