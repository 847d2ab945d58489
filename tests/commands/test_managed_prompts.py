"""Prompts come from Bedrock Prompt Management, and go there, over the wire."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.validate import ParamValidator

from pytest_llm_migrate.domain import Example
from pytest_llm_migrate.errors import CannotConnectError, ManagedPromptError, PromptExportError, PromptImportError
from pytest_llm_migrate.models.endpoint import Endpoint, Rule, Script, ScriptedEngine, ScriptedFault
from pytest_llm_migrate.models.prompt_management import get_prompt, version_of
from pytest_llm_migrate.prompts import Prompt, load_prompt, save_prompt
from pytest_llm_migrate.prompts.managed import create_request, prompt_of_reply
from pytest_llm_migrate.prompts.turns import Reading
from tests.commands.test_prompts import run  # noqa: F401 - pytest finds the fixture here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROMPT = Prompt(
    name="triage",
    system="Be {{ tone }}.",
    user='As {"q": 1}: {{ ticket }}',
    examples=(Example(input="hi {x}", output="billing"),),
    inference={"temperature": 0.5, "max_tokens": 9, "stop": ["END"], "top_k": 3},
)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Start endpoints, the newest of which boto3 calls for Prompt Management."""
    for name, value in (("ACCESS_KEY_ID", "k"), ("SECRET_ACCESS_KEY", "s"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    started: list[Endpoint] = []

    def start(*rules: Rule) -> None:
        started.append(Endpoint(ScriptedEngine(Script(rules=rules))))
        started[-1].start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT", started[-1].url)

    yield start
    for endpoint in started:
        endpoint.stop()


def test_a_prompt_goes_and_comes_back(tmp_path: Path, run: Callable[..., str], serve: Callable[..., None]) -> None:  # noqa: F811
    """A version is written, and its ARN gives the same prompt again."""
    serve()
    save_prompt(tmp_path / "prompts/triage/source.prompt.yaml", PROMPT)
    reference = run("export", "triage", "--format", "bedrock").strip()
    assert reference.startswith("arn:aws:bedrock:us-east-1:")
    assert version_of(reference).version == "1"
    said = run("import", reference, "--as", "again")
    assert said == "prompts/again/source.prompt.yaml: ticket, tone\n"
    assert load_prompt(tmp_path / "prompts/again/source.prompt.yaml").sha256 == PROMPT.sha256


def test_an_existing_name_is_a_conflict(tmp_path: Path, run: Callable[..., str], serve: Callable[..., None]) -> None:  # noqa: F811
    """The service keeps names apart; nothing of it is written over."""
    serve()
    save_prompt(tmp_path / "prompts/triage/source.prompt.yaml", PROMPT)
    run("export", "triage", "--format", "bedrock")
    said = run("export", "triage", "--format", "bedrock")
    assert "Prompt Management, 'triage': A prompt named triage exists already. Names are there once: rename" in said


def test_a_version_that_is_not_there_is_said(serve: Callable[..., None]) -> None:
    """The service's own words name what is missing."""
    serve()
    with pytest.raises(ManagedPromptError, match=r"<account>:prompt/ABC:3'.*There is no prompt .* Check the ARN"):
        get_prompt("arn:aws:bedrock:us-east-1:123456789012:prompt/ABC:3")


def test_a_refusal_names_the_permissions(serve: Callable[..., None]) -> None:
    """Who may not read prompts learns what to allow."""
    serve(Rule(operation="GetPrompt", fault=ScriptedFault(name="AccessDeniedException")))
    with pytest.raises(ManagedPromptError, match="Allow bedrock:GetPrompt"):
        get_prompt("arn:aws:bedrock:us-east-1:123456789012:prompt/ABC")


def test_a_service_that_does_not_answer_is_no_fault_of_the_prompt(serve: Callable[..., None]) -> None:
    """What is wrong with the connection is said as such."""
    serve(Rule(operation="GetPrompt", fault=ScriptedFault(name="ExpiredTokenException")))
    with pytest.raises(CannotConnectError, match="cannot connect to 'arn:"):
        get_prompt("arn:aws:bedrock:us-east-1:123456789012:prompt/ABC")


@pytest.mark.parametrize("model", [None, "us.amazon.nova-lite-v1:0"])
def test_a_request_is_what_the_service_takes(model: str | None) -> None:
    """What is sent fits botocore's model of CreatePrompt, and declares every variable."""
    request = create_request(PROMPT, "triage", model)
    client: Any = boto3.client("bedrock-agent", region_name="us-east-1")
    shape = client.meta.service_model.operation_model("CreatePrompt").input_shape
    assert not ParamValidator().validate(request, shape).has_errors()
    chat = request["variants"][0]["templateConfiguration"]["chat"]
    assert chat["inputVariables"] == [{"name": "ticket"}, {"name": "tone"}]
    assert chat["messages"][-1]["content"] == [{"text": 'As {"q": 1}: {{ticket}}'}]


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ({}, "is neither text nor chat"),
        ({"chat": {"messages": [], "toolConfiguration": {"tools": []}}}, "the last turn must be"),
        ({"chat": {"messages": [], "toolConfiguration": {"tools": [1]}}}, "has tools"),
        ({"chat": {"messages": [{"role": "user", "content": [{"image": {}}]}]}}, "holds more than texts"),
    ],
)
def test_what_a_catalog_cannot_hold_is_said(template: dict[str, Any], why: str) -> None:
    """A managed prompt is taken over whole or not at all."""
    reply = {"name": "p", "variants": [{"name": "a", "templateConfiguration": template}]}
    with pytest.raises(PromptImportError, match=why):
        prompt_of_reply(reply, Reading(), "arn")
    with pytest.raises(PromptImportError, match="has no variant"):
        prompt_of_reply({"name": "p"}, Reading(), "arn")


def test_the_default_variant_is_taken() -> None:
    """Of several variants the default one counts; a text is a user turn."""
    variants = [
        {"name": name, "templateConfiguration": {"text": {"text": f"{name} {{{{x}}}}"}}} for name in ("one", "two")
    ]
    prompt = prompt_of_reply({"name": "p", "defaultVariant": "two", "variants": variants}, Reading(), "arn")
    assert prompt.user == "two {{ x }}"


def test_too_many_variables_are_said() -> None:
    """The service takes twenty variables."""
    user = " ".join(f"{{{{ v{number} }}}}" for number in range(21))
    with pytest.raises(PromptExportError, match="more than 20 variables"):
        create_request(dataclasses.replace(PROMPT, user=user), "p", None)
