"""The exported Lambda scores as this package's metrics do."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Answer, Row, Score
from pytest_llm_migrate.metrics import builtins
from pytest_llm_migrate.strategies import lambda_function

METRICS = {metric.name: metric for metric in builtins() if metric.name in lambda_function.METRICS}
TEXTS = st.text(st.sampled_from("aAn theé\u0301ß.,'_1 \n日"), max_size=20)


def test_each_exported_metric_is_one_of_ours() -> None:
    """No metric is exported under a name that means something else here."""
    assert set(METRICS) == set(lambda_function.METRICS)


@pytest.mark.parametrize("name", sorted(lambda_function.METRICS))
@example(pred="The late delivery", gold="delivery")
@given(pred=TEXTS, gold=TEXTS)
def test_scores_are_those_of_the_metric(name: str, pred: str, gold: str) -> None:
    """Whatever the texts, gate and optimizer use one metric; where ours has no score the Lambda has 0."""
    ours = METRICS[name].score(Answer(text=pred), Row(sample_id="r", values={"answer_ground_truth": gold}))
    theirs = lambda_function.METRICS[name](pred, gold)
    assert theirs == pytest.approx(float(ours) if isinstance(ours, Score) else 0.0)


def test_several_accepted_answers_and_oddities() -> None:
    """A JSON list of texts holds accepted answers; what is no text is never an error, and nothing scores 0."""
    scored = lambda_function.compute_score(["b", "x", None, 5, "[1"], ['["a", "B"]', "[x", None, "5", "[1"])
    assert scored == {"score": pytest.approx(0.8), "scores": [1.0, 0.0, 1.0, 1.0, 1.0]}
    assert lambda_function.lambda_handler({}, None) == {"score": 0.0, "scores": []}
