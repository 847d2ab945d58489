"""Connects references to models on Bedrock, after checking what can be checked without a call."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llm_migrate.models.bedrock import BedrockModel
    from pytest_llm_migrate.models.client import RuntimeClient


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
