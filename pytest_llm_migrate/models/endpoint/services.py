"""All that an endpoint answers at once: counts, look-ups, batch jobs and objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.models.endpoint.engines import Fault, Inquiry
from pytest_llm_migrate.models.endpoint.invoke import count_tokens_request
from pytest_llm_migrate.models.endpoint.jobs import Jobs
from pytest_llm_migrate.models.endpoint.lookups import Lookups
from pytest_llm_migrate.models.endpoint.managed_prompts import ManagedPrompts
from pytest_llm_migrate.models.endpoint.objects import Objects
from pytest_llm_migrate.models.endpoint.prompt_jobs import PromptJobs
from pytest_llm_migrate.models.endpoint.responses import json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llm_migrate.models.endpoint.arrivals import Arrival
    from pytest_llm_migrate.models.endpoint.engines import Engine
    from pytest_llm_migrate.models.endpoint.responses import Response
    from pytest_llm_migrate.models.endpoint.routes import Route
    from pytest_llm_migrate.models.endpoint.scripted import ScriptedEngine

    Handler = Callable[[Route, Arrival], Response]


class Services:
    """Knows who answers what; the script says what goes wrong with it.

    Args:
        engine: Answers for the models.
        scripted: Stands behind all that no model answers.
    """

    def __init__(self, engine: Engine, scripted: ScriptedEngine) -> None:
        script = scripted.script
        self.engine, self.scripted = engine, scripted
        objects = Objects()
        lookups = Lookups(script.foundation_models, script.inference_profiles)
        self._jobs = Jobs(engine, objects, script.batch, script.seed)
        prompt_jobs = PromptJobs(scripted, objects)
        managed = ManagedPrompts()
        self._handlers: Mapping[str, Handler] = {
            "CountTokens": self._count,
            "CreateAdvancedPromptOptimizationJob": prompt_jobs.create,
            "CreateModelInvocationJob": self._jobs.create,
            "CreatePrompt": managed.create,
            "CreatePromptVersion": managed.freeze,
            "DeleteObject": objects.delete,
            "GetAdvancedPromptOptimizationJob": prompt_jobs.get,
            "GetFoundationModel": lookups.model,
            "GetInferenceProfile": lookups.profile,
            "GetModelInvocationJob": self._jobs.get,
            "GetPrompt": managed.get,
            "GetObject": objects.get,
            "HeadObject": objects.head,
            "ListFoundationModels": lookups.models,
            "ListInferenceProfiles": lookups.profiles,
            "ListModelInvocationJobs": self._jobs.listing,
            "ListObjectsV2": objects.listing,
            "PutObject": objects.put,
            "StopAdvancedPromptOptimizationJob": prompt_jobs.stop,
            "StopModelInvocationJob": self._jobs.stop,
        }

    def admit(self, route: Route) -> None:
        """Raise what the script has against a request."""
        if route.operation != "CountTokens":  # whose engine sees to it
            self.scripted.admit(Inquiry(route.operation, route.model, route.name))

    def answer(self, route: Route, arrival: Arrival) -> Response:
        """Answer a request; may raise `Fault`."""
        handler = self._handlers.get(route.operation)
        if handler:
            return handler(route, arrival)
        name = "NotImplemented" if arrival.service == "s3" else "UnknownOperationException"
        raise Fault(name, f"no operation answers {route.operation!r}")

    def close(self) -> None:
        """End the threads of batch jobs."""
        self._jobs.close()

    def _count(self, route: Route, arrival: Arrival) -> Response:
        tokens = self.engine.count_tokens(count_tokens_request(route.model, arrival.body))
        return json_response({"inputTokens": tokens})
