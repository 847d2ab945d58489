"""How close an answer is to the ground truth as a whole, by a metric or an embedding model of the user's choice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import EmbeddingMetric, JudgedMetric, Metric
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.chrf import ChrF
from pytest_llm_migrate.metrics.embeddings import EmbeddingSimilarity

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Answer, Embedder, Meter, Row, Score, ScoreFailure


def similarity_of(chosen: Metric | Embedder | None) -> Metric:
    """Return the metric that a choice of similarity means: chrF where nothing is chosen, the cosine of an embedder.

    Raises:
        MetricDefinitionError: What is chosen asks a judge.
    """
    if isinstance(chosen, JudgedMetric):
        raise MetricDefinitionError(chosen.name, "it asks a judge, and a similarity asks none")
    if chosen is None:
        return ChrF()
    return chosen if isinstance(chosen, Metric) else EmbeddingSimilarity(embedder=chosen)


def metered_similarity(chosen: Metric | Embedder | None, meter: Meter) -> Metric:
    """Return the metric that a choice of similarity means, its calls going through the meter where it makes some."""
    by = similarity_of(chosen)
    return by.metered_by(meter) if isinstance(by, EmbeddingMetric) else by


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSimilarity:
    """How close an answer is to the ground truth as a whole, in [0, 1].

    Ragas's semantic similarity, the cosine of two embeddings, where an embedder is given; without one it is chrF,
    which compares letters and not meaning. The version says which.

    Attributes:
        similarity: An embedder, or any metric that asks no judge; ``None`` is chrF.
    """

    name: str = "answer_similarity"
    similarity: Metric | Embedder | None = None
    by: Metric = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", similarity_of(self.similarity))

    @property
    def kept(self) -> bool:
        """Whether scores are worth keeping: as of the metric behind it."""
        return self.by.kept

    @property
    def version(self) -> str:
        """The revision, and the metric behind it with its own version."""
        return f"1, similarity={self.by.name} {self.by.version}"

    def metered_by(self, meter: Meter) -> AnswerSimilarity:
        """Return the metric whose calls go through the meter."""
        return replace(self, similarity=metered_similarity(self.similarity, meter))

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return the similarity to the closest accepted answer; a failure where the row has no ground truth."""
        return self.by.score(answer, row)
