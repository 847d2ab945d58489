"""Scores that were given before the run."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.domain import SIDES, Answer, Score, ScoreFailure, SidedMetric
from pytest_llm_migrate.domain.review import Review, answer_hash
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics import ColumnScore, review_scores
from tests.metrics.judges import row

RECORDED = {"answer_source_llm": "old", "human_score_source_llm": 4.0}
REVIEWS = review_scores("r.csv").reading(
    [
        Review(sample_id="r1", side="source", rating=5, rater="ann"),
        Review(sample_id="r1", side="source", rating=4, rater="bob"),
        Review(sample_id="r1", side="target", rating=1, rater="ann", answer_sha256=answer_hash("new")),
        Review(sample_id="r2", side="source", rating=None, rater="ann"),
    ]
)


def why(found: Score | ScoreFailure) -> str:
    """Return why there is no score."""
    assert isinstance(found, ScoreFailure)
    return found.reason


def test_a_column_gives_its_side_s_score() -> None:
    """Brought to [0, 1] by its scale, with the number itself in the reason."""
    metric = ColumnScore("human_score", (1, 5))
    assert isinstance(metric, SidedMetric)
    found = metric.score_side("source", Answer(text="old"), row(**RECORDED))
    assert isinstance(found, Score)
    assert (float(found), found.reason) == (0.75, "4 on 1 to 5")
    assert why(metric.score_side("target", Answer(text="old"), row(**RECORDED))) == (
        "the row has no human_score_target_llm"
    )


def test_a_column_says_nothing_of_another_answer() -> None:
    """People scored the recorded one."""
    found = ColumnScore("human_score", (1, 5)).score_side("source", Answer(text="new"), row(**RECORDED))
    assert why(found) == "human_score_source_llm is of the recorded answer, and this is another"


def test_a_scale_is_named_and_not_guessed() -> None:
    """A 4 is no share, and the way out is in the reason."""
    found = ColumnScore("human_score").score_side("source", Answer(text="old"), row(**RECORDED))
    assert "outside of 0 to 1; name its scale: ColumnScore('human_score', scale=(1, 5))" in why(found)


def test_reviews_are_averaged_over_raters() -> None:
    """Everybody's rating is in the reason."""
    found = REVIEWS.score_side("source", Answer(text="any"), row())
    assert isinstance(found, Score)
    assert (float(found), found.reason) == (0.875, "ann 5, bob 4 on 1 to 5")


def test_a_review_of_another_text_does_not_count() -> None:
    """Where the file says which answer was read, it is that one."""
    assert REVIEWS.score_side("target", Answer(text="new"), row()) == Score(0.0)
    assert why(REVIEWS.score_side("target", Answer(text="newer"), row())) == (
        "r.csv reviews another target answer to this row"
    )
    assert why(review_scores("r.csv").score_side("source", Answer(text="a"), row())).startswith("nobody reviewed")


def test_ratings_are_kept_by_rater() -> None:
    """For how far people agree among themselves, on the rows that count."""
    assert REVIEWS.ratings(["r1", "r2"]) == [{"ann": 5.0, "bob": 4.0}, {"ann": 1.0}]
    assert REVIEWS.ratings(["r9"]) == []


def test_what_gives_no_scale_is_refused() -> None:
    """Before anything is read."""
    with pytest.raises(MetricDefinitionError, match=r"its scale \(5, 1\) is not two numbers, the least first"):
        review_scores("r.csv", scale=(5, 1))
    with pytest.raises(MetricDefinitionError, match="human_score is no metric yet: its scale 5 is not two numbers"):
        ColumnScore("human_score", 5)  # type: ignore[arg-type]
    with pytest.raises(MetricDefinitionError, match="a column of scores is human_score or llm_judge_score"):
        ColumnScore("score")


def test_neither_scores_an_answer_of_no_side() -> None:
    """They must know whose it is."""
    assert "each side" in ColumnScore("human_score").score(Answer(text="a"), row()).reason
    assert "each side" in REVIEWS.score(Answer(text="a"), row()).reason


def test_marks_are_kept_once_a_rater() -> None:
    """What is said of a row stands beside both of its answers."""
    said = [
        Review(sample_id="r1", side=side, rating=None, rater=rater, label_wrong=True)
        for side in SIDES
        for rater in ("ann", "bob")
    ]
    assert [review.rater for review in review_scores("r.csv").reading(said).marked["r1"]] == ["ann", "bob"]
    assert REVIEWS.marked == {}
