"""What ListFoundationModels, ListInferenceProfiles and their like answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.endpoint.documents import invalid
from pytest_llm_migrate.models.endpoint.engines import Fault
from pytest_llm_migrate.models.endpoint.responses import json_response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.models.endpoint.arrivals import Arrival
    from pytest_llm_migrate.models.endpoint.responses import Response
    from pytest_llm_migrate.models.endpoint.routes import Route

ACCOUNT = "123456789012"
_MOST_RESULTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundationModel:
    """A model that the region offers.

    Attributes:
        id: Such as ``amazon.nova-lite-v1:0``.
        provider: Its maker; ``None`` takes the id's first part.
        name: For people; ``None`` takes the id.
        lifecycle: ``ACTIVE`` or ``LEGACY``.
        inference_types: ``ON_DEMAND`` and ``PROVISIONED``, as offered; a model that is reached through a
            profile alone has none.
        streaming: Whether its answers can be streamed.
    """

    id: str
    provider: str | None = None
    name: str | None = None
    lifecycle: str = "ACTIVE"
    inference_types: tuple[str, ...] = ("ON_DEMAND",)
    streaming: bool = True

    def described(self, region: str) -> dict[str, Any]:
        """Return what the service says of it."""
        return {
            "modelArn": _model_arn(self.id, region),
            "modelId": self.id,
            "modelName": self.name or self.id,
            "providerName": self.provider or self.id.partition(".")[0].title(),
            "inputModalities": ["TEXT"],
            "outputModalities": ["TEXT"],
            "responseStreamingSupported": self.streaming,
            "customizationsSupported": [],
            "inferenceTypesSupported": list(self.inference_types),
            "modelLifecycle": {"status": self.lifecycle},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceProfile:
    """A profile under which models are called.

    Attributes:
        id: Such as ``us.amazon.nova-lite-v1:0``; of an application's own, the last part of its ARN.
        models: The ids or ARNs of the models behind it, at least one.
        kind: ``SYSTEM_DEFINED`` or ``APPLICATION``.
        name: For people; ``None`` takes the id.
    """

    id: str
    models: tuple[str, ...]
    kind: str = "SYSTEM_DEFINED"
    name: str | None = None

    def arn(self, region: str) -> str:
        """Return its ARN."""
        resource = "inference-profile" if self.kind == "SYSTEM_DEFINED" else "application-inference-profile"
        return f"arn:aws:bedrock:{region}:{ACCOUNT}:{resource}/{self.id}"

    def described(self, region: str) -> dict[str, Any]:
        """Return what the service says of it."""
        return {
            "inferenceProfileName": self.name or self.id,
            "inferenceProfileArn": self.arn(region),
            "models": [{"modelArn": _model_arn(model, region)} for model in self.models],
            "inferenceProfileId": self.id,
            "status": "ACTIVE",
            "type": self.kind,
        }


def _model_arn(model: str, region: str) -> str:
    return model if model.startswith("arn:") else f"arn:aws:bedrock:{region}::foundation-model/{model}"


class Lookups:
    """Answers what is asked about models and profiles."""

    def __init__(self, models: Sequence[FoundationModel], profiles: Sequence[InferenceProfile]) -> None:
        self._models, self._profiles = models, profiles

    def models(self, _: Route, arrival: Arrival) -> Response:
        """Answer ListFoundationModels."""
        provider, kind = arrival.query.get("byProvider"), arrival.query.get("byInferenceType")
        found = [model.described(arrival.region) for model in self._models]
        return json_response(
            {
                "modelSummaries": [
                    summary
                    for summary in found
                    if provider in (None, summary["providerName"])
                    and kind in (None, *summary["inferenceTypesSupported"])
                ]
            }
        )

    def model(self, route: Route, arrival: Arrival) -> Response:
        """Answer GetFoundationModel."""
        for model in self._models:
            if route.model in (model.id, _model_arn(model.id, arrival.region)):
                return json_response({"modelDetails": model.described(arrival.region)})
        raise Fault("ResourceNotFoundException", f"Could not resolve the foundation model from {route.model!r}.")

    def profiles(self, _: Route, arrival: Arrival) -> Response:
        """Answer ListInferenceProfiles."""
        kind = arrival.query.get("type")
        found = [profile.described(arrival.region) for profile in self._profiles if kind in (None, profile.kind)]
        return json_response(page(found, "inferenceProfileSummaries", arrival.query))

    def profile(self, route: Route, arrival: Arrival) -> Response:
        """Answer GetInferenceProfile."""
        for profile in self._profiles:
            if route.model in (profile.id, profile.arn(arrival.region)):
                return json_response(profile.described(arrival.region))
        raise Fault("ResourceNotFoundException", f"Inference profile {route.model!r} not found.")


def page(found: Sequence[Mapping[str, Any]], name: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of a list, of at most ``maxResults`` items from the place that ``nextToken`` says."""
    most, start = query.get("maxResults", str(_MOST_RESULTS)), query.get("nextToken", "0")
    if not most.isdecimal() or not 1 <= int(most) <= _MOST_RESULTS:
        raise invalid(f"maxResults must be a number from 1 to {_MOST_RESULTS}, not {most!r}.")
    if not start.isdecimal():
        raise invalid("The provided nextToken is not valid.")
    end = int(start) + int(most)
    more = {"nextToken": str(end)} if end < len(found) else {}
    return {name: found[int(start) : end], **more}
