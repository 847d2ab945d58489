"""A third party's plugin in small: two metrics of the suite's own, registered by hook."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate import Score, metric

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llm_migrate import Answer, Metric, Row

MOST_WORDS = 35


@metric
def quantity_is_right(answer: Answer, row: Row) -> Score:
    """Score 1 when the order's quantity is the golden one."""
    try:
        found: Any = json.loads(answer.text).get("quantity")
    except (ValueError, AttributeError):
        return Score(0, "the answer is no JSON object")
    expected = row.reference["quantity"]
    return Score(found == expected, "" if found == expected else f"expected {expected}, got {found!r}")


@metric
def one_sentence(answer: Answer, row: Row) -> Score:  # noqa: ARG001 - a metric is given the row, wanted or not
    """Score 1 when the answer is a single sentence of at most 35 words."""
    words = len(answer.text.split())
    sentences = len(re.findall(r"[.!?](?:\s|$)", answer.text.strip()))
    if sentences == 1 and 0 < words <= MOST_WORDS:
        return Score(1)
    return Score(0, f"{sentences} sentences, {words} words")


def pytest_llm_migrate_metrics() -> Iterable[Metric]:
    """Register the suite's own metrics."""
    return [quantity_is_right, one_sentence]
