"""Several judges and one score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.domain import Answer, JudgedMetric, Score, ScoreFailure
from pytest_llm_migrate.errors import CallFailedError, MetricDefinitionError, UnknownNameError
from pytest_llm_migrate.metrics import ExactMatch, Jury, Pairwise, judge_likert
from tests.metrics.judges import ScriptedJudge, judge, row, verdict

if TYPE_CHECKING:
    from collections.abc import Callable


REFS = ("amazon.nova-pro-v1:0", "meta.llama3-70b-instruct-v1:0", "local:qwen2.5-0.5b")


def jury(*votes: int | None, **settings: Any) -> Jury:
    """Return a jury whose judges vote so on 1 to 5; ``None`` is a judge that cannot be reached."""
    judges = {
        ref: judge(CallFailedError("timeout", "gone") if vote is None else verdict(reasoning="so", score=vote), ref=ref)
        for ref, vote in zip(REFS, votes, strict=False)
    }
    return Jury(of=judge_likert(), judges=tuple(judges), **settings).judged_by(lambda ref: judges[str(ref)])


def anything(value: Any) -> Any:
    """Return what a type checker would refuse."""
    return value


def score(of: Jury) -> Score | ScoreFailure:
    """Score an answer."""
    return of.score(Answer(text="a"), row(question="why?"))


@pytest.mark.parametrize(
    ("combine", "votes", "expected"),
    [
        ("mean", (1, 2, 5), 5 / 12),
        ("median", (1, 2, 5), 0.25),
        ("majority", (1, 4, 5), 1),
        ("majority", (1, 2, 5), 0),
        ("majority", (1, 5), 0.5),
        ("majority", (3, 3, 5), 1),
        ("majority", (3,), 0.5),
    ],
)
def test_votes_are_combined(combine: str, votes: tuple[int, ...], expected: float) -> None:
    """By their mean, their middle, or where most of them stand."""
    assert score(jury(*votes, combine=combine)) == pytest.approx(expected)


def test_every_vote_is_in_the_reason() -> None:
    """With how far apart they are."""
    assert score(jury(1, 4)).reason == (
        "mean of 2 votes, spread 0.75: amazon.nova-pro-v1:0 0 (1 on 1 to 5: so); "
        "meta.llama3-70b-instruct-v1:0 0.75 (4 on 1 to 5: so)"
    )


def test_a_missing_vote_is_a_failure() -> None:
    """All votes are wanted unless a quorum says otherwise, and who did not vote is named."""
    assert score(jury(5, None, 5)) == ScoreFailure(
        reason="1 of 3 judges gave no vote: meta.llama3-70b-instruct-v1:0: judge timeout: gone"
    )
    found = score(jury(5, None, 5, quorum=2))
    assert isinstance(found, Score)
    assert float(found) == 1
    assert "meta.llama3-70b-instruct-v1:0 gave none (judge timeout: gone)" in found.reason
    assert isinstance(score(jury(5, None, None, quorum=2)), ScoreFailure)


def test_what_jurors_said_is_kept() -> None:
    """The raw text of those that gave no verdict is the jury's."""
    found = Jury(of=judge_likert(), judges=(None,)).judged_by(lambda _: judge("four"))
    failure = score(found)
    assert isinstance(failure, ScoreFailure)
    assert failure.raw == "amazon.nova-pro-v1:0:\nfour"


def test_the_version_knows_every_juror() -> None:
    """Another judge, another order of combining or another quorum scores anew."""
    versions = [jury(1, 2), jury(1), jury(1, 2, combine="median"), jury(1, 2, quorum=1)]
    assert len({found.version for found in versions}) == 4
    assert "judge='meta.llama3-70b-instruct-v1:0'" in versions[0].version


def test_a_jury_is_a_judged_metric() -> None:
    """Its name is that of what it judges by, unless it is given one, and before it sits it scores nothing."""
    unbound = Jury(of=judge_likert(name="judge:tone"), judges=(None,))
    assert (unbound.name, Jury(of=judge_likert(), judges=(None,), name="mine").name) == ("jury:tone", "mine")
    assert isinstance(unbound, JudgedMetric)
    assert unbound.version != Jury(of=judge_likert(), judges=("local:x",)).version
    assert score(unbound) == ScoreFailure(reason="jury:tone has no judges yet")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Jury(of=Pairwise(), judges=(None,)), "pairwise compares two answers, and a jury judges one"),
        (
            lambda: Jury(of=anything("judge_likert"), judges=(None,)),
            "its of='judge_likert' is no judged metric. Give it",
        ),
        (lambda: Jury(of=anything(ExactMatch()), judges=(None,)), "its of='exact_match' is no judged metric"),
        (lambda: Jury(of=judge_likert(), judges=anything("a.b")), "judges='a.b' is one text, and it takes several"),
        (lambda: Jury(of=judge_likert(), judges=()), "a jury has judges, and it has none"),
        (lambda: Jury(of=judge_likert(), judges=("a", "a")), "the judge 'a' sits in it 2 times"),
        (lambda: Jury(of=judge_likert(), judges=(None, None)), "the judge 'of the run' sits in it 2 times"),
        (lambda: Jury(of=judge_likert(), judges=("a",), quorum=2), "its quorum 2 is not one of 1 to 1"),
        (
            lambda: Jury(of=judge_likert(), judges=(None, "a")).judged_by(lambda _: ScriptedJudge([], "a")),
            "the judge 'a' sits in it 2 times",
        ),
    ],
)
def test_a_jury_that_cannot_be_is_refused(make: Callable[[], Jury], said: str) -> None:
    """What is wrong with it is told where it is made, or where the run's judge turns out to sit in it already."""
    with pytest.raises(MetricDefinitionError, match=said):
        make()


def test_a_way_to_combine_is_checked() -> None:
    """A typo gets the nearest."""
    with pytest.raises(UnknownNameError, match=r"Did you mean 'median'\?"):
        Jury(of=judge_likert(), judges=(None,), combine="medain")  # type: ignore[arg-type]
