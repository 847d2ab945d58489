"""Scores: looked up or computed, averaged over repeats, or failed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.domain import Answer, CallFailure, Score, ScoreFailure
from pytest_llm_migrate.migration.scoring import Scorer, average
from tests.migration.parts import CountingMetric, row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llm_migrate.answers import Store
    from pytest_llm_migrate.domain import Metric, Side

ROW = row(question="why?")


def scored(store: Store, metric: Metric, *texts: str) -> Side:
    """Score a side's answers with one metric in a run of its own."""
    scorer = Scorer(metrics=[metric], store=store)
    side = scorer.side("target", ROW, [Answer(text=text) for text in texts])
    scorer.flush()
    return side


def test_a_score_knows_its_metric_side_row_and_reason(store: Store) -> None:
    """What a metric returned is labelled for messages."""
    score = scored(store, CountingMetric(), "abc")["length"]
    assert repr(score) == "<target length 0.3 on row 'r1': its length>"


def test_a_kept_score_is_looked_up(store: Store) -> None:
    """The same answer to the same row is scored once in all runs, with the same reason."""
    first, second = CountingMetric(), CountingMetric()
    assert scored(store, first, "abc")["length"] == scored(store, second, "abc")["length"] == 0.3
    assert scored(store, second, "abc")["length"].reason == "its length"
    assert (first.scored, second.scored) == (["abc"], [])


def test_a_kept_score_is_looked_up_before_it_is_written(store: Store) -> None:
    """Two equal repeats are scored once, though nothing is on disk yet."""
    metric = CountingMetric()
    scored(store, metric, "abc", "abc")
    assert metric.scored == ["abc"]


@pytest.mark.parametrize("change", [{"version": "2"}, {"name": "size"}, {"kept": False}])
def test_another_metric_scores_anew(store: Store, change: dict[str, Any]) -> None:
    """A new version, another name, or a metric not worth keeping is asked again."""
    scored(store, CountingMetric(), "abc")
    changed = CountingMetric(**change)
    scored(store, changed, "abc")
    scored(store, changed, "abc")
    assert len(changed.scored) == (1 if changed.kept else 2)


def test_another_row_or_answer_is_scored_anew(store: Store) -> None:
    """A changed row, or a changed answer, has a score of its own; whether it was kept, and its cost, change nothing."""
    metric = CountingMetric()
    scorer = Scorer(metrics=[metric], store=store)
    scorer.side("target", ROW, [Answer(text="abc")])
    scorer.side("target", ROW, [Answer(text="abc", cached=True, cost=1.0)])
    scorer.side("target", ROW, [Answer(text="abc", no_cost="unpriced: no price")])
    assert len(metric.scored) == 1
    scorer.side("target", row(question="how?"), [Answer(text="abc")])
    scorer.side("target", ROW, [Answer(text="abcd")])
    assert len(metric.scored) == 3


def test_a_failure_is_not_kept(store: Store) -> None:
    """A metric that could not score is asked again by the next run."""
    broken = CountingMetric(scoring=lambda _: ScoreFailure(reason="no judge"))
    assert scored(store, broken, "abc").scores == {"length": ScoreFailure(reason="no judge")}
    assert scored(store, CountingMetric(), "abc")["length"] == 0.3


def test_a_metric_that_raises_has_a_named_failure(store: Store) -> None:
    """A metric's bug is no score, and its text is fit for files."""

    def scoring(_: Answer) -> Score:
        raise ValueError("half \ud800 a letter")

    side = scored(store, CountingMetric(scoring=scoring), "abc")
    assert side.scores["length"] == ScoreFailure(reason="ValueError: half ? a letter")


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        (Score(1.5), "length returned 1.5, outside of 0 to 1"),
        (Score(float("nan")), "length returned nan, outside of 0 to 1"),
        (None, "length returned None, not a score"),
        ("0.5", "length returned '0.5', not a score"),
    ],
)
def test_what_is_no_score_is_a_failure(store: Store, returned: object, reason: str) -> None:
    """A number outside of the bounds, or none at all, never reaches a mean."""
    side = scored(store, CountingMetric(scoring=lambda _: returned), "abc")
    assert side.scores["length"] == ScoreFailure(reason=reason)


@dataclass(kw_only=True)
class FromOneToFive(CountingMetric):
    """A metric that says its bounds."""

    bounds: tuple[float, float] = (1.0, 5.0)


def test_a_metric_may_have_bounds_of_its_own(store: Store) -> None:
    """A metric from 1 to 5 may give 4 and may not give 0.5; a plain float will do."""
    assert scored(store, FromOneToFive(scoring=lambda _: 4.0), "abc")["length"] == 4.0
    below = scored(store, FromOneToFive(scoring=lambda _: 0.5), "abcd").scores["length"]
    assert below == ScoreFailure(reason="length returned 0.5, outside of 1 to 5")


def test_repeats_are_averaged(store: Store) -> None:
    """Of several answers to a row the score is the mean, and says so."""
    score = scored(store, CountingMetric(), "ab", "abcd")["length"]
    assert float(score) == pytest.approx(0.3)
    assert score.reason == "mean of 2 repeats: 0.2, 0.4; repeat 1: its length"


