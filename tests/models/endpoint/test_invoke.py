"""InvokeModel in the forms of each family, whole and in chunks."""

from __future__ import annotations

import base64
import json
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EventStreamError
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.models.endpoint import Converse, Fault, Message, Reply, Rule, ScriptedCall, ScriptedFault
from pytest_llm_migrate.models.endpoint.invoke import count_tokens_request, read_invocation
from tests.models.endpoint.asking import JSON
from tests.models.endpoint.shapes import stream_exceptions

if TYPE_CHECKING:
    from tests.models.endpoint.conftest import Start

CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
NOVA = "us.amazon.nova-lite-v1:0"
LLAMA = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-1-8b-instruct-v1:0"
MISTRAL = "mistral.mistral-large-2402-v1:0"

TURNS = [{"role": "user", "content": [{"text": "hi"}]}]
BODIES: dict[str, dict[str, Any]] = {
    CLAUDE: {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.1,
        "stop_sequences": ["x"],
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "hi"}],
    },
    NOVA: {
        "schemaVersion": "messages-v1",
        "system": [{"text": "Be brief."}],
        "messages": TURNS,
        "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "topP": 0.1, "stopSequences": ["x"]},
    },
    LLAMA: {"prompt": "hi", "max_gen_len": 9, "temperature": 0.5, "top_p": 0.1},
    MISTRAL: {"prompt": "hi", "max_tokens": 9, "temperature": 0.5, "top_p": 0.1, "stop": ["x"]},
}
REPLY = Reply(text="all is well", deltas=3, input_tokens=5, output_tokens=4, stop_reason="max_tokens")
TOOLS = Reply(text="So.", reasoning="Hm.", tool_calls=(ScriptedCall(name="look", arguments={"at": "the map"}),))


def invoke(client: Any, model: str, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Call InvokeModel and return its body and the whole response."""
    answer = client.invoke_model(modelId=model, body=json.dumps(BODIES[model]), **more)
    return json.loads(answer["body"].read()), answer


def chunks(client: Any, model: str, **more: Any) -> list[dict[str, Any]]:
    """Call InvokeModelWithResponseStream and return its chunks."""
    answer = client.invoke_model_with_response_stream(modelId=model, body=json.dumps(BODIES[model]), **more)
    with closing(answer["body"]) as events:
        return [json.loads(event["chunk"]["bytes"]) for event in events]


@pytest.mark.parametrize("model", BODIES)
def test_each_family_is_read(model: str) -> None:
    """Turns and settings of every form are those of a conversation."""
    request = read_invocation(model, BODIES[model])
    assert request == Converse(
        model=model,
        messages=(Message("user", "hi"),),
        system="" if "prompt" in BODIES[model] else "Be brief.",
        max_tokens=9,
        temperature=0.5,
        top_p=0.1,
        stop_sequences=() if model == LLAMA else ("x",),
    )


def test_what_a_family_has_beside_its_settings_is_kept() -> None:
    """Fields that no other family knows reach the engine as the model's own."""
    assert read_invocation(CLAUDE, {**BODIES[CLAUDE], "top_k": 3}).additional == {"top_k": 3}
    assert read_invocation(MISTRAL, {"prompt": "a", "top_k": 3}).additional == {"top_k": 3}


def test_blocks_of_claude_are_read() -> None:
    """Texts, images, tools and their results of the Messages form are those of Converse."""
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(b"pixels").decode()}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image", "source": source}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "x"},
                {"type": "tool_use", "id": "1", "name": "a", "input": {}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "sunny"}]},
    ]
    asked, called, told = read_invocation(CLAUDE, {**BODIES[CLAUDE], "messages": messages}).messages
    assert (asked.text, [part.kind for part in asked.attachments]) == ("look", ["image"])
    assert [part.kind for part in called.attachments] == ["reasoningContent", "toolUse"]
    assert told.text == "sunny"


