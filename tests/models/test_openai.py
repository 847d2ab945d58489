"""OpenAI-compatible servers over real HTTP: what a model answers, and what each way to fail is called."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import pytest

from pytest_llm_migrate.domain import Request, ToolCall, Turn
from pytest_llm_migrate.domain.attachment import AttachedFile
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models import OpenAIProvider, openai_client
from pytest_llm_migrate.models.openai import OpenAIModel
from tests.models.chat_events import DONE, chunk, completed, sse, streamed, sure, texts, usage
from tests.models.conftest import OPENAI_KEY as KEY
from tests.models.scripted_http import Served, served_json, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.models.scripted_http import Asked, ScriptedServer

SETTINGS = {"temperature": 0, "top_p": 0.5, "max_tokens": 9, "stop": "END", "top_k": 3}
REQUEST = Request(turns=(Turn("user", "hello"),), system="Be brief.", inference=SETTINGS)


class Connect(Protocol):
    """Starts a server and connects to it."""

    def __call__(self, served: Served | Callable[[Asked], Served]) -> tuple[OpenAIModel, ScriptedServer]:
        """Return the model and the server behind it."""


@pytest.fixture
def connect(openai_settings: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Connect to servers that answer as told."""
    with ExitStack() as servers:

        def start(served: Served | Callable[[Asked], Served]) -> tuple[OpenAIModel, ScriptedServer]:
            serve = (lambda _: served) if isinstance(served, Served) else served
            server = servers.enter_context(serving(serve))
            openai_settings.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
            return OpenAIProvider().connect("tiny"), server

        yield start


def failed(model: OpenAIModel, request: Request = REQUEST) -> CallFailedError:
    """Return what a call fails with."""
    with pytest.raises(CallFailedError) as raised:
        model.answer(request)
    return raised.value


def test_streamed_answer_is_whole(connect: Connect) -> None:
    """An answer in several pieces has its text, stop reason, tokens and both times."""
    events = [chunk({"content": ""}), chunk({"content": "Grüße "}), chunk({"content": "👋"}), chunk(finish="length")]
    first, second, *others = map(sse, [*events, usage(prompt_tokens_details={"cached_tokens": 6})])
    parts: tuple[bytes | float, ...] = (first, 0.05, second, 0.4, *others, DONE)
    model, _ = connect(Served(parts=parts, content_type="text/event-stream"))
    answer = model.answer(REQUEST)
    assert (model.ref, answer.text, answer.stop_reason) == ("openai:tiny", "Grüße 👋", "max_tokens")
    assert (answer.input_tokens, answer.output_tokens, answer.cache_read_tokens) == (4, 4, 6)
    assert answer.ttft is not None
    assert answer.latency is not None
    assert 0.05 <= answer.ttft <= answer.latency - 0.15


def test_request_is_sent_in_the_wires_words(connect: Connect) -> None:
    """System text, turns, openai_settings and fields of the model's own are in the body, the key in the header."""
    turns = (Turn("user", "1"), Turn("assistant", "2"), Turn("user", "3"))
    model, server = connect(completed("ok"))
    model.answer(Request(turns=turns, system="Be brief.", inference={**SETTINGS, "seed": None}))
    (asked,) = server.asked
    assert (asked.path, asked.headers["authorization"]) == ("/v1/chat/completions", f"Bearer {KEY}")
    assert asked.body == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "1"},
            {"role": "assistant", "content": "2"},
            {"role": "user", "content": "3"},
        ],
        "temperature": 0,
        "top_p": 0.5,
        "max_tokens": 9,
        "stop": ["END"],
        "top_k": 3,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_thoughts_and_tool_calls_are_kept_apart(connect: Connect) -> None:
    """Reasoning is no text and no first text; a tool's arguments are put together from their pieces."""
    call = {"index": 0, "id": "t1", "function": {"name": "look_up", "arguments": '{"id"'}}
    rest = {"index": 0, "function": {"arguments": ": 7}"}}
    events = [
        chunk({"reasoning_content": "Hm, "}),
        chunk({"reasoning": "seven."}),
        chunk({"tool_calls": [call]}),
        chunk({"tool_calls": [rest]}),
        chunk(finish="tool_calls", service_tier="flex"),
        usage(),
    ]
    answer = connect(streamed(events))[0].answer(REQUEST)
    assert (answer.text, answer.ttft, answer.reasoning) == ("", None, "Hm, seven.")
    assert (answer.stop_reason, answer.service_tier) == ("tool_use", "flex")
    assert answer.tool_calls == (ToolCall(name="look_up", arguments={"id": 7}),)


