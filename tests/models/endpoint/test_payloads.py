"""Reasoning, tools, tiers and padding, as a real client reads them from Converse and its stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EventStreamError

from pytest_llm_migrate.models.endpoint import Reply, Rule, Script, ScriptedCall, ScriptedFault
from tests.models.endpoint.asking import MODEL, ask, deltas, events, kinds, stream
from tests.models.endpoint.shapes import stream_exceptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.models.endpoint.conftest import Stage, Start

CALL = ScriptedCall(name="weather", arguments={"city": "Zürich", "days": [1, 2]})
THINKING = Reply(text="Let me look.", reasoning="Where is it?", deltas=2, tool_calls=(CALL, ScriptedCall(name="clock")))


def test_reply_has_reasoning_text_and_tools_in_blocks(start: Start) -> None:
    """Each is a block of its own, and the stop reason is that of tools."""
    _, client = start(default=THINKING)
    answer = ask(client)
    reasoning, text, weather, clock = answer["output"]["message"]["content"]
    assert reasoning["reasoningContent"]["reasoningText"]["text"] == "Where is it?"
    assert reasoning["reasoningContent"]["reasoningText"]["signature"]
    assert text == {"text": "Let me look."}
    assert weather["toolUse"] == {"toolUseId": "tooluse_1", "name": "weather", "input": CALL.arguments}
    assert clock["toolUse"] == {"toolUseId": "tooluse_2", "name": "clock", "input": {}}
    assert answer["stopReason"] == "tool_use"


def test_stream_has_the_same_blocks_in_deltas(start: Start) -> None:
    """Blocks have an index each; a tool's arguments come as parts of their JSON; the last reasoning is a signature."""
    _, client = start(default=THINKING)
    seen = stream(client)
    found: dict[int, list[Any]] = {}
    for event in seen:
        if "contentBlockDelta" in event:
            delta = event["contentBlockDelta"]
            found.setdefault(delta["contentBlockIndex"], []).append(delta["delta"])
    thoughts = [delta["reasoningContent"] for delta in found[0]]
    assert "".join(thought.get("text", "") for thought in thoughts) == "Where is it?"
    assert list(thoughts[-1]) == ["signature"]
    assert found[1] == [{"text": "Let me"}, {"text": " look."}]
    assert len(found[2]) > 1
    assert json.loads("".join(delta["toolUse"]["input"] for delta in found[2])) == CALL.arguments
    assert kinds(seen).count("contentBlockStart") == 2
    assert [event["contentBlockStop"]["contentBlockIndex"] for event in seen if "contentBlockStop" in event] == [
        0,
        1,
        2,
        3,
    ]
    assert seen[-2]["messageStop"] == {"stopReason": "tool_use"}


def test_tools_alone_leave_no_empty_text(start: Start) -> None:
    """A reply that only calls a tool has one block."""
    _, client = start(default=Reply(text="", tool_calls=(CALL,)))
    assert [list(block) for block in ask(client)["output"]["message"]["content"]] == [["toolUse"]]
    assert kinds(stream(client))[1] == "contentBlockStart"


@pytest.mark.parametrize(
    ("reply", "tier", "mode"),
    [
        (Reply(), "priority", "optimized"),
        (Reply(service_tier="default", latency_mode="standard"), "default", "standard"),
    ],
    ids=["as asked", "as scripted"],
)
def test_tier_and_latency_mode_are_echoed(start: Start, reply: Reply, tier: str, mode: str) -> None:
    """The client is told what served it, which may be other than what it asked for."""
    _, client = start(default=reply)
    wanted: dict[str, Any] = {"serviceTier": {"type": "priority"}, "performanceConfig": {"latency": "optimized"}}
    for found in (ask(client, **wanted), stream(client, **wanted)[-1]["metadata"]):
        assert (found["serviceTier"], found["performanceConfig"]) == ({"type": tier}, {"latency": mode})


def test_nothing_is_echoed_unasked(start: Start) -> None:
    """An answer to a plain request says nothing of tier, mode or router."""
    _, client = start()
    for found in (ask(client), stream(client)[-1]["metadata"]):
        assert not {"serviceTier", "performanceConfig", "trace"} & found.keys()


def test_router_names_the_model_it_chose(start: Start) -> None:
    """The trace has the model that was really called."""
    _, client = start(default=Reply(invoked_model="amazon.nova-micro-v1:0"))
    for found in (ask(client), stream(client)[-1]["metadata"]):
        assert found["trace"] == {"promptRouter": {"invokedModelId": "amazon.nova-micro-v1:0"}}


def test_padding_is_nothing_to_a_client(stage: Callable[[Script], Stage]) -> None:
    """A client reads a padded stream as it reads a bare one."""
    padded, bare = (stage(Script(default=THINKING, padding=padding)).client() for padding in (True, False))
    assert kinds(stream(padded)) == kinds(stream(bare))
    assert deltas_of(padded) == deltas_of(bare)


def deltas_of(client: Any) -> list[Any]:
    """Return all deltas of an answer."""
    return [event["contentBlockDelta"] for event in stream(client) if "contentBlockDelta" in event]


def test_client_may_send_all_that_the_service_takes(start: Start) -> None:
    """boto3 sends images, documents, tools and their results, cache points, guardrails and formats."""
    endpoint, client = start(Rule(contains="sunny", reply=Reply(text="Then go.")))
    spec = {"name": "weather", "inputSchema": {"json": {"type": "object"}}}
    schema = {"jsonSchema": {"schema": "{}", "name": "answer"}}
    answer = client.converse(
        modelId=MODEL,
        messages=[
            {
                "role": "user",
                "content": [
                    {"text": "Look."},
                    {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}},
                    {"document": {"format": "pdf", "name": "a", "source": {"bytes": b"%PDF"}}},
                    {"cachePoint": {"type": "default", "ttl": "1h"}},
                ],
            },
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "weather", "input": {}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "sunny"}]}}]},
        ],
        system=[{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
        toolConfig={"tools": [{"toolSpec": spec}, {"cachePoint": {"type": "default"}}], "toolChoice": {"auto": {}}},
        guardrailConfig={"guardrailIdentifier": "abc", "guardrailVersion": "1"},
        outputConfig={"textFormat": {"type": "json_schema", "structure": schema}},
        requestMetadata={"row": "r1"},
        additionalModelResponseFieldPaths=["/x"],
    )
    assert answer["output"]["message"]["content"] == [{"text": "Then go."}]
    assert endpoint.calls[0].status == 200


def test_prompt_arn_is_called_with_variables(start: Start) -> None:
    """A managed prompt needs no messages."""
    _, client = start(default=Reply(echo=True))
    arn = "arn:aws:bedrock:us-east-1:123456789012:prompt/PROMPT1234:1"
    answer = client.converse(modelId=arn, promptVariables={"topic": {"text": "tea"}})
    assert answer["output"]["message"]["content"] == [{"text": "tea"}]


@pytest.mark.parametrize("code", stream_exceptions("ConverseStreamOutput"))
def test_every_modelled_exception_can_end_a_stream(start: Start, code: str) -> None:
    """Each exception that the service's model has in the stream arrives under that name."""
    name = code[0].upper() + code[1:]
    _, client = start(Rule(reply=Reply(text="ab", deltas=2), fault=ScriptedFault(name=name, after=1)))
    texts: list[str] = []
    with pytest.raises(EventStreamError) as caught:
        texts.extend(deltas(events(client)))
    assert (texts, caught.value.response["Error"]["Code"]) == (["a"], code)
