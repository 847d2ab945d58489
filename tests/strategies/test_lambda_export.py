"""Metrics written down as Lambdas score as they do here, or are refused in a sentence."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any

import pytest

from pytest_llm_migrate.domain import Answer, JudgedMetric, Row, RunLevel, Score, SidedMetric
from pytest_llm_migrate.errors import MetricNotExportableError
from pytest_llm_migrate.metrics import (
    AnswerSimilarity,
    EmbeddingSimilarity,
    ExactMatch,
    JsonFields,
    JsonSchema,
    LabelAccuracy,
    NumericMatch,
    RegexMatch,
    RougeN,
    Toxicity,
    builtins,
    function_metric,
    word_count,
)
from pytest_llm_migrate.metrics import style_guide as guide_of
from pytest_llm_migrate.models.local import MiniLM
from pytest_llm_migrate.strategies.lambda_export import lambda_files, sent_gold

TEXTS = ["12.5 kg", '{"topic": "billing", "days": 3}', "yes"]
GOLDS: list[Any] = ["The parcel is 12.5 kg [1]", "yes", ["no", "never"], {"topic": "delivery", "days": 3}, 7]
PREDS = ["It weighs 12.5 kilos [1].", '{"days": 3, "topic": "billing"}', "Yes", '{"days": 3, "topic": "x"}', "7"]


def rows(golds: list[Any]) -> list[Row]:
    """Return rows with these ground truths, and a question."""
    return [
        Row(sample_id=f"r{place}", values={"question": "What now?", "answer_ground_truth": gold})
        for place, gold in enumerate(golds)
    ]


def answered(files: dict[str, str], preds: list[Any], golds: list[Any]) -> Any:
    """Return what the written Lambda answers to the call that the service makes."""
    found: dict[str, Any] = {}
    exec(files["lambda_function.py"], found)  # noqa: S102 - our own file
    return found["lambda_handler"]({"preds": preds, "golds": [sent_gold(gold) for gold in golds]}, None)


def ours(metric: Any, preds: list[str], golds: list[Any]) -> list[float]:
    """Return the metric's own scores, 0 where it has none."""
    found = [metric.score(Answer(text=pred), row) for pred, row in zip(preds, rows(golds), strict=True)]
    return [float(score) if isinstance(score, Score) else 0.0 for score in found]


EXPORTED = [
    metric
    for metric in builtins()
    if not isinstance(metric, (JudgedMetric, SidedMetric, RunLevel))
    and not re.search(r"perplexity|json_schema|monitor:(prompt_|language|jailbreak)", metric.name)
]
SET = [
    ExactMatch(name="topic", case=True, punctuation=False),
    NumericMatch(tolerance=0.05, pick="last"),
    RougeN(name="rouge_4", order=4),
    RegexMatch(pattern=r"\\b(yes|{as_json})\\b"),
    JsonSchema(schema={"type": "object", "required": ["topic"]}),
    JsonFields(extra="penalise"),
    LabelAccuracy(labels=("yes", "no")),
    AnswerSimilarity(similarity=RougeN(order=2)),
]


@pytest.mark.parametrize("golds", [GOLDS, TEXTS], ids=["mixed", "texts"])
@pytest.mark.parametrize("metric", [*EXPORTED, *SET], ids=lambda metric: f"{metric.name}")
def test_the_lambda_scores_as_the_metric_does(metric: Any, golds: list[Any]) -> None:
    """Whatever the ground truths and settings, the service gets the score that a gate would."""
    preds = PREDS[: len(golds)]
    files = lambda_files(metric, rows(golds))
    wanted = ours(metric, preds, golds)
    assert answered(files, preds, golds) == {"score": pytest.approx(sum(wanted) / len(wanted)), "scores": wanted}
    pinned = f"pytest-llm-migrate=={version('pytest-llm-migrate')}\n"
    extra = pinned.replace("==", "[toxicity]==") if isinstance(metric, Toxicity) else pinned
    assert files.get("requirements.txt", extra) == extra


def test_several_metrics_need_nothing_but_the_standard_library() -> None:
    """With default settings and texts, four metrics are one file without requirements."""
    plain = {metric.name for metric in EXPORTED if list(lambda_files(metric, rows(TEXTS))) == ["lambda_function.py"]}
    assert plain == {"contains", "exact_match", "quasi_match", "token_f1"}


def test_an_embedder_goes_along_with_its_extra() -> None:
    """The embedder is made anew on the Lambda, and what it needs is in the requirements."""
    files = lambda_files(EmbeddingSimilarity(embedder=MiniLM()), rows(["the parcel"]))
    assert "METRIC = EmbeddingSimilarity(embedder=MiniLM())" in files["lambda_function.py"]
    assert files["requirements.txt"].startswith("pytest-llm-migrate[minilm]==")
    assert answered(files, ["the parcel", ""], ["the parcel", "x"])["scores"] == [1.0, 0.0]


def test_oddities_of_the_call_are_no_errors() -> None:
    """The service may pass nothing, no texts, and fewer ground truths than answers."""
    files = lambda_files(NumericMatch(), rows(["7"]))
    assert answered(files, [7, "7", None], ["7"])["scores"] == [1.0, 0.0, 0.0]
    assert answered(files, [], []) == {"score": 0.0, "scores": []}


def quality(answer: Answer, row: Row) -> float:
    """Return a score by code of the user's own."""
    return float(answer.text == row.reference)


@pytest.mark.parametrize(
    ("metric", "why"),
    [
        ("judge:correctness", "a judge gives its scores, and the service brings its own"),
        ("pairwise", "a judge gives its scores"),
        ("human_score", "does not score an answer by its text"),
        ("monitor:repeated_answers", "does not score an answer by its text"),
        ("monitor:prompt_length", "it reads 'answer_source_llm', 'question', and the service passes no such thing"),
        ("monitor:language", "it reads 'question', and the service passes no such thing"),
        ("perplexity", "an answer's text is not enough for a score: "),
        ("json_schema", "an answer's text is not enough for a score: the row has no schema"),
        (function_metric(quality), "quality is code of yours, and pytest_llm_migrate alone is on the Lambda"),
        (guide_of(word_count(1, 9)), "was made as the tests ran, and no file can name it"),
    ],
)
def test_a_metric_that_needs_more_is_refused(metric: Any, why: str) -> None:
    """The sentence says what it needs, and what to do instead."""
    named = next((found for found in builtins() if found.name == metric), metric)
    row = Row(
        sample_id="r", values={"question": "What?", "answer_source_llm": "a", "answer_ground_truth": "x", "empty": None}
    )
    with pytest.raises(MetricNotExportableError) as caught:
        lambda_files(named, [row])
    assert f"{named.name!r} cannot be exported as a Lambda: " in str(caught.value)
    assert why in str(caught.value)
    assert str(caught.value).endswith("if you like.")


def test_ground_truths_that_would_change_on_the_way_are_refused() -> None:
    """A text that reads as JSON beside ground truths that are no texts would come back as something else."""
    with pytest.raises(MetricNotExportableError, match="row r1's ground truth is a text that reads as JSON"):
        lambda_files(NumericMatch(), rows([7, "7"]))
