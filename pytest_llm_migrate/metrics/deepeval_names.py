"""DeepEval's metrics by name: the ready ones, those of any class, and G-Eval."""

from __future__ import annotations

from dataclasses import replace
from inspect import signature
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import MetricDefinitionError, UnknownNameError
from pytest_llm_migrate.metrics.deepeval import JudgedDeepEvalMetric, of_deepeval, snake
from pytest_llm_migrate.metrics.deepeval_judge import deepeval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Metric

PREFIX = "deepeval:"
READY = ("answer_relevancy", "faithfulness", "toxicity", "bias", "hallucination", "summarization")
"""DeepEval's metrics that are there before DeepEval is imported, under `PREFIX` and one of these."""


def ready() -> tuple[JudgedDeepEvalMetric, ...]:
    """Return the metrics of DeepEval that have ready names; DeepEval is imported when one of them gets its judge.

    Their reasons are those of the verdicts: DeepEval's own summary of them would be one more call a score.
    """
    return tuple(_named(name) for name in READY)


def _named(name: str) -> JudgedDeepEvalMetric:
    kind = f"{name.title().replace('_', '')}Metric"
    question = "content" if name == "summarization" else "question"
    return JudgedDeepEvalMetric(
        name=f"{PREFIX}{name}", kind=kind, settings={"include_reason": False}, question=question
    )


def by_name(name: str) -> Metric:
    """Return the metric that a name such as ``deepeval:contextual_recall`` means, without DeepEval's summary.

    Raises:
        MissingExtraError: DeepEval is not installed.
        UnknownNameError: It has no such metric.
        MetricDefinitionError: It scores conversations, or takes settings.
    """
    metrics = deepeval("metrics")
    classes = {f"{PREFIX}{snake(kind)}": kind for kind in dir(metrics) if kind.endswith("Metric")}
    if name not in classes:
        raise UnknownNameError("metric", name, classes)
    kind = getattr(metrics, classes[name])
    found = of_deepeval(kind)
    if isinstance(found, JudgedDeepEvalMetric) and "include_reason" in signature(kind).parameters:
        return replace(found, settings={"include_reason": False})
    return found


def deepeval_metric(
    kind: str, *, name: str | None = None, judge: str | None = None, **settings: Any
) -> JudgedDeepEvalMetric:
    """Return the metric of a class of ``deepeval.metrics`` by its name, which takes settings and our judge.

    DeepEval's own objects want a key for a model of theirs as they are made; this needs none.
    """
    found = name or f"{PREFIX}{snake(kind)}"
    return JudgedDeepEvalMetric(name=found, kind=kind, settings=settings, judge=judge)


def deepeval_geval(
    name: str,
    *,
    criteria: str | None = None,
    evaluation_steps: Sequence[str] | None = None,
    parameters: Sequence[str] = ("input", "actual_output"),
    judge: str | None = None,
) -> JudgedDeepEvalMetric:
    """Return a metric of DeepEval's G-Eval, whose score from 0 to 10 is brought to [0, 1].

    Of ``criteria`` alone the judge makes the steps, once: the same question has the same kept answer. ``parameters``
    are what it sees of a test case: ``input``, ``actual_output``, ``expected_output``, ``context``.

    Raises:
        MetricDefinitionError: It has neither criteria nor steps, or both.
    """
    if (criteria is None) == (not evaluation_steps):
        raise MetricDefinitionError(name, "G-Eval judges by criteria or by evaluation_steps", "Give one of the two.")
    settings: dict[str, Any] = {"name": name, "parameters": tuple(parameters)}
    given = {"criteria": criteria} if criteria else {"evaluation_steps": list(evaluation_steps or ())}
    return JudgedDeepEvalMetric(name=name, kind="GEval", settings=settings | given, judge=judge)
