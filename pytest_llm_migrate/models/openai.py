"""Models behind any server that speaks OpenAI's chat completions, called through the ``openai`` package."""

from __future__ import annotations

import re
import time
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.openai_chat import ChatReply, chat_body, check_sendable, streamed
from pytest_llm_migrate.models.openai_faults import FAULTS, call_failure, said_failure, web_page_failure
from pytest_llm_migrate.models.openai_stream import DEADLINE, read_stream

if TYPE_CHECKING:
    import openai

    from pytest_llm_migrate.domain.answer import Answer
    from pytest_llm_migrate.domain.request import Request

CONCURRENCY = 16
OPENAI_HOST = re.compile(r"(?:\w+\.)?api\.openai\.com", re.ASCII)


class OpenAIModel:
    """Makes one attempt a request, whatever comes of it; retrying is for a model around this one.

    Args:
        name: The model's name on the server.
        client: A client whose own retries are off; shared by any number of models and threads.
        deadline: Seconds after which a stream that still flows is given up.
    """

    def __init__(self, name: str, client: openai.OpenAI, *, deadline: float = DEADLINE) -> None:
        self._name, self._client, self._deadline = name, client, deadline

    @property
    def ref(self) -> str:
        """The reference that names this model."""
        return f"openai:{self._name}"

    @property
    def concurrency(self) -> int:
        """Calls that may be in flight at once when the user gives no number."""
        return CONCURRENCY

    def answer(self, request: Request) -> Answer:
        """Return the model's answer; raise `CallFailedError` when there is none."""
        check_sendable(self.ref, request)
        try:
            return self._streamed(self._body(request))
        except FAULTS as error:
            raise call_failure(error, self._client.api_key) from error

    def _body(self, request: Request) -> dict[str, Any]:
        body = streamed(chat_body(request))
        # OpenAI's newer models refuse the name that other servers, and older releases of them, know alone.
        if "max_tokens" in body and OPENAI_HOST.fullmatch(self._client.base_url.host):
            body["max_completion_tokens"] = body.pop("max_tokens")
        return body

    def _streamed(self, body: dict[str, Any]) -> Answer:
        reply = ChatReply(partial(said_failure, key=self._client.api_key), needs_end=True)
        completions = self._client.chat.completions.with_streaming_response
        sent = time.perf_counter()
        # The body goes out as it is: by arguments of its own the package knows OpenAI's models alone.
        with completions.create(model=self._name, messages=[], extra_body=body) as response:
            if response.headers.get("content-type", "").startswith("text/html"):
                raise web_page_failure()
            parts = response.iter_bytes()
            answer = read_stream(parts, reply, sent, self._deadline)
            with suppress(*FAULTS):
                deque(parts, maxlen=0)  # only a connection that is read to its end serves another call
        return answer
