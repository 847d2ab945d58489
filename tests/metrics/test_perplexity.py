"""How sure a model was of its answer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Answer, Row, Score
from pytest_llm_migrate.metrics import Perplexity
from tests.metrics.scored import failed


def of(mean_logprob: float) -> Score:
    """Return the score of an answer whose tokens have a mean log-probability."""
    score = Perplexity().score(Answer(text="x", mean_logprob=mean_logprob), Row(sample_id="1", values={}))
    assert isinstance(score, Score)
    return score


@pytest.mark.parametrize(
    ("mean", "score", "reason"),
    [
        (0.0, 1.0, "perplexity 1"),
        (-math.log(4), 0.25, "perplexity 4"),
        (-9999.0, 0.0, "perplexity inf"),
    ],
)
def test_the_score_is_the_inverse(mean: float, score: float, reason: str) -> None:
    """Tokens of a probability of a quarter have a perplexity of 4, and a certain answer one of 1."""
    found = of(mean)
    assert float(found) == pytest.approx(score)
    assert found.reason == reason


@given(st.floats(-1e6, 0), st.floats(-1e6, 0))
def test_surer_is_never_worse(one: float, other: float) -> None:
    """The score rises with the mean log-probability and stays within 0 and 1."""
    low, high = sorted([one, other])
    assert 0 <= of(low) <= of(high) <= 1


def test_an_answer_without_log_probabilities_fails() -> None:
    """The failure says how an answer gets them."""
    assert "'logprobs: true' in the prompt's inference" in failed(Perplexity(), "x", "x")
