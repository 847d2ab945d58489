"""Claims: what a judge is asked about them, how often, and what is made of its verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Answer, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError, UnknownNameError
from pytest_llm_migrate.metrics import (
    AnswerCorrectness,
    AnswerRelevancy,
    AnswerSimilarity,
    ChrF,
    ContextPrecision,
    ContextRecall,
    ContextRelevancy,
    FactualCorrectness,
    Faithfulness,
    TokenF1,
    builtins,
    judge_likert,
)
from pytest_llm_migrate.metrics.claims import ClaimsMetric
from pytest_llm_migrate.metrics.grounding import sentences_of
from tests.metrics.judges import judge, row, verdict
from tests.metrics.test_any_text import ANY_TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import JudgedMetric, Score
    from tests.metrics.judges import ScriptedJudge

METRICS: list[JudgedMetric] = [metric for metric in builtins() if isinstance(metric, ClaimsMetric)]
ROW = row(question="what was capex in USD millions?", content=["One.", "Two. Three!"], answer_ground_truth="$1577.00")
PRECISION, RECALL, F1 = (FactualCorrectness(name=part, part=part) for part in ("precision", "recall", "f1"))


class Embeddings:
    """An embedder that sends every text to one of two directions."""

    ref = "embedder:two"

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector each."""
        return [[1.0, float("million" in text)] for text in texts]


def of(words: Sequence[str]) -> list[dict[str, Any]]:
    """Return verdicts with these words, last number first."""
    return [{"number": number, "reason": "", "verdict": word} for number, word in enumerate(words, 1)][::-1]


def classified(answer: Sequence[str], reference: Sequence[str]) -> ScriptedJudge:
    """Return a judge that classifies as many claims as there are words."""
    return judge(
        verdict(claims=[f"fact {number}" for number, _ in enumerate(reference)]),
        verdict(claims=[f"claim {number}" for number, _ in enumerate(answer)]),
        verdict(answer_claims=of(answer), reference_claims=of(reference)),
    )


def outcome(metric: JudgedMetric, found: ScriptedJudge, text: str = "an answer", **values: Any) -> Score | ScoreFailure:
    """Score an answer with a judge."""
    asked = row(**{**ROW.values, **values})
    return metric.judged_by(lambda _: found).score(Answer(text=text), asked)


@pytest.mark.parametrize(
    ("answer", "reference", "precision", "recall", "f1"),
    [
        (["supported"], ["covered"], 1, 1, 1),
        (["supported", "unsupported"], ["covered", "missing", "missing", "missing"], 0.5, 0.25, 1 / 3),
        (["unsupported"], ["missing"], 0, 0, 0),
        (["supported", "supported", "supported"], ["covered", "missing"], 1, 0.5, 2 / 3),
    ],
)
def test_precision_recall_and_f1(
    answer: list[str], reference: list[str], precision: float, recall: float, f1: float
) -> None:
    """Each share is of one text's claims; F1 is their harmonic mean."""
    found: list[object] = [outcome(metric, classified(answer, reference)) for metric in (PRECISION, RECALL, F1)]
    assert found == pytest.approx([precision, recall, f1])


def test_the_reason_names_what_is_lost() -> None:
    """Claims that are not supported, and those that are missing, in words."""
    said = outcome(F1, classified(["unsupported", "supported"], ["covered", "missing"])).reason
    assert said == (
        "1 of 2 claims of the answer supported; unsupported: 'claim 0'; "
        "1 of 2 claims of the ground truth covered; missing: 'fact 1'"
    )


def test_correctness_is_three_quarters_of_f1() -> None:
    """And a quarter of the similarity, unless the weights say otherwise."""
    correctness = AnswerCorrectness(similarity=Embeddings())
    found: object = outcome(correctness, classified(["supported"], ["missing"]), "1577")
    assert found == 0.25  # the cosine of equal directions
    halves = AnswerCorrectness(similarity=Embeddings(), weights=(2, 2))
    mixed: object = outcome(halves, classified(["supported"], ["covered"]), "1577 million")
    assert mixed == pytest.approx(0.5 + 0.5 / 2**0.5)
    assert "embedder:two" in correctness.version
    assert "similarity=chrf" in AnswerCorrectness().version
    versions = {metric.version for metric in (correctness, halves, AnswerCorrectness())}
    assert len(versions) == 3


