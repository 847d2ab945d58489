"""Answers, errors and breakages as a real client sees them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import urllib3.exceptions
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import ClientError, ConnectionClosedError, EventStreamError

from pytest_llm_migrate.models.endpoint import (
    Reply,
    Rule,
    ScriptedFault,
)
from pytest_llm_migrate.models.endpoint.engines import STATUSES
from tests.models.endpoint.asking import MODEL, ask, ask_text, deltas, events, kinds, says, stream

if TYPE_CHECKING:
    from tests.models.endpoint.conftest import Start

REPLY = Reply(text="naïve billing ✓", deltas=3, input_tokens=9, cache_read_tokens=2, stop_reason="stop_sequence")
USAGE = {
    "inputTokens": 9,
    "outputTokens": 3,
    "totalTokens": 14,
    "cacheReadInputTokens": 2,
    "cacheWriteInputTokens": 0,
}


def failing(name: str, **fault: Any) -> Rule:
    """Return a rule that answers in three pieces and fails as named."""
    return Rule(reply=Reply(text="abc", deltas=3), fault=ScriptedFault(name=name, **fault))


def test_converse_answers_with_text_reason_and_usage(start: Start) -> None:
    """boto3 reads a Converse answer in full, with the server's own latency."""
    _, client = start(default=REPLY)
    answer = ask(client)
    assert answer["output"]["message"] == {"role": "assistant", "content": [{"text": REPLY.text}]}
    assert (answer["stopReason"], answer["usage"]) == ("stop_sequence", USAGE)
    assert 0 <= answer["metrics"]["latencyMs"] < 1000
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36


def test_stream_carries_the_same_in_events(start: Start) -> None:
    """boto3 reads a streamed answer's events in order, the text in the scripted pieces."""
    _, client = start(default=REPLY)
    answer = stream(client)
    assert kinds(answer) == [
        "messageStart",
        *["contentBlockDelta"] * 3,
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert "".join(deltas(answer)) == REPLY.text
    assert answer[-2]["messageStop"] == {"stopReason": "stop_sequence"}
    assert answer[-1]["metadata"]["usage"] == USAGE


def test_count_tokens_answers_with_a_number(start: Start) -> None:
    """boto3 reads the number of tokens of a Converse request."""
    _, client = start(default=Reply(input_tokens=12))
    answer = client.count_tokens(modelId=MODEL, input={"converse": {"messages": says("hi")}})
    assert answer["inputTokens"] == 12


def test_empty_answer_is_an_answer(start: Start) -> None:
    """A model that says nothing gives an empty text, and a stream without pieces."""
    _, client = start(default=Reply(text=""))
    assert ask_text(client) == ""
    assert kinds(stream(client)) == ["messageStart", "contentBlockStop", "messageStop", "metadata"]


@pytest.mark.parametrize(
    "model",
    [
        MODEL,
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
        "plain",
    ],
)
def test_model_id_arrives_as_it_was_given(start: Start, model: str) -> None:
    """Colons and slashes of ids and ARNs survive the path."""
    endpoint, client = start(Rule(model=model, reply=Reply(text="found")))
    assert ask_text(client, model=model) == "found"
    assert endpoint.calls[0].model == model


def test_pieces_arrive_while_the_rest_is_written(start: Start) -> None:
    """Each piece is sent when it is there, and the first only after the latency."""
    _, client = start(default=Reply(text="abcd", deltas=4, latency=0.2, gap=0.1))
    began = time.perf_counter()
    times = [time.perf_counter() - began for _ in deltas(events(client))]
    assert times[0] >= 0.2
    assert times[-1] - times[0] > 0.15


def test_latency_is_measured_by_the_server(start: Start) -> None:
    """The service's own latency is the time that the answer took."""
    _, client = start(default=Reply(latency=0.1))
    assert 100 <= ask(client)["metrics"]["latencyMs"] < 2000
    assert 100 <= stream(client)[-1]["metadata"]["metrics"]["latencyMs"] < 2000


@pytest.mark.parametrize("name", sorted(STATUSES))
def test_error_is_the_class_that_boto3_has_for_it(start: Start, name: str) -> None:
    """Each error has its status, its message and its class where the client has one, in both operations."""
    _, client = start(failing(name, message="as scripted"))
    for call in (ask, stream):
        with pytest.raises(getattr(client.exceptions, name, ClientError)) as caught:
            call(client)
        response: Any = caught.value.response
        assert response["Error"] == {"Code": name, "Message": "as scripted"}
        assert response["ResponseMetadata"]["HTTPStatusCode"] == STATUSES[name]


def test_invalid_request_is_refused_before_the_engine(start: Start) -> None:
    """A conversation that the service would refuse is a ValidationException and is logged as such."""
    endpoint, client = start()
    with pytest.raises(client.exceptions.ValidationException, match="must start with a user message"):
        client.converse(modelId=MODEL, messages=[{"role": "assistant", "content": [{"text": "hi"}]}])
    assert endpoint.calls[0].outcome == "ValidationException"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ThrottlingException", "throttlingException"),
        ("InternalServerException", "internalServerException"),
        ("ModelStreamErrorException", "modelStreamErrorException"),
        ("ServiceUnavailableException", "serviceUnavailableException"),
        ("ValidationException", "validationException"),
        ("AccessDeniedException", "AccessDeniedException"),
    ],
)
def test_error_in_a_stream_ends_it(start: Start, name: str, code: str) -> None:
    """After some text an error is a frame: in lower camel case where the stream models it, as it is elsewhere."""
    endpoint, client = start(failing(name, after=2, message="as scripted"))
    texts: list[str] = []
    with pytest.raises(EventStreamError, match="as scripted") as caught:
        texts.extend(deltas(events(client)))
    assert (texts, caught.value.response["Error"]["Code"]) == (["a", "b"], code)
    assert endpoint.calls[0].outcome == name


