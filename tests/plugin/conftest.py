"""Inner pytest runs in one process with this one, and an endpoint that they call as Bedrock."""

from __future__ import annotations

import os
import pkgutil
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import pytest

import pytest_llm_migrate
from tests.plugin.suite import Bedrock, Suite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.models.endpoint import Reply, Rule

LIBRARIES = (
    "boto3",
    "genai_prices.data",
    "httpcore2",
    "jinja2.meta",
    "jinja2.sandbox",
    "pandas",
    "scipy.stats",
    "yaml",
)
ROOMS = [
    module.name
    for module in pkgutil.walk_packages(pytest_llm_migrate.__path__, "pytest_llm_migrate.")
    if not module.name.endswith("__main__")
]
LOADED_ONCE = [import_module(name) for name in (*LIBRARIES, *ROOMS)]
"""Inner runs forget the modules that they import themselves; these are dear, and numpy refuses a second load."""
LIGHT = "-p no:deepeval -p no:hypothesispytest -p no:anyio -p no:asyncio -p no:repeat -p no:rerunfailures"
"""Options that keep other plugins' weight out of inner runs."""


@pytest.fixture(autouse=True)
def _inner_environment(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - it clears
    for name in os.environ:
        if name.startswith(("AWS_", "GITHUB_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    # Processes that keep no bytecode rewrite the plugin's assertions anew, each of them for a second.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("PYTEST_ADDOPTS", f"{LIGHT} -p no:cacheprovider")


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Suite:
    """A suite without a dataset or a test, with a prompt."""
    return Suite(pytester)


class Serve(Protocol):
    """Starts an endpoint that answers by rules, and points boto3 at it."""

    def __call__(self, *rules: Rule, default: Reply | None = None) -> Bedrock:
        """Return the endpoint with what it was asked."""


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """AWS credentials and a region that nobody checks."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return monkeypatch


@pytest.fixture
def serve(credentials: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Endpoints by their rules; the newest is the one that is called."""
    with ExitStack() as endpoints:

        def start(*rules: Rule, default: Reply | None = None) -> Bedrock:
            bedrock = Bedrock(*rules, default=default)
            endpoints.enter_context(bedrock.endpoint)
            credentials.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock.endpoint.url)
            return bedrock

        yield start


@pytest.fixture
def bedrock(serve: Serve) -> Bedrock:
    """An endpoint that answers ``yes`` to everything."""
    return serve()
