"""ROUGE-L, held against Google's package."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from pytest_llm_migrate.metrics import RougeL
from pytest_llm_migrate.metrics.rouge import common_length
from tests.metrics.scored import failed, scored

REFERENCE = RougeScorer(["rougeL"], use_stemmer=False)
FEW_WORDS = st.lists(st.sampled_from(["the", "Cat", "sat", "on", "1", "mat.", "é"]), max_size=30).map(" ".join)


@given(FEW_WORDS | st.text(), FEW_WORDS | st.text())
def test_scores_are_those_of_rouge_score(answer: str, truth: str) -> None:
    """Wherever the ground truth has a word, the score is the package's to the last digit."""
    expected = REFERENCE.score(truth, answer)["rougeL"].fmeasure
    assume(any(character.isascii() and character.isalnum() for character in truth.lower()))
    assert float(scored(RougeL(), answer, truth)) == expected


@pytest.mark.parametrize("truth", ["", "…", "价格是多少"])
def test_a_ground_truth_without_words_is_not_scored(truth: str) -> None:
    """No answer could score on it, so the metric says that it cannot judge, instead of 0."""
    assert failed(RougeL(), truth, truth) == f"the ground truth {truth!r} has no word of a-z or 0-9 for ROUGE"


def test_the_best_reference_counts_and_wordless_ones_do_not() -> None:
    """Of several accepted answers those that ROUGE can read are used."""
    assert scored(RougeL(), "the cat sat", ["价格", "a dog", "The cat sat!"]) == 1.0


def test_a_loss_counts_the_words_in_order() -> None:
    """The reason says how much of the ground truth came in order."""
    score = scored(RougeL(), "sat the cat", "the cat sat")
    assert score.reason == "2 of 3 words in order; expected 'the cat sat', got 'sat the cat'"


def test_long_texts_are_compared_in_full() -> None:
    """Ten thousand words against ten thousand others are no special case."""
    words = [str(number) for number in range(10_000)]
    assert common_length(words, words[5_000:] + words[:5_000]) == 5_000
