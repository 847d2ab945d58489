"""Rows whose ground truth is worth a second look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.comparison import Comparison
from pytest_llm_migrate.comparison.suspect_gold import suspects
from pytest_llm_migrate.domain import Answer, Score
from tests.comparison.cases import THROTTLED, case

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Case


def found(cases: list[Case], judged: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the suspect rows with their reasons."""
    comparison = Comparison(cases, metrics=("m", *judged))
    return {suspect.sample_id: suspect.reason for suspect in suspects(comparison, ["m"], judged)}


def answered(source: str, target: str, scores: tuple[float, float] = (0.0, 0.0), **columns: Any) -> Case:
    """Return a row with these answers, wrong on both sides unless said."""
    texts = (Answer(text=source), Answer(text=target))
    return case(1, *scores, answers=texts, **{"answer_ground_truth": "shipping", **columns})


def judged_as(found: Case, metric: str, source: float, target: float) -> Case:
    """Return the row with a judge's scores."""
    scores = [
        dict(side.scores) | {metric: Score(score)} for side, score in ((found.source, source), (found.target, target))
    ]
    return replace(
        found, source=replace(found.source, scores=scores[0]), target=replace(found.target, scores=scores[1])
    )


def test_the_same_wrong_answer_makes_gold_suspect() -> None:
    """Two sides that agree against the ground truth, but for case, blanks and punctuation, are named."""
    assert found([answered("Billing.", " billing")]) == {"r1": "both sides give the same answer: 'billing'"}


@pytest.mark.parametrize(
    "row",
    [
        answered("billing", "refund"),
        answered("billing", "billing", (1.0, 1.0)),
        answered("billing", "billing", (1.0, 0.0)),
        answered("3.5", "35"),
        answered("", ""),
        answered("billing", "billing", answer_ground_truth=None),
        answered("billing", "billing", answer_ground_truth=""),
        case(1, 0.0, THROTTLED, answer_ground_truth="shipping"),
    ],
    ids=range(8),
)
def test_other_rows_are_not_suspect(row: Case) -> None:
    """Different answers, a right one, none, or no ground truth are no reason."""
    assert found([row]) == {}


def test_a_judge_must_disagree_with_the_gold_too() -> None:
    """Where a judge scored both answers, it decides: right makes the row suspect, wrong does not."""
    same, other = answered("billing", "billing"), answered("bills", "invoices")
    assert found([judged_as(same, "j", 0.2, 0.9)], ("j",)) == {}
    assert found([judged_as(same, "j", 0.8, 1.0)], ("j",)) == {
        "r1": "both sides give the same answer, and j calls both right"
    }
    assert found([judged_as(other, "j", 0.8, 1.0)], ("j",)) == {
        "r1": "both sides are wrong by it, and j calls both right"
    }


def test_judges_of_other_things_have_no_say() -> None:
    """That an answer is harmless says nothing of its truth."""
    row = judged_as(answered("bills", "invoices"), "judge_harmfulness", 1.0, 1.0)
    assert found([row], ("judge_harmfulness",)) == {}


def test_graded_scores_are_wrong_below_half_of_the_scale() -> None:
    """What a metric with shades calls half right is not wrong."""
    assert found([answered("billing", "billing", (0.3, 0.45))])
    assert not found([answered("billing", "billing", (0.3, 0.5))])


def test_a_row_that_people_mark_is_suspect() -> None:
    """Whoever says so is named with the comment, before what the answers say; other rows are left alone."""
    rows = [case(0), answered("Billing.", " billing"), replace(case(2), source=case(2, THROTTLED).source)]
    marked = {
        "r0": [{"rater": "", "comment": ""}],
        "r1": [{"rater": "ann", "comment": "it is\nbilling"}, {"rater": "bob", "comment": ""}],
        "r2": [{"rater": "ann", "comment": ""}],
    }
    comparison = Comparison(rows, metrics=("m",))
    found = {suspect.sample_id: suspect for suspect in suspects(comparison, ["m"], [], marked)}
    assert {name: suspect.reason for name, suspect in found.items()} == {
        "r0": "wrong by the word of somebody",
        "r1": "wrong by the word of ann ('it is billing'), bob; both sides give the same answer: 'billing'",
        "r2": "wrong by the word of ann",
    }
    assert found["r1"].to_record()["marked_by"] == ["ann", "bob"]
    assert (found["r0"].metrics, found["r1"].metrics) == ((), ("m",))
