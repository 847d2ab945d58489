"""Both sides' answers before one judge, in both orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.domain import Answer, JudgedMetric, PairedMetric, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics import Pairwise
from tests.metrics.judges import judge, row, verdict

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Score
    from tests.metrics.judges import ScriptedJudge

ROW = row(question="why?", answer_ground_truth="because")


def pair(
    found: ScriptedJudge, source: str = "s", target: str = "t"
) -> tuple[Score | ScoreFailure, Score | ScoreFailure]:
    """Compare two texts."""
    return Pairwise().judged_by(lambda _: found).score_pair(Answer(text=source), Answer(text=target), ROW)


def says(*winners: str) -> ScriptedJudge:
    """Return a judge that names these winners in turn."""
    return judge(*(verdict(reasoning=f"{winner} it is", winner=winner) for winner in winners))


@pytest.mark.parametrize(
    ("winners", "scores", "outcome"),
    [
        (("A", "B"), (1, 0), "the source wins in both orders"),
        (("B", "A"), (0, 1), "the target wins in both orders"),
        (("tie", "tie"), (0.5, 0.5), "a tie in both orders"),
        (("A", "A"), (0.5, 0.5), "order decides"),
        (("B", "B"), (0.5, 0.5), "order decides"),
        (("A", "tie"), (0.5, 0.5), "order decides"),
        (("tie", "A"), (0.5, 0.5), "order decides"),
    ],
)
def test_a_win_survives_the_swap(winners: tuple[str, str], scores: tuple[float, float], outcome: str) -> None:
    """A side wins where both orders say so; a verdict that changes with the order is a tie."""
    found = says(*winners)
    source, target = pair(found)
    assert (source, target) == scores
    assert source.reason == target.reason
    assert source.reason.startswith(f"{outcome}: source first: ")
    assert len(found.asked) == 2


def test_both_verdicts_are_in_the_reason() -> None:
    """In terms of the sides, with the order they were seen in."""
    _, target = pair(says("B", "A"))
    assert target.reason == (
        "the target wins in both orders: source first: target (B it is); target first: target (A it is)"
    )


def test_the_answers_change_places() -> None:
    """The judge sees the same but for the order, and not which side is which."""
    found = says("tie")
    pair(found)
    first, second = found.texts
    assert "answer A:\n```\ns\n```\n\nanswer B:\n```\nt\n```" in first
    assert "answer A:\n```\nt\n```\n\nanswer B:\n```\ns\n```" in second
    assert "reference:\n```\nbecause\n```" in first
    assert not any(side in text for side in ("source", "target") for text in (first, found.asked[0].system or ""))


def test_equal_answers_tie_unasked() -> None:
    """There is nothing to compare, and nothing to pay."""
    found = says("A")
    assert pair(found, "same", " same\n") == (0.5, 0.5)
    assert found.asked == []


@pytest.mark.parametrize("answers", [(verdict(winner="C"),), (verdict(reasoning="", winner="A"), "no", "no")])
def test_half_a_comparison_is_none(answers: tuple[Answer | str, ...]) -> None:
    """Where one order has no verdict, neither side has a score."""
    source, target = pair(judge(*answers))
    assert isinstance(source, ScoreFailure)
    assert source == target


def test_one_answer_alone_is_not_compared() -> None:
    """The metric keeps both promises and says what it is for."""
    metric = Pairwise()
    assert isinstance(metric, PairedMetric)
    assert isinstance(metric, JudgedMetric)
    assert metric.score(Answer(text="a"), ROW) == ScoreFailure(reason="pairwise compares two answers, and there is one")
    assert pair(says("A")) != metric.score_pair(Answer(text="a"), Answer(text="b"), ROW)


def test_a_criterion_says_something() -> None:
    """An empty one would leave the judge to guess."""
    with pytest.raises(MetricDefinitionError, match="pairwise is no metric yet: its criterion is empty"):
        Pairwise(criterion="")
