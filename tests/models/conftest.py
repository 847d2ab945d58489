"""Endpoints to call over real HTTP, and AWS settings that come from nowhere else."""

from __future__ import annotations

import os
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Protocol

import pytest

from pytest_llm_migrate.models import BedrockProvider
from pytest_llm_migrate.models.endpoint import Endpoint, Script, ScriptedEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.models.bedrock import BedrockModel
    from pytest_llm_migrate.models.endpoint import Rule

MODEL = "us.amazon.nova-lite-v1:0"
OPENAI_KEY = "sk-planted-0123456789abcdef"


class Connect(Protocol):
    """Starts an endpoint with rules and connects to it."""

    def __call__(self, *rules: Rule) -> tuple[BedrockModel, Endpoint]:
        """Return the model and the endpoint behind it."""


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Take every AWS setting and proxy away."""
    for name in os.environ:
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.fixture
def aws(no_aws: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give keys and a region, and nothing else."""
    no_aws.setenv("AWS_ACCESS_KEY_ID", "key")
    no_aws.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    no_aws.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return no_aws


@pytest.fixture
def openai_settings(no_aws: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Leave of the openai package's settings only a key, and an address where nobody is."""
    for name in [name for name in os.environ if name.startswith("OPENAI_")]:
        no_aws.delenv(name)
    no_aws.setenv("OPENAI_API_KEY", OPENAI_KEY)
    no_aws.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    return no_aws


@pytest.fixture
def connect(aws: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Connect to endpoints that answer by rules."""
    with ExitStack() as endpoints:

        def start(*rules: Rule) -> tuple[BedrockModel, Endpoint]:
            endpoint = endpoints.enter_context(Endpoint(ScriptedEngine(Script(rules=rules))))
            aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", endpoint.url)
            return BedrockProvider().connect(MODEL), endpoint

        yield start


class RawServer(ThreadingHTTPServer):
    """Sends the same bytes to every request; remembers requests' headers and counts connections."""

    daemon_threads = True

    def __init__(self, response: bytes) -> None:
        self.response = response
        self.connections = 0
        self.headers: list[dict[str, str]] = []
        super().__init__(("127.0.0.1", 0), RawHandler)

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class RawHandler(BaseHTTPRequestHandler):
    """One connection to a `RawServer`."""

    server: RawServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """Count the connection."""
        self.server.connections += 1
        super().setup()

    def do_POST(self) -> None:
        """Read a request and send the bytes."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.wfile.write(self.server.response)
        self.close_connection = b"Connection: close" in self.server.response

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Serve(Protocol):
    """Starts a server of raw bytes and connects to it."""

    def __call__(self, response: bytes) -> tuple[BedrockModel, RawServer]:
        """Return the model and the server behind it."""


@pytest.fixture
def serve(aws: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Connect to servers that send bytes as they are."""
    servers: list[RawServer] = []

    def start(response: bytes) -> tuple[BedrockModel, RawServer]:
        server = RawServer(response)
        servers.append(server)
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        return BedrockProvider().connect(MODEL), server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
