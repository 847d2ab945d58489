"""Calls over real HTTP: what a model answers, and what each way to fail is called."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from pytest_llm_migrate.domain import Request, Turn
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models import client
from pytest_llm_migrate.models.bedrock import BedrockModel
from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from pytest_llm_migrate.models.endpoint.frames import event_frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llm_migrate.domain import Answer
    from pytest_llm_migrate.models.client import EventStream
    from pytest_llm_migrate.models.endpoint import Call
    from tests.models.conftest import Connect, Serve

REQUEST = Request(turns=(Turn("user", "hello"),), system="Be brief.", inference={"temperature": 0, "max_tokens": 9})
CANNOT_STREAM = ScriptedFault(name="ValidationException", message="The model is unsupported for streaming.", times=1)
EVENT_STREAM = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\n"


def operations(calls: Iterable[Call]) -> list[str]:
    """Return the operations that an endpoint was asked for."""
    return [call.operation for call in calls]


def http(status: str, body: bytes, headers: str = "") -> bytes:
    """Return a response as bytes."""
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def plain(model: BedrockModel) -> BedrockModel:
    """Return the model as it is once it has learned that it cannot stream."""
    model._cannot_stream.set()
    return model


def test_streamed_answer_is_whole(connect: Connect) -> None:
    """An answer in several pieces has its text, stop reason, tokens and all three times."""
    reply = Reply(
        text="Grüße 👋 and more", deltas=5, latency=0.05, gap=0.1, stop_reason="max_tokens", input_tokens=7,
        output_tokens=4, cache_read_tokens=3, cache_write_tokens=2,
    )  # fmt: skip
    model, endpoint = connect(Rule(reply=reply))
    answer = model.answer(REQUEST)
    assert operations(endpoint.calls) == ["ConverseStream"]
    assert (answer.text, answer.stop_reason) == ("Grüße 👋 and more", "max_tokens")
    assert (answer.input_tokens, answer.output_tokens) == (7, 4)
    assert (answer.cache_read_tokens, answer.cache_write_tokens) == (3, 2)
    assert answer.ttft is not None
    assert answer.latency is not None
    assert answer.server_latency is not None
    assert 0.05 <= answer.ttft <= answer.latency - 0.15
    assert 0.45 <= answer.server_latency <= answer.latency + 0.001


@pytest.mark.parametrize("streams", [True, False])
def test_times_begin_when_the_request_leaves(connect: Connect, streams: bool) -> None:  # noqa: FBT001 - a parameter
    """What the client takes to put a request together and to sign it is no time of the service's."""
    model, _ = connect(Rule(reply=Reply(text="yes", latency=0.05)))
    client: Any = model._client
    client.meta.events.register("request-created.bedrock-runtime", lambda **_: time.sleep(0.8))
    answer = (model if streams else plain(model)).answer(REQUEST)
    assert answer.latency is not None
    assert 0.05 <= answer.latency < 0.8
    assert (answer.ttft is not None) == streams
    assert answer.ttft is None or 0.05 <= answer.ttft <= answer.latency


def test_plain_answer_is_the_same(connect: Connect) -> None:
    """Converse gives what ConverseStream gives, but for the time to the first text."""
    model, endpoint = connect(Rule(reply=Reply(text="Grüße 👋", deltas=3, cache_read_tokens=5)))
    streamed, whole = model.answer(REQUEST), plain(model).answer(REQUEST)
    assert operations(endpoint.calls) == ["ConverseStream", "Converse"]
    assert whole.ttft is None
    assert timeless(whole) == timeless(streamed)


def timeless(answer: Answer) -> dict[str, object]:
    """Return what is known of an answer, without its times."""
    times = {"latency", "server_latency", "ttft"}
    return {name: value for name, value in answer.to_record().items() if name not in times}


def test_model_that_cannot_stream_is_asked_for_the_whole(connect: Connect) -> None:
    """The service's refusal to stream costs one call, and the model is never asked to stream again."""
    model, endpoint = connect(Rule(fault=CANNOT_STREAM))
    assert [model.answer(REQUEST).text for _ in range(3)] == ["ok", "ok", "ok"]
    assert operations(endpoint.calls) == ["ConverseStream", "Converse", "Converse", "Converse"]


class CannotStream:
    """A client whose model refuses to stream, once all of its first callers are there."""

    def __init__(self, callers: int) -> None:
        self.together = Barrier(callers)
        self.meta = SimpleNamespace(region_name="us-east-1")
        self.streams_refused = 0

    def converse_stream(self, **_: object) -> dict[str, EventStream]:
        """Refuse."""
        self.together.wait(5)
        self.streams_refused += 1
        error: Any = {"Error": {"Code": "ValidationException", "Message": CANNOT_STREAM.message}}
        raise ClientError(error, "ConverseStream")

    def converse(self, **_: object) -> dict[str, Any]:
        """Answer."""
        return {"output": {"message": {"content": [{"text": "whole"}]}}, "usage": {"inputTokens": 1}}

    def count_tokens(self, **_: object) -> dict[str, Any]:
        """Count."""
        return {"inputTokens": 1}


