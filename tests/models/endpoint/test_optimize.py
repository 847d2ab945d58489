"""OptimizePrompt as a real client sees it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EventStreamError

from pytest_llm_migrate.models.endpoint import Reply, Rule, Script, ScriptedFault
from tests.models.endpoint.shapes import stream_exceptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.models.endpoint.conftest import Stage

TARGET = "amazon.nova-lite-v1:0"


def optimize(client: Any, prompt: str = "Sort {{ticket}}.", model: str = TARGET) -> list[dict[str, Any]]:
    """Call OptimizePrompt and return its events."""
    answer = client.optimize_prompt(input={"textPrompt": {"text": prompt}}, targetModelId=model)
    with closing(answer["optimizedPrompt"]) as events:
        return list(events)


def agent(stage: Callable[[Script], Stage], *rules: Rule, default: Reply | None = None) -> tuple[Stage, Any]:
    """Start an endpoint and return it with a client."""
    started = stage(Script(rules=rules, default=default or Reply()))
    return started, started.client("bedrock-agent-runtime")


def test_analysis_comes_before_the_prompt(stage: Callable[[Script], Stage]) -> None:
    """Both events have the scripted texts, and the call is logged under the target model."""
    started, client = agent(stage, default=Reply(optimized="Label {{ticket}}.", analysis="It is short."))
    assert optimize(client) == [
        {"analyzePromptEvent": {"message": "It is short."}},
        {"optimizedPromptEvent": {"optimizedPrompt": {"textPrompt": {"text": "Label {{ticket}}."}}}},
    ]
    (call,) = started.endpoint.calls
    assert (call.operation, call.model, call.outcome) == ("OptimizePrompt", TARGET, "ok")


def test_rule_is_found_by_model_and_prompt(stage: Callable[[Script], Stage]) -> None:
    """A rule with an optimized text is about this operation too."""
    _, client = agent(
        stage,
        Rule(contains="ticket", model="other", reply=Reply(optimized="wrong")),
        Rule(contains="ticket", model=TARGET, reply=Reply(optimized="right")),
    )
    assert optimize(client)[1]["optimizedPromptEvent"]["optimizedPrompt"]["textPrompt"]["text"] == "right"


def test_script_without_an_optimized_text_says_so(stage: Callable[[Script], Stage]) -> None:
    """No prompt is made up."""
    _, client = agent(stage, Rule(reply=Reply(text="an answer")))
    with pytest.raises(client.exceptions.ValidationException, match="The script has no `optimized` text"):
        optimize(client)


def test_blank_prompt_is_refused(stage: Callable[[Script], Stage]) -> None:
    """There is nothing to optimize in a blank."""
    _, client = agent(stage, default=Reply(optimized="better"))
    with pytest.raises(client.exceptions.ValidationException, match="blank"):
        optimize(client, " ")


@pytest.mark.parametrize("code", stream_exceptions("OptimizedPromptStream", "bedrock-agent-runtime"))
def test_every_exception_comes_at_once_or_in_the_stream(stage: Callable[[Script], Stage], code: str) -> None:
    """Before the analysis it is the modelled class; after it, a frame of the same name."""
    name = code[0].upper() + code[1:]
    rule = Rule(operation="OptimizePrompt", contains="now", fault=ScriptedFault(name=name))
    later = Rule(operation="OptimizePrompt", fault=ScriptedFault(name=name, after=1))
    _, client = agent(stage, rule, later, default=Reply(optimized="better"))
    with pytest.raises(getattr(client.exceptions, name)) as caught:
        optimize(client, "now")
    assert isinstance(caught.value, ClientError)
    with pytest.raises(EventStreamError) as broken:
        optimize(client, "later")
    assert broken.value.response["Error"]["Code"] == code
