"""How close an answer's meaning is to the expected one, by an embedding model."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_llm_migrate.domain import MeteredEmbedder, Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError, MigrateError
from pytest_llm_migrate.metrics.reasons import expected_got, quoted
from pytest_llm_migrate.metrics.reference import ReferenceMetric, as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Embedder, Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingSimilarity(ReferenceMetric):
    """The cosine between the embeddings of the answer and of an accepted answer; below 0 it counts as 0.

    A cosine is no share: two texts that have nothing to do with each other may well reach 0.3, and each model has a
    scale of its own. Equal texts score 1 without a call, an empty answer 0.

    Attributes:
        embedder: The model; its ``ref`` is part of the version.
    """

    kept: ClassVar[bool] = True

    name: str = "embedding_similarity"
    embedder: Embedder = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what embeds nothing, with `MetricDefinitionError`."""
        promised: object = self.embedder
        if not hasattr(promised, "embed"):
            fault = f"embedder={promised!r} embeds nothing"
            raise MetricDefinitionError(self.name, fault, "Give it a model that does, such as embedder=MiniLM().")

    @property
    def version(self) -> str:
        """The revision and the model."""
        return f"{self.revision}, embedder={self.embedder.ref!r}"

    def metered_by(self, meter: Meter) -> EmbeddingSimilarity:
        """Return the metric whose embedder's calls go through the meter, where they cost money."""
        by = self.embedder
        return replace(self, embedder=by.metered(meter)) if isinstance(by, MeteredEmbedder) else self

    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return the cosine in [0, 1]; a failure when the ground truth is empty, or a text has no embedding."""
        wanted = as_text(expected)
        if not wanted.strip():
            return ScoreFailure(reason=f"the ground truth {quoted(wanted)} has no meaning to compare")
        if wanted == text or not text.strip():
            return Score(1.0) if wanted == text else Score(0.0, expected_got(wanted, text))
        try:
            value = cosine(*self.embedder.embed([wanted, text]))
        except (MigrateError, ValueError) as error:
            return ScoreFailure(reason=f"{self.embedder.ref} gave no embeddings to compare: {error}")
        return Score(min(max(value, 0.0), 1.0), f"cosine {value:.4f}; {expected_got(wanted, text)}")


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the cosine of the angle between two vectors.

    Raises:
        ValueError: They have not one length, or one has no direction.
    """
    if len(one) != len(other):
        raise ValueError(f"vectors of {len(one)} and {len(other)} numbers")
    lengths = math.hypot(*one) * math.hypot(*other)
    if not lengths or not math.isfinite(lengths):
        raise ValueError("a vector without a direction")
    return math.fsum(a * b for a, b in zip(one, other, strict=True)) / lengths
