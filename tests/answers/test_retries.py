"""Trying again: what is tried again, how often, after how long, and what it may have cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.answers.retries import PASSING, STANDARD, UNCLEAR, Patience, cost_of_failure
from pytest_llm_migrate.domain import CallFailure

KINDS = sorted(PASSING)
LASTING = ["validation", "access_denied", "context_too_long", "unknown_model", "whatever"]


def failed(kind: str, retry_after: float | None = None) -> CallFailure:
    """Return a failure of a kind."""
    return CallFailure(kind=kind, message="no", retry_after=retry_after)


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_that_may_pass_is_tried_again(kind: str) -> None:
    """A passing failure costs another attempt, up to the last of the last round."""
    assert [sent for sent in range(1, 12) if STANDARD.wait(failed(kind), sent, 0.5) is not None] == list(range(1, 10))


@pytest.mark.parametrize("kind", LASTING)
def test_a_lasting_failure_is_not_tried_again(kind: str) -> None:
    """A failure that another attempt would meet again stands at once."""
    assert STANDARD.wait(failed(kind), 1, 0.5) is None


def test_a_fatal_failure_is_not_tried_again() -> None:
    """What every call would meet stands, whatever its kind."""
    assert STANDARD.wait(CallFailure(kind="throttled", message="per day", fatal=True), 1, 0.5) is None


def test_waits_double_up_to_a_bound_and_begin_anew_in_the_last_round() -> None:
    """A crowded service is given seconds; between the rounds a call rests behind all others."""
    patience = Patience(attempts=7)
    waits = [patience.wait(failed("throttled"), sent, 1.0) for sent in range(1, 9)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 2.0, 1.0]
    assert STANDARD.wait(failed("server_error"), 3, 1.0) == pytest.approx(0.4)


@given(st.sampled_from(KINDS), st.integers(1, 4), st.floats(0, 1, exclude_max=True), st.floats(0, 60))
def test_a_wait_that_the_service_asks_for_is_kept(kind: str, sent: int, chance: float, asked: float) -> None:
    """A wait is never shorter than asked for, and jitter only shortens the bound."""
    wait = STANDARD.wait(failed(kind, asked), sent, chance)
    most = STANDARD.wait(failed(kind, asked), sent, 1.0)
    assert wait is not None
    assert most is not None
    assert asked <= wait <= most


def test_a_wait_of_more_than_a_minute_is_not_waited_for() -> None:
    """A service that asks for minutes is asked again by the next run."""
    assert STANDARD.wait(failed("throttled", 60.5), 1, 0.5) is None


@pytest.mark.parametrize(("kind", "cost"), [*((kind, None) for kind in sorted(UNCLEAR)), ("throttled", 0.0)])
def test_a_failure_costs_nothing_only_where_that_is_known(kind: str, cost: float | None) -> None:
    """A refusal is free; of a call that broke off nobody knows."""
    assert cost_of_failure(failed(kind)) == cost
