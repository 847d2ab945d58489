"""What an exported Lambda runs: a metric of this package on the answers and ground truths that the service passes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Answer, Row, Score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Metric


def scores_of(metric: Metric, preds: Sequence[Any], golds: Sequence[Any], *, golds_are_json: bool) -> dict[str, Any]:
    """Return each answer's score and their mean; an answer that the metric has no score for counts 0."""
    scores = [
        _score(metric, pred, gold_value(golds[place], golds_are_json=golds_are_json) if place < len(golds) else None)
        for place, pred in enumerate(preds)
    ]
    return {"score": sum(scores) / len(scores) if scores else 0.0, "scores": scores}


def gold_value(gold: Any, *, golds_are_json: bool) -> Any:
    """Return a ground truth as it was before it was sent as a text: JSON where it can be read, else the text."""
    if not golds_are_json or not isinstance(gold, str):
        return gold
    try:
        return json.loads(gold)
    except (ValueError, RecursionError):
        return gold


def _score(metric: Metric, pred: Any, gold: Any) -> float:
    text = pred if isinstance(pred, str) else "" if pred is None else json.dumps(pred)
    found = metric.score(Answer(text=text), Row(sample_id="sample", values={"answer_ground_truth": gold}))
    return float(found) if isinstance(found, Score) else 0.0
