"""Whether a metric changed on single slices, with p-values that allow for how many slices are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.stats import holm, mcnemar_exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.comparison.metric import MetricComparison


def slice_tests(slices: Sequence[MetricComparison]) -> list[dict[str, float | None]]:
    """Return ``p`` and ``p_holm`` of each slice of one metric, in the order given.

    ``p`` is McNemar's exact two-sided p-value of "as many rows break as get fixed", ``p_holm`` the same adjusted over
    all of these slices, which may share rows. Both are ``None`` where rows are graded, weighted or in clusters, for
    which the test does not hold, and without a row.
    """
    found = [_p_value(part) for part in slices]
    adjusted = iter(holm([p for p in found if p is not None]))
    return [{"p": p, "p_holm": None if p is None else next(adjusted)} for p in found]


def _p_value(part: MetricComparison) -> float | None:
    if part.scale.is_graded or not part.counting.is_plain or not part.n:
        return None
    return mcnemar_exact(len(part.flips.broke), len(part.flips.fixed))
