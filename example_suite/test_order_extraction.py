"""Orders that arrive by mail become two fields in the order system; a wrong quantity is shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llm_migrate import Case, Comparison

pytestmark = pytest.mark.migration(
    dataset="data/order_mails.jsonl",
    prompt="order_extraction",
    metrics=["json_fields", "quantity_is_right"],
    slices=["customer_type"],
    split="holdout",
    row_failures="report",
)


def test_order_is_read(case: Case) -> None:
    """The target reads at least as many fields of an order right as the source did."""
    assert case.target["json_fields"] >= case.source["json_fields"]


def test_fields_are_no_worse(comparison: Comparison) -> None:
    """Fields hold within five points."""
    assert comparison["json_fields"].non_inferior(margin=0.05)


def test_quantities_can_be_trusted(comparison: Comparison) -> None:
    """Nine quantities in ten are right, whatever the source did."""
    assert comparison["quantity_is_right"].at_least(0.9)


def test_answers_stay_short(comparison: Comparison) -> None:
    """The target writes no longer answers, since tokens are time and money."""
    assert comparison.output_tokens.mean.ratio_at_most(1.2)
