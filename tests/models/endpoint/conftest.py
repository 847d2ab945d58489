"""Endpoints that answer by a script, and real boto3 clients for them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest
from botocore.config import Config

from pytest_llm_migrate.models.endpoint import Endpoint, Reply, Script, ScriptedEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.models.endpoint import Rule


class Start(Protocol):
    """Starts an endpoint that answers by rules and returns it with a client."""

    def __call__(self, *rules: Rule, default: Reply | None = None) -> tuple[Endpoint, Any]:
        """Return the endpoint, and a ``bedrock-runtime`` client that makes one attempt a call."""


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """Return a session with keys that mean nothing."""
    return boto3.Session("key", "secret", region_name="us-east-1")


@pytest.fixture
def start(session: boto3.Session) -> Iterator[Start]:
    """Start endpoints and stop them after the test."""
    config = Config(proxies={}, retries={"total_max_attempts": 1}, read_timeout=10)
    with ExitStack() as stack:

        def enter(*rules: Rule, default: Reply | None = None) -> tuple[Endpoint, Any]:
            script = Script(rules=rules, default=default or Reply())
            endpoint = stack.enter_context(Endpoint(ScriptedEngine(script)))
            client: Any = session.client("bedrock-runtime", endpoint_url=endpoint.url, config=config)
            stack.callback(client.close)
            return endpoint, client

        yield enter