def test_log_probabilities_are_asked_for_and_read(connect: Connect) -> None:
    """``logprobs: true`` among the inference settings is sent as it is, and the answer has the tokens' mean."""
    model, server = connect(streamed([sure("Hel", -0.5), sure("lo there", -1.0, -3.0), chunk(finish="stop"), usage()]))
    answer = model.answer(Request(turns=REQUEST.turns, inference={"logprobs": True}))
    assert (answer.text, answer.mean_logprob) == ("Hello there", -1.5)
    assert server.asked[0].body["logprobs"] is True


def test_answer_without_a_stream_is_taken(connect: Connect) -> None:
    """A server that answers with the whole at once, though asked for a stream, is understood."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "whole"}, "finish_reason": "stop"}
    model, _ = connect(served_json({"object": "chat.completion", "choices": [choice], "usage": {"prompt_tokens": 3}}))
    answer = model.answer(REQUEST)
    assert (answer.text, answer.stop_reason, answer.input_tokens) == ("whole", "end_turn", 3)


STATUSES = [
    (401, {"message": f"Incorrect API key provided: {KEY}.", "code": "invalid_api_key"}, "bad_credentials", True),
    (403, {"message": "Project has no access"}, "access_denied", True),
    (404, {"message": "The model `tiny` does not exist", "code": "model_not_found"}, "unknown_model", True),
    (404, {"message": 'model "tiny" not found, try pulling it first'}, "unknown_model", True),
    (402, {"message": "Insufficient Balance"}, "quota_exhausted", True),
    (429, {"message": "You exceeded your quota", "code": "insufficient_quota"}, "quota_exhausted", True),
    (429, {"message": "Rate limit reached", "code": "rate_limit_exceeded"}, "throttled", False),
    (400, {"message": "Invalid temperature", "code": None}, "validation", False),
    (400, {"message": "too long", "code": "context_length_exceeded"}, "context_too_long", False),
    (400, {"message": "This model's maximum context length is 8192 tokens.", "code": 400}, "context_too_long", False),
    (400, {"message": "filtered", "code": "content_filter"}, "content_filtered", False),
    (408, {"message": "too slow"}, "timed_out", False),
    (422, {"message": "no"}, "validation", False),
    (500, {"message": "oops", "type": "server_error"}, "server_error", False),
    (503, {"message": "Loading model", "type": "unavailable_error"}, "model_not_ready", False),
    (503, {"message": "overloaded"}, "server_error", False),
]


@pytest.mark.parametrize(("status", "error", "kind", "fatal"), STATUSES)
def test_refused_call_has_a_kind(
    connect: Connect,
    status: int,
    error: dict[str, object],
    kind: str,
    fatal: bool,  # noqa: FBT001 - a table
) -> None:
    """The code, message or status decides; what fails for every row is fatal; nothing is tried twice or quoted."""
    model, server = connect(served_json({"error": error}, status))
    failure = failed(model)
    assert (failure.kind, failure.fatal, bool(failure.way_out)) == (kind, fatal, fatal)
    assert str(error["message"]).replace(KEY, "<key>") == failure.message
    assert len(server.asked) == 1


def test_key_that_is_a_word_hides_nothing(connect: Connect, openai_settings: pytest.MonkeyPatch) -> None:
    """Servers that check no key are given any word, which must not garble what they say."""
    openai_settings.setenv("OPENAI_API_KEY", "max")
    model, _ = connect(served_json({"error": {"message": "max_tokens is too large"}}, 400))
    assert failed(model).message == "max_tokens is too large"


@pytest.mark.parametrize(
    ("served", "kind", "said"),
    [
        (served_json({"detail": "Not Found"}, 404), "wrong_endpoint", "Not Found. Check OPENAI_BASE_URL"),
        (served_json({"object": "error", "message": "gone"}, 500), "server_error", "gone"),
        (served_json({"error": "model is overloaded"}, 500), "server_error", "model is overloaded"),
        (served_json("odd", 500), "server_error", "HTTP status 500|odd"),
        (Served(parts=(b"<html>bad gateway</html>",), status=502, content_type="text/html"), "server_error", "gateway"),
        (Served(parts=(b"<html>welcome</html>",), content_type="text/html"), "wrong_endpoint", "a web page came"),
        (Served(status=307, headers={"Location": "http://127.0.0.1:1/"}), "wrong_endpoint", "HTTP status 307"),
    ],
)
def test_answer_of_somebody_else_is_named(connect: Connect, served: Served, kind: str, said: str) -> None:
    """What proxies and other servers say is understood as far as it goes; redirections are not followed."""
    failure = failed(connect(served)[0])
    assert failure.kind == kind
    failure_text = str(failure)
    assert any(text in failure_text for text in said.split("|"))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "0.5"}, 0.5),
        ({"Retry_After_Ms": "1500", "Retry_After": "2"}, 1.5),
        ({"Retry_After": "Fri, 31 Dec 1999 23:59:59 GMT"}, None),
        ({}, None),
    ],
)
def test_requested_wait_is_known(connect: Connect, headers: dict[str, str], seconds: float | None) -> None:
    """A throttled call knows how long the server asks to wait."""
    model, _ = connect(served_json({"error": {"message": "slow down"}}, 429, **headers))
    assert failed(model).retry_after == seconds


BEGUN = (sse(chunk({"content": "Yes, but"})),)
ENDED = (*BEGUN, sse(chunk(finish="stop")))
STREAMS = [
    (Served(ending="lost"), "connection_lost"),
    (Served(parts=BEGUN, ending="reset"), "stream_broken"),
    (Served(parts=BEGUN, ending="cut"), "stream_broken"),
    (Served(parts=BEGUN), "stream_ended_early"),
    (Served(parts=(*BEGUN, DONE)), "stream_ended_early"),
    (Served(parts=ENDED), "stream_ended_early"),
    (Served(parts=(*BEGUN, b'data: {"choices": [{"del')), "stream_ended_early"),
    (Served(parts=(*BEGUN, b'data: {"choices": [{"del\n\n', DONE)), "stream_broken"),
    (Served(parts=(*BEGUN, b'data: {"choices": 5}\n\n')), "stream_broken"),
    (Served(parts=(b"\x1f\x8bno gzip",), headers={"Content-Encoding": "gzip"}), "stream_broken"),
    (Served(parts=(*BEGUN, sse(chunk(finish="abort")), DONE)), "stream_broken"),
    (Served(parts=(*BEGUN, sse({"error": {"message": "oops", "type": "server_error"}}))), "server_error"),
    (Served(parts=(*BEGUN, sse({"error": {"message": "slow down", "code": 429}}))), "throttled"),
    (Served(parts=(*BEGUN, sse({"object": "error", "message": "odd", "code": 400}))), "validation"),
    (Served(parts=(*BEGUN, sse({"error": "odd"}))), "stream_broken"),
    (Served(parts=(*BEGUN, sse({"error": {"message": "odd", "code": 1}}))), "stream_broken"),
]


@pytest.mark.parametrize(("served", "kind"), STREAMS)
def test_broken_stream_is_never_an_answer(connect: Connect, served: Served, kind: str) -> None:
    """However a stream ends too early, its half of a text is no answer, and the fault has a name."""
    model, server = connect(served)
    assert failed(model).kind == kind
    assert len(server.asked) == 1


@pytest.mark.parametrize("ending", ["cut", "reset"])
def test_what_happens_after_the_end_costs_no_answer(connect: Connect, ending: str) -> None:
    """An answer that is whole stands, though its connection breaks."""
    parts = (*map(sse, texts("whole")), DONE, 0.05)
    model, _ = connect(Served(parts=parts, ending=ending))  # type: ignore[arg-type]
    assert model.answer(REQUEST).text == "whole"


def test_end_is_known_by_the_tokens_too(connect: Connect) -> None:
    """A server that says which tokens it used has ended its answer, whether or not it says so."""
    assert connect(Served(parts=tuple(map(sse, texts("whole")))))[0].answer(REQUEST).text == "whole"


@pytest.mark.parametrize("parts", [(1.0,), (*BEGUN, 1.0)], ids=["before-the-answer", "within-it"])
def test_silence_is_given_up(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, parts: tuple[bytes | float, ...]
) -> None:
    """A server that says nothing for too long, before or within its answer, has timed out."""
    monkeypatch.setattr(openai_client, "READ_TIMEOUT", 0.1)
    assert failed(connect(Served(parts=parts))[0]).kind == "timed_out"


@pytest.mark.parametrize("part", [sse(chunk({"content": "x"})), b": keep-alive\n\n"], ids=["text", "comment"])
def test_endless_stream_is_given_up(connect: Connect, part: bytes) -> None:
    """A stream that flows on is given up at its deadline, though no single wait is long."""
    model, _ = connect(Served(parts=(part, 0.02) * 200))
    short = OpenAIModel("tiny", model._client, deadline=0.1)
    started = time.perf_counter()
    assert "no end after 0.1 seconds" in failed(short).message
    assert time.perf_counter() - started < 3.0


def test_nobody_there_is_a_lost_connection(openai_settings: pytest.MonkeyPatch) -> None:
    """An address where nothing listens is named as such, with what the system said."""
    del openai_settings
    failure = failed(OpenAIProvider().connect("tiny"))
    assert (failure.kind, "refused" in failure.message) == ("connection_lost", True)


def test_connection_serves_many_calls(connect: Connect) -> None:
    """A finished stream gives its connection back, and so does a refused call."""
    model, server = connect(lambda _: completed("ok") if len(server.asked) % 2 else served_json({}, 429))
    for _ in range(3):
        model.answer(REQUEST)
        failed(model)
    assert (len(server.asked), server.connections) == (6, 1)


def test_one_client_serves_32_threads(connect: Connect) -> None:
    """Threads that share a client get each its own answer, at the same time."""

    def echo(asked: Asked) -> Served:
        text = asked.body["messages"][-1]["content"]
        return Served(parts=(0.1, *map(sse, texts(text)), DONE), content_type="text/event-stream")

    model, _ = connect(echo)
    questions = [f"question {number}" for number in range(96)]
    started = time.perf_counter()
    with ThreadPoolExecutor(32) as threads:
        answers = threads.map(lambda text: model.answer(Request(turns=(Turn("user", text),))).text, questions)
        assert list(answers) == questions
    assert time.perf_counter() - started < 96 * 0.1 / 4


def test_what_cannot_be_sent_is_refused(connect: Connect, tmp_path: Path) -> None:
    """Options and attached files that a server cannot be sent are named before a call, and stop the run."""
    photo = AttachedFile(kind="image", format="png", sha256="0" * 64, path=tmp_path / "photo.png")
    model, server = connect(completed("ok"))
    failure = failed(model, Request(turns=REQUEST.turns, options={"latency": "optimized"}, attachments=(photo,)))
    assert (failure.kind, failure.fatal, server.asked) == ("validation", True, [])
    assert failure.message == "openai:tiny cannot be sent the option 'latency' or an attached image"
