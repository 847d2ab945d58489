"""Answers, errors and breakages as a real client sees them."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import urllib3.exceptions
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from botocore.exceptions import ClientError, ConnectionClosedError, EventStreamError

from pytest_llm_migrate.errors import EndpointAddressError
from pytest_llm_migrate.models.endpoint import (
    Endpoint,
    Reply,
    Rule,
    Script,
    ScriptedEngine,
    ScriptedFault,
)
from pytest_llm_migrate.models.endpoint.engines import STATUSES
from tests.models.endpoint.asking import MODEL, ask, ask_text, deltas, events, kinds, says, stream
from tests.models.endpoint.shapes import faults, service

if TYPE_CHECKING:
    from pathlib import Path

    from tests.models.endpoint.conftest import Start

REPLY = Reply(text="naïve billing ✓", deltas=3, input_tokens=9, cache_read_tokens=2, stop_reason="stop_sequence")
USAGE = {
    "inputTokens": 9,
    "outputTokens": 3,
    "totalTokens": 14,
    "cacheReadInputTokens": 2,
    "cacheWriteInputTokens": 0,
}


def post(endpoint: Endpoint, operation: str, document: Any) -> tuple[http.client.HTTPResponse, bytes]:
    """Send a body past boto3 and return the response with its raw body."""
    address = urlsplit(endpoint.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    try:
        connection.request("POST", f"/model/m/{operation}", json.dumps(document))
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


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


@pytest.mark.parametrize("reply", [REPLY, Reply(text="")], ids=["text", "empty"])
def test_every_answer_has_the_shape_that_the_service_declares(start: Start, reply: Reply) -> None:
    """No member is missing, unknown or of the wrong kind, and each union has exactly one member."""
    endpoint, _ = start(default=reply)
    shapes = service()
    document = {"messages": says("hi")}
    _, body = post(endpoint, "converse", document)
    assert list(faults(json.loads(body), shapes.shape_for("ConverseResponse"))) == []
    _, body = post(endpoint, "count-tokens", {"input": {"converse": document}})
    assert list(faults(json.loads(body), shapes.shape_for("CountTokensResponse"))) == []
    response, body = post(endpoint, "converse-stream", document)
    assert response.headers["Content-Type"] == "application/vnd.amazon.eventstream"
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    messages: list[Any] = list(buffer)
    answer = [{message.headers[":event-type"]: json.loads(message.payload)} for message in messages]
    assert [list(faults(event, shapes.shape_for("ConverseStreamOutput"))) for event in answer] == [[]] * len(answer)
    assert "".join(deltas(answer)) == reply.text


def test_wrong_shapes_are_found() -> None:
    """The check of shapes finds what peers get wrong."""
    shapes = service()
    broken = {"role": "assistant", "content": [{}, {"text": "a", "image": {}}], "more": 1}
    assert list(faults(broken, shapes.shape_for("Message"))) == [
        "Message.content.0: a union with 0 members",
        "Message.content.1: a union with 2 members",
        "Message.content.1.image: lacks format",
        "Message.content.1.image: lacks source",
        "Message: unknown member more",
    ]
    assert list(faults({"stopReason": "done"}, shapes.shape_for("MessageStopEvent"))) == [
        "MessageStopEvent.stopReason: 'done'"
    ]


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


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/model/m/rerank"),
        ("POST", "/model//converse"),
        ("POST", "/model/a/b/converse"),
        ("POST", "/"),
        ("GET", "/model/m/converse"),
    ],
)
def test_unknown_operation_is_not_found(start: Start, method: str, path: str) -> None:
    """What the endpoint does not speak is an UnknownOperationException and is logged with its path."""
    endpoint, _ = start()
    address = urlsplit(endpoint.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    connection.request(method, path, headers={"Content-Length": "0"})
    response = connection.getresponse()
    assert (response.status, response.headers["x-amzn-ErrorType"]) == (404, "UnknownOperationException")
    assert path in json.loads(response.read())["message"]
    assert (endpoint.calls[0].operation, endpoint.calls[0].outcome) == (f"{method} {path}", "UnknownOperationException")
    connection.close()


def test_query_does_not_hide_the_operation(start: Start) -> None:
    """A query string after the operation is ignored."""
    endpoint, _ = start()
    response, _ = post(endpoint, "converse?x=1", {"messages": says("hi")})
    assert response.status == 200


def test_body_without_a_length_ends_the_connection(start: Start) -> None:
    """A body whose end is unknown is refused, and nothing of it is taken for a second request."""
    endpoint, _ = start()
    address = urlsplit(endpoint.url)
    with socket.create_connection((address.hostname, address.port or 0), timeout=10) as connection:
        connection.sendall(b"POST /model/m/converse HTTP/1.1\r\nHost: a\r\n\r\n{}\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.count(b"HTTP/1.1") == 1


def test_connection_is_kept_for_the_next_call(start: Start) -> None:
    """Plain answers, streams and errors follow each other on one connection."""
    endpoint, _ = start(Rule(contains="bad", fault=ScriptedFault(name="ThrottlingException")))
    address = urlsplit(endpoint.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    statuses, sockets = [], set()
    for operation, text in [("converse", "hi"), ("converse-stream", "hi"), ("converse", "bad"), ("converse", "hi")]:
        connection.request("POST", f"/model/m/{operation}", json.dumps({"messages": says(text)}))
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
        sockets.add(connection.sock)
    assert (statuses, len(sockets)) == ([200, 200, 429, 200], 1)
    connection.close()


def test_every_call_is_logged_when_its_answer_is_there(start: Start) -> None:
    """A client that has its answer finds its call, with its body's hash and the time it arrived."""
    endpoint, client = start()
    before = time.time()
    ask(client)
    stream(client)
    first, second = endpoint.calls
    assert before <= first.arrived <= second.arrived <= time.time()
    assert (first.operation, second.operation) == ("Converse", "ConverseStream")
    assert first.body_sha256 == second.body_sha256
    sent = {"messages": says("hi")}
    post(endpoint, "converse", sent)
    assert endpoint.calls[2].body_sha256 == hashlib.sha256(json.dumps(sent).encode()).hexdigest()


