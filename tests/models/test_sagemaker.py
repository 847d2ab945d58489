"""SageMaker endpoints over real HTTP: what a model answers, and what each way to fail is called."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pytest_llm_migrate.domain import Request, Turn
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models import SageMakerProvider, client
from pytest_llm_migrate.models.endpoint.frames import corrupted, error_frame, frame
from pytest_llm_migrate.models.sagemaker import SageMakerModel
from tests.models.chat_events import DONE, chunk, sse, texts
from tests.models.scripted_http import Served, served_json, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.models.scripted_http import Asked, ScriptedServer

SETTINGS = {"temperature": 0.5, "max_tokens": 9, "stop": "END", "top_k": 3}
REQUEST = Request(turns=(Turn("user", "hello"),), system="Be brief.", inference=SETTINGS)
LAST_TOKEN = {
    "token": {"text": "</s>", "special": True},
    "generated_text": "Grüße 👋",
    "details": {"finish_reason": "eos_token", "generated_tokens": 3, "input_length": 8},
}


def payload(part: bytes) -> bytes:
    """Return an event with a part of the container's reply."""
    headers = {":event-type": "PayloadPart", ":content-type": "application/octet-stream", ":message-type": "event"}
    return frame(headers, part)


def fault_frame(exception: str, message: str) -> bytes:
    """Return a modelled error that ends a stream."""
    headers = {":exception-type": exception, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps({"Message": message}).encode())


def event_stream(frames: Iterable[bytes | float], **how: Any) -> Served:
    """Return a stream of events as they are."""
    return Served(parts=tuple(frames), content_type="application/vnd.amazon.eventstream", **how)


def in_parts(reply: bytes, size: int = 7) -> Served:
    """Return a stream of a container's reply, cut into parts wherever their size has it."""
    return event_stream(payload(reply[start : start + size]) for start in range(0, len(reply), size))


def said(code: str, message: str = "no", status: int = 400, **more: object) -> Served:
    """Return an error of the service."""
    return served_json({"Message": message, **more}, status, x_amzn_ErrorType=code)


CHAT = b"".join(map(sse, texts("Grüße ", "👋"))) + DONE
TOKENS = [{"token": {"text": "Grüße ", "special": False}}, {"token": {"text": "👋"}}, LAST_TOKEN]


class Connect(Protocol):
    """Starts a server and connects to an endpoint on it."""

    def __call__(
        self, served: Served | Callable[[Asked], Served], name: str = "llm"
    ) -> tuple[SageMakerModel, ScriptedServer]:
        """Return the model and the server behind it."""


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    """A server for all tests of this file."""
    with serving(lambda _: Served()) as server:
        yield server


@pytest.fixture(scope="module")
def provider() -> SageMakerProvider:
    """A provider that makes its client in the first test and keeps it: boto3 takes a while to make one."""
    return SageMakerProvider()


@pytest.fixture
def connect_endpoint(aws: pytest.MonkeyPatch, server: ScriptedServer, provider: SageMakerProvider) -> Connect:
    """Connect to endpoints that answer as told, on a server that was asked nothing yet."""
    aws.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", server.url)
    server.asked.clear()

    def start(served: Served | Callable[[Asked], Served], name: str = "llm") -> tuple[SageMakerModel, ScriptedServer]:
        server.serve = (lambda _: served) if isinstance(served, Served) else served
        return provider.connect(name), server

    return start


def failed(model: SageMakerModel, request: Request = REQUEST) -> CallFailedError:
    """Return what a call fails with."""
    with pytest.raises(CallFailedError) as raised:
        model.answer(request)
    return raised.value


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_streamed_chat_is_whole(connect_endpoint: Connect, size: int) -> None:
    """However its bytes are cut, also within a character, an answer has its text, stop reason, tokens and times."""
    model, server = connect_endpoint(in_parts(CHAT, size))
    answer = model.answer(REQUEST)
    assert (model.ref, answer.text, answer.stop_reason) == ("sagemaker:llm", "Grüße 👋", "end_turn")
    assert (answer.input_tokens, answer.output_tokens) == (10, 4)
    assert answer.ttft is not None
    assert answer.latency is not None
    assert 0 < answer.ttft <= answer.latency
    assert [asked.path for asked in server.asked] == ["/endpoints/llm/invocations-response-stream"]


