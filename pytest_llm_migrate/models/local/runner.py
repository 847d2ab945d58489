"""Running one model on one thread with llama.cpp, by way of xllamacpp."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import RunnerFailedError, RunnerMissingError
from pytest_llm_migrate.models.endpoint.engines import Fault
from pytest_llm_migrate.models.local.renderers import Chat

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llm_migrate.models.local.renderers import Prompt

_CONTEXT_TOKENS = 4096
# A second thread makes generation ten times slower as soon as anything else takes its core.
_THREADS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How an answer is drawn.

    Attributes:
        max_tokens: The most tokens to write, at least 1.
        temperature: 0 always takes the likeliest token, so that the same prompt gives the same answer.
        top_p: From 0 to 1; ``None`` is llama.cpp's own.
        reuse_prompt: Begin with what the last prompt had in common with this one, instead of reading it anew.
        grammar: What the text must keep to, as llama.cpp reads it; ``None`` leaves it free.
    """

    max_tokens: int
    temperature: float
    top_p: float | None
    reuse_prompt: bool
    grammar: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a model stopped, and the tokens it took.

    Attributes:
        stop_type: ``eos`` (by itself), ``word`` (at a stop sequence) or ``limit``.
        stop_word: The stop sequence met, or an empty string.
        prompt_tokens: Tokens of the prompt.
        reused_tokens: Those among them that were not read anew.
        output_tokens: Tokens written.
    """

    stop_type: str
    stop_word: str
    prompt_tokens: int
    reused_tokens: int
    output_tokens: int


Pieces = Generator[str | Ending, None, None]


class Runner:
    """A loaded model that answers one call at a time.

    Raises `RunnerMissingError` where xllamacpp is not installed and `RunnerFailedError` for a file it cannot load.
    """

    def __init__(self, path: Path) -> None:
        self._server = _load(path)
        self._lock = threading.Lock()
        self._starting = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def generate(self, prompt: Prompt, sampling: Sampling) -> Pieces:
        """Yield pieces of text as they come, then the `Ending`; closing it early ends the generation.

        Raises a ``ValidationException`` fault for a prompt that the model cannot take, and a
        ``ServiceUnavailableException`` fault once the model is closed.
        """
        settings: dict[str, Any] = {
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "stop": list(prompt.stop),
            "cache_prompt": sampling.reuse_prompt,
            "verbose": True,  # says at which word the answer stopped
        }
        if sampling.top_p is not None:
            settings["top_p"] = sampling.top_p
        if sampling.grammar is not None:
            settings["grammar"] = sampling.grammar
        with self._lock, closing(self._chunks(prompt, settings)) as chunks:
            yield from _pieces(chunks)

    def count(self, prompt: Prompt) -> int:
        """Return the number of tokens of a prompt, which has to be read for that; raises faults as `generate`."""
        with self._lock, closing(self._chunks(prompt, {"max_tokens": 0, "cache_prompt": True})) as chunks:
            return _prompt_tokens(chunks)

    def close(self) -> None:
        """Cut off the running call and free the model's memory.

        A program should do so before it ends: the library may crash when the interpreter takes it down.
        """
        with self._starting:
            self._closing.set()
        if self._thread:
            self._thread.join()
        self._server = None

    def _chunks(self, prompt: Prompt, settings: dict[str, Any]) -> Generator[dict[str, Any], None, None]:
        chunks: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        abandoned = threading.Event()

        def take(chunk: dict[str, Any]) -> bool:
            chunks.put(chunk)
            return abandoned.is_set() or self._is_ending()

        # Not a daemon: the interpreter must not end while the library is at work.
        thread = threading.Thread(
            target=lambda: self._call(prompt, settings, take, chunks), name="local-model", daemon=False
        )
        self._begin(thread)
        try:
            yield from iter(chunks.get, None)
        finally:
            abandoned.set()
            thread.join()

    def _begin(self, thread: threading.Thread) -> None:
        with self._starting:
            if self._is_ending():
                raise _shutting_down()
            self._thread = thread
            thread.start()

    def _is_ending(self) -> bool:
        return self._closing.is_set() or not threading.main_thread().is_alive()

    def _call(
        self,
        prompt: Prompt,
        settings: dict[str, Any],
        take: Callable[[dict[str, Any]], bool],
        chunks: SimpleQueue[dict[str, Any] | None],
    ) -> None:
        body = settings | {"stream": True, "stream_options": {"include_usage": True}}
        try:
            if isinstance(prompt, Chat):
                messages = [{"role": role, "content": text} for role, text in prompt.messages]
                self._server.handle_chat_completions({**body, "messages": messages}, take)
            else:
                self._server.handle_completions({**body, "prompt": prompt.text}, take)
        except ValueError as error:  # how a malformed conversation is reported
            chunks.put({"error": {"code": 400, "message": str(error)}})
        finally:
            chunks.put(None)


def _load(path: Path) -> Any:
    try:
        import xllamacpp  # noqa: PLC0415 - an optional and heavy library
    except ImportError:
        raise RunnerMissingError from None
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = _CONTEXT_TOKENS
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _THREADS
    params.cache_ram_mib = 0  # else up to 8 GiB of earlier prompts are kept
    params.verbosity = 0
    params.api_keys = [secrets.token_hex()]  # shuts the OpenAI-style port that it opens beside ours
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise RunnerFailedError(path, str(error).rstrip(".")) from error
    # A server that is freed before its loop runs waits for ever; the first answer shows that it does.
    server.handle_completions({"prompt": ".", "max_tokens": 1})
    return server


def _pieces(chunks: Generator[dict[str, Any], None, None]) -> Pieces:
    stop: dict[str, Any] = {}
    usage: dict[str, Any] = {}
    for chunk in chunks:
        text = _text(_checked(chunk))
        if text:
            yield text
        if chunk.get("__verbose", {}).get("stop"):
            stop = chunk["__verbose"]
        usage = chunk.get("usage", usage)
    if not stop:
        raise _shutting_down()
    yield Ending(
        stop_type=stop["stop_type"],
        stop_word=stop["stopping_word"],
        prompt_tokens=usage["prompt_tokens"],
        reused_tokens=usage["prompt_tokens_details"]["cached_tokens"],
        output_tokens=usage["completion_tokens"],
    )


def _prompt_tokens(chunks: Generator[dict[str, Any], None, None]) -> int:
    for chunk in chunks:
        if "n_prompt_tokens" in chunk.get("error", {}):  # too long to be read, but counted
            return int(chunk["error"]["n_prompt_tokens"])
        if "usage" in _checked(chunk):
            return int(chunk["usage"]["prompt_tokens"])
    raise _shutting_down()


def _shutting_down() -> Fault:
    return Fault("ServiceUnavailableException", "The service is shutting down.")


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    error = answer.get("error")
    if not error:
        return answer
    if error.get("type") == "exceed_context_size_error":
        raise Fault("ValidationException", "Input is too long for requested model.")
    kind = "ValidationException" if error.get("code") == 400 else "ModelErrorException"  # noqa: PLR2004 - HTTP's
    raise Fault(kind, str(error.get("message")))


def _text(chunk: dict[str, Any]) -> str:
    for choice in chunk["choices"]:
        return str(choice.get("text") or choice.get("delta", {}).get("content") or "")
    return ""
