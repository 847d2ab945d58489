"""Models behind SageMaker endpoints, called with InvokeEndpointWithResponseStream or InvokeEndpoint."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models.faults import FAULTS, is_about_streaming
from pytest_llm_migrate.models.openai_chat import ChatReply, chat_body, check_sendable, streamed
from pytest_llm_migrate.models.openai_stream import DEADLINE, read_stream
from pytest_llm_migrate.models.sagemaker_faults import endpoint_failure, said_failure
from pytest_llm_migrate.models.sagemaker_text import TextReply, text_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llm_migrate.domain.answer import Answer
    from pytest_llm_migrate.domain.request import Request
    from pytest_llm_migrate.models.client import EventStream
    from pytest_llm_migrate.models.openai_stream import Reply
    from pytest_llm_migrate.models.sagemaker_name import EndpointName

CONCURRENCY = 8
"""Calls in flight that one instance behind an endpoint takes without queueing most of them."""

JSON = "application/json"


class Body(Protocol):
    """The body of a whole reply."""

    def read(self) -> bytes:
        """Return all of it."""
        ...


class EndpointClient(Protocol):
    """The part of a ``sagemaker-runtime`` client that a model needs; safe to share between threads."""

    def invoke_endpoint(self, **parameters: Any) -> dict[str, Body]:
        """Make one call and return the whole reply's ``Body``."""
        ...

    def invoke_endpoint_with_response_stream(self, **parameters: Any) -> dict[str, EventStream]:
        """Make one call and return its events under ``Body``."""
        ...


class SageMakerModel:
    """Makes one attempt a request, whatever comes of it; retrying is for a model around this one.

    Args:
        name: The endpoint, and what its container speaks.
        client: A client whose own retries are off; shared by any number of models and threads.
        deadline: Seconds after which a stream that still flows is given up.
    """

    def __init__(self, name: EndpointName, client: EndpointClient, *, deadline: float = DEADLINE) -> None:
        self._name, self._client, self._deadline = name, client, deadline
        self._cannot_stream = threading.Event()

    @property
    def ref(self) -> str:
        """The reference that names this model."""
        return f"sagemaker:{self._name.text}"

    @property
    def concurrency(self) -> int:
        """Calls that may be in flight at once when the user gives no number."""
        return CONCURRENCY

    def answer(self, request: Request) -> Answer:
        """Return the model's answer; raise `CallFailedError` when there is none."""
        check_sendable(self.ref, request)
        body = chat_body(request) if self._name.wire == "chat" else text_body(request)
        if self._cannot_stream.is_set():
            return _named(self._whole, body)
        try:
            return _named(self._streamed, self._asking_for_stream(body))
        except CallFailedError as failed:
            if not is_about_streaming(failed):
                raise
        answer = _named(self._whole, body)
        # Only now is it known that streaming was the fault, and not a setting that is wrong for both.
        self._cannot_stream.set()
        return answer

    def _asking_for_stream(self, body: dict[str, Any]) -> dict[str, Any]:
        return streamed(body) if self._name.wire == "chat" else {**body, "stream": True}

    def _whole(self, body: dict[str, Any]) -> Answer:
        reply, sent = self._reply(), time.perf_counter()
        whole = self._client.invoke_endpoint(**self._parameters(body), Accept=JSON)["Body"].read()
        elapsed = time.perf_counter() - sent
        reply.add(_read(whole))
        return reply.answer(elapsed, None)

    def _streamed(self, body: dict[str, Any]) -> Answer:
        reply, sent = self._reply(), time.perf_counter()
        stream = self._client.invoke_endpoint_with_response_stream(**self._parameters(body))["Body"]
        with contextlib.closing(stream):
            parts = _parts(stream)
            answer = read_stream(parts, reply, sent, self._deadline)
            with contextlib.suppress(*FAULTS):
                deque(parts, maxlen=0)  # only a connection that is read to its end serves another call
        return answer

    def _parameters(self, body: dict[str, Any]) -> dict[str, Any]:
        component = {"InferenceComponentName": self._name.component} if self._name.component else {}
        return {
            "EndpointName": self._name.endpoint,
            "ContentType": JSON,
            "Body": json.dumps(body).encode(),
            **component,
        }

    def _reply(self) -> Reply:
        # Containers differ in what follows the finish_reason, and the service's own framing shows a cut.
        return ChatReply(said_failure, needs_end=False) if self._name.wire == "chat" else TextReply(said_failure)


def _parts(stream: EventStream) -> Iterator[bytes]:
    for event in stream:
        yield event.get("PayloadPart", {}).get("Bytes", b"")


def _read(whole: bytes) -> Any:
    try:
        return json.loads(whole)
    except ValueError as error:
        raise CallFailedError("truncated_body", "the reply is no JSON: its body was cut off") from error


def _named(call: Callable[[dict[str, Any]], Answer], body: dict[str, Any]) -> Answer:
    try:
        return call(body)
    except FAULTS as error:
        raise endpoint_failure(error) from error
