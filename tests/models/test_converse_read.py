"""What is read from a reply and a stream beside the text, through boto3's own parser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.parsers import EventStreamJSONParser, create_parser
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Request, Row, ToolCall, Turn
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.metrics import metric
from pytest_llm_migrate.models.converse import StreamedReply, read_reply
from pytest_llm_migrate.models.endpoint import Reply, Rule
from pytest_llm_migrate.models.endpoint.frames import event_frame
from tests.models.endpoint.shapes import service

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Answer
    from tests.models.conftest import Connect, Serve

USAGE = {"inputTokens": 9, "outputTokens": 3, "totalTokens": 12}
CONVERSE: Any = service().operation_model("Converse").output_shape
STREAM: Any = service().operation_model("ConverseStream").output_shape
Block = dict[str, Any]


def thought(text: str) -> Block:
    """Return a block of reasoning."""
    return {"reasoningContent": {"reasoningText": {"text": text, "signature": "c2ln"}}}


def tool(name: str, arguments: Any) -> Block:
    """Return a block that asks for a tool."""
    return {"toolUse": {"toolUseId": "t1", "name": name, "input": arguments}}


def read(*blocks: Block, stop_reason: str = "end_turn", **facts: Any) -> Answer:
    """Return the answer in a Converse reply with these blocks, as boto3 parses it."""
    content = {"output": {"message": {"role": "assistant", "content": list(blocks)}}, "stopReason": stop_reason}
    body = json.dumps({**content, "usage": USAGE, "metrics": {"latencyMs": 120}, **facts}).encode()
    reply = create_parser("rest-json").parse({"status_code": 200, "headers": {}, "body": body}, CONVERSE)
    return read_reply(reply, 0.5)


def frames(*blocks: Block, stop_reason: str = "end_turn", size: int = 3, **facts: Any) -> bytes:
    """Return the same reply as a stream, its texts cut into pieces."""
    parts = [event_frame("messageStart", {"role": "assistant"})]
    for index, block in enumerate(blocks):
        if "toolUse" in block:
            start = {"toolUse": {"toolUseId": "t1", "name": block["toolUse"]["name"]}}
            parts.append(event_frame("contentBlockStart", {"start": start, "contentBlockIndex": index}))
        parts += [
            event_frame("contentBlockDelta", {"delta": delta, "contentBlockIndex": index})
            for delta in deltas(block, size)
        ]
        parts.append(event_frame("contentBlockStop", {"contentBlockIndex": index}))
    parts.append(event_frame("messageStop", {"stopReason": stop_reason}))
    parts.append(event_frame("metadata", {"usage": USAGE, "metrics": {"latencyMs": 120}, **facts}))
    return b"".join(parts)


def deltas(block: Block, size: int) -> list[Block]:
    """Return the deltas in which a block travels."""
    if "text" in block:
        return [{"text": part} for part in cut(block["text"], size)]
    if "toolUse" in block:
        arguments = block["toolUse"]["input"]
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        return [{"toolUse": {"input": part}} for part in cut(text, size)]
    reasoning = block["reasoningContent"]["reasoningText"]
    said = [{"text": part} for part in cut(reasoning["text"], size)]
    return [{"reasoningContent": part} for part in [*said, {"signature": reasoning["signature"]}]]


def cut(text: str, size: int) -> list[str]:
    """Return a text in pieces."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def streamed(*blocks: Block, **facts: Any) -> Answer:
    """Return the answer in a stream of these blocks, as boto3 parses it."""
    buffer, reply = EventStreamBuffer(), StreamedReply()
    buffer.add_data(frames(*blocks, **facts))
    parser = EventStreamJSONParser()
    for message in buffer:
        reply.add(parser.parse(message.to_response_dict(), STREAM.members["stream"]))
    return reply.answer(0.5, None)


WAYS = pytest.mark.parametrize("way", [read, streamed], ids=["reply", "stream"])


@WAYS
def test_reasoning_is_kept_apart_from_the_text(way: Any) -> None:
    """Thoughts are joined by themselves; redacted ones say nothing."""
    answer = way(thought("Six, "), {"text": "6"}, thought("surely."))
    assert (answer.text, answer.reasoning) == ("6", "Six, \n\nsurely.")
    assert way({"text": "6"}).reasoning is None


@WAYS
def test_tool_calls_are_read_with_their_arguments(way: Any) -> None:
    """An answer of tool calls alone has an empty text, and both calls in order."""
    answer = way(tool("route", {"team": "billing", "n": [1, 2.5, None]}), tool("close", {}), stop_reason="tool_use")
    assert (answer.text, answer.stop_reason) == ("", "tool_use")
    assert answer.tool_calls == (
        ToolCall(name="route", arguments={"team": "billing", "n": [1, 2.5, None]}),
        ToolCall(name="close", arguments={}),
    )


def test_a_tool_without_arguments_streams_none() -> None:
    """A tool call without any delta has no arguments."""
    assert streamed(tool("close", ""), stop_reason="tool_use").tool_calls == (ToolCall(name="close", arguments={}),)


@pytest.mark.parametrize("text", ['{"team": "bil', "[" * 100_000])
def test_arguments_that_are_cut_off_stay_text(text: str) -> None:
    """A call that was cut off in its arguments keeps them as they are: a metric sees that they are no JSON."""
    answer = streamed(tool("route", text), stop_reason="max_tokens", size=5000)
    assert answer.tool_calls == (ToolCall(name="route", arguments=text),)


