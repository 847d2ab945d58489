"""Which answers people prefer, as a metric."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_llm_migrate.domain import Answer, PairedMetric, Score, ScoreFailure
from pytest_llm_migrate.domain.review import Review, answer_hash
from pytest_llm_migrate.metrics.preferences import ReviewPreferences
from tests.metrics.judges import row

OLD, NEW = Answer(text="old"), Answer(text="new")


def by(*said: tuple[str, str, dict[str, str]]) -> ReviewPreferences:
    """Return the metric of what raters say of ``r1``: who, which side is better, and the hash of each answer read."""
    reviews = [
        Review(sample_id="r1", side=side, rating=None, rater=rater, better=better, answer_sha256=hashes[side])  # type: ignore[arg-type]
        for rater, better, hashes in said
        for side in hashes
    ]
    return ReviewPreferences.of(Path("r.csv"), "people", reviews)


def read(source: str = "old", target: str = "new") -> dict[str, str]:
    """Return the hashes of the answers that a rater read."""
    return {"source": answer_hash(source), "target": answer_hash(target)}


def said_of(metric: ReviewPreferences, target: Answer = NEW) -> tuple[Any, Any]:
    """Return both sides' scores."""
    return metric.score_pair(OLD, target, row())


def test_the_better_answer_scores_one() -> None:
    """And the other none; the two lines of a rater are one word, and the reason has it."""
    metric = by(("ann", "target", read()))
    assert isinstance(metric, PairedMetric)
    source, target = said_of(metric)
    assert (float(source), float(target), target.reason) == (0.0, 1.0, "ann target")
    assert [float(found) for found in said_of(by(("ann", "tie", read())))] == [0.5, 0.5]


def test_raters_who_differ_make_a_mean() -> None:
    """Two of three for the target are two thirds for it."""
    source, target = said_of(by(("ann", "target", read()), ("bob", "source", read()), ("cy", "target", read())))
    assert target == Score(2 / 3)
    assert float(source) + float(target) == 1
    assert target.reason == "ann target, bob source, cy target"


def test_a_word_on_other_answers_is_void() -> None:
    """Where either of the two is another answer by now, the comparison was of others; without hashes it is of any."""
    source, target = said_of(by(("ann", "target", read())), Answer(text="newer"))
    assert source == target == ScoreFailure(reason="r.csv compares other answers to this row")
    assert (
        said_of(by(("", "target", {"source": "", "target": ""})), Answer(text="newer"))[1].reason == "somebody target"
    )


def test_what_nobody_compared_has_no_score() -> None:
    """Nor has one answer alone, and what others say of a row changes the metric's version."""
    metric = by(("ann", "", read()))
    assert metric.reviews == {}
    assert said_of(metric)[0].reason == "nobody compared the answers in r.csv"
    assert metric.score(NEW, row()).reason == "people compares two answers, and there is one"
    assert metric.version != by(("ann", "tie", read())).version
