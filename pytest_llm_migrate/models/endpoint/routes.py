"""From a request's method and raw path to its operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.models.endpoint.arrivals import Arrival

_MODEL: Mapping[str, str] = {
    "converse": "Converse",
    "converse-stream": "ConverseStream",
    "count-tokens": "CountTokens",
    "invoke": "InvokeModel",
    "invoke-with-response-stream": "InvokeModelWithResponseStream",
}
_NAMED: Mapping[str, str] = {"foundation-models": "GetFoundationModel", "inference-profiles": "GetInferenceProfile"}
_PLAIN: Mapping[tuple[str, str], str] = {
    ("GET", "foundation-models"): "ListFoundationModels",
    ("GET", "inference-profiles"): "ListInferenceProfiles",
    ("GET", "model-invocation-jobs"): "ListModelInvocationJobs",
    ("POST", "model-invocation-job"): "CreateModelInvocationJob",
    ("POST", "advanced-prompt-optimization-jobs"): "CreateAdvancedPromptOptimizationJob",
    ("POST", "optimize-prompt"): "OptimizePrompt",
}
_PROMPT: Mapping[tuple[str, bool, str], str] = {
    ("POST", False, ""): "CreatePrompt",
    ("POST", True, "versions"): "CreatePromptVersion",
    ("GET", True, ""): "GetPrompt",
}
_OBJECT: Mapping[str, str] = {
    "DELETE": "DeleteObject",
    "GET": "GetObject",
    "HEAD": "HeadObject",
    "PUT": "PutObject",
}

OBJECT_OPERATIONS = frozenset({*_OBJECT.values(), "ListObjectsV2"})
"""Those of S3."""

OPERATIONS = frozenset(
    {
        *_MODEL.values(),
        *_NAMED.values(),
        *_PLAIN.values(),
        "GetAdvancedPromptOptimizationJob",
        "CreatePrompt",
        "CreatePromptVersion",
        "GetModelInvocationJob",
        "GetPrompt",
        "StopAdvancedPromptOptimizationJob",
        "StopModelInvocationJob",
        *OBJECT_OPERATIONS,
    }
)
"""All that an endpoint answers."""


@dataclass(frozen=True, slots=True)
class Route:
    """What a request is about.

    Attributes:
        operation: Its name in the service's model, or method and path where the endpoint knows none.
        model: The model, the profile or the bucket, percent-decoded, or an empty string.
        name: The job or the key, likewise.
    """

    operation: str
    model: str = ""
    name: str = ""


def route(arrival: Arrival) -> Route:
    """Return what a request is about.

    The path is cut before it is unquoted: an ARN's slashes arrive as ``%2F`` inside one segment.
    """
    if arrival.service == "s3":
        return _object_route(arrival)
    method, segments = arrival.method, arrival.path.split("/")[1:]
    found = Route(f"{method} {arrival.path}")
    match method, segments:
        case "POST", ["model", model, operation] if model and operation in _MODEL:
            found = Route(_MODEL[operation], unquote(model))
        case "POST", ["model-invocation-job", job, "stop"] if job:
            found = Route("StopModelInvocationJob", name=unquote(job))
        case "POST", ["advanced-prompt-optimization-jobs", job, "stop"] if job:
            found = Route("StopAdvancedPromptOptimizationJob", name=unquote(job))
        case "GET", ["advanced-prompt-optimization-jobs", job] if job:
            found = Route("GetAdvancedPromptOptimizationJob", name=unquote(job))
        case "GET", ["model-invocation-job", job] if job:
            found = Route("GetModelInvocationJob", name=unquote(job))
        case _, ["prompts", prompt, *rest]:
            found = _prompt_route(method, unquote(prompt), rest) or found
        case "GET", [kind, model] if model and kind in _NAMED:
            found = Route(_NAMED[kind], unquote(model))
        case _, [first] if (method, first) in _PLAIN:
            found = Route(_PLAIN[method, first])
    return found


def _prompt_route(method: str, prompt: str, rest: list[str]) -> Route | None:
    operation = _PROMPT.get((method, bool(prompt), "/".join(rest)))
    return Route(operation, name=prompt) if operation else None


def _object_route(arrival: Arrival) -> Route:
    bucket, _, key = (unquote(part) for part in arrival.path.removeprefix("/").partition("/"))
    if bucket and key and not arrival.query.keys() - {"x-id"} and arrival.method in _OBJECT:
        return Route(_OBJECT[arrival.method], bucket, key)
    if bucket and not key and arrival.method == "GET" and arrival.query.get("list-type") == "2":
        return Route("ListObjectsV2", bucket)
    return Route(f"{arrival.method} {arrival.path}")
