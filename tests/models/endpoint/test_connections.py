"""Connections, the log and the life of an endpoint."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from pytest_llm_migrate.errors import EndpointAddressError
from pytest_llm_migrate.models.endpoint import Endpoint, Reply, Rule, Script, ScriptedEngine, ScriptedFault
from tests.models.endpoint.asking import ask, deltas, events, post, says, stream

if TYPE_CHECKING:
    from pathlib import Path

    from tests.models.endpoint.conftest import Start


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


def test_status_and_times_of_a_call_are_logged(start: Start) -> None:
    """Another program can compare what it measured with what the server saw, on one clock."""
    throttled = Rule(contains="bad", fault=ScriptedFault(name="ThrottlingException"))
    endpoint, client = start(throttled, default=Reply(text="abcd", deltas=4, latency=0.1, gap=0.05))
    sent = time.perf_counter()
    pieces = deltas(events(client))
    next(pieces)
    seen = time.perf_counter()
    list(pieces)
    with pytest.raises(client.exceptions.ThrottlingException):
        ask(client, "bad")
    streamed, refused = endpoint.calls
    assert (streamed.status, refused.status, refused.outcome) == (200, 429, "ThrottlingException")
    assert streamed.first_clock is not None
    assert streamed.ttft is not None
    assert sent < streamed.arrived_clock < streamed.first_clock < seen
    assert streamed.ttft >= 0.1
    assert streamed.ended_clock - streamed.first_clock >= 0.15
    assert (refused.first_clock, refused.ttft) == (None, None)


def test_reasoning_is_not_the_first_text(start: Start) -> None:
    """The time to the first text counts from the request to the text, whatever was thought before it."""
    endpoint, client = start(default=Reply(text="a", reasoning="hm", latency=0.02, gap=0.1))
    stream(client)
    (call,) = endpoint.calls
    assert call.ttft is not None
    assert call.ttft >= 0.2


def test_body_of_unknown_length_may_come_in_chunks(start: Start) -> None:
    """A body in HTTP's own chunks is read, and the connection goes on."""
    endpoint, _ = start(default=Reply(echo=True))
    address = urlsplit(endpoint.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    body = json.dumps({"messages": says("in parts")}).encode()
    texts = []
    for _ in range(2):
        parts = iter([body[:10], body[10:]])
        connection.request("POST", "/model/m/converse", parts, encode_chunked=True)
        texts.append(json.loads(connection.getresponse().read())["output"]["message"]["content"][0]["text"])
    assert texts == ["in parts", "in parts"]
    connection.close()


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
