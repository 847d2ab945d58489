"""``bedrock-optimize`` against OptimizePrompt on the wire: what it sends, what it keeps, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.answers.retries import PASSING
from pytest_llm_migrate.domain import Example
from pytest_llm_migrate.errors import CallFailedError, NoRewriteError, StrategySettingError
from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from pytest_llm_migrate.prompts import Prompt
from pytest_llm_migrate.strategies.bedrock_optimize import LONGEST, BedrockOptimize

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import PromptText
    from tests.strategies.conftest import MakeTask, Serve

OPTIMIZED = "Give the topic of the ticket in one word.\n\n<ticket>\n{{ticket}}\n</ticket>"


def rendered(prompt: PromptText, ticket: str = "T") -> str:
    """Return what a target would be sent."""
    assert isinstance(prompt, Prompt)
    return prompt.render({"ticket": ticket}).turns[-1].text


def test_a_prompt_is_optimized_for_the_base_model(make_task: MakeTask, serve: Serve) -> None:
    """The service is asked for the model behind the inference profile, and its variables become ours."""
    endpoint = serve(Rule(contains="one word. {{ticket}}", reply=Reply(optimized=OPTIMIZED, analysis="Too short.")))
    rewrite = BedrockOptimize().rewrite(make_task())
    assert rewrite.prompt.user == OPTIMIZED.replace("{{ticket}}", "{{ ticket }}")
    assert rewrite.notes == ("The service said: Too short.",)
    (call,) = endpoint.calls
    assert (call.operation, call.model) == ("OptimizePrompt", "amazon.nova-lite-v1:0")


@pytest.mark.parametrize(
    "wrapped",
    [
        json.dumps(OPTIMIZED),
        json.dumps(json.dumps(OPTIMIZED)),
        f'"{OPTIMIZED}"',
        f"```text\n{OPTIMIZED}\n```",
        f"\n\nHuman: {OPTIMIZED}\n\nAssistant:",
        OPTIMIZED.replace("{{ticket}}", "{ticket}"),
        OPTIMIZED.replace("{{ticket}}", "{$TICKET}"),
    ],
    ids=["json", "json-twice", "quoted-with-line-ends", "fence", "roles", "single-brace", "dollar"],
)
def test_what_the_service_puts_around_a_prompt_comes_off(make_task: MakeTask, serve: Serve, wrapped: str) -> None:
    """JSON quotes, fences, turn labels and other spellings of a variable leave the same prompt."""
    serve(default=Reply(optimized=wrapped))
    rewrite = BedrockOptimize().rewrite(make_task())
    assert rewrite.prompt.user == OPTIMIZED.replace("{{ticket}}", "{{ ticket }}")


def test_braces_and_jinja_of_the_service_are_text(make_task: MakeTask, serve: Serve) -> None:
    """What looks like a template in the service's text is sent to the target as it stands, and never run."""
    text = '{% for x in y %} {{ 7 * 7 }} {# no #} {"topic": "..."} {{ticket}}'
    serve(default=Reply(optimized=text))
    prompt = BedrockOptimize().rewrite(make_task()).prompt
    assert rendered(prompt) == text.replace("{{ticket}}", "T")


def test_braces_of_the_source_reach_the_service_as_they_print(make_task: MakeTask, serve: Serve) -> None:
    """A brace that our template quotes is sent as the brace itself."""
    serve(Rule(contains='{% raw {"a": 1} {{ticket}}', reply=Reply(optimized=OPTIMIZED)))
    assert BedrockOptimize().rewrite(make_task('{{ "{" }}% raw {"a": 1} {{ ticket }}')).prompt.user


@pytest.mark.parametrize(
    ("setting", "asked", "kept", "note"),
    [
        ({}, "Be terse.\n\nSort. {{ticket}}", None, "is user text alone"),
        ({"system": "keep"}, "Sort. {{ticket}}", "Be terse.", "The system text stayed as it was"),
    ],
)
def test_a_system_text_is_joined_or_kept(
    make_task: MakeTask, serve: Serve, setting: dict[str, str], asked: str, kept: str | None, note: str
) -> None:
    """The service takes one text: what became of the system text is chosen by a setting, and said."""
    serve(Rule(matches=f"^{asked.replace('{', '[{]')}$", reply=Reply(optimized=OPTIMIZED)))
    rewrite = BedrockOptimize().rewrite(make_task("Sort. {{ ticket }}", system="Be terse.", settings=setting))
    assert rewrite.prompt.system == kept
    assert note in rewrite.notes[0]


def test_examples_stay(make_task: MakeTask, serve: Serve) -> None:
    """Example exchanges are no part of the one text; a note says that they stay as they were."""
    serve(default=Reply(optimized=OPTIMIZED))
    task = make_task()
    examples = (Example(input="Where is it?", output="delivery"),)
    rewrite = BedrockOptimize().rewrite(replace(task, prompt=replace(task.prompt, examples=examples)))
    assert rewrite.prompt.examples == examples
    assert rewrite.notes[0] == "The prompt's examples were not sent to the service, and stay."


