"""Connecting to OpenAI-compatible servers: what is known to be wrong before a call, and which settings count."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from pytest_llm_migrate.domain import Request, Turn
from pytest_llm_migrate.errors import CannotConnectError, ClientMissingError
from pytest_llm_migrate.models import OpenAIProvider


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (None, "max_completion_tokens"),
        ("https://eu.api.openai.com/v1", "max_completion_tokens"),
        ("http://localhost:11434/v1", "max_tokens"),
        ("https://openai.example.com/v1", "max_tokens"),
    ],
)
def test_token_limit_has_the_name_that_the_server_knows(
    openai_settings: pytest.MonkeyPatch, host: str | None, name: str
) -> None:
    """OpenAI itself gets the limit under the name that all of its models take, every other server under the old one."""
    openai_settings.delenv("OPENAI_BASE_URL")
    if host:
        openai_settings.setenv("OPENAI_BASE_URL", host)
    body = (
        OpenAIProvider().connect("gpt-4o")._body(Request(turns=(Turn("user", "hello"),), inference={"max_tokens": 9}))
    )
    assert {key: value for key, value in body.items() if key.startswith("max_")} == {name: 9}


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("gpt-4o", {"OPENAI_API_KEY": None}, "there is no API key. Set OPENAI_API_KEY"),
        ("gpt-4o", {"OPENAI_API_KEY": None, "OPENAI_ADMIN_KEY": "admin"}, "there is no API key"),
        (
            "gpt-4o",
            {"OPENAI_BASE_URL": "localhost:8000/v1"},
            "the base URL lacks http:// or https://, or a host. Check",
        ),
        ("gpt-4o", {"OPENAI_BASE_URL": "http://localhost:port/v1"}, "Invalid port: 'port'. Check OPENAI_BASE_URL"),
        ("", {}, "no model is named. Write openai:MODEL"),
    ],
)
def test_wrong_setting_is_found_before_a_call(
    openai_settings: pytest.MonkeyPatch, name: str, wrong: dict[str, str | None], said: str
) -> None:
    """A key or address that cannot be right is one clear sentence."""
    for variable, value in wrong.items():
        if value is None:
            openai_settings.delenv(variable)
        else:
            openai_settings.setenv(variable, value)
    with pytest.raises(CannotConnectError) as raised:
        OpenAIProvider().connect(name)
    assert str(raised.value).startswith(f"cannot connect to 'openai:{name}': ")
    assert said in str(raised.value)


def test_missing_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error names the extra that brings it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    said = r"'openai:gpt-4o' needs the openai package: pip install 'pytest-llm-migrate\[openai\]'"
    with pytest.raises(ClientMissingError, match=said):
        OpenAIProvider().connect("gpt-4o")


def test_models_share_one_client(openai_settings: pytest.MonkeyPatch) -> None:
    """Two models of a provider have their own references and one client."""
    del openai_settings
    provider = OpenAIProvider()
    first, second = provider.connect("llama3.2:1b"), provider.connect("org/model")
    assert (provider.scheme, first.ref, second.ref) == ("openai", "openai:llama3.2:1b", "openai:org/model")
    assert first._client is second._client
    assert first.concurrency >= 1


def test_package_is_imported_when_a_model_is_connected() -> None:
    """Importing the room and making providers loads neither the package nor boto3."""
    code = (
        "import sys; from pytest_llm_migrate.models import OpenAIProvider, SageMakerProvider; "
        "OpenAIProvider(), SageMakerProvider(); "
        "sys.exit(sorted({'openai', 'httpx2', 'pydantic', 'boto3', 'botocore'} & set(sys.modules)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True).stderr == ""
