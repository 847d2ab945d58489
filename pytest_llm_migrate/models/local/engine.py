"""An engine that answers with the local models."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import MigrateError, UnknownNameError, WeightsMissingError
from pytest_llm_migrate.models.endpoint.engines import Fault, Finish
from pytest_llm_migrate.models.local.catalog import CATALOG
from pytest_llm_migrate.models.local.constraints import grammar_of, schema_of
from pytest_llm_migrate.models.local.renderers import RENDERERS, Completion
from pytest_llm_migrate.models.local.runner import Ending, Runner, Sampling
from pytest_llm_migrate.models.local.weights import default_cache, known, located

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llm_migrate.models.endpoint.engines import Answer, Converse
    from pytest_llm_migrate.models.local.renderers import Prompt
    from pytest_llm_migrate.models.local.runner import Pieces

_MAX_TOKENS = 256
_TEMPERATURE = 0.0


class LocalEngine:
    """Answers with the models of the catalog, each loaded at its first request and then kept.

    A request that says nothing gets at most 256 tokens at temperature 0, so that the same request gives the
    same answer. Each prompt is read in full, so that a time says what a request costs by itself;
    ``"cache_prompt": true`` in ``additionalModelRequestFields`` begins with what the last prompt of the
    model had in common with this one, and counts those tokens as read from a cache.
    A JSON Schema in ``outputConfig.textFormat`` is kept to in every token.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache or default_cache()
        self._lock = threading.Lock()
        self._runners: dict[str, Runner] = {}

    def ready(self) -> list[str]:
        """Return the models whose weights are in the cache."""
        return [name for name, weights in CATALOG.items() if located(weights, self._cache)]

    def load(self, name: str) -> Runner:
        """Return a model, loading it if need be.

        Raises `UnknownNameError`, `WeightsMissingError`, `RunnerMissingError` and `RunnerFailedError`.
        """
        weights = known(name)
        with self._lock:
            if name not in self._runners:
                path = located(weights, self._cache)
                if path is None:
                    raise WeightsMissingError(name, self._cache, weights.megabytes)
                self._runners[name] = Runner(path)
            return self._runners[name]

    def converse(self, request: Converse) -> Answer:
        """Yield the model's text as it is written; raises faults for what the model cannot take."""
        runner, prompt, sampling = self._runner(request.model), _prompt(request), _sampling(request)
        with closing(runner.generate(prompt, sampling)) as written:
            pieces = _without_leading_blanks(written) if isinstance(prompt, Completion) else written
            for piece in _checked_json(pieces) if sampling.grammar else pieces:
                yield _finish(piece, request, sampling) if isinstance(piece, Ending) else piece

    def count_tokens(self, request: Converse) -> int:
        """Return how many tokens the model would read; raises faults as `converse` does."""
        return self._runner(request.model).count(_prompt(request))

    def close(self) -> None:
        """Cut off what is being written and free the models' memory; a program should do so before it ends."""
        with self._lock:
            for runner in self._runners.values():
                runner.close()
            self._runners.clear()

    def _runner(self, model: str) -> Runner:
        try:
            return self.load(model)
        except MigrateError as error:
            raise Fault("ResourceNotFoundException", str(error)) from error


def _prompt(request: Converse) -> Prompt:
    if request.messages[-1].role != "user":
        raise Fault(
            "ValidationException",
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        )
    if "toolConfig" in request.document:
        raise Fault("ValidationException", "This model doesn't support tool use.")
    kinds = sorted({part.kind for message in request.messages for part in message.attachments})
    if kinds:
        raise Fault("ValidationException", f"This model doesn't support the {kinds[0]} field. Remove it and try again.")
    renderer = RENDERERS[request.model]
    for name in request.additional.keys() - renderer.fields:
        raise Fault("ValidationException", str(UnknownNameError("model field", name, renderer.fields)))
    return renderer.render(request)


def _sampling(request: Converse) -> Sampling:
    max_tokens, schema = request.max_tokens or _MAX_TOKENS, schema_of(request)
    return Sampling(
        max_tokens=max_tokens,
        temperature=_TEMPERATURE if request.temperature is None else request.temperature,
        top_p=request.top_p,
        reuse_prompt=_reuses_prompt(request),
        grammar=None if schema is None else grammar_of(schema, max_tokens),
    )


def _reuses_prompt(request: Converse) -> bool:
    wanted = request.additional.get("cache_prompt", False)
    if not isinstance(wanted, bool):
        raise Fault("ValidationException", f"cache_prompt must be true or false, not {wanted!r}.")
    return wanted


def _without_leading_blanks(pieces: Pieces) -> Pieces:
    """Drop the blank between ``Output:`` and the answer, which belongs to the form and not to the answer."""
    has_begun = False
    for piece in pieces:
        if has_begun or isinstance(piece, Ending):
            yield piece
        elif text := piece.lstrip():
            has_begun = True
            yield text


def _checked_json(pieces: Pieces) -> Pieces:
    """Raise a fault where a whole text is no JSON: llama.cpp leaves it free under a grammar that it cannot read."""
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
        elif piece.stop_type == "eos" and not _is_json(text):
            raise Fault("ModelErrorException", "The model cannot be kept to this JSON Schema: its text is no JSON.")
        yield piece


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _finish(ending: Ending, request: Converse, sampling: Sampling) -> Finish:
    return Finish(
        stop_reason=_stop_reason(ending, request, sampling),
        input_tokens=ending.prompt_tokens - ending.reused_tokens,
        output_tokens=ending.output_tokens,
        cache_read_tokens=ending.reused_tokens,
    )


def _stop_reason(ending: Ending, request: Converse, sampling: Sampling) -> str:
    if ending.stop_type == "limit":
        is_full = ending.output_tokens < sampling.max_tokens
        return "model_context_window_exceeded" if is_full else "max_tokens"
    return "stop_sequence" if ending.stop_word in request.stop_sequences else "end_turn"
