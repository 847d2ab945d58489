"""One request and its answer, where a real connection would not go wrong in time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Script, ScriptedEngine
from pytest_llm_migrate.models.endpoint.arrivals import Arrival
from pytest_llm_migrate.models.endpoint.calls import CallLog
from pytest_llm_migrate.models.endpoint.exchange import Exchange, Wire
from pytest_llm_migrate.models.endpoint.services import Services

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.models.endpoint import Answer, Converse, Engine

BODY = json.dumps({"messages": [{"role": "user", "content": [{"text": "hi"}]}]}).encode()


class Unfinished(ScriptedEngine):
    """An engine that breaks its promise."""

    def converse(self, request: Converse) -> Answer:
        """Yield text and no end."""
        yield request.question


def exchange(engine: Engine, log: CallLog, send: Callable[[bytes], object]) -> None:
    """Answer one request."""
    services = Services(engine, ScriptedEngine(Script()))
    arrival = Arrival(method="POST", target="/model/m/converse", headers={}, body=BODY)
    Exchange(services, log, Wire(send, reset=nothing, hang=nothing)).run(arrival)


def nothing() -> None:
    """Do nothing."""


def hang_up(_: bytes) -> None:
    """Be gone when the answer is sent."""
    raise BrokenPipeError


def test_engine_without_an_end_is_a_programming_error() -> None:
    """An answer that has no Finish is not passed off as complete."""
    with pytest.raises(RuntimeError, match="without a Finish"):
        exchange(Unfinished(Script()), CallLog(), len)


def test_call_is_logged_once_when_its_client_left_at_the_end() -> None:
    """A client that is gone when its whole answer is sent leaves one line, which says that it was answered."""
    log = CallLog()
    with pytest.raises(BrokenPipeError):
        exchange(ScriptedEngine(Script(default=Reply())), log, hang_up)
    assert [call.outcome for call in log.calls] == ["ok"]
