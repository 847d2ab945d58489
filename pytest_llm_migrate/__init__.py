"""Regression testing for LLM migrations, as a pytest plugin.

Importing this package imports none of the heavy libraries behind it: names are resolved at first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llm_migrate.comparison import Comparison
    from pytest_llm_migrate.datasets import assign, dataset_of, load
    from pytest_llm_migrate.domain import (
        Answer,
        Case,
        Dataset,
        Metric,
        Model,
        PriceList,
        Provider,
        Request,
        Row,
        Ruling,
        Score,
        ScoreFailure,
        Turn,
        Verdict,
    )
    from pytest_llm_migrate.errors import CallFailedError, MigrateError
    from pytest_llm_migrate.metrics import judged_rule, metric, rule, style_guide
    from pytest_llm_migrate.models import ModelHandle
    from pytest_llm_migrate.prompts import Prompt

__all__ = [
    "Answer",
    "CallFailedError",
    "Case",
    "Comparison",
    "Dataset",
    "Metric",
    "MigrateError",
    "Model",
    "ModelHandle",
    "PriceList",
    "Prompt",
    "Provider",
    "Request",
    "Row",
    "Ruling",
    "Score",
    "ScoreFailure",
    "Turn",
    "Verdict",
    "assign",
    "dataset_of",
    "judged_rule",
    "load",
    "metric",
    "rule",
    "style_guide",
]

_ELSEWHERE = {
    "CallFailedError": "errors",
    "Comparison": "comparison",
    "MigrateError": "errors",
    "ModelHandle": "models",
    "Prompt": "prompts",
    "assign": "datasets",
    "dataset_of": "datasets",
    "judged_rule": "metrics",
    "load": "datasets",
    "metric": "metrics",
    "rule": "metrics",
    "style_guide": "metrics",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'domain')}"), name)
