"""ROUGE, held against Google's package."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics import RougeL, RougeLsum, RougeN
from pytest_llm_migrate.metrics.subsequences import common_length
from tests.metrics.scored import failed, scored

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Metric

METRICS = {
    "rouge1": RougeN(),
    "rouge2": RougeN(name="rouge_2", order=2),
    "rougeL": RougeL(),
    "rougeLsum": RougeLsum(),
}
REFERENCE = RougeScorer(list(METRICS), use_stemmer=False)
FEW_WORDS = st.lists(st.sampled_from(["the", "Cat", "sat", "on", "1", "mat.", "é", "\n"]), max_size=40).map(" ".join)


@pytest.mark.parametrize(("kind", "metric"), METRICS.items(), ids=list(METRICS))
@given(FEW_WORDS | st.text(), FEW_WORDS | st.text())
def test_scores_are_those_of_rouge_score(kind: str, metric: Metric, answer: str, truth: str) -> None:
    """Wherever the ground truth has a word, the score is the package's to the last digit."""
    expected = REFERENCE.score(truth, answer)[kind].fmeasure
    assume(any(character.isascii() and character.isalnum() for character in truth.lower()))
    assert float(scored(metric, answer, truth)) == expected


@pytest.mark.parametrize(
    ("kind", "answer", "truth", "value"),
    [
        ("rouge1", "testing one two", "testing", 0.5),
        ("rouge2", "testing one two", "testing one", 2 / 3),
        ("rougeL", "testing one two", "testing one", 0.8),
        ("rougeLsum", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", "w1 w2 w3 w4 w5", 8 / 15),
    ],
)
def test_the_vectors_of_the_package_hold(kind: str, answer: str, truth: str, value: float) -> None:
    """The cases of rouge-score's own tests give its figures, that of Lin's paper among them."""
    assert scored(METRICS[kind], answer, truth) == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize("truth", ["", "…", "价格是多少"])
def test_a_ground_truth_without_words_is_not_scored(truth: str) -> None:
    """No answer could score on it, so the metric says that it cannot judge, instead of 0."""
    assert failed(RougeL(), truth, truth) == f"the ground truth {truth!r} has no word of a-z or 0-9 for ROUGE"


def test_the_best_reference_counts_and_wordless_ones_do_not() -> None:
    """Of several accepted answers those that ROUGE can read are used."""
    assert scored(RougeL(), "the cat sat", ["价格", "a dog", "The cat sat!"]) == 1.0


@pytest.mark.parametrize(
    ("kind", "said"),
    [("rouge1", "3 of 3 words"), ("rouge2", "1 of 2 runs of 2 words"), ("rougeL", "2 of 3 words in order")],
)
def test_a_loss_counts_what_came(kind: str, said: str) -> None:
    """The reason says how much of the ground truth came; a score of 1 needs none."""
    score = scored(METRICS[kind], "sat the cat", "the cat sat")
    assert score.reason == ("" if float(score) == 1 else f"{said}; expected 'the cat sat', got 'sat the cat'")


def test_long_texts_are_compared_in_full() -> None:
    """Ten thousand words against ten thousand others are no special case."""
    words = [str(number) for number in range(10_000)]
    assert common_length(words, words[5_000:] + words[:5_000]) == 5_000


def test_summaries_too_long_to_compare_are_said_to_be() -> None:
    """Two texts of thousands of lines each are a score failure, not an hour of silence."""
    lines = "a b c d e\n" * 10_000
    assert failed(RougeLsum(), lines, lines) == "50000 and 50000 words are too long to compare line by line"


def test_a_run_has_a_word() -> None:
    """Runs of no words would be shared by all texts."""
    with pytest.raises(MetricDefinitionError, match="order=0 is no number of words from 1 on"):
        RougeN(order=0)
