"""Support tickets are sorted into four queues; a wrong queue costs a customer a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llm_migrate import Case, Comparison

pytestmark = pytest.mark.migration(
    dataset="data/tickets.csv",
    prompt="ticket_triage",
    metrics=["exact_match"],
    slices=["channel"],
    split="holdout",
    row_failures="report",
)


def test_ticket_is_routed(case: Case) -> None:
    """The target may not break a ticket that the source routed right."""
    assert case.target["exact_match"] >= case.source["exact_match"]


def test_routing_is_no_worse(comparison: Comparison) -> None:
    """Routing holds within five points."""
    assert comparison["exact_match"].non_inferior(margin=0.05)


@pytest.mark.parametrize("channel", ["email", "chat", "phone"])
def test_no_channel_is_wholly_lost(comparison: Comparison, channel: str) -> None:
    """No channel loses more than a quarter of its tickets behind a good average."""
    assert comparison.slice("channel", channel)["exact_match"].non_inferior(margin=0.25)


def test_routing_is_no_slower(comparison: Comparison) -> None:
    """A ticket takes at most twice as long, at the median and in the tail."""
    assert comparison.latency.p50.ratio_at_most(2.0)
    assert comparison.latency.p95.ratio_at_most(2.0)
