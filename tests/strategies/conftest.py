"""Tasks for strategies, and an endpoint that their clients reach as they reach AWS."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pytest_llm_migrate.domain import Answer, PromptTask
from pytest_llm_migrate.models.endpoint import Endpoint, Reply, Script, ScriptedEngine
from pytest_llm_migrate.prompts import Prompt, from_model_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llm_migrate.domain import PromptText, Request, Row
    from pytest_llm_migrate.models.endpoint import Rule

TARGET = "us.amazon.nova-lite-v1:0"
SERVICES = ("BEDROCK", "BEDROCK_AGENT_RUNTIME", "BEDROCK_RUNTIME", "S3")


@dataclass
class Writer:
    """A model that writes one text after another, and what it was asked."""

    texts: list[str | Answer] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        """Return the next text, as one that the model ended of itself."""
        self.asked.append(request)
        text = self.texts[len(self.asked) - 1]
        return text if isinstance(text, Answer) else Answer(text=text, stop_reason="end_turn")


class MakeTask(Protocol):
    """Makes a task."""

    def __call__(
        self,
        user: str = "Sort the ticket by its topic. Reply with one word. {{ ticket }}",
        *,
        system: str | None = None,
        target: str = TARGET,
        writer: Writer | None = None,
        rows: Sequence[Row] = (),
        inference: dict[str, Any] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> PromptTask:
        """Return the task of rewriting a prompt for a target."""


@pytest.fixture
def said() -> list[str]:
    """What strategies told the user."""
    return []


@pytest.fixture
def make_task(said: list[str]) -> MakeTask:
    """Make tasks whose templates are converted as in a run."""

    def make(
        user: str = "Sort the ticket by its topic. Reply with one word. {{ ticket }}",
        *,
        system: str | None = None,
        target: str = TARGET,
        writer: Writer | None = None,
        rows: Sequence[Row] = (),
        inference: dict[str, Any] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> PromptTask:
        prompt = Prompt(name="triage", user=user, system=system, inference=inference or {})
        templates = f"{system or ''}\n{user}"
        return PromptTask(
            prompt=prompt,
            source="anthropic.claude-3-haiku-20240307-v1:0",
            target=target,
            rows=rows,
            try_out=_unasked,
            render=_rendered,
            ask_target=_unasked,
            score=_unasked,
            ask=writer or Writer(),
            optimizer="anthropic.claude-sonnet-4-20250514-v1:0" if writer else None,
            template_of=lambda text: from_model_text(text, prompt.variables, templates),
            variables=prompt.variables,
            say=said.append,
            settings=settings or {},
        )

    return make


def _rendered(text: PromptText, row: Row) -> Request:
    assert isinstance(text, Prompt)
    return text.render(row)


def _unasked(*given: object) -> Any:
    raise AssertionError(given)


class Serve(Protocol):
    """Starts an endpoint that answers by rules, and points boto3 at it."""

    def __call__(self, *rules: Rule, default: Reply | None = None) -> Endpoint:
        """Return the endpoint."""


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start endpoints; the newest is the one that is called."""
    for name in os.environ:
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with ExitStack() as endpoints:

        def start(*rules: Rule, default: Reply | None = None) -> Endpoint:
            script = Script(rules=rules, default=default or Reply())
            endpoint = endpoints.enter_context(Endpoint(ScriptedEngine(script)))
            for service in SERVICES:
                monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", endpoint.url)
            return endpoint

        yield start
