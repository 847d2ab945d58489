"""BERTScore: how well the tokens of an answer and of the expected one find each other, by an encoder's vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError, MigrateError
from pytest_llm_migrate.metrics.reasons import expected_got, quoted
from pytest_llm_migrate.metrics.reference import ReferenceMetric, as_text, one_of
from pytest_llm_migrate.metrics.tokens import harmonic_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import TokenEmbedder

    Vectors = Sequence[Sequence[float]]

Part = Literal["f1", "precision", "recall"]
_PARTS: tuple[Part, ...] = ("f1", "precision", "recall")


@dataclass(frozen=True, slots=True, kw_only=True)
class BertScore(ReferenceMetric):
    """The greedy matching of BERTScore (Zhang et al. 2020) over an encoder's token vectors, without idf and rescaling.

    Precision is the mean over the answer's tokens of the greatest cosine with a token of the expected answer, recall
    the mean the other way round; below 0 each counts as 0. Special tokens take no part. Values depend on the encoder:
    they are not those of ``roberta-large``, which published figures come from, and no level of one holds for another.

    Attributes:
        encoder: The model; its ``ref`` is part of the version and of the reason.
        part: Which of ``f1``, ``precision`` and ``recall`` is the score; the reason has all three.
    """

    kept: ClassVar[bool] = True

    name: str = "bert_score"
    encoder: TokenEmbedder = field(repr=False)
    part: Part = "f1"

    def __post_init__(self) -> None:
        """Refuse a part that there is not, with `UnknownNameError`."""
        one_of("part of BERTScore", self.part, _PARTS)
        promised: object = self.encoder
        if not hasattr(promised, "embed_tokens"):
            fault = f"encoder={promised!r} gives no vectors of tokens"
            raise MetricDefinitionError(self.name, fault, "Give it one that does, such as encoder=MiniLM().")

    @property
    def version(self) -> str:
        """The revision, the part and the encoder."""
        return f"{self.revision}, part={self.part!r}, encoder={self.encoder.ref!r}"

    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return the part in [0, 1]; a failure when the ground truth has no token, or a text no vectors."""
        wanted = as_text(expected)
        try:
            truth, got = self.encoder.embed_tokens(wanted), self.encoder.embed_tokens(text)
        except (MigrateError, ValueError) as error:
            return ScoreFailure(reason=f"{self.encoder.ref} gave no vectors to compare: {error}")
        if not len(truth):
            return ScoreFailure(reason=f"the ground truth {quoted(wanted)} has no token to compare")
        if not len(got):
            return Score(0.0, expected_got(wanted, text))
        precision, recall = greedy_match(truth, got)
        found = {"precision": precision, "recall": recall, "f1": harmonic_mean(precision, recall)}
        told = ", ".join(f"{name} {value:.4f}" for name, value in found.items())
        return Score(found[self.part], f"{told} by {self.encoder.ref}; {expected_got(wanted, text)}")


def greedy_match(truth: Vectors, got: Vectors) -> tuple[float, float]:
    """Return precision and recall in [0, 1] of vectors of length 1, one a token; there is one or more on each side."""
    import numpy as np  # noqa: PLC0415 - a session without the metric does not pay for it

    cosines = np.asarray(got) @ np.asarray(truth).T
    precision, recall = (float(cosines.max(axis=axis).mean()) for axis in (1, 0))
    return min(max(precision, 0.0), 1.0), min(max(recall, 0.0), 1.0)
