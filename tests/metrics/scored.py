"""One answer, one ground truth, one score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Answer, Row, Score, ScoreFailure

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Metric


def scored(metric: Metric, text: str, truth: object, **columns: Any) -> Score:
    """Score a text, and insist on a score."""
    result = outcome(metric, text, truth, **columns)
    assert isinstance(result, Score), result
    return result


def failed(metric: Metric, text: str, truth: object, **columns: Any) -> str:
    """Score a text, insist on a score failure, and return its reason."""
    result = outcome(metric, text, truth, **columns)
    assert isinstance(result, ScoreFailure), result
    return result.reason


def outcome(metric: Metric, text: str, truth: object, **columns: Any) -> Score | ScoreFailure:
    """Score a text against a ground truth."""
    return metric.score(Answer(text=text), Row(sample_id="1", values={"answer_ground_truth": truth, **columns}))