@pytest.mark.parametrize(
    ("optimized", "why"),
    [
        ("Give the topic.", "it lost the variable 'ticket'"),
        (" ", "it is empty"),
        ('"  "', "it is empty"),
        ("Gib das Thema des Tickets in einem Wort an, und sonst nichts: {{ticket}}", "it is in German, not in English"),
        ("请用一个词给出工单的主题:{{ticket}}", "it is in Cjk letters, not in Latin ones"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_said(make_task: MakeTask, serve: Serve, optimized: str, why: str) -> None:
    """A lost variable, an empty text or another language is an error with the ways out."""
    serve(default=Reply(optimized=optimized))
    task = make_task(
        "You sort the tickets of a shop by their topic. Reply with one word, and that is all. {{ ticket }}"
    )
    with pytest.raises(NoRewriteError, match="take metaprompt or model-guidelines") as caught:
        BedrockOptimize().rewrite(task)
    assert why in str(caught.value)


@pytest.mark.parametrize("after", [0, 1], ids=["at-once", "in-the-stream"])
@pytest.mark.parametrize(
    "name", ["ThrottlingException", "InternalServerException", "BadGatewayException", "DependencyFailedException"]
)
def test_a_passing_fault_has_a_name_that_is_asked_again(
    make_task: MakeTask, serve: Serve, name: str, after: int
) -> None:
    """Throttling and server errors, before the events and among them, are what a run makes another attempt after."""
    serve(
        Rule(operation="OptimizePrompt", reply=Reply(optimized=OPTIMIZED), fault=ScriptedFault(name=name, after=after))
    )
    with pytest.raises(CallFailedError) as caught:
        BedrockOptimize().rewrite(make_task())
    assert caught.value.kind in PASSING
    assert not caught.value.fatal


@pytest.mark.parametrize("name", ["cut", "cut_in_frame", "bad_crc", "reset", "reset_mid_stream"])
def test_a_cut_stream_is_no_prompt(make_task: MakeTask, serve: Serve, name: str) -> None:
    """A reply that ends before the prompt is a failure that a run makes another attempt after."""
    serve(Rule(operation="OptimizePrompt", reply=Reply(optimized=OPTIMIZED), fault=ScriptedFault(name=name)))
    with pytest.raises(CallFailedError, match=r"stream_|bad_checksum|connection_lost") as caught:
        BedrockOptimize().rewrite(make_task())
    assert caught.value.kind in PASSING


@pytest.mark.parametrize("after", [0, 1], ids=["at-once", "in-the-stream"])
@pytest.mark.parametrize("name", ["ValidationException", "AccessDeniedException"])
def test_a_model_or_region_that_is_refused_names_the_alternatives(
    make_task: MakeTask, serve: Serve, name: str, after: int
) -> None:
    """One sentence says model, region, what the service said, and which strategies work without it."""
    fault = ScriptedFault(name=name, message="Model is not supported.", after=after)
    endpoint = serve(Rule(operation="OptimizePrompt", reply=Reply(optimized=OPTIMIZED), fault=fault))
    with pytest.raises(NoRewriteError) as caught:
        BedrockOptimize().rewrite(make_task())
    said = str(caught.value)
    assert said.startswith("bedrock-optimize has no prompt for 'us.amazon.nova-lite-v1:0': in us-west-2, ")
    assert "Model is not supported." in said
    assert "metaprompt or model-guidelines with an --optimizer-model, or few-shot" in said
    assert len(endpoint.calls) == 1


@pytest.mark.parametrize("target", ["local:gemma3-270m", "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc"])
def test_a_target_without_a_base_model_is_refused_before_a_call(make_task: MakeTask, serve: Serve, target: str) -> None:
    """A model that Bedrock has no id for cannot be optimized for."""
    endpoint = serve()
    with pytest.raises(NoRewriteError, match="it names no base model"):
        BedrockOptimize().rewrite(make_task(target=target))
    assert not endpoint.calls


def test_a_prompt_beyond_the_limit_is_refused_before_a_call(make_task: MakeTask, serve: Serve) -> None:
    """The service's limit of characters is known."""
    endpoint = serve()
    with pytest.raises(NoRewriteError, match=f"the service takes 1 to {LONGEST}"):
        BedrockOptimize().rewrite(make_task("x" * LONGEST + " {{ ticket }}"))
    assert not endpoint.calls


def test_no_region_is_said(make_task: MakeTask, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region the sentence says where to look."""
    serve()
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(CallFailedError, match=r"You must specify a region.*aws configure list"):
        BedrockOptimize().rewrite(make_task())


def test_no_credentials_are_said(make_task: MakeTask, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials the sentence says where to look, and nothing of models or regions."""
    serve(default=Reply(optimized=OPTIMIZED))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "none")
    with pytest.raises(CallFailedError, match=r"no_credentials: .*aws configure list"):
        BedrockOptimize().rewrite(make_task())


@pytest.mark.parametrize(
    ("url", "error"),
    [("http://127.0.0.1:9", NoRewriteError), ("no address", CallFailedError)],
    ids=["closed", "no-url"],
)
def test_an_endpoint_that_is_not_there_is_said(
    make_task: MakeTask, serve: Serve, monkeypatch: pytest.MonkeyPatch, url: str, error: type[Exception]
) -> None:
    """A region without the service has no such host; an address that is none is named."""
    serve()
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", url)
    with pytest.raises(error, match="aws configure list"):
        BedrockOptimize().rewrite(make_task())


def test_an_unknown_setting_is_said(make_task: MakeTask) -> None:
    """A value that ``system`` does not take is named with those that it takes."""
    with pytest.raises(StrategySettingError, match="system must be 'join' or 'keep', not 'drop'"):
        BedrockOptimize().rewrite(make_task(settings={"system": "drop"}))


def test_what_it_takes_and_what_it_is(make_task: MakeTask) -> None:
    """It asks for one text, learns from no row, and its tool names the operation."""
    assert (BedrockOptimize().takes(9).services, BedrockOptimize().takes(9).answers, BedrockOptimize().learns) == (
        1,
        0,
        False,
    )
    assert BedrockOptimize().tool.startswith("OptimizePrompt, boto3 1.")
    assert make_task().rows == ()
