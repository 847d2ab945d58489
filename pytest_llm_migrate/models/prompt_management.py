"""Bedrock Prompt Management: reads a prompt's version, and writes a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llm_migrate.errors import CannotConnectError
from pytest_llm_migrate.models.client import SETTINGS, service_client
from pytest_llm_migrate.models.faults import FAULTS, call_failure

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE = "bedrock-agent"
_ATTEMPTS = 5
_ACCESS = "Allow bedrock:GetPrompt, bedrock:CreatePrompt and bedrock:CreatePromptVersion."
_DENIED = "access_denied"


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
    """Return the reply of GetPrompt for ``ARN:VERSION``; raises `CannotConnectError` where there is none."""
    arn, version = version_of(reference)
    asked = {"promptIdentifier": arn, **({"promptVersion": version} if version else {})}
    return _called(reference, "get_prompt", asked)


def create_prompt(request: Mapping[str, Any]) -> PromptVersion:
    """Write a prompt by the parameters of CreatePrompt, and its first version; raises `CannotConnectError`."""
    made = _called(str(request["name"]), "create_prompt", request)
    frozen = _called(made["arn"], "create_prompt_version", {"promptIdentifier": made["id"]})
    return PromptVersion(made["arn"], str(frozen["version"]))


def _called(reference: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    client = service_client(SERVICE, reference, 1, call_failure, attempts=_ATTEMPTS)
    try:
        reply: dict[str, Any] = getattr(client, operation)(**parameters)
    except FAULTS as error:
        failed = call_failure(error)
        way_out = _ACCESS if failed.kind == _DENIED else failed.way_out or SETTINGS
        raise CannotConnectError(reference, failed.message, way_out) from error
    return reply