def test_similarity_is_what_was_chosen() -> None:
    """An embedder's cosine or a metric's score; chrF where nothing is chosen."""
    answer = Answer(text="1577 million")
    cosine: object = AnswerSimilarity(similarity=Embeddings()).score(answer, ROW)
    assert cosine == pytest.approx(2**-0.5)
    assert AnswerSimilarity(similarity=TokenF1()).score(answer, ROW) == TokenF1().score(answer, ROW)
    assert AnswerSimilarity().score(answer, ROW) == ChrF().score(answer, ROW)
    assert AnswerSimilarity().version.startswith("1, similarity=chrf 1, ")
    with pytest.raises(MetricDefinitionError, match="it asks a judge, and a similarity asks none"):
        AnswerSimilarity(similarity=judge_likert())


def test_notation_does_not_decide() -> None:
    """The judge is told that a bare number counts as the question says, and sees the question."""
    found = classified(["supported"], ["covered"])
    outcome(F1, found, "It was $1,577 million.")
    assert all("what was capex in USD millions?" in text for text in found.texts)
    assert "'$1577.00' and '$1,577 million'" in str(found.asked[2].system)
    assert "'$1577.00' and 'Customer deposits' are one claim each" in str(found.asked[0].system)


def test_a_ground_truth_has_a_claim() -> None:
    """A judge that finds none in '$1577.00' is asked again; if it insists there is no score, least of all 1."""
    found = judge(verdict(claims=[]))
    failure = outcome(F1, found, "")
    assert isinstance(failure, ScoreFailure)
    assert failure.reason.startswith("claims of the ground truth: the judge gave no usable verdict")
    assert len(found.asked) == 2
    mended = judge(verdict(claims=[]), verdict(claims=["capex was $1577.00"]))
    nothing: object = outcome(F1, mended, "")
    assert nothing == 0


@pytest.mark.parametrize("text", ["", " \n", "I cannot answer."])
def test_an_answer_without_claims(text: str) -> None:
    """It says nothing right and nothing to the point, and is not faithful either: that has no score."""
    for metric in (PRECISION, RECALL, F1):
        found: object = outcome(metric, judge(verdict(claims=["a"]), verdict(claims=[])), text)
        assert found == 0
    relevant: object = outcome(AnswerRelevancy(), judge(verdict(claims=[])), text)
    assert relevant == 0
    failure = outcome(Faithfulness(), judge(verdict(claims=[])), text)
    assert failure == ScoreFailure(reason="the answer claims nothing that the context could support")


@pytest.mark.parametrize(
    ("verdicts", "fault"),
    [
        (of(["supported"]), "answer_claims must have one verdict for each number from 1 to 2, and has 1"),
        (of(["supported"] * 3), "answer_claims must have one verdict for each number from 1 to 2, and has 3"),
        (of(["supported"]) * 2, "and has 2 with other numbers"),
        ([], "and has 0"),
        (of(["supported", "maybe"]), "verdict is 'maybe', not 'supported' or 'unsupported'"),
    ],
)
def test_verdicts_that_do_not_match_are_a_failure(verdicts: list[dict[str, Any]], fault: str) -> None:
    """Too few, too many, twice the same, none, or a word that is none of the two."""
    claims = verdict(claims=["a", "b"])
    found = judge(claims, claims, verdict(answer_claims=verdicts, reference_claims=of(["covered", "covered"])))
    failure = outcome(F1, found)
    assert isinstance(failure, ScoreFailure)
    assert fault in failure.reason
    assert len(found.asked) == 4


def test_the_closest_accepted_answer_counts() -> None:
    """A list of ground truths holds alternatives, of which an answer need give one."""
    found = judge(
        verdict(claims=["a"]),
        verdict(claims=["x"]),
        verdict(answer_claims=of(["unsupported"]), reference_claims=of(["missing"])),
        verdict(claims=["b"]),
        verdict(claims=["x"]),
        verdict(answer_claims=of(["supported"]), reference_claims=of(["covered"])),
    )
    best: object = outcome(F1, found, answer_ground_truth=["one", "", "two"])
    assert best == 1


