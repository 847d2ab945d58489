"""Evaluation jobs: requests held against boto3's service model, and sent over real HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore.validate import ParamValidator

from pytest_llm_migrate.errors import CallFailedError, EvaluationRequestError
from pytest_llm_migrate.models.endpoint import Endpoint, Script, ScriptedEngine
from pytest_llm_migrate.models.evaluations import EvaluationJob, check_request, start_job
from tests.models.scripted_http import Served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.models.scripted_http import Asked

JOB = EvaluationJob(name="Triage: target", identifier="target-nova", dataset=b'{"prompt": "?"}\n', file="target.jsonl")
ROLE = "arn:aws:iam::123456789012:role/secret-role"
JUDGE = "us.amazon.nova-pro-v1:0"
CREATED = {"jobArn": "arn:aws:bedrock:us-east-1:123456789012:evaluation-job/abc123def456"}


def request(job: EvaluationJob = JOB, **given: Any) -> dict[str, Any]:
    """Return a job's request."""
    settings: dict[str, Any] = {
        "folder": "s3://bucket/tests",
        "role": ROLE,
        "judge": JUDGE,
        "metrics": ("Correctness",),
    }
    return job.request(**(settings | given))


def test_a_request_fits_the_service_model() -> None:
    """Botocore's own validator has nothing to say against it, and the dataset's identifier is the job's."""
    made = request(metrics=("Correctness", "Harmfulness"))
    service = botocore.session.get_session().get_service_model("bedrock")
    shape = service.operation_model("CreateEvaluationJob").input_shape
    assert shape is not None
    assert not ParamValidator().validate(made, shape).has_errors()
    check_request(made)
    config = made["evaluationConfig"]["automated"]["datasetMetricConfigs"][0]
    assert config["metricNames"] == ["Builtin.Correctness", "Builtin.Harmfulness"]
    assert config["dataset"]["datasetLocation"] == {"s3Uri": "s3://bucket/tests/target.jsonl"}
    assert made["inferenceConfig"]["models"] == [
        {"precomputedInferenceSource": {"inferenceSourceIdentifier": "target-nova"}}
    ]
    assert made["jobName"] == f"triage-target-{JOB.token[:10]}"


@pytest.mark.parametrize("name", ["", "Ünïcode / é", "x" * 300, "--", "a_b.c"])
def test_any_name_makes_a_name_of_a_job(name: str) -> None:
    """Whatever a folder is called, the job's name is one that the service takes."""
    job = EvaluationJob(name=name, identifier="target-nova", dataset=b"{}\n", file="target.jsonl")
    check_request(request(job))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"role": "my-role"}, "roleArn does not match"),
        ({"folder": "bucket/tests"}, "s3Uri does not match"),
        ({"judge": "no model!"}, "modelIdentifier does not match"),
        ({"metrics": ()}, "Invalid length for parameter"),
        ({"metrics": ("Correctness",) * 26}, "metricNames is longer than 25"),
        ({"role": None}, "Invalid type for parameter roleArn"),
    ],
)
def test_what_the_service_would_refuse_is_never_sent(given: dict[str, Any], said: str) -> None:
    """A wrong role, place, judge or number of metrics is named before any call."""
    with pytest.raises(EvaluationRequestError, match=said) as raised:
        check_request(request(**given))
    assert "Nothing was sent." in str(raised.value)
    assert "123456789012" not in str(raised.value)


@pytest.fixture
def s3(aws: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give an S3 over HTTP."""
    with Endpoint(ScriptedEngine(Script())) as endpoint:
        aws.setenv("AWS_ENDPOINT_URL_S3", endpoint.url)
        yield boto3.client("s3")


def test_a_job_is_made_of_an_uploaded_dataset(s3: Any, aws: pytest.MonkeyPatch) -> None:
    """The lines lie where the request says, and a job of the same lines carries the same token."""
    with serving(lambda _: Served(parts=(json.dumps(CREATED).encode(),), status=202)) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK", server.url)
        assert [start_job(JOB, request()) for _ in range(2)] == ["abc123def456"] * 2
    assert s3.get_object(Bucket="bucket", Key="tests/target.jsonl")["Body"].read() == JOB.dataset
    first, second = (asked.body for asked in server.asked)
    assert first == second
    assert server.asked[0].path == "/evaluation-jobs"
    assert first["clientRequestToken"] == JOB.token


def test_a_refused_job_says_what_to_allow(s3: Any, aws: pytest.MonkeyPatch) -> None:
    """The fault has its name and a way out, and shows no ARN."""
    assert s3

    def refuse(_: Asked) -> Served:
        said = {"message": f"User is not authorized to perform iam:PassRole on {ROLE}"}
        headers = {"x-amzn-ErrorType": "AccessDeniedException"}
        return Served(parts=(json.dumps(said).encode(),), status=403, headers=headers)

    with serving(refuse) as server:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK", server.url)
        with pytest.raises(CallFailedError, match="iam:PassRole on the role of --role") as raised:
            start_job(JOB, request())
    assert "secret-role" not in str(raised.value)
