"""Advanced Prompt Optimization as a real client sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, Script
from pytest_llm_migrate.models.endpoint.batches import Batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.models.endpoint.conftest import Stage

MODEL, OTHER = "amazon.nova-lite-v1:0", "amazon.nova-pro-v1:0"
SAMPLE = {"inputVariables": [{"ticket": "t"}], "referenceResponse": "r"}
TEMPLATE = {"templateId": "t", "promptTemplate": "Sort {{ticket}}.", "evaluationSamples": [SAMPLE]}


class Bench:
    """Clients for an endpoint, and jobs on it."""

    def __init__(self, stage: Stage) -> None:
        self.s3, self.bedrock = stage.client("s3"), stage.client("bedrock")

    def start(self, *templates: Any, models: tuple[str, ...] = (MODEL,), again: str = "one") -> str:
        """Start a job and return its ARN."""
        body = "".join(json.dumps(template) + "\n" for template in templates)
        self.s3.put_object(Bucket="bucket", Key="in.jsonl", Body=body.encode())
        started = self.bedrock.create_advanced_prompt_optimization_job(
            jobName="job",
            clientToken=again,
            inputConfig={"s3Uri": "s3://bucket/in.jsonl"},
            outputConfig={"s3Uri": "s3://bucket/out/"},
            modelConfigurations=[{"modelId": model} for model in models],
        )
        return str(started["jobArn"])

    def look(self, job: str) -> dict[str, Any]:
        """Return what is said of a job."""
        found: dict[str, Any] = self.bedrock.get_advanced_prompt_optimization_job(jobIdentifier=job)
        return found

    def results(self, job: str) -> list[dict[str, Any]]:
        """Return the lines of its results."""
        key = f"out/{job.rpartition('/')[2]}/advanced_prompt_optimization_results.jsonl"
        body = self.s3.get_object(Bucket="bucket", Key=key)["Body"].read()
        return [json.loads(line) for line in body.splitlines()]


def bench(stage: Callable[[Script], Stage], *rules: Rule, **more: Any) -> Bench:
    """Start an endpoint that optimizes by rules."""
    return Bench(stage(Script(rules=rules, **more)))


def test_each_template_is_written_for_each_model(stage: Callable[[Script], Stage]) -> None:
    """The script's prompt takes the place of the template; a model without one failed, and the job in part."""
    desk = bench(stage, Rule(model=MODEL, reply=Reply(optimized="Label {{ticket}}.")))
    job = desk.start(TEMPLATE, models=(MODEL, OTHER))
    assert desk.look(job)["jobStatus"] == "PartiallyCompleted"
    (record,) = desk.results(job)
    good, bad = record["promptOptimizationResults"]
    assert (good["status"], good["optimizedPromptTemplate"]) == ("SUCCESS", "Label {{ticket}}.")
    assert (bad["status"], bad["modelId"]) == ("FAILED", OTHER)
    assert "optimized" in bad["failureReason"]


def test_a_token_is_one_job(stage: Callable[[Script], Stage]) -> None:
    """The same token gives the same job."""
    desk = bench(stage, default=Reply(optimized="x"))
    assert desk.start(TEMPLATE) == desk.start(TEMPLATE)
    assert desk.start(TEMPLATE, again="other") != desk.start(TEMPLATE)
    assert desk.look(desk.start(TEMPLATE))["jobStatus"] == "Completed"


def test_a_job_in_progress_can_be_stopped(stage: Callable[[Script], Stage]) -> None:
    """A job takes the time that the script says; one that ended cannot be stopped, and one that is unknown is none."""
    desk = bench(stage, batch=Batch(duration=60))
    job = desk.start(TEMPLATE)
    assert desk.look(job)["jobStatus"] == "InProgress"
    desk.bedrock.stop_advanced_prompt_optimization_job(jobIdentifier=job)
    assert desk.look(job)["jobStatus"] == "Stopped"
    with pytest.raises(desk.bedrock.exceptions.ConflictException, match="has ended"):
        desk.bedrock.stop_advanced_prompt_optimization_job(jobIdentifier=job)
    with pytest.raises(desk.bedrock.exceptions.ResourceNotFoundException):
        desk.look("a" * 12)


def test_a_job_fails_as_the_script_says(stage: Callable[[Script], Stage]) -> None:
    """The message of the script is the service's."""
    desk = bench(stage, batch=Batch(failure="no capacity"), default=Reply(optimized="x"))
    found = desk.look(desk.start(TEMPLATE))
    assert (found["jobStatus"], found["failureMessage"]) == ("Failed", "no capacity")


@pytest.mark.parametrize(
    ("templates", "why"),
    [
        ([TEMPLATE] * 11, "11 templates"),
        ([], "0 templates"),
        ([{**TEMPLATE, "evaluationSamples": [SAMPLE] * 101}], "101 evaluationSamples"),
        ([{**TEMPLATE, "evaluationSamples": [{"inputVariables": [{"a": "1", "b": "2"}]}]}], "must have one key"),
        ([{**TEMPLATE, "evaluationSamples": [{"inputVariables": [{"a": "1"}] * 21}]}], "21 inputVariables"),
        ([{"promptTemplate": "x"}], "templateId"),
    ],
)
def test_an_input_beyond_the_limits_is_refused(
    stage: Callable[[Script], Stage], templates: list[Any], why: str
) -> None:
    """Templates, samples, variables and their form are checked when a job starts."""
    desk = bench(stage)
    with pytest.raises(desk.bedrock.exceptions.ValidationException, match=why):
        desk.start(*templates)
