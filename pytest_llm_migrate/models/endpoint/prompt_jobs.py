"""Advanced Prompt Optimization: jobs that write the scripted prompt in place of each template of their input."""

from __future__ import annotations

import json
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.endpoint.batches import Location
from pytest_llm_migrate.models.endpoint.documents import document, invalid, items, members, text
from pytest_llm_migrate.models.endpoint.engines import Fault, Inquiry
from pytest_llm_migrate.models.endpoint.lookups import ACCOUNT
from pytest_llm_migrate.models.endpoint.responses import json_response

if TYPE_CHECKING:
    from pytest_llm_migrate.models.endpoint.arrivals import Arrival
    from pytest_llm_migrate.models.endpoint.objects import Objects
    from pytest_llm_migrate.models.endpoint.responses import Response
    from pytest_llm_migrate.models.endpoint.routes import Route
    from pytest_llm_migrate.models.endpoint.scripted import ScriptedEngine

_RESULTS = "advanced_prompt_optimization_results.jsonl"
_MOST = {"templates": 10, "evaluationSamples": 100, "inputVariables": 20, "modelConfigurations": 5}
_SCORES = (0.5, 0.75)
"""Before and after."""


class _Job:
    """One job: what it was asked for, and how far it is."""

    def __init__(self, asked: dict[str, Any], region: str, templates: list[dict[str, Any]]) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.asked, self.templates = asked, templates
        self.arn = f"arn:aws:bedrock:{region}:{ACCOUNT}:advanced-prompt-optimization-job/{self.id}"
        self.status, self.message = "InProgress", ""
        self.began, self.created = time.monotonic(), datetime.now(UTC)

    def described(self) -> dict[str, Any]:
        """Return what the service says of it."""
        kept = {name: value for name, value in self.asked.items() if name not in {"clientToken", "tags"}}
        written = self.created.strftime("%Y-%m-%dT%H:%M:%SZ")
        said = {**kept, "jobArn": self.arn, "jobStatus": self.status, "creationTime": written}
        return {**said, "failureMessage": self.message} if self.message else said


class PromptJobs:
    """All such jobs of an endpoint; a job ends when it is first looked at after the script's ``batch`` duration."""

    def __init__(self, scripted: ScriptedEngine, objects: Objects) -> None:
        self._scripted, self._objects = scripted, objects
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}

    def create(self, _: Route, arrival: Arrival) -> Response:
        """Answer the call that starts a job; a token that was used before gives the job that it made."""
        asked = document(arrival.body)
        models = items(asked.get("modelConfigurations"), "modelConfigurations")
        _check_count(len(models), "modelConfigurations")
        place = Location.of(_uri(asked, "inputConfig"), "inputConfig.s3Uri")
        Location.of(_uri(asked, "outputConfig"), "outputConfig.s3Uri")
        with self._lock:
            known = [job for job in self._jobs.values() if job.asked.get("clientToken") == asked.get("clientToken")]
            job = known[0] if known else _Job(asked, arrival.region, self._templates(place))
            self._jobs[job.id] = job
        return json_response({"jobArn": job.arn})

    def get(self, route: Route, _: Arrival) -> Response:
        """Answer the call that looks at a job."""
        with self._lock:
            job = self._job(route.name)
            batch = self._scripted.script.batch
            if job.status == "InProgress" and time.monotonic() - job.began >= batch.duration:
                self._end(job, batch.failure)
            return json_response(job.described())

    def stop(self, route: Route, _: Arrival) -> Response:
        """Answer the call that stops a job."""
        with self._lock:
            job = self._job(route.name)
            if job.status != "InProgress":
                raise Fault("ConflictException", f"The job {job.id} has ended and cannot be stopped.")
            job.status = "Stopped"
        return json_response({})

    def _job(self, name: str) -> _Job:
        job = self._jobs.get(name.rpartition("/")[2])
        if job is None:
            raise Fault("ResourceNotFoundException", f"Could not find the job {name!r}.")
        return job

    def _templates(self, place: Location) -> list[dict[str, Any]]:
        lines = [line for line in self._objects.read(place.bucket, place.key).splitlines() if line.strip()]
        _check_count(len(lines), "templates")
        return [_template(document(line)) for line in lines]

    def _end(self, job: _Job, failure: str) -> None:
        models = [text(model.get("modelId"), "modelId") for model in job.asked["modelConfigurations"]]
        records = [self._record(template, models) for template in job.templates]
        good = [result["status"] == "SUCCESS" for record in records for result in record["promptOptimizationResults"]]
        if failure or not any(good):
            job.status, job.message = "Failed", failure or "No prompt could be optimized."
            return
        place = Location.of(job.asked["outputConfig"]["s3Uri"], "outputConfig.s3Uri")
        lines = "".join(json.dumps(record) + "\n" for record in records)
        self._objects.write(place.bucket, f"{place.key.rstrip('/')}/{job.id}/{_RESULTS}".lstrip("/"), lines.encode())
        job.status = "Completed" if all(good) else "PartiallyCompleted"

    def _record(self, template: dict[str, Any], models: list[str]) -> dict[str, Any]:
        return {
            "promptTemplateId": template["templateId"],
            "promptTemplate": template["promptTemplate"],
            "promptOptimizationResults": [self._result(template, model) for model in models],
        }

    def _result(self, template: dict[str, Any], model: str) -> dict[str, Any]:
        try:
            _, written, _ = self._scripted.optimize(Inquiry("OptimizePrompt", model, template["promptTemplate"]))
        except Fault as fault:
            return {"status": "FAILED", "modelId": model, "failureReason": fault.message}
        before, after = (
            {
                "averageScore": score,
                "averageInputTokens": float(len(prompt.split())),
                "averageOutputTokens": 1.0,
                "averageTtftInSec": 0.1,
            }
            for score, prompt in zip(_SCORES, (template["promptTemplate"], str(written)), strict=True)
        )
        return {
            "status": "SUCCESS",
            "modelId": model,
            "optimizedPromptTemplateId": f"{template['templateId']}-optimized",
            "optimizedPromptTemplate": written,
            "originalPromptMetrics": before,
            "optimizedPromptMetrics": after,
            "dataset": template["evaluationSamples"],
        }


def _uri(asked: dict[str, Any], name: str) -> str:
    return text(members(asked.get(name), name).get("s3Uri"), f"{name}.s3Uri")


def _template(found: dict[str, Any]) -> dict[str, Any]:
    """Return a template of the input; several variables in one object are refused."""
    for name in ("templateId", "promptTemplate"):
        text(found.get(name), name)
    samples = items(found.get("evaluationSamples"), "evaluationSamples")
    _check_count(len(samples), "evaluationSamples")
    for sample in samples:
        variables = items(members(sample, "evaluationSamples").get("inputVariables"), "inputVariables")
        _check_count(len(variables), "inputVariables", least=0)
        if any(len(members(variable, "inputVariables")) != 1 for variable in variables):
            raise invalid("An object of inputVariables must have one key.")
    return found


def _check_count(count: int, name: str, least: int = 1) -> None:
    if not least <= count <= _MOST[name]:
        raise invalid(f"The input has {count} {name}; it takes {least} to {_MOST[name]}.")
