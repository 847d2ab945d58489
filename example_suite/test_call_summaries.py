"""Each call to a telecom's hotline is filed under one sentence; agents read it at the next call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llm_migrate import Case, Comparison

pytestmark = pytest.mark.migration(
    dataset="data/calls.json",
    prompt="call_summaries",
    metrics=["rouge_l", "one_sentence"],
    columns={"answer_ground_truth": "summary"},
    slices=["product"],
    split="holdout",
    row_failures="report",
)


def test_call_is_summarised(case: Case) -> None:
    """A summary is one sentence of at most 35 words."""
    assert case.target["one_sentence"] >= 1


def test_summaries_are_no_worse(comparison: Comparison) -> None:
    """Overlap with the golden summaries holds within three points of ROUGE-L."""
    assert comparison["rouge_l"].non_inferior(margin=0.03)


def test_form_is_kept(comparison: Comparison) -> None:
    """The form holds within ten points."""
    assert comparison["one_sentence"].non_inferior(margin=0.10)


def test_nothing_is_cut_off(comparison: Comparison) -> None:
    """No more summaries end at the token limit than before."""
    assert comparison.truncated.target <= comparison.truncated.source