def test_log_file_has_a_line_for_each_call(tmp_path: Path) -> None:
    """Another process can count the calls from the file."""
    path = tmp_path / "calls.jsonl"
    with Endpoint(ScriptedEngine(Script()), log=path) as endpoint:
        post(endpoint, "converse", {"messages": says("hi")})
        post(endpoint, "converse", {})
        outcomes = [json.loads(line)["outcome"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert outcomes == ["ok", "ValidationException"]


def test_client_that_leaves_is_logged(start: Start) -> None:
    """A stream whose reader closes it is logged as such, and the endpoint goes on."""
    endpoint, client = start(default=Reply(text="x" * 200, deltas=200, gap=0.01))
    answer = events(client)
    next(answer)
    answer.close()
    deadline = time.monotonic() + 5
    while not endpoint.calls and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [call.outcome for call in endpoint.calls] == ["client_gone"]


def test_many_clients_are_answered_at_once(start: Start) -> None:
    """Sixty-four calls of 200 ms take little longer than one."""
    endpoint, _ = start(default=Reply(latency=0.2))
    document = {"messages": says("hi")}
    began = time.perf_counter()
    with ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(lambda _: post(endpoint, "converse", document)[0].status, range(64)))
    assert answers == [200] * 64
    assert time.perf_counter() - began < 2
    assert len(endpoint.calls) == 64


def test_stop_closes_connections_and_frees_the_port() -> None:
    """After the end nothing answers, kept connections are closed, and the port can be taken again."""
    with Endpoint(ScriptedEngine(Script())) as endpoint:
        address = urlsplit(endpoint.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
        connection.request("GET", "/", headers={"Content-Length": "0"})
        connection.getresponse().read()
    assert connection.sock.recv(1) == b""
    connection.close()
    with Endpoint(ScriptedEngine(Script()), port=address.port or 0) as again:
        assert again.url == endpoint.url


def test_endpoint_that_never_started_can_be_stopped() -> None:
    """Stopping frees the port even if nothing was served."""
    endpoint = Endpoint(ScriptedEngine(Script()))
    endpoint.stop()
    with Endpoint(ScriptedEngine(Script()), port=urlsplit(endpoint.url).port or 0) as again:
        assert again.url == endpoint.url


def test_taken_port_is_named_with_the_way_out(start: Start) -> None:
    """A port that another program holds is an error that says which and what to do."""
    endpoint, _ = start()
    port = urlsplit(endpoint.url).port or 0
    with pytest.raises(EndpointAddressError, match=rf"cannot listen on 127\.0\.0\.1:{port}: .*in use.* --port"):
        Endpoint(ScriptedEngine(Script()), port=port)
