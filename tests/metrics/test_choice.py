"""Which metrics a marker means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.domain import Metric
from pytest_llm_migrate.errors import DuplicateMetricError, MetricDefinitionError, UnknownNameError
from pytest_llm_migrate.metrics import ExactMatch, builtins, resolve
from pytest_llm_migrate.metrics.reference import SettledMetric

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Answer, Row

REGISTRY = {metric.name: metric for metric in builtins()}


def polite(answer: Answer, _row: Row) -> bool:
    """Tell whether an answer says please."""
    return "please" in answer.text


def test_the_builtins_are_metrics() -> None:
    """The metrics that come along keep the promise, and are quicker to compute than to look up."""
    settled = [metric for metric in builtins() if isinstance(metric, SettledMetric)]
    assert [metric.name for metric in settled] == [
        *("exact_match", "quasi_match", "contains", "regex", "numeric_match"),
        *("token_f1", "edit_similarity", "bleu", "chrf", "meteor"),
        *("rouge_1", "rouge_2", "rouge_l", "rouge_lsum"),
        *("json_valid", "json_schema", "json_fields", "citations_present"),
        "perplexity",
    ]
    assert not any(metric.kept for metric in settled)
    promised: list[object] = [*builtins()]
    assert all(isinstance(metric, Metric) for metric in promised)


def test_names_metrics_and_functions_are_found_in_order() -> None:
    """A marker may mix all three."""
    cased = ExactMatch(name="cased", case=True)
    found = resolve(["rouge_l", cased, polite], REGISTRY)
    assert [metric.name for metric in found] == ["rouge_l", "cased", "polite"]
    assert found[:2] == (REGISTRY["rouge_l"], cased)
    assert resolve([], REGISTRY) == ()


def test_an_unknown_name_gets_the_nearest() -> None:
    """A typo is answered with what was meant and what there is."""
    with pytest.raises(UnknownNameError, match=r"unknown metric 'exactmatch'. Did you mean 'exact_match'") as caught:
        resolve(["exactmatch"], REGISTRY)
    said = str(caught.value).partition("Known: ")[2]
    assert said.startswith("exact_match, ")
    assert said.count(",") <= 15
    assert " of which " in said
    assert len(str(caught.value)) < 350
    assert caught.value.known == sorted(REGISTRY)


def test_two_metrics_of_one_name_are_refused() -> None:
    """Scores are read by name, so a name means one metric."""
    with pytest.raises(DuplicateMetricError, match=r"'exact_match' is asked for 2 times. Name it once, or"):
        resolve(["exact_match", ExactMatch(case=True)], REGISTRY)


def test_a_metric_class_is_not_a_metric() -> None:
    """Forgotten parentheses are pointed out."""
    with pytest.raises(MetricDefinitionError, match=r"it is a class. Make a metric of it: ExactMatch\(\)."):
        resolve([ExactMatch], REGISTRY)
