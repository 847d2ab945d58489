"""How many of an answer's claims the ground truth supports, and how many of its claims the answer has."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.claims import (
    DECOMPOSE,
    SAME_FACT,
    ClaimsMetric,
    good,
    listed,
    numbered,
    one_each,
    verdicts_schema,
)
from pytest_llm_migrate.metrics.material import DATA_RULE, is_nothing, question_of
from pytest_llm_migrate.metrics.reference import as_text, one_of
from pytest_llm_migrate.metrics.similarity import metered_similarity, similarity_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Answer, Embedder, Meter, Metric, Row
    from pytest_llm_migrate.metrics.shape import Schema

Part = Literal["precision", "recall", "f1"]
PARTS: tuple[Part, ...] = ("precision", "recall", "f1")
CLASSIFY = (
    "You compare an answer with the reference answer to the same question, claim by claim.\n\n"
    "For each claim of the answer say 'supported' where the reference says it or it follows from the reference alone, "
    "else 'unsupported', whether or not it is true in the world. For each claim of the reference say 'covered' where "
    "the answer says it or it follows from the answer alone, else 'missing'. Give one verdict for each number.\n\n"
    f"{SAME_FACT}\n\n{DATA_RULE}"
)
"""How a judge is asked to classify the claims of both texts."""
_ANSWER, _REFERENCE = "answer_claims", "reference_claims"
_SCHEMA = verdicts_schema({_ANSWER: ("supported", "unsupported"), _REFERENCE: ("covered", "missing")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Both texts' claims, and which of them hold.

    Attributes:
        claims: The answer's claims.
        supported: Whether the reference supports each of them.
        expected: The reference's claims, at least one.
        covered: Whether the answer has each of them.
    """

    claims: Sequence[str]
    supported: Sequence[bool]
    expected: Sequence[str]
    covered: Sequence[bool]

    @property
    def precision(self) -> float:
        """The share of the answer's claims that are supported; 0 where it claims nothing."""
        return sum(self.supported) / len(self.claims) if self.claims else 0.0

    @property
    def recall(self) -> float:
        """The share of the reference's claims that are covered."""
        return sum(self.covered) / len(self.expected)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def said(self, part: Part) -> str:
        """Say what was counted for a part, and which claims count against it."""
        precise = f"{sum(self.supported)} of {len(self.claims)} claims of the answer supported"
        complete = f"{sum(self.covered)} of {len(self.expected)} claims of the ground truth covered"
        beside = listed(self.claims, self.supported)
        missing = listed(self.expected, self.covered)
        precise += f"; unsupported: {beside}" if beside else ""
        complete += f"; missing: {missing}" if missing else ""
        return {"precision": precise, "recall": complete, "f1": f"{precise}; {complete}"}[part]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactualCorrectness(ClaimsMetric):
    """Precision, recall or F1 of an answer's claims against the ground truth's, in [0, 1].

    Precision is the share of the answer's claims that the ground truth supports (TP / (TP + FP)), recall the share of
    the ground truth's claims that the answer has (1 - FN / all), F1 = 2PR / (P + R). So in AWS's Model Agility
    solution, whose precision and recall are faithfulness(answer | ground truth) and faithfulness(ground truth |
    answer), and in Ragas's FactualCorrectness. Each share is of one text's claims: Ragas takes TP from the answer for
    the recall as well, which an answer raises by splitting a claim in three.

    The judge takes apart the answer and the ground truth, then classifies all claims: three calls, shared by all
    parts and by `AnswerCorrectness`. An answer without claims has precision 0, unclassified: it says nothing right.
    A ground truth without claims is a score failure. Of a list of accepted answers the closest counts.

    Attributes:
        part: ``precision``, ``recall`` or ``f1``.
    """

    calls: ClassVar[int] = 3

    name: str = "answer_f1"
    part: Part = "f1"

    def __post_init__(self) -> None:
        ClaimsMetric.__post_init__(self)
        one_of("part", self.part, PARTS)

    @property
    def system(self) -> str:
        """All that the judge is told, in its steps."""
        return f"{DECOMPOSE}\n\n{CLASSIFY}"

    @property
    def schema(self) -> Schema:
        """The verdicts of the last step."""
        return _SCHEMA

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return the share; a failure without a ground truth, or where the judge gives no usable verdict."""
        facts = self.facts(answer, row)
        if isinstance(facts, ScoreFailure):
            return facts
        return Score(getattr(facts, self.part), facts.said(self.part))

    def facts(self, answer: Answer, row: Row) -> Facts | ScoreFailure:
        """Return both texts' claims with their verdicts, for the accepted answer with the best part."""
        truth = None if self.reference is None else row.get(self.reference)
        accepted = [as_text(item) for item in (truth if isinstance(truth, (list, tuple)) else [truth])]
        accepted = [text for text in accepted if text.strip()] if not is_nothing(truth) else []
        if not accepted:
            return ScoreFailure(reason=f"the row has no ground truth (column {self.reference!r})")
        found = [self._facts(answer.text, text, row) for text in accepted]
        best = max((item for item in found if isinstance(item, Facts)), key=self._rank, default=None)
        return best or next(item for item in found if isinstance(item, ScoreFailure))

    def _rank(self, facts: Facts) -> float:
        return float(getattr(facts, self.part))

    def _facts(self, text: str, reference: str, row: Row) -> Facts | ScoreFailure:
        expected = self.claims(row, reference, needed=True)
        if isinstance(expected, ScoreFailure):
            return replace(expected, reason=f"claims of the ground truth: {expected.reason}")
        claims = self.claims(row, text)
        if isinstance(claims, ScoreFailure):
            return replace(claims, reason=f"claims of the answer: {claims.reason}")
        if not claims:
            return Facts(claims=(), supported=(), expected=expected, covered=[False] * len(expected))
        shown = {
            "question": question_of(row, self.question),
            "answer": text,
            "reference": reference,
            "claims of the answer": numbered(claims),
            "claims of the reference": numbered(expected),
        }
        counts = {_ANSWER: len(claims), _REFERENCE: len(expected)}
        found = self.ask(row, CLASSIFY, shown, _SCHEMA, one_each(counts))
        if isinstance(found, ScoreFailure):
            return found
        return Facts(
            claims=claims,
            supported=good(found[_ANSWER], "supported"),
            expected=expected,
            covered=good(found[_REFERENCE], "covered"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCorrectness(FactualCorrectness):
    """A weighted mean of the F1 of claims and the similarity of the whole texts: 0.75 and 0.25 unless said otherwise.

    Ragas's AnswerCorrectness, and that of AWS's Model Agility solution: 0.75 * F1 + 0.25 * similarity, theirs the
    cosine of embeddings. Without an embedder the similarity here is chrF, as the version says.

    Attributes:
        weights: Of F1 and of the similarity; their sum is the whole.
        similarity: An embedder, or any metric that asks no judge; ``None`` is chrF.
    """

    name: str = "answer_correctness"
    weights: tuple[float, float] = (0.75, 0.25)
    similarity: Metric | Embedder | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        FactualCorrectness.__post_init__(self)
        similarity_of(self.similarity)
        match self.weights:
            case [int() | float() as first, int() | float() as second] if min(first, second) >= 0 < first + second:
                return
        fault = f"its weights {self.weights!r} are not two numbers from 0 on with one above"
        raise MetricDefinitionError(self.name, fault, "Write them as weights=(0.75, 0.25).")

    @property
    def version(self) -> str:
        """That of every metric that asks, the weights, and the similarity with its own version."""
        by = similarity_of(self.similarity)
        told = replace(self, similarity=None, name=self.name)
        base = FactualCorrectness.version.__get__(told)
        return f"{base}, similarity={by.name} {by.version}"

    def metered_by(self, meter: Meter) -> AnswerCorrectness:
        """Return the metric whose calls of an embedder go through the meter."""
        return replace(self, similarity=metered_similarity(self.similarity, meter))

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return the weighted mean; a failure where either half is one."""
        similarity = similarity_of(self.similarity).score(answer, row)
        if isinstance(similarity, ScoreFailure):
            return similarity
        facts = self.facts(answer, row)
        if isinstance(facts, ScoreFailure):
            return facts
        first, second = self.weights
        value = (first * facts.f1 + second * similarity) / (first + second)
        reason = f"F1 {facts.f1:.4g}, similarity {float(similarity):.4g}: {facts.said('f1')}"
        return Score(min(value, 1.0), reason)


def factual_metrics() -> tuple[FactualCorrectness, ...]:
    """Return answer precision, recall, F1 and correctness with their default settings."""
    parts = (FactualCorrectness(name=f"answer_{part}", part=part) for part in PARTS)
    return (*parts, AnswerCorrectness())