def test_faithfulness_relevancy_and_recall_are_shares() -> None:
    """Of the answer's claims in the context, of those to the point, and of the ground truth's in the context."""
    claims = verdict(claims=["a", "b"])
    supported = judge(claims, verdict(claims=of(["supported", "unsupported"])))
    faithful = outcome(Faithfulness(), supported)
    assert (faithful, faithful.reason) == (0.5, "1 of 2 claims supported; not: 'b'")
    assert "[1] One.\n\n[2] Two. Three!" in supported.texts[1]
    recall: object = outcome(ContextRecall(), judge(claims, verdict(claims=of(["supported", "supported"]))))
    assert recall == 1
    relevant: object = outcome(AnswerRelevancy(), judge(claims, verdict(claims=of(["irrelevant", "irrelevant"]))))
    assert relevant == 0


@pytest.mark.parametrize(
    ("words", "score"),
    [
        (["useful", "useless"], 1),
        (["useless", "useful"], 0.5),
        (["useful", "useful"], 1),
        (["useless", "useless"], 0),
    ],
)
def test_context_precision_looks_at_places(words: list[str], score: float) -> None:
    """A useful passage behind a useless one counts half, as the mean of precision at k."""
    found: object = outcome(ContextPrecision(), judge(verdict(passages=of(words))))
    assert found == score


def test_context_relevancy_counts_sentences() -> None:
    """Each number counts once; one that there is not is asked for again, then a failure."""
    found: object = outcome(ContextRelevancy(), judge(verdict(numbers=[3, 3])))
    assert found == pytest.approx(1 / 3)
    failure = outcome(ContextRelevancy(), judge(verdict(numbers=[4])))
    assert "there is no sentence 4, they are numbered from 1 to 3" in failure.reason
    sentences = sentences_of(["It rose 3.5%. Why?", "\n\u4e00\u3002\u4e8c"])
    assert sentences == [
        "It rose 3.5%.",
        "Why?",
        "\u4e00\u3002",
        "\u4e8c",
    ]
    assert outcome(ContextRelevancy(), judge(""), content="\n \n").reason == "the context holds no sentence"


@pytest.mark.parametrize(
    ("metric", "column", "reason"),
    [
        (F1, "answer_ground_truth", "the row has no ground truth (column 'answer_ground_truth')"),
        (Faithfulness(), "content", "the row has no context (column 'content')"),
        (ContextRecall(), "answer_ground_truth", "the row has no reference (column 'answer_ground_truth')"),
        (ContextPrecision(), "content", "the row has no context (column 'content')"),
        (ContextRelevancy(), "content", "the row has no context (column 'content')"),
    ],
)
def test_a_row_without_what_is_needed_asks_nobody(metric: JudgedMetric, column: str, reason: str) -> None:
    """The failure names the column, and no call is made."""
    found = judge("")
    lacking: dict[str, Any] = {column: None}
    assert outcome(metric, found, **lacking) == ScoreFailure(reason=reason)
    assert found.asked == []


def test_settings_that_mean_nothing_are_refused() -> None:
    """A part that is none, and weights that add up to nothing."""
    with pytest.raises(UnknownNameError, match="unknown part 'f2'"):
        FactualCorrectness(part="f2")  # type: ignore[arg-type]
    for weights in ((0, 0), (-1, 2), 0.75, (1, 2, 3)):
        with pytest.raises(MetricDefinitionError, match="are not two numbers from 0 on"):
            AnswerCorrectness(weights=weights)  # type: ignore[arg-type]


def test_without_a_judge_there_is_no_score() -> None:
    """Every metric that asks says so before it is given its judge."""
    for metric in METRICS:
        failure = metric.score(Answer(text="a"), ROW)
        assert isinstance(failure, ScoreFailure)
        assert failure.reason.endswith(f"{metric.name} has no judge yet")


@given(ANY_TEXT | st.sampled_from(["\x00", "a. " * 333_333, "`" * 1_000_000]))
def test_any_answer_gets_a_share_or_a_failure(text: str) -> None:
    """Whatever was answered, no metric raises, and a judge that is no good gives no score."""
    for metric in METRICS:
        for reply in ("no verdict", verdict(claims=[text or "a"]), verdict(claims=[], numbers=[1], passages=[])):
            found = outcome(metric, judge(reply), text)
            assert isinstance(found, ScoreFailure) or 0 <= found <= 1
