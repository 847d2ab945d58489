"""Which way a metric's scores were turned, so that higher is better in every one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llm_migrate.metrics.evaluations import BedrockEvaluations

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Metric


def reading_of(metric: Metric) -> str | None:
    """Return how to read a metric whose judge says that lower is better, ``None`` where its scores were not turned."""
    judged = getattr(metric, "of", metric)  # a jury's own metric
    if getattr(judged, "higher_is_better", True):
        return None
    named = judged.metric if isinstance(judged, BedrockEvaluations) else judged.name.rpartition(":")[2]
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", " ", named).lower()
    return f"higher is better: 100% means no {words}"