def test_first_text_is_when_it_comes(connect_endpoint: Connect) -> None:
    """The time to the first text is that of the first text that is not empty."""
    events = [payload(sse(event)) for event in texts("one", "two")]
    model, _ = connect_endpoint(event_stream([events[0], 0.05, events[1], 0.4, *events[2:]]))
    answer = model.answer(REQUEST)
    assert answer.ttft is not None
    assert answer.latency is not None
    assert 0.05 <= answer.ttft <= answer.latency - 0.15


def test_json_lines_without_tokens_used_are_a_whole_chat(connect_endpoint: Connect) -> None:
    """Containers that neither frame events nor say their end or their tokens are understood."""
    lines = b"".join(json.dumps(event).encode() + b"\n" for event in texts("one ", "two")[:-1])
    answer = connect_endpoint(in_parts(lines))[0].answer(REQUEST)
    assert (answer.text, answer.stop_reason, answer.input_tokens) == ("one two", "end_turn", None)


@pytest.mark.parametrize("framed", [sse, lambda event: json.dumps(event).encode() + b"\n"], ids=["sse", "json-lines"])
def test_streamed_tokens_are_whole(connect_endpoint: Connect, framed: Callable[[object], bytes]) -> None:
    """Tokens of TGI and LMI containers become the same answer; the end of the text is no text."""
    model, server = connect_endpoint(in_parts(b"".join(map(framed, TOKENS))), "llm/tgi")
    answer = model.answer(REQUEST)
    assert (model.ref, answer.text, answer.stop_reason) == ("sagemaker:llm/tgi", "Grüße 👋", "end_turn")
    assert (answer.input_tokens, answer.output_tokens, answer.ttft is None) == (8, 3, False)
    assert server.asked[0].body == {
        "inputs": "Be brief.\n\nhello",
        "parameters": {"details": True, "temperature": 0.5, "max_new_tokens": 9, "stop": ["END"], "top_k": 3},
        "stream": True,
    }


def test_chat_request_is_sent_in_the_wires_words(connect_endpoint: Connect) -> None:
    """The body is a chat completion's, the component a header, the signature boto3's."""
    model, server = connect_endpoint(in_parts(CHAT), "llm/component=adapter-1")
    model.answer(REQUEST)
    (asked,) = server.asked
    assert asked.body == {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}],
        "temperature": 0.5,
        "max_tokens": 9,
        "stop": ["END"],
        "top_k": 3,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert asked.headers["x-amzn-sagemaker-inference-component"] == "adapter-1"
    assert "/us-east-1/sagemaker/aws4_request" in asked.headers["authorization"]


