"""Scores for answers: the metrics that come along, those made of functions, and the frame for more."""

from pytest_llm_migrate.metrics.choice import builtins, resolve
from pytest_llm_migrate.metrics.exact import ExactMatch
from pytest_llm_migrate.metrics.functions import FunctionMetric, function_metric, metric
from pytest_llm_migrate.metrics.json_fields import JsonFields
from pytest_llm_migrate.metrics.numeric import NumericMatch
from pytest_llm_migrate.metrics.reference import ReferenceMetric
from pytest_llm_migrate.metrics.rouge import RougeL
from pytest_llm_migrate.metrics.tokens import TokenF1

__all__ = [
    "ExactMatch",
    "FunctionMetric",
    "JsonFields",
    "NumericMatch",
    "ReferenceMetric",
    "RougeL",
    "TokenF1",
    "builtins",
    "function_metric",
    "metric",
    "resolve",
]
