"""Whether claims rest on the context, whether they bear on the question, and whether the context was of use."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_llm_migrate.domain import Score, ScoreFailure
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
from pytest_llm_migrate.metrics.material import DATA_RULE, is_nothing, question_of, told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.domain import Answer, Row
    from pytest_llm_migrate.metrics.shape import Schema

SUPPORTED = (
    "You check claims against a context. For each claim say 'supported' where the context says it or it follows from "
    "the context alone, else 'unsupported', whether or not it is true in the world. Give one verdict for each "
    f"number.\n\n{SAME_FACT}\n\n{DATA_RULE}"
)
"""How a judge is asked to hold claims against the context."""
RELEVANT_CLAIMS = (
    "You check whether the claims of an answer bear on the question. For each claim say 'relevant' where it answers "
    "the question, a part of it, or is needed to understand the answer, else 'irrelevant'. Whether it is true does not "
    f"count here. Give one verdict for each number.\n\n{DATA_RULE}"
)
"""How a judge is asked whether claims bear on the question."""
USEFUL = (
    "You check passages that were retrieved to answer a question. For each passage say 'useful' where it holds "
    "something that the reference answer rests on, else 'useless'. Give one verdict for each number."
    f"\n\n{SAME_FACT}\n\n{DATA_RULE}"
)
"""How a judge is asked which passages were of use."""
RELEVANT_SENTENCES = (
    "You check which sentences of a context are needed to answer a question. Give the numbers of those that help to "
    f"answer it, in whole or in part; an empty list where none does.\n\n{DATA_RULE}"
)
"""How a judge is asked which sentences of the context bear on the question."""

_SUPPORT = verdicts_schema({"claims": ("supported", "unsupported")})
_BEARING = verdicts_schema({"claims": ("relevant", "irrelevant")})
_USE = verdicts_schema({"passages": ("useful", "useless")})
_NUMBERS: Schema = {
    "type": "object",
    "properties": {"numbers": {"type": "array", "items": {"type": "integer"}}},
    "required": ["numbers"],
    "additionalProperties": False,
}
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n|(?<=[\u3002\uff01\uff1f])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Faithfulness(ClaimsMetric):
    """The share of the answer's claims that the context supports (Ragas, and AWS's Model Agility solution).

    The judge takes apart the answer, then judges its claims: two calls, the first shared with all metrics of the
    answer's claims. An answer without claims is a score failure, not faithful: the share of nothing is none.
    """

    calls: ClassVar[int] = 2

    name: str = "faithfulness"
    needs: tuple[str, ...] = ("context",)

    @property
    def system(self) -> str:
        """All that the judge is told, in its steps."""
        return f"{DECOMPOSE}\n\n{SUPPORTED}"

    @property
    def schema(self) -> Schema:
        """The verdicts of the last step."""
        return _SUPPORT

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return the share; a failure without a context, without claims, or without a usable verdict."""
        return self.missing(row) or self.supported(row, answer.text, "the answer")

    def missing(self, row: Row) -> ScoreFailure | None:
        """Return the failure of a row that has not what is needed."""
        columns = {part: getattr(self, part) for part in self.needs}
        lacking = next((part for part, column in columns.items() if is_nothing(row.get(column))), None)
        return ScoreFailure(reason=f"the row has no {lacking} (column {columns[lacking]!r})") if lacking else None

    def supported(self, row: Row, text: str, whose: str, *, needed: bool = False) -> Score | ScoreFailure:
        """Return the share of a text's claims that the context supports."""
        claims = self.claims(row, text, needed=needed)
        if isinstance(claims, ScoreFailure):
            return replace(claims, reason=f"claims of {whose}: {claims.reason}")
        if not claims:
            return ScoreFailure(reason=f"{whose} claims nothing that the context could support")
        shown = {"question": question_of(row, self.question), "context": told(row[str(self.context)])}
        return self.share(row, SUPPORTED, {**shown, "claims": numbered(claims)}, _SUPPORT, claims)

    def share(
        self, row: Row, system: str, shown: Mapping[str, str], schema: Schema, items: Sequence[str]
    ) -> Score | ScoreFailure:
        """Return the share of numbered claims with the better verdict."""
        found = self.ask(row, system, shown, schema, one_each({"claims": len(items)}))
        if isinstance(found, ScoreFailure):
            return found
        word = schema["properties"]["claims"]["items"]["properties"]["verdict"]["enum"][0]
        held = good(found["claims"], word)
        others = listed(items, held)
        reason = f"{sum(held)} of {len(held)} claims {word}"
        return Score(sum(held) / len(held), f"{reason}; not: {others}" if others else reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRecall(Faithfulness):
    """The share of the ground truth's claims that the context supports (Ragas): could the answer be found there?

    It judges retrieval, not the answer: two calls, the first shared with all metrics of the ground truth's claims.
    """

    name: str = "context_recall"
    needs: tuple[str, ...] = ("context", "reference")

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:  # noqa: ARG002 - the context is judged
        """Return the share; a failure without a context, a ground truth, or a usable verdict."""
        return self.missing(row) or self.supported(row, reference_of(self, row), "the ground truth", needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRelevancy(Faithfulness):
    """The share of the answer's claims that bear on the question.

    DeepEval's formula; Ragas compares embeddings of questions made from the answer instead. Two calls, the first shared
    with all metrics of the answer's claims. An answer without claims scores 0, as Ragas's evasive answers do: it does
    not take up the question.
    """

    name: str = "answer_relevancy"
    needs: tuple[str, ...] = ()

    @property
    def system(self) -> str:
        """All that the judge is told, in its steps."""
        return f"{DECOMPOSE}\n\n{RELEVANT_CLAIMS}"

    @property
    def schema(self) -> Schema:
        """The verdicts of the last step."""
        return _BEARING

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return the share; a failure without a usable verdict."""
        claims = self.claims(row, answer.text)
        if isinstance(claims, ScoreFailure):
            return replace(claims, reason=f"claims of the answer: {claims.reason}")
        if not claims:
            return Score(0.0, "the answer claims nothing")
        shown = {"question": question_of(row, self.question), "claims": numbered(claims)}
        return self.share(row, RELEVANT_CLAIMS, shown, _BEARING, claims)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextPrecision(Faithfulness):
    """How far up the useful passages stand: the mean of precision at k over the useful passages (Ragas), one call.

    A passage is useful where the ground truth rests on it; none useful is 0. A context that is one text is one
    passage. It judges retrieval, not the answer.
    """

    calls: ClassVar[int] = 1

    name: str = "context_precision"
    needs: tuple[str, ...] = ("context", "reference")

    @property
    def system(self) -> str:
        """What the judge is told."""
        return USEFUL

    @property
    def schema(self) -> Schema:
        """A verdict for each passage."""
        return _USE

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:  # noqa: ARG002 - the context is judged
        """Return the mean precision; a failure without a context, a ground truth, or a usable verdict."""
        if failure := self.missing(row):
            return failure
        passages = passages_of(row[str(self.context)])
        shown = {
            "question": question_of(row, self.question),
            "reference": reference_of(self, row),
            "passages": told(passages),
        }
        found = self.ask(row, USEFUL, shown, _USE, one_each({"passages": len(passages)}))
        if isinstance(found, ScoreFailure):
            return found
        useful = good(found["passages"], "useful")
        places = [place for place, is_useful in enumerate(useful, 1) if is_useful]
        reason = f"useful passages: {', '.join(map(str, places)) or 'none'} of {len(useful)}"
        value = sum(rank / place for rank, place in enumerate(places, 1)) / len(places) if places else 0.0
        return Score(min(value, 1.0), reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRelevancy(Faithfulness):
    """The share of the context's sentences that help to answer the question (Ragas 0.0's formula), one call.

    Sentences end at a full stop, a question or exclamation mark, or a line's end. It judges retrieval, not the answer.
    """

    calls: ClassVar[int] = 1

    name: str = "context_relevancy"

    @property
    def system(self) -> str:
        """What the judge is told."""
        return RELEVANT_SENTENCES

    @property
    def schema(self) -> Schema:
        """Numbers of sentences."""
        return _NUMBERS

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:  # noqa: ARG002 - the context is judged
        """Return the share; a failure without a context or a usable verdict."""
        if failure := self.missing(row):
            return failure
        sentences = sentences_of(passages_of(row[str(self.context)]))
        if not sentences:
            return ScoreFailure(reason="the context holds no sentence")
        count = len(sentences)

        def check(verdict: Mapping[str, Any]) -> str | None:
            wrong = [number for number in verdict["numbers"] if not 1 <= number <= count]
            return f"there is no sentence {wrong[0]:g}, they are numbered from 1 to {count}" if wrong else None

        shown = {"question": question_of(row, self.question), "sentences": numbered(sentences)}
        found = self.ask(row, RELEVANT_SENTENCES, shown, _NUMBERS, check)
        if isinstance(found, ScoreFailure):
            return found
        needed = len({int(number) for number in found["numbers"]})
        return Score(needed / count, f"{needed} of {count} sentences of the context help to answer")


def passages_of(context: object) -> list[str]:
    """Return a context's passages: those of a list, else the one text that it is."""
    items = context if isinstance(context, (list, tuple)) else [context]
    return [told(item) for item in items]


def sentences_of(passages: Sequence[str]) -> list[str]:
    """Return the sentences of passages, in order."""
    return [part.strip() for passage in passages for part in _SENTENCE_END.split(passage) if part and part.strip()]


def reference_of(metric: ClaimsMetric, row: Row) -> str:
    """Return a row's ground truth as the judge is shown it; of several accepted answers the first."""
    truth = row[str(metric.reference)]
    return told(truth[0] if isinstance(truth, (list, tuple)) else truth)


def grounding_metrics() -> tuple[Faithfulness, ...]:
    """Return the metrics of context and question with their default settings."""
    return (Faithfulness(), AnswerRelevancy(), ContextPrecision(), ContextRecall(), ContextRelevancy())