@pytest.mark.parametrize(
    ("model", "body", "reason"),
    [
        (CLAUDE, {"max_tokens": 1, "messages": []}, "anthropic_version: Field required"),
        (CLAUDE, {"anthropic_version": "x", "messages": []}, "max_tokens: Field required"),
        (CLAUDE, {**BODIES[CLAUDE], "messages": [{"role": "user", "content": [{"type": "x"}]}]}, "Input tag 'x'"),
        (CLAUDE, {**BODIES[CLAUDE], "messages": [{"role": "user", "content": 5}]}, "must be a list"),
        (NOVA, {"messages": []}, "The messages field is empty."),
        (LLAMA, {}, "The value at prompt must be a string."),
        (MISTRAL, {"prompt": " "}, "is blank"),
        ("cohere.command-r-v1:0", {}, "InvokeModel takes models of anthropic., amazon.nova, meta.llama, mistral. here"),
    ],
)
def test_bad_body_is_refused_with_its_reason(model: str, body: dict[str, Any], reason: str) -> None:
    """A body that the model could not read is a ValidationException."""
    with pytest.raises(Fault) as caught:
        read_invocation(model, body)
    assert caught.value.error == "ValidationException"
    assert reason in caught.value.message


@given(
    model=st.sampled_from(list(BODIES)),
    name=st.sampled_from(["messages", "system", "prompt", "max_tokens", "inferenceConfig", "stop"]),
    value=JSON
    | st.lists(
        st.fixed_dictionaries(
            {
                "role": st.just("user"),
                "content": JSON
                | st.lists(
                    st.fixed_dictionaries(
                        {
                            "type": st.sampled_from(["text", "image", "tool_result", "thinking"]),
                            "source": JSON | st.just({"type": "base64"}),
                            "content": JSON,
                        }
                    )
                ),
            }
        )
    ),
)
def test_no_body_breaks_the_reader(model: str, name: str, value: Any) -> None:
    """Whatever a member holds is either read or refused with a fault."""
    with suppress(Fault):
        read_invocation(model, {**BODIES[model], name: value})


def test_claude_answers_with_a_message(start: Start) -> None:
    """The Messages form has typed blocks and its own names for tokens."""
    _, client = start(default=REPLY)
    found, _ = invoke(client, CLAUDE)
    assert found["content"] == [{"type": "text", "text": "all is well"}]
    assert (found["type"], found["role"], found["stop_reason"]) == ("message", "assistant", "max_tokens")
    assert (found["usage"]["input_tokens"], found["usage"]["output_tokens"]) == (5, 4)


def test_nova_answers_as_converse_does(start: Start) -> None:
    """The Nova form is Converse's with cache tokens of other names."""
    _, client = start(default=REPLY)
    found, _ = invoke(client, NOVA)
    assert found["output"]["message"] == {"role": "assistant", "content": [{"text": "all is well"}]}
    assert (found["stopReason"], found["usage"]["totalTokens"]) == ("max_tokens", 9)
    assert found["usage"]["cacheReadInputTokenCount"] == 0


def test_prompt_families_answer_with_text(start: Start) -> None:
    """Llama generates and Mistral outputs; both say that the length ended it."""
    _, client = start(default=REPLY)
    assert invoke(client, LLAMA)[0] == {
        "generation": "all is well",
        "prompt_token_count": 5,
        "generation_token_count": 4,
        "stop_reason": "length",
    }
    assert invoke(client, MISTRAL)[0] == {"outputs": [{"text": "all is well", "stop_reason": "length"}]}


def text_of(model: str, chunk: dict[str, Any]) -> str:
    """Return the text in a chunk."""
    match chunk:
        case {"type": "content_block_delta", "delta": {"text": text}}:
            return str(text)
        case {"contentBlockDelta": {"delta": {"text": text}}} | {"generation": text} | {"outputs": [{"text": text}]}:
            return str(text)
    assert model in (CLAUDE, NOVA)
    return ""


@pytest.mark.parametrize("model", BODIES)
def test_chunks_make_up_the_answer_and_the_last_has_the_measurements(start: Start, model: str) -> None:
    """Every family streams the same text; tokens and the server's own latencies come last, and only there."""
    _, client = start(default=Reply(text="all is well", deltas=3, latency=0.05, gap=0.02, input_tokens=5))
    found = chunks(client, model)
    assert "".join(text_of(model, chunk) for chunk in found) == "all is well"
    assert sum(bool(text_of(model, chunk)) for chunk in found) == 3
    measured = found[-1].pop("amazon-bedrock-invocationMetrics")
    assert (measured["inputTokenCount"], measured["outputTokenCount"]) == (5, 3)
    assert 50 <= measured["firstByteLatency"] <= measured["invocationLatency"] - 35
    assert "amazon-bedrock-invocationMetrics" not in json.dumps(found)


