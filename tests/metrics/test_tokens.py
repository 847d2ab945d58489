"""The F1 of SQuAD."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.metrics import TokenF1
from tests.metrics.scored import scored

# Computed with compute_f1 of SQuAD's evaluation script, evaluate-v2.0.py (Rajpurkar and others, 2018).
SQUAD = [
    ("Denver Broncos", "The Denver Broncos won.", 0.8),
    ("the 2016 final", "a final, in 2016", 0.8),
    ("to be or not to be", "to be", 0.5),
    ("US$ 5.5 million", "5.5 million dollars", 0.6666666666666666),
    ("a the an", "", 1.0),
    ("", "nothing", 0.0),
    ("nothing", "", 0.0),
    ("Château d'If", "chateau dif", 0.5),
    ("the theatre", "theatre, the", 1.0),
    ("New-York", "new york", 0.0),
    ("one two three four five", "five one six", 0.5),
    ("日本 語", "日本語", 0.0),
    ("x x x y", "x y y y", 0.5),
]


@pytest.mark.parametrize(("truth", "answer", "f1"), SQUAD)
def test_scores_are_those_of_squad(truth: str, answer: str, f1: float) -> None:
    """Every vector of the reference script comes out to the last digit."""
    assert float(scored(TokenF1(), answer, truth)) == f1


def test_the_best_of_several_references_counts() -> None:
    """As in SQuAD, an answer is held against each reference."""
    assert scored(TokenF1(), "red hat", ["blue hat", "a red hat", "hat"]) == 1.0


def test_a_loss_counts_the_words() -> None:
    """The reason says how many words were shared, and shows both texts."""
    assert scored(TokenF1(), "a blue hat", "red hat").reason == "1 words shared; expected 'red hat', got 'a blue hat'"


@given(st.text(), st.text())
def test_f1_is_symmetric_and_bounded(one: str, other: str) -> None:
    """F1 lies in [0, 1] and does not depend on which text is the answer."""
    score = scored(TokenF1(), one, other)
    assert 0 <= score <= 1
    assert float(score) == float(scored(TokenF1(), other, one))
