"""Connects references to models, wherever they are, after checking what can be checked without a call."""

from __future__ import annotations

import importlib.util
import threading
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import CannotConnectError, ClientMissingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import openai

    from pytest_llm_migrate.models.bedrock import BedrockModel
    from pytest_llm_migrate.models.client import RuntimeClient
    from pytest_llm_migrate.models.local_service import LocalModel, LocalService
    from pytest_llm_migrate.models.openai import OpenAIModel
    from pytest_llm_migrate.models.sagemaker import EndpointClient, SageMakerModel


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


class OpenAIProvider:
    """Connects to models of one OpenAI-compatible server through one client, with the ``openai`` package's settings.

    Args:
        connections: Connections kept open: as many as calls may be in flight for all models together.
    """

    def __init__(self, *, connections: int = 256) -> None:
        self._connections = connections
        self._lock = threading.Lock()
        self._client: openai.OpenAI | None = None

    @property
    def scheme(self) -> str:
        """``openai``."""
        return "openai"

    def connect(self, name: str) -> OpenAIModel:
        """Return the model that the server knows by a name, without calling it.

        Raises `ClientMissingError` without the package, and `CannotConnectError` for settings that cannot be right.
        """
        reference = f"{self.scheme}:{name}"
        if not name:
            raise CannotConnectError(reference, "no model is named", "Write openai:MODEL, such as openai:gpt-4o.")
        if importlib.util.find_spec("openai") is None:
            raise ClientMissingError(reference)
        from pytest_llm_migrate.models import openai, openai_client  # noqa: PLC0415 - the package takes half a second

        with self._lock:
            self._client = self._client or openai_client.openai_client(reference, self._connections)
        return openai.OpenAIModel(name, self._client)


class SageMakerProvider:
    """Connects to SageMaker endpoints through one client, with boto3's own settings and ``AWS_REGION``.

    Args:
        connections: Connections kept open: as many as calls may be in flight for all endpoints together.
    """

    def __init__(self, *, connections: int = 256) -> None:
        self._connections = connections
        self._lock = threading.Lock()
        self._client: EndpointClient | None = None

    @property
    def scheme(self) -> str:
        """``sagemaker``."""
        return "sagemaker"

    def connect(self, name: str) -> SageMakerModel:
        """Return the model behind an endpoint without calling it.

        ``name`` is ``ENDPOINT[/tgi][/component=NAME]``. Raises `CannotConnectError` for any other, and for AWS settings
        that cannot be right.
        """
        from pytest_llm_migrate.models import client, sagemaker, sagemaker_faults, sagemaker_name  # noqa: PLC0415 - boto3

        place = sagemaker_name.EndpointName.parsed(name)
        with self._lock:
            self._client = self._client or client.service_client(
                "sagemaker-runtime", f"{self.scheme}:{name}", self._connections, sagemaker_faults.endpoint_failure
            )
        return sagemaker.SageMakerModel(place, self._client)