def test_claude_streams_its_blocks_one_after_the_other(start: Start) -> None:
    """Thinking, text and a tool each start, change and stop under an index."""
    _, client = start(default=TOOLS)
    found = chunks(client, CLAUDE)
    starts = [chunk["content_block"]["type"] for chunk in found if chunk["type"] == "content_block_start"]
    assert starts == ["thinking", "text", "tool_use"]
    assert [chunk["index"] for chunk in found if chunk["type"] == "content_block_stop"] == [0, 1, 2]
    parts = [chunk["delta"].get("partial_json", "") for chunk in found if chunk["type"] == "content_block_delta"]
    assert json.loads("".join(parts)) == {"at": "the map"}
    assert [chunk["type"] for chunk in found[-2:]] == ["message_delta", "message_stop"]
    assert found[-2]["delta"]["stop_reason"] == "tool_use"
    assert [block["type"] for block in invoke(client, CLAUDE)[0]["content"]] == ["thinking", "text", "tool_use"]


def test_nova_streams_converse_events(start: Start) -> None:
    """Each chunk is one event, the metadata last."""
    _, client = start(default=TOOLS)
    names = [next(iter(chunk)) for chunk in chunks(client, NOVA)]
    assert (names[0], names[-2:]) == ("messageStart", ["messageStop", "metadata"])


def test_response_headers_say_tier_and_latency_mode(start: Start) -> None:
    """What served the answer is in the headers, whole or streamed, from the first byte on."""
    _, client = start(default=Reply(service_tier="default"))
    wanted = {"serviceTier": "flex", "performanceConfigLatency": "optimized"}
    _, whole = invoke(client, NOVA, **wanted)
    streamed = client.invoke_model_with_response_stream(modelId=NOVA, body=json.dumps(BODIES[NOVA]), **wanted)
    streamed["body"].close()
    for answer in (whole, streamed):
        assert (answer["serviceTier"], answer["performanceConfigLatency"]) == ("default", "optimized")
        assert answer["contentType"] == "application/json"


def test_rule_and_log_know_the_operation(start: Start) -> None:
    """A rule can be about InvokeModel alone, and the log says which operation it was."""
    endpoint, client = start(Rule(operation="InvokeModel", reply=Reply(text="whole")))
    assert invoke(client, MISTRAL)[0]["outputs"][0]["text"] == "whole"
    assert "".join(text_of(MISTRAL, chunk) for chunk in chunks(client, MISTRAL)) == "ok"
    assert [call.operation for call in endpoint.calls] == ["InvokeModel", "InvokeModelWithResponseStream"]


def test_unknown_family_is_refused_over_the_wire(start: Start) -> None:
    """A model whose form is not known is a ValidationException."""
    _, client = start()
    with pytest.raises(client.exceptions.ValidationException, match="Use Converse"):
        client.invoke_model(modelId="cohere.command-r-v1:0", body="{}")


@pytest.mark.parametrize("code", stream_exceptions("ResponseStream"))
def test_every_modelled_exception_can_end_a_stream(start: Start, code: str) -> None:
    """Each exception that the service's model has in the stream arrives under that name."""
    name = code[0].upper() + code[1:]
    _, client = start(Rule(reply=Reply(text="ab", deltas=2), fault=ScriptedFault(name=name, after=1)))
    with pytest.raises(EventStreamError) as caught:
        chunks(client, MISTRAL)
    assert caught.value.response["Error"]["Code"] == code


def test_count_tokens_reads_either_request_inside(start: Start) -> None:
    """CountTokens wraps a Converse request or an InvokeModel body in its input."""
    _, client = start()
    assert client.count_tokens(modelId=NOVA, input={"converse": {"messages": TURNS}})["inputTokens"] == 1
    body = json.dumps(BODIES[CLAUDE]).encode()
    assert client.count_tokens(modelId=CLAUDE, input={"invokeModel": {"body": body}})["inputTokens"] == 3


@pytest.mark.parametrize(
    ("counted", "reason"),
    [
        ({}, "exactly one member"),
        ({"converse": {}, "invokeModel": {}}, "exactly one member"),
        ({"invokeModel": {"body": "?"}}, "not valid base64"),
        ({"invokeModel": {}}, "must be a string"),
        ({"converse": {"messages": []}}, "The messages field is empty."),
    ],
)
def test_count_tokens_takes_nothing_else(counted: Any, reason: str) -> None:
    """An input of neither kind is a ValidationException."""
    with pytest.raises(Fault, match=reason):
        count_tokens_request(NOVA, json.dumps({"input": counted}).encode())