def test_refusal_is_learned_by_all_threads() -> None:
    """Threads that meet the refusal together all get their answers, and none asks for a stream after that."""
    client = CannotStream(8)
    model = BedrockModel("x", "x", client)
    with ThreadPoolExecutor(8) as threads:
        texts = [answer.text for answer in threads.map(model.answer, [REQUEST] * 8)]
        texts += [answer.text for answer in threads.map(model.answer, [REQUEST] * 8)]
    assert (texts, client.streams_refused) == (["whole"] * 16, 8)


def failure_kind(model: BedrockModel) -> str | None:
    """Return what a call fails with, if it does."""
    try:
        model.answer(REQUEST)
    except CallFailedError as failed:
        return failed.kind
    return None


def test_other_refusals_do_not_end_streaming(connect: Connect) -> None:
    """A setting whose name speaks of streams is refused by both operations, and streaming goes on."""
    fault = ScriptedFault(name="ValidationException", message="extraneous key [stream] is not permitted", times=2)
    model, endpoint = connect(Rule(fault=fault))
    assert failure_kind(model) == "validation"
    assert model.answer(REQUEST).ttft is not None
    assert operations(endpoint.calls) == ["ConverseStream", "Converse", "ConverseStream"]


SERVICE_FAULTS = {
    "ThrottlingException": "throttled",
    "ModelNotReadyException": "model_not_ready",
    "ModelTimeoutException": "timed_out",
    "ModelErrorException": "server_error",
    "InternalServerException": "server_error",
    "ServiceUnavailableException": "server_error",
    "ValidationException": "validation",
    "AccessDeniedException": "access_denied",
    "ResourceNotFoundException": "unknown_model",
    "reset": "connection_lost",
}


@pytest.mark.parametrize(("fault", "kind"), SERVICE_FAULTS.items())
@pytest.mark.parametrize("streams", [True, False], ids=["stream", "plain"])
def test_fault_before_the_answer_has_a_kind(connect: Connect, fault: str, kind: str, streams: bool) -> None:  # noqa: FBT001 - a table
    """Both operations name an error of the service, and a lost connection, alike; nothing is tried twice."""
    model, endpoint = connect(Rule(fault=ScriptedFault(name=fault)))
    assert failure_kind(model if streams else plain(model)) == kind
    assert len(endpoint.calls) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("reset_mid_stream", "stream_broken"),
        ("cut", "stream_ended_early"),
        ("cut_in_frame", "stream_ended_early"),
        ("bad_crc", "bad_checksum"),
        ("ThrottlingException", "throttled"),
        ("ModelStreamErrorException", "stream_broken"),
        ("InternalServerException", "server_error"),
        ("ModelErrorException", "server_error"),
    ],
)
def test_fault_within_a_stream_has_a_kind(connect: Connect, fault: str, kind: str) -> None:
    """A stream that breaks after its first text is never an answer."""
    reply = Reply(text="Yes, but not on Sundays", deltas=4)
    model, endpoint = connect(Rule(reply=reply, fault=ScriptedFault(name=fault, after=2)))
    assert failure_kind(model) == kind
    assert len(endpoint.calls) == 1


def test_half_a_body_is_no_answer(connect: Connect) -> None:
    """A Converse body that was cut off is named, not taken for an empty answer."""
    model, _ = connect(Rule(fault=ScriptedFault(name="truncated_body")))
    assert failure_kind(plain(model)) == "truncated_body"


def test_body_cut_within_a_character_is_no_answer(serve: Serve) -> None:
    """So is one that was cut in the middle of a character."""
    model, _ = serve(http("200 OK", '{"output": "é'.encode()[:-1], "Content-Type: application/json\r\n"))
    assert failure_kind(plain(model)) == "truncated_body"