def test_rules_that_a_repeat_breaks_survive_the_mean(store: Store) -> None:
    """The reason names every rule that any repeat breaks."""
    told = {"a": Score(0.5, "broke: short (1 of 5 long)"), "b": Score(1.0), "c": Score(0.5, "broke: plain")}
    score = scored(store, CountingMetric(scoring=lambda answer: told[answer.text]), "a", "b", "c")["length"]
    assert score.reason == "broke: short (1 of 5 long, in 1 of 3 repeats); plain (in 1 of 3 repeats)"


def test_the_reason_of_the_lowest_repeat_survives_the_mean(store: Store) -> None:
    """A judge's word on the repeat that went worst is told, of equals the first."""
    told = {"a": Score(1.0, "right"), "b": Score(0.5, "half of it"), "c": Score(0.5, "no better")}
    score = scored(store, CountingMetric(scoring=lambda answer: told[answer.text]), "a", "b", "c")["length"]
    assert score.reason == "mean of 3 repeats: 1, 0.5, 0.5; repeat 2: half of it"


def test_an_order_that_decided_some_repeats_survives_the_mean(store: Store) -> None:
    """In how many of those that were compared."""
    told = {"a": Score(0.5, "order decides: x"), "b": Score(1.0, "won"), "c": Score(0.5, "the answers are equal")}
    score = scored(store, CountingMetric(scoring=lambda answer: told[answer.text]), "a", "b", "c")["length"]
    assert score.reason == (
        "order decides in 1 of 2 repeats; mean of 3 repeats: 0.5, 1, 0.5; repeat 1: order decides: x"
    )


def test_a_repeat_that_failed_fails_the_row(store: Store) -> None:
    """A mean without one of its repeats would be another figure."""
    metric = CountingMetric(scoring=lambda answer: Score(1.0) if answer.text == "a" else ScoreFailure(reason="odd"))
    assert scored(store, metric, "a", "b").scores["length"] == ScoreFailure(reason="odd")
    failure = CallFailure(kind="throttled", message="slow down")
    side = Scorer(metrics=[metric], store=store).side("source", ROW, [Answer(text="a"), failure])
    assert (side.failure, side.scores) == (failure, {})


@dataclass(kw_only=True)
class Best(CountingMetric):
    """A metric by which a row is as good as the best of its repeats."""

    def over_repeats(self, scores: Sequence[Score]) -> Score:
        """Return the best."""
        return Score(max(scores), f"best of {len(scores)}")


def test_a_metric_may_say_what_its_repeats_come_to(store: Store) -> None:
    """Its word counts instead of the mean, of one repeat too; out of bounds, or broken, it is a failure."""
    for texts, expected in ((("ab", "abcd"), (0.4, "best of 2")), (("ab",), (0.2, "best of 1"))):
        score = scored(store, Best(), *texts)["length"]
        assert (float(score), score.reason) == expected
    wild = Best(scoring=lambda answer: Score(1.0) if answer.text == "a" else ScoreFailure(reason="odd"))
    assert scored(store, wild, "a", "b").scores["length"] == ScoreFailure(reason="odd")


@dataclass(kw_only=True)
class Odd(CountingMetric):
    """A metric that makes of repeats what it is told to."""

    makes: Callable[[], Score]

    def over_repeats(self, scores: Sequence[Score]) -> Score:  # noqa: ARG002 - the frame's
        """Return it."""
        return self.makes()


def test_what_a_metric_makes_of_repeats_is_looked_at(store: Store) -> None:
    """A figure outside of the metric's bounds, and a bug, are score failures of the row."""

    def broken() -> Score:
        raise KeyError("pass")

    for makes, reason in ((lambda: Score(2.0), "length returned 2, outside of 0 to 1"), (broken, "KeyError: 'pass'")):
        failure = scored(store, Odd(makes=makes), "ab", "abc").scores["length"]
        assert isinstance(failure, ScoreFailure)
        assert reason in failure.reason


def test_the_average_answer() -> None:
    """Times, tokens, costs and log-probabilities are means, unknown where one is; the text is the first one's."""
    one = Answer(text="one", latency=1.0, input_tokens=10, cache_read_tokens=4, cost=0.5, ttft=0.1)
    two = Answer(text="two", latency=3.0, input_tokens=11, cache_read_tokens=6, cost=None, ttft=0.3, cached=True)
    sure = [replace(one, mean_logprob=-1.0), replace(two, mean_logprob=-2.0)]
    assert average(sure).mean_logprob == -1.5
    record = average([one, sure[1]]).to_record()
    assert record.pop("ttft") == pytest.approx(0.2)
    expected = {"text": "one", "latency": 2.0, "input_tokens": 10.5, "cache_read_tokens": 5.0, "cached": True}
    assert record == expected
    assert average([one]) is one


def test_repeats_without_a_cost_say_why() -> None:
    """One repeat that was served in an unpriced tier makes the mean unknown, for that reason."""
    repeats = [Answer(text="a", cost=0.5), Answer(text="b", no_cost="unpriced: no price for tier 'flex'")]
    found = average(repeats)
    assert (found.cost, found.no_cost) == (None, "unpriced: no price for tier 'flex'")


def test_scores_are_written_in_batches(store: Store) -> None:
    """A long run that is killed has kept most of its scores."""
    metric = CountingMetric(scoring=lambda _: Score(0.5))
    scorer = Scorer(metrics=[metric], store=store)
    for number in range(201):
        scorer.side("target", ROW, [Answer(text=str(number))])
    again = CountingMetric(scoring=lambda _: Score(0.5))
    scored(store, again, "7")
    assert again.scored == []
