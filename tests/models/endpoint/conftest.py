"""Endpoints that answer by a script, and real boto3 clients for them that look at all they get."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest
from botocore.config import Config

from pytest_llm_migrate.models.endpoint import Endpoint, Reply, Script, ScriptedEngine
from tests.models.endpoint.shapes import Inspector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llm_migrate.models.endpoint import Rule

CONFIG = Config(proxies={}, retries={"total_max_attempts": 1}, read_timeout=10)


class Stage:
    """A running endpoint and clients for it, which make one attempt a call."""

    def __init__(self, endpoint: Endpoint, session: boto3.Session, stack: ExitStack) -> None:
        self.endpoint, self.inspector = endpoint, Inspector()
        self._session, self._stack = session, stack

    def client(self, service: str = "bedrock-runtime", config: Config = CONFIG) -> Any:
        """Return a client."""
        client: Any = self._session.client(service, endpoint_url=self.endpoint.url, config=config)
        self._stack.callback(client.close)
        self.inspector.watch(client)
        return client


class Start(Protocol):
    """Starts an endpoint that answers by rules and returns it with a client."""

    def __call__(self, *rules: Rule, default: Reply | None = None) -> tuple[Endpoint, Any]:
        """Return the endpoint, and a ``bedrock-runtime`` client that makes one attempt a call."""


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """Return a session with keys that mean nothing."""
    return boto3.Session("key", "secret", region_name="us-east-1")


@pytest.fixture
def stage(session: boto3.Session) -> Iterator[Callable[[Script], Stage]]:
    """Start endpoints and stop them after the test, when every response was as the service would send it."""
    stages: list[Stage] = []
    with ExitStack() as stack:

        def enter(script: Script) -> Stage:
            endpoint = stack.enter_context(Endpoint(ScriptedEngine(script)))
            stages.append(Stage(endpoint, session, stack))
            return stages[-1]

        yield enter
    assert [fault for stage in stages for fault in stage.inspector.found] == []


@pytest.fixture
def start(stage: Callable[[Script], Stage]) -> Start:
    """Start endpoints that answer by rules."""

    def enter(*rules: Rule, default: Reply | None = None) -> tuple[Endpoint, Any]:
        started = stage(Script(rules=rules, default=default or Reply()))
        return started.endpoint, started.client()

    return enter
