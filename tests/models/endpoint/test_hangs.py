"""Silence on the wire: what a client with a deadline sees, and what is logged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import urllib3.exceptions
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from pytest_llm_migrate.models.endpoint import Reply, Rule, Script, ScriptedFault
from tests.models.endpoint.asking import ask, ask_text, deltas, events

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.models.endpoint import Call, Endpoint
    from tests.models.endpoint.conftest import Stage

HASTY = Config(proxies={}, retries={"total_max_attempts": 1}, read_timeout=0.2)


def hanging(stage: Callable[[Script], Stage], **fault: Any) -> tuple[Stage, Any]:
    """Start an endpoint that hangs, and return it with a client that waits a fifth of a second."""
    rule = Rule(reply=Reply(text="abc", deltas=3), fault=ScriptedFault(name="hang", **fault))
    started = stage(Script(rules=(rule,)))
    return started, started.client(config=HASTY)


def logged(endpoint: Endpoint) -> Call:
    """Wait for the call's line in the log."""
    deadline = time.monotonic() + 5
    while not endpoint.calls and time.monotonic() < deadline:
        time.sleep(0.005)
    return endpoint.calls[0]


def test_request_is_never_answered(stage: Callable[[Script], Stage]) -> None:
    """Nothing comes until the client gives up, and the call is logged then."""
    started, client = hanging(stage)
    with pytest.raises(ReadTimeoutError):
        ask(client)
    call = logged(started.endpoint)
    assert (call.outcome, call.status) == ("hang", 0)
    assert call.ended - call.arrived > 0.15


def test_stream_falls_silent(stage: Callable[[Script], Stage]) -> None:
    """The first piece comes, and no other."""
    started, client = hanging(stage, after=1)
    texts: list[str] = []
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        texts.extend(deltas(events(client)))
    assert (texts, logged(started.endpoint).outcome) == (["a"], "hang")


def test_body_falls_silent(stage: Callable[[Script], Stage]) -> None:
    """A plain answer stops in the middle of its body."""
    started, client = hanging(stage, after=1)
    with pytest.raises(ReadTimeoutError):
        ask(client)
    assert logged(started.endpoint).outcome == "hang"


def test_hang_with_a_length_is_only_late(stage: Callable[[Script], Stage]) -> None:
    """After its seconds the answer comes whole."""
    started, client = hanging(stage, seconds=0.1)
    assert ask_text(client) == "abc"
    assert logged(started.endpoint).ended - logged(started.endpoint).arrived > 0.1


def test_stopped_endpoint_lets_go_of_those_who_wait(stage: Callable[[Script], Stage]) -> None:
    """A hang ends with its endpoint at the latest."""
    started, _ = hanging(stage)
    client = started.client()
    answer = events(client)
    started.endpoint.stop()
    with pytest.raises(Exception, match=r"closed|refused|Could not connect"):
        next(answer)
