"""Quotas: what passes at once, in the long run, and what a refusal says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config

from pytest_llm_migrate.models.endpoint import Fault, Quota, Script
from pytest_llm_migrate.models.endpoint.quotas import Meter
from tests.models.endpoint.asking import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.models.endpoint.conftest import Stage


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def passes(meter: Meter, model: str = "m") -> bool:
    """Say whether a request passes."""
    try:
        meter.take(model)
    except Fault:
        return False
    return True


def test_burst_passes_at_once_and_then_the_rate() -> None:
    """Three pass at once, then one for each tenth of a second, and never more than three again."""
    clock = Clock()
    meter = Meter(Quota(requests_per_second=10, burst=3), clock=clock)
    assert [passes(meter) for _ in range(5)] == [True, True, True, False, False]
    clock.now += 0.11
    assert [passes(meter) for _ in range(2)] == [True, False]
    clock.now += 60
    assert [passes(meter) for _ in range(4)] == [True, True, True, False]


def test_refused_requests_cost_nothing() -> None:
    """Knocking all the time does not delay the next token."""
    clock = Clock()
    meter = Meter(Quota(requests_per_second=1), clock=clock)
    taken = 0
    for _ in range(101):
        taken += passes(meter)
        clock.now += 0.1
    assert taken in (10, 11)


def test_models_have_a_quota_each() -> None:
    """One model's traffic leaves the other's alone."""
    meter = Meter(Quota(requests_per_second=1), clock=Clock())
    assert [passes(meter, "a"), passes(meter, "a"), passes(meter, "b")] == [True, False, True]


@pytest.mark.parametrize(("says_when", "wait"), [(False, None), (True, 0.5)])
def test_refusal_says_when_only_if_told_to(says_when: bool, wait: float | None) -> None:  # noqa: FBT001 - a table
    """The service says no wait of its own; a script can let it."""
    meter = Meter(Quota(requests_per_second=2, says_when=says_when), clock=Clock())
    assert passes(meter)
    with pytest.raises(Fault) as caught:
        meter.take("m")
    assert (caught.value.error, caught.value.retry_after) == ("ThrottlingException", wait)


def test_client_sees_throttles_and_their_wait(stage: Callable[[Script], Stage]) -> None:
    """Beyond the quota calls are refused with 429 and the headers that say when to come again."""
    started = stage(Script(quota=Quota(requests_per_second=0.01, burst=5, says_when=True)))
    client = started.client(config=Config(proxies={}, retries={"total_max_attempts": 1}, max_pool_connections=16))

    def call(_: int) -> dict[str, Any]:
        try:
            return dict(ask(client)["ResponseMetadata"])
        except client.exceptions.ThrottlingException as error:
            return dict(error.response["ResponseMetadata"])

    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(call, range(32)))
    refused = [one for one in found if one["HTTPStatusCode"] == 429]
    assert len(refused) == 27
    headers = refused[0]["HTTPHeaders"]
    assert 90 < float(headers["retry-after"]) <= 100
    assert headers["x-amz-retry-after"] == f"{float(headers['retry-after']) * 1000:.0f}"
    assert sum(call.outcome == "ThrottlingException" for call in started.endpoint.calls) == 27
