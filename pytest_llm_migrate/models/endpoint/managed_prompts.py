"""Prompt Management: CreatePrompt, CreatePromptVersion and GetPrompt, for as long as the endpoint runs."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.endpoint.documents import document, text
from pytest_llm_migrate.models.endpoint.engines import Fault
from pytest_llm_migrate.models.endpoint.lookups import ACCOUNT
from pytest_llm_migrate.models.endpoint.responses import json_response

if TYPE_CHECKING:
    from pytest_llm_migrate.models.endpoint.arrivals import Arrival
    from pytest_llm_migrate.models.endpoint.responses import Response
    from pytest_llm_migrate.models.endpoint.routes import Route

_DRAFT = "DRAFT"
_KEPT = ("name", "description", "defaultVariant", "variants")
_CREATED = 201


class ManagedPrompts:
    """All prompts of an endpoint, each with its draft and its versions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._prompts: dict[str, dict[str, dict[str, Any]]] = {}

    def create(self, _: Route, arrival: Arrival) -> Response:
        """Answer CreatePrompt; a name that is taken is a conflict."""
        asked = document(arrival.body)
        name = text(asked.get("name"), "name")
        number = uuid.uuid4().hex[:10].upper()
        arn = f"arn:aws:bedrock:{arrival.region}:{ACCOUNT}:prompt/{number}"
        kept = {key: asked[key] for key in _KEPT if key in asked}
        now = datetime.now(UTC).isoformat()
        made = {**kept, "id": number, "arn": arn, "version": _DRAFT, "createdAt": now, "updatedAt": now}
        with self._lock:
            if any(found[_DRAFT]["name"] == name for found in self._prompts.values()):
                raise Fault("ConflictException", f"A prompt named {name} exists already.")
            self._prompts[number] = {_DRAFT: made}
        return json_response(made, status=_CREATED)

    def freeze(self, route: Route, _: Arrival) -> Response:
        """Answer CreatePromptVersion: the draft as it stands, under the next number."""
        with self._lock:
            versions = self._versions(route.name)
            made = {**versions[_DRAFT], "version": str(len(versions))}
            made["arn"] = f"{made['arn']}:{made['version']}"
            versions[made["version"]] = made
        return json_response(made, status=_CREATED)

    def get(self, route: Route, arrival: Arrival) -> Response:
        """Answer GetPrompt for a version, or for the draft where none is named."""
        version = arrival.query.get("promptVersion", _DRAFT)
        with self._lock:
            found = self._versions(route.name).get(version)
        if found is None:
            raise Fault("ResourceNotFoundException", f"The prompt {route.name} has no version {version}.")
        return json_response(found)

    def _versions(self, identifier: str) -> dict[str, dict[str, Any]]:
        number = identifier.rpartition("/")[2]
        if number not in self._prompts:
            raise Fault("ResourceNotFoundException", f"There is no prompt {identifier}.")
        return self._prompts[number]
