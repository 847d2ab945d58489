"""Connects references to models, on Bedrock and on this machine, after checking what can be checked without a call."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llm_migrate.models.bedrock import BedrockModel
    from pytest_llm_migrate.models.client import RuntimeClient
    from pytest_llm_migrate.models.local_service import LocalModel, LocalService


class BedrockProvider:
    """Connects to models on Amazon Bedrock through one client, with boto3's own settings.

    One thing is added to them: ``AWS_REGION``, which boto3 leaves unread, gives the region where nothing else does.

    Args:
        connections: Connections kept open: as many as calls may be in flight for all models together.
    """

    def __init__(self, *, connections: int = 256) -> None:
        self._connections = connections
        self._lock = threading.Lock()
        self._client: RuntimeClient | None = None

    @property
    def scheme(self) -> str:
        """``bedrock``: the scheme of references that name no other."""
        return "bedrock"

    def connect(self, name: str) -> BedrockModel:
        """Return the model with an id, inference profile or ARN; raise `CannotConnectError` without calling it."""
        from pytest_llm_migrate.models import bedrock, client  # noqa: PLC0415 - boto3 takes half a second to import

        with self._lock:
            self._client = self._client or client.bedrock_client(name, self._connections)
        return bedrock.BedrockModel(name, name, self._client)


class LocalProvider:
    """Connects to small models that run on this machine; a model's first call fetches its weights.

    Args:
        cache: The folder that keeps weights; ``None`` is the one in the user's cache folder.
        progress: Is told a model's name, the bytes downloaded so far, and the bytes in all.
    """

    def __init__(self, *, cache: Path | None = None, progress: Callable[[str, int, int], object] | None = None) -> None:
        self._cache, self._progress = cache, progress or (lambda *_: None)
        self._lock = threading.Lock()
        self._service: LocalService | None = None

    @property
    def scheme(self) -> str:
        """``local``."""
        return "local"

    def connect(self, name: str) -> LocalModel:
        """Return a model of the catalog without fetching it; raise `UnknownNameError` for a name that it lacks."""
        from pytest_llm_migrate.models import local, local_service  # noqa: PLC0415 - boto3 loads with it

        with self._lock:
            if self._service is None:
                self._service = local_service.LocalService(self._cache or local.default_cache(), self._progress)
            return self._service.connect(name)
