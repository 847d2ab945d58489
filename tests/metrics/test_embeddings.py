"""Similarity by embeddings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics import EmbeddingSimilarity
from tests.metrics.scored import failed, scored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VECTORS = {
    "refund": (1.0, 0.0),
    "money back": (0.6, 0.8),
    "no": (-1.0, 0.0),
    "null": (0.0, 0.0),
    "long": (1.0, 2.0, 3.0),
}


@dataclass(frozen=True)
class Scripted:
    """An embedder with a vector for each text it knows."""

    vectors: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: VECTORS)
    ref: str = "scripted"

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Return the vectors."""
        if "fault" in texts:
            raise MetricDefinitionError("scripted", "it has no vector")
        return [self.vectors[text] for text in texts]


METRIC = EmbeddingSimilarity(embedder=Scripted())


@pytest.mark.parametrize(
    ("answer", "truth", "value"),
    [
        ("money back", "refund", 0.6),
        ("money back", ["no", "refund"], 0.6),
        ("no", "refund", 0.0),
        ("refund", "refund", 1.0),
        ("", "refund", 0.0),
        ("unknown", "unknown", 1.0),
    ],
)
def test_the_score_is_the_cosine(answer: str, truth: object, value: float) -> None:
    """The closest accepted answer counts, opposites are 0, and equal or empty texts need no model."""
    assert scored(METRIC, answer, truth) == pytest.approx(value, abs=1e-15)


def test_a_score_shows_its_cosine() -> None:
    """The reason holds the cosine, below 0 as well."""
    assert scored(METRIC, "no", "refund").reason == "cosine -1.0000; expected 'refund', got 'no'"


@pytest.mark.parametrize(
    ("answer", "truth", "reason"),
    [
        ("null", "refund", "scripted gave no embeddings to compare: a vector without a direction"),
        ("long", "refund", "scripted gave no embeddings to compare: vectors of 2 and 3 numbers"),
        ("fault", "refund", "scripted gave no embeddings to compare: scripted is no metric yet: it has no vector."),
        ("a", " ", "the ground truth '' has no meaning to compare"),
    ],
)
def test_what_has_no_embedding_is_not_scored(answer: str, truth: str, reason: str) -> None:
    """A fault of the model or of the row is a score failure, never a 0."""
    assert failed(METRIC, answer, truth) == reason


def test_a_model_is_an_object_that_embeds() -> None:
    """A name of one is not looked up."""
    with pytest.raises(MetricDefinitionError, match=r"embedder='minilm' embeds nothing. Give it a model that does"):
        EmbeddingSimilarity(embedder="minilm")  # type: ignore[arg-type]


def test_the_model_is_in_the_version() -> None:
    """Scores are kept, and another model's are not taken for them."""
    assert METRIC.kept
    assert METRIC.version == "1, embedder='scripted'"
