"""Evaluation jobs on Amazon Bedrock: a side's answers go to S3, and a job lets a judge score them there."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.validate import ParamValidator

from pytest_llm_migrate.errors import CallFailedError, EvaluationRequestError
from pytest_llm_migrate.models.client import service_client
from pytest_llm_migrate.models.faults import FAULTS, call_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.model import Shape

TASK_TYPE = "General"
"""What jobs with a judge have; the service takes it though its model of enumerated words does not list it."""
_JOB_ACCESS = "Allow bedrock:CreateEvaluationJob, and iam:PassRole on the role of --role."
_FILE_ACCESS = "Allow s3:PutObject on the bucket of --s3."
_ARN = re.compile(r"arn:aws[\w-]*:[^\s'\",;]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationJob:
    """One job to be made.

    Attributes:
        name: Begins the job's name; letters, digits and hyphens of it are kept.
        identifier: What the dataset calls the model that answered.
        dataset: The lines of the dataset.
        file: What the dataset is called.
    """

    name: str
    identifier: str
    dataset: bytes
    file: str

    @property
    def token(self) -> str:
        """The same for the same dataset and name, so that a job is made once."""
        return hashlib.sha256(self.name.encode() + b"\0" + self.dataset).hexdigest()

    def request(self, folder: str, role: str, judge: str, metrics: tuple[str, ...]) -> dict[str, Any]:
        """Return what CreateEvaluationJob is asked for; ``folder`` is ``s3://bucket/prefix``."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:40].strip("-")
        folder = folder.rstrip("/")
        dataset = {
            "taskType": TASK_TYPE,
            "dataset": {
                "name": re.sub(r"[^0-9a-zA-Z._-]", "-", self.file)[:63],
                "datasetLocation": {"s3Uri": f"{folder}/{self.file}"},
            },
            "metricNames": [f"Builtin.{metric}" for metric in metrics],
        }
        evaluator = {"bedrockEvaluatorModels": [{"modelIdentifier": judge}]}
        return {
            "jobName": f"{slug or 'migration'}-{self.token[:10]}",
            "clientRequestToken": self.token,
            "roleArn": role,
            "applicationType": "ModelEvaluation",
            "evaluationConfig": {"automated": {"datasetMetricConfigs": [dataset], "evaluatorModelConfig": evaluator}},
            "inferenceConfig": {
                "models": [{"precomputedInferenceSource": {"inferenceSourceIdentifier": self.identifier}}]
            },
            "outputDataConfig": {"s3Uri": f"{folder}/output/"},
        }


def check_request(request: dict[str, Any]) -> None:
    """Hold a request against the service model that boto3 brings, calling nothing; raises `EvaluationRequestError`."""
    service = botocore.session.get_session().get_service_model("bedrock")
    shape = cast("Shape", service.operation_model("CreateEvaluationJob").input_shape)
    report = ParamValidator().validate(request, shape)
    faults = report.generate_report().splitlines() if report.has_errors() else list(_faults(request, shape, ""))
    if faults:
        raise EvaluationRequestError(faults)


def _faults(value: Any, shape: Shape | None, path: str) -> Iterator[str]:
    """Yield what botocore's validator lets pass: texts against their pattern, and lengths against their most."""
    if isinstance(value, dict):
        members = getattr(shape, "members", {})
        for name, item in value.items():
            yield from _faults(item, members.get(name), f"{path}.{name}".lstrip("."))
        return
    rules: dict[str, Any] = dict(shape.metadata) if shape else {}
    if len(value) > rules.get("max", len(value)):
        yield f"{path} is longer than {rules['max']}"
    if isinstance(value, list):
        for item in value:
            yield from _faults(item, getattr(shape, "member", None), f"{path}[]")
    elif (pattern := rules.get("pattern")) and not re.search(f"^(?:{pattern})$", value):
        yield f"{path} does not match {pattern}"


def start_job(job: EvaluationJob, request: dict[str, Any]) -> str:
    """Check a request, upload the dataset, create the job and return its id; the same job twice is one.

    Raises `EvaluationRequestError` before anything is sent, `CannotConnectError`, and `CallFailedError`.
    """
    check_request(request)
    config = request["evaluationConfig"]["automated"]["datasetMetricConfigs"][0]["dataset"]
    bucket, _, key = config["datasetLocation"]["s3Uri"].removeprefix("s3://").partition("/")
    s3, bedrock = (service_client(service, "Bedrock Evaluations", 1, call_failure) for service in ("s3", "bedrock"))
    _attempt(lambda: s3.put_object(Bucket=bucket, Key=key, Body=job.dataset), _FILE_ACCESS)
    created = _attempt(lambda: bedrock.create_evaluation_job(**request), _JOB_ACCESS)
    return str(created["jobArn"]).rpartition("/")[2]


def _attempt(call: Callable[[], Any], access: str) -> Any:
    try:
        return call()
    except FAULTS as error:
        failed = call_failure(error)
        way_out = access if failed.kind == "access_denied" else failed.way_out
        message = _ARN.sub("<arn>", failed.message)
        raise CallFailedError(failed.kind, message, fatal=failed.fatal, way_out=way_out) from error
