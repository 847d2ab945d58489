"""boto3's clients, set to make one attempt a call: retrying, timing and counting happen above them."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, NoCredentialsError, NoRegionError
from botocore.loaders import create_loader

from pytest_llm_migrate.errors import CannotConnectError
from pytest_llm_migrate.models.faults import call_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.loaders import Loader

    from pytest_llm_migrate.errors import CallFailedError

SERVICE = "bedrock-runtime"
TOKEN_SERVICES = (SERVICE, "bedrock")
"""Services that take a Bedrock API key."""
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 180.0
"""Seconds of silence after which a call is given up; a Converse reply is silent until all of it is written."""

SETTINGS = "Look at the AWS settings with `aws configure list`."
BEARER_TOKEN = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 - the variable's name


class EventStream(Protocol):
    """The events of one streamed reply."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield events as they come."""
        ...

    def close(self) -> None:
        """Give up an unfinished stream and its connection."""
        ...


class ClientFacts(Protocol):
    """What a client knows of itself."""

    @property
    def region_name(self) -> str:
        """The region it calls."""
        ...


class RuntimeClient(Protocol):
    """The part of a ``bedrock-runtime`` client that a model needs; safe to share between threads."""

    @property
    def meta(self) -> ClientFacts:
        """What the client knows of itself."""
        ...

    def converse(self, **parameters: Any) -> dict[str, Any]:
        """Make one call and return the whole reply."""
        ...

    def converse_stream(self, **parameters: Any) -> dict[str, EventStream]:
        """Make one call and return its events under ``stream``."""
        ...

    def count_tokens(self, **parameters: Any) -> dict[str, Any]:
        """Return the tokens of a request under ``inputTokens``, calling no model."""
        ...


def bedrock_client(reference: str, connections: int) -> RuntimeClient:
    """Return a client with the user's own AWS settings; ``AWS_REGION`` counts where boto3 finds no region.

    Raises `CannotConnectError`, about the model in ``reference``, for what boto3 would keep for the first call.
    """
    client: RuntimeClient = service_client(SERVICE, reference, connections, call_failure)
    return client


def service_client(
    service: str,
    reference: str,
    connections: int,
    failure: Callable[[Exception], CallFailedError],
    *,
    attempts: int = 1,
) -> Any:
    """Return a client for a service's calls; ``failure`` gives the meaning of what is wrong, as of a call's fault.

    More than one attempt a call is for calls that nobody times, and that no other part of the project makes again.

    Raises `CannotConnectError` as `bedrock_client` does.
    """
    try:
        return _checked_client(service, connections, attempts)
    except BotoCoreError as error:
        failed = failure(error)
        raise CannotConnectError(reference, failed.message, failed.way_out or SETTINGS) from error
    except ValueError as error:  # an endpoint that is no URL
        raise CannotConnectError(reference, str(error), SETTINGS) from error


def _checked_client(service: str, connections: int, attempts: int) -> Any:
    core = botocore.session.Session()
    core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
    session = boto3.Session(botocore_session=core)
    region = session.region_name or os.environ.get("AWS_REGION")
    if not region:
        raise NoRegionError
    has_token = service in TOKEN_SERVICES and os.environ.get(BEARER_TOKEN)
    if not has_token and session.get_credentials() is None:
        raise NoCredentialsError
    return cast(Any, session).client(service, region_name=region, config=_config(connections, attempts))


@cache
def _loader(path: str | None) -> Loader:
    """Return what reads descriptions of services, each once a process: that is most of what making a client takes."""
    return create_loader(path)


def loopback_client(url: str, connections: int) -> RuntimeClient:
    """Return a client for an endpoint on this machine, which no AWS or proxy setting reaches."""
    own = botocore.session.Session(
        session_vars={"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
    )
    client: RuntimeClient = boto3.Session(
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - nobody checks it
        region_name="us-east-1",
        botocore_session=own,
    ).client(
        SERVICE,
        endpoint_url=url,
        config=_config(
            connections, proxies={}, signature_version="v4", use_fips_endpoint=False, use_dualstack_endpoint=False
        ),
    )
    return client


def _config(connections: int, attempts: int = 1, **more: Any) -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"total_max_attempts": attempts},
        max_pool_connections=connections,
        # boto3 would put its own text together anew for each call, which takes a tenth of the call's CPU time.
        user_agent=f"Boto3/{boto3.__version__} pytest-llm-migrate",
        **more,
    )