def test_lost_body_is_named(serve: Serve) -> None:
    """A connection that closes before the body it announced is a broken or lost one."""
    model, _ = serve(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\n{")
    assert failure_kind(plain(model)) in {"stream_broken", "connection_lost", "truncated_body"}


def test_error_page_of_a_proxy_is_a_server_error(serve: Serve) -> None:
    """A page that no service wrote is named by its status."""
    model, _ = serve(http("502 Bad Gateway", b"<html>bad gateway</html>"))
    assert failure_kind(model) == "server_error"


def test_requested_wait_is_known(serve: Serve) -> None:
    """A throttled call knows how long the service asks to wait."""
    body = json.dumps({"message": "slow down"}).encode()
    headers = "x-amzn-ErrorType: ThrottlingException:http://internal/\r\nRetry-After: 3\r\n"
    model, _ = serve(http("429 Too Many Requests", body, headers))
    with pytest.raises(CallFailedError, match="throttled: slow down") as raised:
        model.answer(REQUEST)
    assert raised.value.retry_after == 3.0


def stream_of(*events: tuple[str, dict[str, object]]) -> bytes:
    """Return a response that streams events."""
    body = b"".join(event_frame(name, payload) for name, payload in events)
    return EVENT_STREAM.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


WHOLE_STREAM = stream_of(
    ("messageStart", {"role": "assistant", "p": "abc"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "Hm. "}}}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "Hel"}}),
    ("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"text": " wörld"}, "p": "abcdef"}),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "lo"}}),
    ("somethingNew", {"x": 1}),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}, "metrics": {"latencyMs": 5}}),
)


def test_blocks_are_joined_and_thoughts_left_out(serve: Serve) -> None:
    """Text blocks are joined in the order of their index; reasoning, padding and unknown events are passed over."""
    model, _ = serve(WHOLE_STREAM)
    assert model.answer(REQUEST).text == "Hello wörld"


def test_connection_serves_many_calls(serve: Serve) -> None:
    """A finished stream gives its connection back."""
    model, server = serve(WHOLE_STREAM)
    for _ in range(4):
        model.answer(REQUEST)
    assert (len(server.headers), server.connections) == (4, 1)


def test_endless_stream_is_given_up(connect: Connect) -> None:
    """A stream that flows on is given up at its deadline, though no single wait is long."""
    model, _ = connect(Rule(reply=Reply(text="x" * 500, deltas=500, gap=0.01)))
    short = BedrockModel(model.ref, model.ref, model._client, deadline=0.1)
    started = time.perf_counter()
    with pytest.raises(CallFailedError, match=r"timed_out: no end after 0\.1 seconds"):
        short.answer(REQUEST)
    assert time.perf_counter() - started < 4.0


@pytest.mark.parametrize("silence", [{"latency": 1.0}, {"gap": 1.0}], ids=["before-the-answer", "within-it"])
def test_silence_is_given_up(connect: Connect, monkeypatch: pytest.MonkeyPatch, silence: dict[str, float]) -> None:
    """A service that says nothing for too long, before or within its answer, has timed out."""
    monkeypatch.setattr(client, "READ_TIMEOUT", 0.1)
    model, _ = connect(Rule(reply=Reply(text="one two", deltas=2, **silence)))  # type: ignore[arg-type]
    assert failure_kind(model) == "timed_out"


def test_nobody_there_is_a_wrong_endpoint(connect: Connect) -> None:
    """An address where nothing listens is named as such."""
    model, endpoint = connect()
    endpoint.stop()
    assert failure_kind(model) == "wrong_endpoint"


@pytest.mark.parametrize("setting", [{"temperature": "hot"}, {"top_k": {1, 2}}, {"temperature": 7}])
def test_wrong_setting_is_a_validation_error(connect: Connect, setting: dict[str, object]) -> None:
    """A setting of a wrong type or size is refused, by the client or by the service, in one line that names it."""
    model, _ = connect()
    with pytest.raises(CallFailedError) as raised:
        model.answer(Request(turns=REQUEST.turns, inference=setting))
    assert raised.value.kind == "validation"
    assert next(iter(setting)) in raised.value.message
    assert "\n" not in raised.value.message


def test_a_call_is_one_attempt(connect: Connect) -> None:
    """Of a failed call the endpoint sees one request: boto3 makes no attempt by itself."""
    model, endpoint = connect(Rule(fault=ScriptedFault(name="ThrottlingException", times=3)))
    assert failure_kind(model) == "throttled"
    assert [call.outcome for call in endpoint.calls] == ["ThrottlingException"]


def test_calls_are_counted_by_model_and_region(connect: Connect) -> None:
    """The quota that a call counts against says which."""
    model, _ = connect()
    assert model.quota == f"{model.ref} in us-east-1"


def test_one_client_serves_64_threads(connect: Connect) -> None:
    """Threads that share a client get each its own answer, at the same time."""
    model, endpoint = connect(Rule(reply=Reply(echo=True, latency=0.1, deltas=3)))
    texts = [f"question {number}" for number in range(256)]
    started = time.perf_counter()
    with ThreadPoolExecutor(64) as threads:
        answers = threads.map(lambda text: model.answer(Request(turns=(Turn("user", text),))).text, texts)
        assert list(answers) == texts
    assert time.perf_counter() - started < 256 * 0.1 / 4
    assert len(endpoint.calls) == 256