def test_error_after_some_text_is_a_plain_error_in_converse(start: Start) -> None:
    """Converse has sent nothing when the engine fails in the middle."""
    _, client = start(failing("ModelErrorException", after=2))
    with pytest.raises(client.exceptions.ModelErrorException):
        ask(client)


def test_reset_comes_before_any_answer(start: Start) -> None:
    """A reset connection gives no response at all, and the next call works."""
    endpoint, client = start(failing("reset", times=2))
    for call in (ask, stream):
        with pytest.raises(ConnectionClosedError):
            call(client)
    assert ask_text(client) == "abc"
    assert [call.outcome for call in endpoint.calls] == ["reset", "reset", "ok"]


def test_reset_in_an_answer_breaks_it(start: Start) -> None:
    """A connection lost in the middle is urllib3's error in a stream, and botocore's in a plain answer."""
    _, client = start(failing("reset_mid_stream"))
    with pytest.raises(urllib3.exceptions.ProtocolError):
        stream(client)
    with pytest.raises(ConnectionClosedError):
        ask(client)


def test_cut_stream_ends_as_if_it_were_complete(start: Start) -> None:
    """A stream that is cut ends cleanly after its pieces: only the missing last events tell."""
    endpoint, client = start(failing("cut", after=2))
    assert kinds(stream(client)) == ["messageStart", "contentBlockDelta", "contentBlockDelta"]
    assert endpoint.calls[0].outcome == "cut"


def test_cut_before_the_first_piece_leaves_an_opened_stream(start: Start) -> None:
    """A stream that is cut at once has begun and says nothing."""
    _, client = start(failing("cut", after=0))
    assert kinds(stream(client)) == ["messageStart"]


def test_stream_cut_in_a_frame_ends_without_an_error(start: Start) -> None:
    """boto3 gives what it could read and does not notice half a frame."""
    _, client = start(failing("cut_in_frame"))
    assert kinds(stream(client)) == ["messageStart", "contentBlockDelta"]


def test_false_checksum_is_noticed(start: Start) -> None:
    """boto3 refuses a frame whose checksum is wrong."""
    _, client = start(failing("bad_crc"))
    with pytest.raises(ChecksumMismatch):
        stream(client)


@pytest.mark.parametrize("name", ["truncated_body", "cut", "cut_in_frame", "bad_crc"])
def test_half_a_body_is_no_error_for_boto3(start: Start, name: str) -> None:
    """A plain answer that breaks off parses to a dict without output and usage."""
    _, client = start(failing(name))
    answer = ask(client)
    assert "output" not in answer
    assert "usage" not in answer
