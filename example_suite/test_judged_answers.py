"""A judge reads 24 pairs of answers to policy questions, and a person has rated them, too: can the judge be trusted?

The person is the author of this suite, alone, who knew whose answer each was. The gate goes by that person; the judge
is reported with its certificate. Nobody has rated the answers of other models: there the gate cannot judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.metrics import RubricJudge, review_scores

if TYPE_CHECKING:
    from pytest_llm_migrate import Comparison

SCALE = (1, 3)

SAYS_THE_SAME = RubricJudge(
    name="says_the_same",
    criterion="Whether the answer says what the reference says.",
    levels={
        1: "It does not say what the reference says.",
        2: "It says a part of it, or something beside it.",
        3: "It says what the reference says.",
    },
    scale=SCALE,
    needs=("reference",),
    context=None,
    inference={"temperature": 0, "max_tokens": 400},
)

pytestmark = pytest.mark.migration(
    dataset="data/policy_questions.jsonl",
    prompt="policy_questions",
    metrics=[SAYS_THE_SAME, review_scores("reviews/policy_answers.csv", scale=SCALE)],
    columns={"split": "read_by"},
    split="author",
    slices=["kind"],
)


def test_people_find_no_loss(comparison: Comparison) -> None:
    """Answers say what the reference says, within ten points of the scale, by the person's ratings."""
    assert comparison["human_score"].non_inferior(margin=0.10)
