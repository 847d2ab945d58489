"""Bedrock Prompt Management: reads a prompt's version, and writes a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llm_migrate.errors import CannotConnectError, ManagedPromptError, masked
from pytest_llm_migrate.models.client import SETTINGS, service_client
from pytest_llm_migrate.models.faults import FAULTS, call_failure

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE = "bedrock-agent"
_ATTEMPTS = 5
_ACCESS = "Allow bedrock:GetPrompt, bedrock:CreatePrompt and bedrock:CreatePromptVersion."
_WAYS_OUT = {
    "AccessDeniedException": _ACCESS,
    "ConflictException": "Names are there once: rename the prompt's folder in the catalog, or delete that prompt.",
    "ResourceNotFoundException": "Check the ARN and its version, and that the region is the ARN's.",
    "ValidationException": "Check the ARN and its version, or the prompt's texts.",
}


class PromptVersion(NamedTuple):
    """A prompt of the service: its ARN, and the number of its version, empty for the draft."""

    arn: str
    version: str = ""


def version_of(reference: str) -> PromptVersion:
    """Return what ``ARN`` or ``ARN:VERSION`` names; an ARN without a version is the draft's."""
    head, sign, tail = reference.rpartition(":")
    is_version = bool(sign) and (tail.isdecimal() or tail == "DRAFT")
    return PromptVersion(head, tail) if is_version else PromptVersion(reference)


def get_prompt(reference: str) -> dict[str, Any]:
    """Return the reply of GetPrompt for ``ARN:VERSION``.

    Raises:
        ManagedPromptError: There is no such prompt, or it may not be read.
        CannotConnectError: The service did not answer.
    """
    arn, version = version_of(reference)
    asked = {"promptIdentifier": arn, **({"promptVersion": version} if version else {})}
    return _called(reference, "get_prompt", asked)


def create_prompt(request: Mapping[str, Any]) -> PromptVersion:
    """Write a prompt by the parameters of CreatePrompt, and its first version.

    Raises:
        ManagedPromptError: The service does not take it, as where its name is there.
        CannotConnectError: The service did not answer.
    """
    made = _called(str(request["name"]), "create_prompt", request)
    frozen = _called(made["arn"], "create_prompt_version", {"promptIdentifier": made["id"]})
    return PromptVersion(made["arn"], str(frozen["version"]))


def _called(reference: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    client = service_client(SERVICE, reference, 1, call_failure, attempts=_ATTEMPTS)
    try:
        reply: dict[str, Any] = getattr(client, operation)(**parameters)
    except FAULTS as error:
        failed = call_failure(error)
        way_out = _WAYS_OUT.get(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
        if way_out:
            raise ManagedPromptError(masked(reference), failed.message, way_out) from error
        raise CannotConnectError(reference, failed.message, failed.way_out or SETTINGS) from error
    return reply
