"""Whether the installed DeepEval scores the way round that is expected, found out before it is believed."""

from __future__ import annotations

import warnings
from functools import cache
from importlib import metadata
from typing import Any

from pytest_llm_migrate.errors import DeepEvalDirectionError
from pytest_llm_migrate.metrics.deepeval_judge import deepeval, generating_model

_BAD = {
    "AnswerRelevancyMetric": "no",
    "FaithfulnessMetric": "no",
    "HallucinationMetric": "no",
    "ToxicityMetric": "yes",
    "BiasMetric": "yes",
}
"""The verdict on what is bad, by metric: all of them bad must score 0, and none of them 1."""


@cache
def release() -> str:
    """Return the version of DeepEval that is installed, ``none`` where there is none."""
    try:
        return metadata.version("deepeval")
    except metadata.PackageNotFoundError:
        return "none"


@cache
def prove(kind: str) -> None:
    """Raise `DeepEvalDirectionError` unless verdicts that are all bad score 0, and those that are all good 1."""
    if kind not in _BAD:
        deepeval("metrics")
        return
    bad = _BAD[kind]
    found = {verdict: _score_of(kind, verdict) for verdict in ("yes", "no")}
    good = "no" if bad == "yes" else "yes"
    if (found[bad], found[good]) != (0, 1):
        raise DeepEvalDirectionError(kind, release(), found[bad], found[good])


def _score_of(kind: str, verdict: str) -> float:
    def say(_prompt: str, schema: Any) -> Any:
        lists = {name: ["It is so."] for name in schema.model_fields}
        said = {"verdicts": [{"verdict": verdict, "reason": "It is so."}]} if "verdicts" in lists else lists
        return schema.model_validate(said)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metric = getattr(deepeval("metrics"), kind)(
            model=generating_model("canary", say), include_reason=False, async_mode=False
        )
    case = deepeval("test_case").LLMTestCase(
        input="Is it so?", actual_output="It is so.", context=["It is so."], retrieval_context=["It is so."]
    )
    return float(metric.measure(case, _show_indicator=False))
