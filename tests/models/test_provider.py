"""Connecting to Bedrock: what is known to be wrong before a call, and which settings count."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError

from pytest_llm_migrate.domain import Request, Turn
from pytest_llm_migrate.errors import CallFailedError, CannotConnectError
from pytest_llm_migrate.models import BedrockProvider
from tests.models.conftest import MODEL

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llm_migrate.models.bedrock import BedrockModel
    from tests.models.conftest import Connect, Serve

REQUEST = Request(turns=(Turn("user", "hello"),))


def boto3_client(model: BedrockModel) -> Any:
    """Return boto3's own client behind a model."""
    return model._client


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every attempt to open a connection fail the test."""

    def refuse(*_: object) -> None:
        pytest.fail("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.usefixtures("no_network")
def test_missing_region_is_found_before_a_call(no_aws: pytest.MonkeyPatch) -> None:
    """Without a region the error names the model and every way to give one."""
    no_aws.setenv("AWS_BEARER_TOKEN_BEDROCK", "token")
    with pytest.raises(CannotConnectError) as raised:
        BedrockProvider().connect(MODEL)
    assert str(raised.value) == (
        f"cannot connect to {MODEL!r}: You must specify a region. "
        "Set AWS_DEFAULT_REGION (or AWS_REGION), or a region in the AWS profile."
    )


@pytest.mark.usefixtures("no_network")
def test_missing_credentials_are_found_before_a_call(no_aws: pytest.MonkeyPatch) -> None:
    """Without credentials the error names the ways to give them."""
    no_aws.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises(CannotConnectError, match=r"Unable to locate credentials\. Run `aws configure sso`"):
        BedrockProvider().connect(MODEL)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"AWS_PROFILE": "nobody"}, r"The config profile \(nobody\) could not be found"),
        ({"AWS_DEFAULT_REGION": "us east"}, "Provided region_name 'us east'"),
        ({"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "no url"}, "Invalid endpoint: no url"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "Partial credentials found in env"),
    ],
)
def test_wrong_setting_is_found_before_a_call(aws: pytest.MonkeyPatch, settings: dict[str, str], said: str) -> None:
    """A profile, region, endpoint or key that cannot be right is one clear sentence."""
    for name, value in settings.items():
        aws.setenv(name, value)
    with pytest.raises(CannotConnectError, match=said):
        BedrockProvider().connect(MODEL)


@pytest.mark.usefixtures("no_network")
def test_region_alone_may_come_from_aws_region(no_aws: pytest.MonkeyPatch) -> None:
    """AWS_REGION counts where nothing else gives a region, and an API key counts as credentials."""
    no_aws.setenv("AWS_BEARER_TOKEN_BEDROCK", "token")
    no_aws.setenv("AWS_REGION", "eu-west-3")
    assert boto3_client(BedrockProvider().connect(MODEL)).meta.region_name == "eu-west-3"
    no_aws.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert boto3_client(BedrockProvider().connect(MODEL)).meta.region_name == "us-east-1"


@pytest.mark.usefixtures("no_network")
def test_region_and_keys_may_come_from_a_profile(no_aws: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile is enough, and its region goes before AWS_REGION."""
    config = tmp_path / "config"
    config.write_text("[profile ci]\nregion = ca-central-1\naws_access_key_id = k\naws_secret_access_key = s\n")
    for name, value in {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "ci", "AWS_REGION": "eu-west-3"}.items():
        no_aws.setenv(name, value)
    assert boto3_client(BedrockProvider().connect(MODEL)).meta.region_name == "ca-central-1"


@pytest.mark.usefixtures("aws", "no_network")
def test_models_share_one_client() -> None:
    """Two models of a provider have their own references and one client."""
    provider = BedrockProvider()
    first, second = provider.connect(MODEL), provider.connect("amazon.nova-pro-v1:0")
    assert (provider.scheme, first.ref, second.ref) == ("bedrock", MODEL, "amazon.nova-pro-v1:0")
    assert first._client is second._client
    assert first.concurrency >= 1


def test_call_is_signed_and_made_once(serve: Serve) -> None:
    """A call carries boto3's signature and names this program; boto3 does not make a failed one again."""
    model, server = serve(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(CallFailedError, match="server_error"):
        model.answer(REQUEST)
    (headers,) = server.headers
    assert "/us-east-1/bedrock/aws4_request" in headers["authorization"]
    assert "pytest-llm-migrate" in headers["user-agent"]


@pytest.mark.usefixtures("no_network")
def test_api_key_is_sent_as_a_bearer_token(no_aws: pytest.MonkeyPatch) -> None:
    """AWS_BEARER_TOKEN_BEDROCK works without any key pair."""
    no_aws.setenv("AWS_BEARER_TOKEN_BEDROCK", "token")
    no_aws.setenv("AWS_DEFAULT_REGION", "us-east-1")
    model = BedrockProvider().connect(MODEL)
    sent: list[bytes] = []

    def intercept(request: Any, **_: object) -> None:
        sent.append(request.headers["Authorization"])
        raise ConnectionClosedError(endpoint_url=request.url)

    boto3_client(model).meta.events.register("before-send.bedrock-runtime", intercept)
    with pytest.raises(CallFailedError, match="connection_lost"):
        model.answer(REQUEST)
    assert sent == [b"Bearer token"]


@pytest.mark.parametrize(
    "model_id", ["arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc123", MODEL]
)
def test_model_id_arrives_as_it_is(connect: Connect, model_id: str) -> None:
    """Colons and slashes of a model id or ARN survive the path."""
    _, endpoint = connect()
    BedrockProvider().connect(model_id).answer(REQUEST)
    assert endpoint.calls[-1].model == model_id


def test_boto3_is_imported_when_a_model_is_connected() -> None:
    """Importing the room, and asking what a reference means, loads neither boto3 nor botocore."""
    code = (
        "import sys; from pytest_llm_migrate.models import BedrockProvider, LocalProvider, parse_reference; "
        "BedrockProvider(), LocalProvider(); parse_reference('amazon.nova-lite-v1:0', ['bedrock']); "
        "sys.exit(sorted({'boto3', 'botocore', 'urllib3', 'xllamacpp'} & set(sys.modules)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True).stderr == ""