@WAYS
def test_arguments_are_what_any_file_takes(way: Any) -> None:
    """Half of a surrogate pair or a number that JSON lacks never keeps an answer from being stored."""
    answer = way(tool("route", {"a": "x\ud83d", "b": "\ud83d\ude00", "c": float("nan")}), stop_reason="tool_use")
    assert answer.tool_calls[0].arguments == {"a": "x\ufffd", "b": "😀", "c": "NaN"}
    json.dumps(answer.to_record(), ensure_ascii=False, allow_nan=False).encode()


@WAYS
def test_what_was_served_is_what_the_service_says(way: Any) -> None:
    """Tier and latency mode are those of the reply, and nothing where the reply is silent."""
    answer = way({"text": "6"}, serviceTier={"type": "default"}, performanceConfig={"latency": "standard"})
    assert (answer.service_tier, answer.latency_mode) == ("default", "standard")
    answer = way({"text": "6"})
    assert (answer.service_tier, answer.latency_mode, answer.model) == (None, None, None)


@WAYS
def test_a_prompt_router_says_which_model_answered(way: Any) -> None:
    """The model that a router really invoked is the answer's model."""
    arn = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
    assert way({"text": "6"}, trace={"promptRouter": {"invokedModelId": arn}}).model == arn


@WAYS
@pytest.mark.parametrize("stop_reason", ["guardrail_intervened", "content_filtered"])
@pytest.mark.parametrize("text", ["I cannot help with that.", ""])
def test_an_intervention_is_an_answer(way: Any, stop_reason: str, text: str) -> None:
    """What a guardrail or filter put in the answer's place is measured: a refusal is no failed call."""
    answer = way({"text": text}, stop_reason=stop_reason)
    assert (answer.text, answer.stop_reason) == (text, stop_reason)


@WAYS
@pytest.mark.parametrize(
    ("stop_reason", "kind"),
    [
        ("malformed_model_output", "malformed_output"),
        ("malformed_tool_use", "malformed_output"),
        ("model_context_window_exceeded", "context_too_long"),
    ],
)
def test_a_stop_without_any_answer_has_a_name(way: Any, stop_reason: str, kind: str) -> None:
    """Where neither text nor tool call came the row is errored; with either, it is answered."""
    for blocks in ([], [{"text": ""}], [thought("hm")]):
        with pytest.raises(CallFailedError, match=f"^{kind}: the model stopped with {stop_reason} and gave no answer"):
            way(*blocks, stop_reason=stop_reason)
    assert way({"text": "6 is"}, stop_reason=stop_reason).stop_reason == stop_reason
    assert way(tool("route", {"a": 1}), stop_reason=stop_reason).tool_calls


def test_nulls_in_a_body_are_nothing() -> None:
    """A record of a batch may state null where a reply leaves a member out."""
    reply = {"output": {"message": {"content": [{"text": "6"}]}}, "usage": USAGE, "trace": None, "serviceTier": None}
    assert read_reply(reply, 0.5).text == "6"


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
ARGUMENTS = st.dictionaries(TEXTS, TEXTS | st.integers() | st.lists(st.booleans(), max_size=2), max_size=3)
BLOCKS = st.lists(
    st.builds(lambda text: {"text": text}, TEXTS)
    | st.builds(thought, TEXTS)
    | st.builds(tool, st.sampled_from(["route", "close"]), ARGUMENTS),
    max_size=4,
)


@given(blocks=BLOCKS, size=st.integers(1, 7))
def test_reply_and_stream_are_read_alike(blocks: list[Block], size: int) -> None:
    """However a stream is cut, its answer is the one of the same Converse reply."""
    assert streamed(*blocks, size=size) == read(*blocks)


def test_a_metric_sees_tool_calls() -> None:
    """A plain function scores what a model asks for."""

    @metric
    def asks_for_billing(answer: Answer, row: Row) -> bool:  # noqa: ARG001 - a metric takes both
        return [call.arguments["team"] for call in answer.tool_calls] == ["billing"]

    answer = read(tool("route", {"team": "billing"}), stop_reason="tool_use")
    assert asks_for_billing.score(answer, Row(sample_id="T-1", values={})) == 1.0


@pytest.mark.parametrize(
    ("blocks", "has_ttft"),
    [([thought("hm"), {"text": "6"}], True), ([thought("hm"), tool("route", {})], False)],
)
def test_first_text_is_neither_a_thought_nor_a_tool_call(
    serve: Serve,
    blocks: list[Block],
    has_ttft: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Over real HTTP, an answer without text has no time to its first text."""
    body = frames(*blocks)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nContent-Length: {len(body)}\r\n\r\n"
    model, _ = serve(head.encode() + body)
    answer = model.answer(Request(turns=(Turn("user", "3+3?"),)))
    assert (answer.ttft is not None) is has_ttft
    assert answer.reasoning == "hm"


def test_what_is_asked_for_is_not_taken_for_served(connect: Connect) -> None:
    """Over real HTTP, a request for another tier and mode than are served has those that are served."""
    arn = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
    model, _ = connect(
        Rule(reply=Reply(text="6", service_tier="default", latency_mode="standard", invoked_model=arn, reasoning="hm"))
    )
    options = {"service_tier": "flex", "latency": "optimized", "cache": "5m", "guardrail": {"id": "g", "version": 1}}
    answer = model.answer(Request(turns=(Turn("user", "3+3?"),), system="Be brief.", options=options))
    assert (answer.text, answer.reasoning, answer.model) == ("6", "hm", arn)
    assert (answer.service_tier, answer.latency_mode) == ("default", "standard")
