"""Staff ask about the house rules and get the answer in the rules' own words, or are told that they do not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llm_migrate import Case, Comparison

pytestmark = pytest.mark.migration(
    dataset="data/policy_questions.jsonl",
    prompt="policy_questions",
    metrics=["token_f1", "exact_match"],
    slices=["kind"],
    split="holdout",
    row_failures="report",
)


def test_question_is_answered(case: Case) -> None:
    """At least half of the golden words are found, or as many as the source found."""
    assert case.target["token_f1"] >= min(0.5, case.source["token_f1"])


def test_answers_are_no_worse(comparison: Comparison) -> None:
    """Answers hold within five points of token F1."""
    assert comparison["token_f1"].non_inferior(margin=0.05)


def test_nothing_is_made_up(comparison: Comparison) -> None:
    """Where the rules do not say, the target says so no less often than the source, within ten points."""
    assert comparison.slice("kind", "unanswerable")["exact_match"].non_inferior(margin=0.10)