CHAT_REPLY = {
    "choices": [{"index": 0, "message": {"content": "whole"}, "finish_reason": "length"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}
TEXT_REPLY = [{"generated_text": "whole", "details": {"finish_reason": "length", "generated_tokens": 1}}]


@pytest.mark.parametrize(("name", "reply"), [("llm", CHAT_REPLY), ("llm/tgi", TEXT_REPLY)])
def test_endpoint_that_cannot_stream_is_asked_for_the_whole(
    connect_endpoint: Connect, name: str, reply: object
) -> None:
    """The refusal to stream costs one call, and the endpoint is never asked to stream again."""

    def serve(asked: Asked) -> Served:
        if asked.path.endswith("stream"):
            return said("ValidationError", "Endpoint llm does not support response streaming")
        return served_json(reply)

    model, server = connect_endpoint(serve, name)
    answers = [model.answer(REQUEST) for _ in range(2)]
    assert [(answer.text, answer.stop_reason, answer.output_tokens, answer.ttft) for answer in answers] == [
        ("whole", "max_tokens", 1, None)
    ] * 2
    whole = "/endpoints/llm/invocations"
    assert [asked.path for asked in server.asked] == [f"{whole}-response-stream", whole, whole]
    assert "stream" not in server.asked[1].body


ORIGINAL = {"OriginalStatusCode": 400, "OriginalMessage": '{"error": {"message": "temperature must be positive"}}'}
FAULTS = [
    (said("ThrottlingException"), "throttled", False),
    (said("ModelNotReadyException", status=429), "model_not_ready", False),
    (said("ServiceUnavailable", status=503), "server_error", False),
    (said("InternalFailure", status=500), "server_error", False),
    (said("InternalDependencyException", status=530), "server_error", False),
    (said("ValidationError"), "validation", False),
    (said("ValidationError", "Endpoint llm of account 111122223333 not found."), "unknown_model", True),
    (said("ValidationError", "Inference Component a not found"), "unknown_model", True),
    (
        said("ValidationError", "Inference Component Name header is required for endpoints"),
        "needs_inference_component",
        True,
    ),
    (said("AccessDeniedException", "not authorized to perform", 403), "access_denied", True),
    (said("ExpiredTokenException", "expired", 403), "expired_token", True),
    (said("UnrecognizedClientException", "invalid token", 403), "bad_credentials", True),
    (said("UnknownOperationException", status=404), "wrong_endpoint", True),
    (said("ModelError", "Received client error", 424, **ORIGINAL), "validation", False),
    (said("ModelError", "Received server error", 424, OriginalStatusCode=500), "server_error", False),
    (said("ModelError", "Received server error", 424, OriginalStatusCode=503), "model_not_ready", False),
    (said("ModelError", "Received client error", 424, OriginalStatusCode=429), "throttled", False),
    (said("ModelError", "Your invocation timed out while waiting", 424, OriginalStatusCode=0), "timed_out", False),
    (said("ModelError", "broken", 424), "server_error", False),
    (
        said(
            "ModelError", "e", 424, OriginalStatusCode=422, OriginalMessage="`inputs` must have less than 4096 tokens"
        ),
        "context_too_long",
        False,
    ),
    (Served(ending="lost"), "connection_lost", False),
]


@pytest.mark.parametrize(("served", "kind", "fatal"), FAULTS)
@pytest.mark.parametrize("streams", [True, False], ids=["stream", "plain"])
def test_fault_before_the_answer_has_a_kind(
    connect_endpoint: Connect,
    served: Served,
    kind: str,
    fatal: bool,  # noqa: FBT001 - a table
    streams: bool,  # noqa: FBT001 - a table
) -> None:
    """Both operations name an error of the service or the container alike; nothing is tried twice."""
    model, server = connect_endpoint(served)
    if not streams:
        model._cannot_stream.set()
    failure = failed(model)
    assert (failure.kind, failure.fatal, bool(failure.way_out)) == (kind, fatal, fatal)
    assert len(server.asked) == 1


BEGUN = payload(sse(chunk({"content": "Yes, but"})))
WHOLE = payload(CHAT)
STREAMS = [
    (event_stream([BEGUN], ending="reset"), "stream_broken"),
    (event_stream([BEGUN], ending="cut"), "stream_broken"),
    (event_stream([BEGUN]), "stream_ended_early"),
    (event_stream([BEGUN, payload(DONE)]), "stream_ended_early"),
    (event_stream([BEGUN, WHOLE[:20]]), "stream_ended_early"),
    (event_stream([BEGUN, corrupted(WHOLE)]), "bad_checksum"),
    (event_stream([BEGUN, payload(b"data: {no json\n\n")]), "stream_broken"),
    (event_stream([BEGUN, payload(sse({"error": {"message": "CUDA error"}}))]), "stream_broken"),
    (event_stream([BEGUN, payload(sse({"error": "Input is too long"}))]), "context_too_long"),
    (event_stream([BEGUN, fault_frame("InternalStreamFailure", "oops")]), "stream_broken"),
    (event_stream([BEGUN, fault_frame("ModelStreamError", "broken")]), "stream_broken"),
    (
        event_stream([BEGUN, fault_frame("ModelStreamError", "the invocation timed out")]),
        "timed_out",
    ),
    (event_stream([BEGUN, error_frame("InternalError", "oops")]), "stream_broken"),
]


@pytest.mark.parametrize(("served", "kind"), STREAMS)
def test_broken_stream_is_never_an_answer(connect_endpoint: Connect, served: Served, kind: str) -> None:
    """However a stream ends too early, its half of a text is no answer, and the fault has a name."""
    model, server = connect_endpoint(served)
    assert failed(model).kind == kind
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "reply",
    [
        in_parts(b"".join(map(sse, TOKENS[:-1]))),
        in_parts(b'data: {"token": 5}\n\n'),
        in_parts(sse({"error": "Request failed during generation", "error_type": "generation"})),
    ],
)
def test_broken_stream_of_tokens_is_never_an_answer(connect_endpoint: Connect, reply: Served) -> None:
    """Nor are tokens without the event that ends them, with another shape, or with an error among them."""
    assert failed(connect_endpoint(reply, "llm/tgi")[0]).kind in {"stream_ended_early", "stream_broken"}


def test_half_a_body_is_no_answer(connect_endpoint: Connect) -> None:
    """A reply that is cut off is named, not taken for an empty answer."""
    model, _ = connect_endpoint(Served(parts=(b'{"choices": [',)))
    model._cannot_stream.set()
    assert failed(model).kind == "truncated_body"


def test_message_is_the_containers_own_without_the_account(connect_endpoint: Connect) -> None:
    """What the container said is shown, the account is not, and access denied names the actions."""
    model, _ = connect_endpoint(said("ModelError", "Received client error (400) from primary", 424, **ORIGINAL))
    assert failed(model).message == '{"error": {"message": "temperature must be positive"}}'
    model, _ = connect_endpoint(said("AccessDeniedException", "arn:aws:iam::111122223333:user/me may not", 403))
    assert str(failed(model)) == (
        "access_denied: arn:aws:iam::<account>:user/me may not. "
        "Allow sagemaker:InvokeEndpoint and sagemaker:InvokeEndpointWithResponseStream on this endpoint."
    )


def test_endless_stream_is_given_up(connect_endpoint: Connect) -> None:
    """A stream that flows on is given up at its deadline, though no single wait is long."""
    model, _ = connect_endpoint(event_stream((BEGUN, 0.02) * 200))
    short = SageMakerModel(model._name, model._client, deadline=0.1)
    assert "no end after 0.1 seconds" in failed(short).message


@pytest.mark.usefixtures("connect_endpoint")
def test_silence_is_given_up(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that says nothing for too long has timed out."""
    monkeypatch.setattr(client, "READ_TIMEOUT", 0.1)
    server.serve = lambda _: event_stream((BEGUN, 1.0))
    assert failed(SageMakerProvider().connect("llm")).kind == "timed_out"


def test_connection_serves_many_calls(connect_endpoint: Connect) -> None:
    """A finished stream gives its connection back."""
    model, server = connect_endpoint(in_parts(CHAT))
    model.answer(REQUEST)
    connections = server.connections
    for _ in range(3):
        model.answer(REQUEST)
    assert (len(server.asked), server.connections) == (4, connections)


def test_options_are_refused(connect_endpoint: Connect) -> None:
    """An option that a container cannot be sent is named before a call."""
    model, server = connect_endpoint(in_parts(CHAT))
    failure = failed(model, Request(turns=REQUEST.turns, options={"cache": True}))
    assert (failure.kind, failure.fatal, server.asked) == ("validation", True, [])
    assert "the option 'cache'" in failure.message


def test_format_and_component_go_together(connect_endpoint: Connect) -> None:
    """An inference component may speak text generation."""
    model, server = connect_endpoint(in_parts(b"".join(map(sse, TOKENS))), "llm/tgi/component=a")
    assert model.answer(REQUEST).text == "Grüße 👋"
    assert server.asked[0].headers["x-amzn-sagemaker-inference-component"] == "a"
