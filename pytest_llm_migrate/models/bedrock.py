"""A model on Amazon Bedrock, spoken to through ConverseStream, or Converse where it cannot stream."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.bedrock_ids import base_id, bedrock_id
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models.batch import bedrock_batches
from pytest_llm_migrate.models.converse import StreamedReply, parameters, read_reply
from pytest_llm_migrate.models.faults import FAULTS, call_failure, is_about_streaming

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain.answer import Answer
    from pytest_llm_migrate.domain.batch import Batches, BatchPlace
    from pytest_llm_migrate.domain.request import Request
    from pytest_llm_migrate.models.client import RuntimeClient

CONCURRENCY = 16
DEADLINE = 600.0
COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")
"""The parts of a call that CountTokens takes."""


class Departures:
    """When each thread's last request left; serialising and signing it, and waiting to do so, is not the service's."""

    def __init__(self, client: RuntimeClient) -> None:
        self._here = threading.local()
        events = getattr(client.meta, "events", None)
        if events:
            events.register("before-send.bedrock-runtime", self.note)

    def note(self, **_: object) -> None:
        """Note that a request of this thread leaves now; safe for any number of threads."""
        self._here.at = time.perf_counter()

    @property
    def last(self) -> float:
        """When this thread's last request left, on the performance counter."""
        return float(self._here.at)


class BedrockModel:
    """Makes one attempt a request, whatever comes of it; retrying is for a model around this one.

    Args:
        ref: The reference that names the model.
        model_id: A model id, inference profile or ARN.
        client: A client whose own retries are off; shared by any number of models and threads.
        concurrency: Calls in flight when the user gives no number.
        deadline: Seconds after which a stream that still flows is given up.
    """

    def __init__(
        self,
        ref: str,
        model_id: str,
        client: RuntimeClient,
        *,
        concurrency: int = CONCURRENCY,
        deadline: float = DEADLINE,
    ) -> None:
        self._ref, self._model_id, self._client = ref, model_id, client
        self._concurrency, self._deadline = concurrency, deadline
        self._cannot_stream = threading.Event()
        self._departures = Departures(client)

    @property
    def ref(self) -> str:
        """The reference that names this model."""
        return self._ref

    @property
    def concurrency(self) -> int:
        """Calls that may be in flight at once when the user gives no number."""
        return self._concurrency

    @property
    def quota(self) -> str:
        """Under which name the service counts calls: it does so by model and region."""
        return f"{self._ref} in {self._client.meta.region_name}"

    def answer(self, request: Request) -> Answer:
        """Return the model's answer; raise `CallFailedError` when there is none."""
        arguments = parameters(self._model_id, request)
        if self._cannot_stream.is_set():
            return _named(self._whole, arguments)
        try:
            return _named(self._streamed, arguments)
        except CallFailedError as failed:
            if not is_about_streaming(failed):
                raise
        answer = _named(self._whole, arguments)
        # Only now is it known that streaming was the fault, and not a setting that is wrong for both.
        self._cannot_stream.set()
        return answer

    def count_tokens(self, request: Request) -> int | None:
        """Return how many tokens the service counts in a request, ``None`` where it does not say; a free call."""
        sent = parameters(self._model_id, request)
        content = {"converse": {name: sent[name] for name in COUNTED if name in sent}}
        # Profiles are mostly refused where their model is not, and some models the other way round.
        for model_id in dict.fromkeys((base_id(bedrock_id(self._model_id) or self._model_id), self._model_id)):
            with contextlib.suppress(*FAULTS, KeyError):  # a reply that was cut off holds no count
                return int(self._client.count_tokens(modelId=model_id, input=content)["inputTokens"])
        return None

    def batches(self, place: BatchPlace | None) -> Batches:
        """Return the model's batch jobs, with the user's own AWS settings; raises `CannotConnectError`."""
        return bedrock_batches(self._ref, self._model_id, place)

    def _whole(self, arguments: dict[str, Any]) -> Answer:
        self._departures.note()  # for a client that tells nothing
        reply = self._client.converse(**arguments)
        return read_reply(reply, time.perf_counter() - self._departures.last)

    def _streamed(self, arguments: dict[str, Any]) -> Answer:
        reply, ttft = StreamedReply(), None
        self._departures.note()
        # Closing costs a finished stream nothing; an unfinished one gives its connection up.
        with contextlib.closing(self._client.converse_stream(**arguments)["stream"]) as events:
            sent = self._departures.last
            for event in events:
                elapsed = time.perf_counter() - sent
                if reply.add(event) and ttft is None:
                    ttft = elapsed
                if elapsed > self._deadline:
                    raise CallFailedError("timed_out", f"no end after {self._deadline:g} seconds of streaming")
        return reply.answer(time.perf_counter() - sent, ttft)


def _named(call: Callable[[dict[str, Any]], Answer], arguments: dict[str, Any]) -> Answer:
    try:
        return call(arguments)
    except FAULTS as error:
        raise call_failure(error) from error
