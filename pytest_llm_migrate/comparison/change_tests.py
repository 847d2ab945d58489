"""Whether a metric changed at all: tests that stand beside its gates and decide none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.stats import mcnemar_exact, mcnemar_midp, wilcoxon

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.comparison.metric import MetricComparison


def change_tests(metric: MetricComparison, source: Sequence[float], target: Sequence[float]) -> dict[str, float | None]:
    """Return two-sided p-values of "nothing changed" over both sides' scores.

    ``wilcoxon_p`` is of graded scores, ``mcnemar_p`` (exact) and ``mcnemar_midp`` are of right/wrong ones. The others
    are ``None``, and all are where rows are weighted or in clusters, for which the tests do not hold, and without a
    row.
    """
    found: dict[str, float | None] = {"wilcoxon_p": None, "mcnemar_p": None, "mcnemar_midp": None}
    if not source or not metric.counting.is_plain:
        return found
    if metric.scale.is_graded:
        return found | {"wilcoxon_p": wilcoxon(source, target).p}
    broke, fixed = len(metric.flips.broke), len(metric.flips.fixed)
    return found | {"mcnemar_p": mcnemar_exact(broke, fixed), "mcnemar_midp": mcnemar_midp(broke, fixed)}
