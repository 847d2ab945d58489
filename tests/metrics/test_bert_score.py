"""BERTScore's greedy matching, over vectors that can be reckoned by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError, MissingExtraError, UnknownNameError
from pytest_llm_migrate.metrics import BertScore
from tests.metrics.scored import failed, outcome, scored

AXES = {"cat": [1.0, 0.0], "dog": [0.6, 0.8], "sky": [0.0, 1.0], "anti": [-1.0, 0.0]}


class Words:
    """Gives known words their vectors, all others that of the sky."""

    ref = "words"

    def embed_tokens(self, text: str) -> list[list[float]]:
        """Return a vector a word."""
        return [AXES.get(word, AXES["sky"]) for word in text.split()]


class Absent:
    """An encoder that is not there."""

    ref = "absent"

    def embed_tokens(self, text: str) -> list[list[float]]:
        """Raise."""
        raise MissingExtraError("MiniLM", text, "minilm")


def test_each_token_finds_its_best() -> None:
    """Recall over the two expected tokens is (1 + 0.8) / 2, precision over the answer's is (1 + 0.8) / 2 likewise."""
    found = scored(BertScore(encoder=Words()), "cat dog", "cat sky")
    assert found == pytest.approx(0.9)
    assert found.reason.startswith("precision 0.9000, recall 0.9000, f1 0.9000 by words; expected 'cat sky'")


def test_precision_and_recall_part() -> None:
    """An answer of one right token is precise, and tells half: recall is (1 + 0) / 2."""
    parts = [float(scored(BertScore(encoder=Words(), part=part), "cat", "cat sky")) for part in ("precision", "recall")]
    assert parts == [1, 0.5]
    assert scored(BertScore(encoder=Words()), "cat", "cat sky") == pytest.approx(2 / 3)


def test_an_encoder_is_an_object() -> None:
    """A name of one is not looked up."""
    with pytest.raises(MetricDefinitionError, match=r"encoder='MiniLM' gives no vectors of tokens. Give it one that"):
        BertScore(encoder="MiniLM")  # type: ignore[arg-type]


def test_opposites_score_0() -> None:
    """A cosine below 0 is no share."""
    assert float(scored(BertScore(encoder=Words()), "anti", "cat")) == 0


def test_nothing_to_compare() -> None:
    """An empty answer scores 0, an empty ground truth and an encoder that is not there are failures."""
    assert float(scored(BertScore(encoder=Words()), " ", "cat")) == 0
    assert failed(BertScore(encoder=Words()), "cat", " ") == "the ground truth '' has no token to compare"
    assert failed(BertScore(encoder=Absent()), "cat", "cat").startswith("absent gave no vectors to compare: ")


def test_settings_are_the_version() -> None:
    """Another encoder or part is another version, and an unknown part is refused."""
    assert BertScore(encoder=Words()).version == "1, part='f1', encoder='words'"
    with pytest.raises(UnknownNameError, match="unknown part of BERTScore 'f2'"):
        BertScore(encoder=Words(), part="f2")  # type: ignore[arg-type] # a user's slip


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_any_text_gets_a_share_or_a_failure(text: str, truth: str) -> None:
    """Nothing leaves [0, 1]."""
    found = outcome(BertScore(encoder=Words()), text, truth)
    assert isinstance(found, ScoreFailure) or 0 <= found <= 1
