"""The comparison of a migration's rows, from its terms and the cases that were written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison import Comparison, Counting
from pytest_llm_migrate.comparison.judging import Judging
from pytest_llm_migrate.comparison.timing import Timing
from pytest_llm_migrate.domain import ERROR_TOLERANCE
from pytest_llm_migrate.migration.spool import case_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def comparison_of(
    terms: Mapping[str, Any],
    cases: Sequence[Mapping[str, Any]],
    timing: Callable[[], Timing] = Timing,
    tolerance: float = ERROR_TOLERANCE,
) -> Comparison:
    """Return the comparison of these cases; ``terms`` are a migration's, as written down or within its record.

    ``tolerance`` is the share of rows that may lack what a gate judges by.
    """
    critical = {record["sample_id"] for record in cases if record.get("critical")} if terms.get("critical") else None
    return Comparison(
        [case_of(record) for record in cases],
        metrics=tuple(terms["metrics"]),
        slices=tuple(terms["slices"]),
        bounds={name: (low, high) for name, (low, high) in terms["bounds"].items()},
        counting=Counting(weight=terms.get("weight"), cluster=terms.get("cluster"), critical=critical),
        timing=timing,
        judging=Judging.of(terms),
        tolerance=tolerance,
    )
