"""Small models that run on this machine, behind an endpoint of our own that is called as Bedrock is."""

from __future__ import annotations

import importlib.util
import threading
import weakref
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import CallFailedError, MigrateError, RunnerMissingError
from pytest_llm_migrate.models.bedrock import BedrockModel
from pytest_llm_migrate.models.client import loopback_client
from pytest_llm_migrate.models.endpoint import Endpoint
from pytest_llm_migrate.models.local import LocalEngine, fetch
from pytest_llm_migrate.models.local.weights import known

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llm_migrate.domain.answer import Answer
    from pytest_llm_migrate.domain.request import Request
    from pytest_llm_migrate.models.client import RuntimeClient

CONNECTIONS = 2  # one a model of the catalog


class LocalService:
    """One engine behind one endpoint for all local models of a process; nothing is started before the first call.

    Args:
        cache: The folder that keeps weights.
        progress: Is told a model's name, the bytes downloaded so far, and the bytes in all.
    """

    def __init__(self, cache: Path, progress: Callable[[str, int, int], object]) -> None:
        self._cache, self._progress = cache, progress
        self._engine = LocalEngine(cache)
        self._lock = threading.Lock()
        self._client: RuntimeClient | None = None
        self._models: dict[str, BedrockModel] = {}

    def connect(self, name: str) -> LocalModel:
        """Return a model of the catalog; raise `UnknownNameError` for a name that it lacks."""
        return LocalModel(known(name).name, self)

    def model(self, name: str) -> BedrockModel:
        """Return a model that answers, fetching its weights first if need be; raise `MigrateError` if it cannot run."""
        with self._lock:
            if name not in self._models:
                self._models[name] = self._ready(name)
            return self._models[name]

    def _ready(self, name: str) -> BedrockModel:
        if importlib.util.find_spec("xllamacpp") is None:
            raise RunnerMissingError
        fetch(name, self._cache, self._progress)
        self._engine.load(name)
        self._client = self._client or self._start()
        return BedrockModel(_reference(name), name, self._client)

    def _start(self) -> RuntimeClient:
        endpoint = Endpoint(self._engine)
        endpoint.start()
        weakref.finalize(self, _stop, endpoint, self._engine)  # which also happens when the process ends
        return loopback_client(endpoint.url, CONNECTIONS)


class LocalModel:
    """A small model on this machine."""

    def __init__(self, name: str, service: LocalService) -> None:
        self._name, self._service = name, service

    @property
    def ref(self) -> str:
        """The reference that names this model."""
        return _reference(self._name)

    @property
    def concurrency(self) -> int:
        """One: a model answers one call at a time, and a call that waits for another would pass for a slow one."""
        return 1

    @property
    def runs_here(self) -> bool:
        """Always: the model shares this process, and its CPU time is none of the client's."""
        return True

    def answer(self, request: Request) -> Answer:
        """Return the model's answer; raise a fatal `CallFailedError` where the model cannot be run at all."""
        try:
            model = self._service.model(self._name)
        except MigrateError as error:
            raise CallFailedError("not_available", str(error), fatal=True) from error
        return model.answer(request)


def _stop(endpoint: Endpoint, engine: LocalEngine) -> None:
    endpoint.stop()
    engine.close()  # while a model still writes, an unclosed one could take the process down


def _reference(name: str) -> str:
    return f"local:{name}"
