"""Edit similarity, held against RapidFuzz."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from pytest_llm_migrate.errors import UnknownNameError
from pytest_llm_migrate.metrics import EditSimilarity
from tests.metrics.scored import failed, scored

LETTERS = st.text("abc", max_size=30)


@given(LETTERS, LETTERS)
def test_scores_are_those_of_rapidfuzz(answer: str, truth: str) -> None:
    """The score is the package's normalised similarity to the last digit."""
    assert float(scored(EditSimilarity(), answer, truth)) == Levenshtein.normalized_similarity(answer, truth)


@pytest.mark.parametrize(
    ("metric", "answer", "truth", "value", "reason"),
    [
        (EditSimilarity(), "lewenstein", "levenshtein", 1 - 2 / 11, "2 characters to edit"),
        (EditSimilarity(), "", "abc", 0.0, "3 characters to edit"),
        (EditSimilarity(unit="word"), "the cat sat", "the dog sat", 1 - 1 / 3, "1 word to edit"),
        (EditSimilarity(case=False), "ABC", "abc", 1.0, ""),
        (EditSimilarity(), " a\n b ", "a b", 1.0, ""),
    ],
)
def test_edits_are_counted(metric: EditSimilarity, answer: str, truth: str, value: float, reason: str) -> None:
    """RapidFuzz's own example, words as units, case, and blanks that do not count."""
    score = scored(metric, answer, truth)
    assert float(score) == value
    assert score.reason.startswith(reason)


def test_texts_too_long_to_compare_are_said_to_be() -> None:
    """Two texts of half a megabyte are a score failure, not minutes of silence."""
    assert failed(EditSimilarity(), "a" * 500_000, "b" * 500_000) == (
        "texts of 500000 and 500000 characters are too long to compare edit by edit"
    )


def test_the_unit_is_checked() -> None:
    """A unit nobody knows is named with the nearest one."""
    with pytest.raises(UnknownNameError, match="Did you mean 'word'"):
        EditSimilarity(unit="words")  # type: ignore[arg-type]
