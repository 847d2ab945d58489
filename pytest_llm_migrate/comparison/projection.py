"""What a month of traffic would cost on each side, judged by the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.gates import finite
from pytest_llm_migrate.stats import weighted_means

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.comparison.counting import Counting
    from pytest_llm_migrate.domain import Case, SideName
    from pytest_llm_migrate.stats import WeightedMeans

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """The bill of so many requests like the rows.

    Attributes:
        requests: How many requests.
        rows: Rows behind it: those that both sides answered, and whose weight is above 0.
        unknown: How many of these rows have no known cost, by side; one of them is enough to make sums unknown.
        means: Mean costs of a request, ``None`` where a cost of either side is unknown.
        weighted_by: The column with the rows' weights, ``None`` where each row counts as much as another.
    """

    requests: int
    rows: int
    unknown: Mapping[SideName, int]
    means: WeightedMeans | None
    weighted_by: str | None = None

    def to_record(self) -> dict[str, Any]:
        """Return the sums in US dollars as JSON-ready builtins."""
        means, difference = self.means, self.means and self.means.difference
        interval = difference and [finite(limit * self.requests) for limit in (difference.low, difference.high)]
        return {
            "requests": self.requests,
            "rows": self.rows,
            "unknown_rows": dict(self.unknown),
            "source_usd": means and means.source * self.requests,
            "target_usd": means and means.target * self.requests,
            "difference_usd": difference and difference.value * self.requests,
            "interval": interval if interval and None not in interval else None,
            "confidence": difference and difference.confidence,
            "method": difference and difference.method,
            "weighted_by": self.weighted_by,
        }


def projected(cases: Sequence[Case], requests: int, counting: Counting, seed: int) -> Projection:
    """Return the projection of rows, as they count, to a number of requests."""
    weighed = [case for case in cases if _has_part(case, counting.weight)]
    source, target = [case.source.cost for case in weighed], [case.target.cost for case in weighed]
    known = [cost for cost in source if cost is not None], [cost for cost in target if cost is not None]
    means = None
    if weighed and len(known[0]) == len(known[1]) == len(weighed):
        means = weighted_means(*known, confidence=CONFIDENCE, seed=seed, design=counting.of(weighed))
    return Projection(
        requests=requests,
        rows=len(weighed),
        unknown={"source": source.count(None), "target": target.count(None)},
        means=means,
        weighted_by=counting.weight,
    )


def _has_part(case: Case, weight: str | None) -> bool:
    is_answered = not (case.source.failure or case.target.failure)
    return is_answered and (weight is None or float(case.row[weight]) > 0)
