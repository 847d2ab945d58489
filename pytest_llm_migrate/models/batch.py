"""Batch inference on Amazon Bedrock: records go to S3, a job answers them there, results are read as a stream."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from contextlib import closing
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pytest_llm_migrate.domain.answer import CallFailure
from pytest_llm_migrate.domain.batch import BATCH_TIER, NO_BATCH, TOO_FEW, BatchState
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models.client import service_client
from pytest_llm_migrate.models.converse import parameters, read_reply
from pytest_llm_migrate.models.faults import FAULTS, call_failure, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_llm_migrate.domain.answer import Outcome
    from pytest_llm_migrate.domain.batch import BatchPlace
    from pytest_llm_migrate.domain.request import Request

# Quotas of "Batch inference data" in the Bedrock user guide, with the defaults of "Amazon Bedrock endpoints and
# quotas" in the AWS General Reference. A job has one file here, so that the file's limits are the job's.
LEAST_RECORDS = 100
"""Minimum number of records per batch inference job; most models have this default."""
MOST_RECORDS = 50_000
"""Records per input file, and per batch inference job."""
MOST_BYTES = 2**30
"""Batch inference input file size: 1 GB."""

NOT_IN_BATCHES = frozenset({"tools", "service_tier", "latency"})
"""Options that no batch job has: Converse jobs refuse tools, and a job is a service tier of its own."""

ENDED = frozenset({"Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired"})
GIVEN_UP = frozenset({"Failed", "Stopped"})
"""Ended not by the records' fault, nor by the time that the job took."""

JOB_ACCESS = (
    "Allow bedrock:CreateModelInvocationJob and bedrock:GetModelInvocationJob, "
    "and iam:PassRole on the role of --migration-batch-role."
)
FILE_ACCESS = "Allow s3:PutObject, s3:GetObject and s3:ListBucket on the bucket of --migration-batch-s3."
NO_BUCKET = "Make the bucket in the region of the model, or name another one with --migration-batch-s3."

_ARN = re.compile(r"arn:aws[\w-]*:[^\s'\",;]+")
_OF_TOO_FEW = re.compile(r"minimum[^.]*record|record[^.]*minimum|fewer[^.]*record", re.IGNORECASE)
_OF_NO_BATCH = re.compile(
    r"batch (?:inference|invocation)[^.]*(?:not|n't) support|not support[^.]*batch (?:inference|invocation)",
    re.IGNORECASE,
)
_CODES = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
"""Names of the errors that records know by their HTTP status alone."""
_CHUNK = 2**20
_CONNECTIONS = 4


class BedrockBatches:
    """The batch jobs of one model; each method makes one attempt.

    Args:
        model_id: A model id, inference profile or ARN.
        place: Where files go and which role reads them; ``None`` to read jobs that were started before.
        bedrock: A client of ``bedrock`` whose own retries are off, as those of ``s3``.
        s3: A client of ``s3``.
    """

    def __init__(self, model_id: str, place: BatchPlace | None, bedrock: Any, s3: Any) -> None:
        self._model_id, self._place, self._bedrock, self._s3 = model_id, place, bedrock, s3

    @property
    def region(self) -> str:
        """The region of the jobs."""
        return str(self._bedrock.meta.region_name)

    @property
    def least(self) -> int:
        """`LEAST_RECORDS`."""
        return LEAST_RECORDS

    @property
    def most(self) -> int:
        """`MOST_RECORDS`."""
        return MOST_RECORDS

    @property
    def most_bytes(self) -> int:
        """`MOST_BYTES`."""
        return MOST_BYTES

    def takes(self, request: Request) -> bool:
        """Tell whether a job can answer the request as it is: with `NOT_IN_BATCHES` none can."""
        return self._place is not None and not NOT_IN_BATCHES & request.options.keys()

    def record(self, record_id: str, request: Request) -> bytes:
        """Return a request as a line of JSON; raises `CallFailedError` where an attached file has changed."""
        body = parameters(self._model_id, request)
        del body["modelId"]
        line = json.dumps({"recordId": record_id, "modelInput": body}, default=_base64)
        return line.encode() + b"\n"

    def start(self, name: str, records: IO[bytes]) -> str:
        """Upload the lines, create the job and return its id; the same name and lines never make two jobs.

        Raises `CallFailedError`, of the kinds `TOO_FEW` and `NO_BATCH` where the service takes no such job.
        """
        if self._place is None:
            raise CallFailedError("client_error", "batch jobs need --migration-batch-s3 and --migration-batch-role")
        folder = f"{self._place.folder.rstrip('/')}/{name}"
        bucket, key = _bucket_and_key(f"{folder}/input.jsonl")
        records.seek(0)
        digest = hashlib.file_digest(records, "sha256")  # type: ignore[arg-type]
        digest.update(name.encode())
        records.seek(0)
        _named(lambda: self._s3.put_object(Bucket=bucket, Key=key, Body=records), FILE_ACCESS)
        created = _named(
            lambda: self._bedrock.create_model_invocation_job(
                jobName=name,
                clientRequestToken=digest.hexdigest(),
                modelId=self._model_id,
                modelInvocationType="Converse",
                roleArn=self._place.role if self._place else "",
                inputDataConfig={"s3InputDataConfig": {"s3InputFormat": "JSONL", "s3Uri": f"{folder}/input.jsonl"}},
                outputDataConfig={"s3OutputDataConfig": {"s3Uri": f"{folder}/output/"}},
            ),
            JOB_ACCESS,
        )
        return str(created["jobArn"]).rpartition("/")[2]

    def look(self, job: str) -> BatchState | None:
        """Return how far a job is, ``None`` where the service knows none of this id."""
        try:
            said = _named(lambda: self._bedrock.get_model_invocation_job(jobIdentifier=job), JOB_ACCESS)
        except CallFailedError as failed:
            if failed.kind == "unknown_model":  # as ResourceNotFound is called where models are
                return None
            raise
        return _state(said)

    def stop(self, job: str) -> None:
        """Let a job end before its time; what it answered so far is written and charged."""
        _named(lambda: self._bedrock.stop_model_invocation_job(jobIdentifier=job), JOB_ACCESS)

    def results(self, state: BatchState) -> Iterator[tuple[str, Outcome]]:
        """Yield record ids with their outcomes, in any order; a line that cannot be read is left out."""
        bucket, _ = _bucket_and_key(state.place)
        for key in self._keys(state, ".jsonl.out"):
            with closing(self._object(bucket, key)) as body:
                yield from filter(None, map(_outcome, _lines(body)))

    def counted(self, state: BatchState) -> int | None:
        """Return how many records the job's manifest says were processed, ``None`` where it wrote none."""
        bucket, _ = _bucket_and_key(state.place)
        counts = [
            json.loads(_named(self._object(bucket, key).read, FILE_ACCESS)).get("processedRecordCount")
            for key in self._keys(state, "manifest.json.out")
        ]
        return sum(counts) if counts and None not in counts else None

    def _object(self, bucket: str, key: str) -> Any:
        return _named(lambda: self._s3.get_object(Bucket=bucket, Key=key), FILE_ACCESS)["Body"]

    def _keys(self, state: BatchState, ending: str) -> list[str]:
        bucket, prefix = _bucket_and_key(state.place)
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        listed = _named(lambda: [item["Key"] for page in pages for item in page.get("Contents", ())], FILE_ACCESS)
        return [key for key in listed if key.endswith(ending)]


def bedrock_batches(ref: str, model_id: str, place: BatchPlace | None) -> BedrockBatches:
    """Return a model's jobs, with the user's own AWS settings; raises `CannotConnectError` as for the model itself."""
    bedrock, s3 = (service_client(service, ref, _CONNECTIONS, call_failure) for service in ("bedrock", "s3"))
    return BedrockBatches(model_id, place, bedrock, s3)


def _lines(body: Any) -> Iterator[bytes]:
    lines = body.iter_lines(chunk_size=_CHUNK)
    while (line := _named(lambda: next(lines, None), FILE_ACCESS)) is not None:
        yield line


def _named(call: Callable[[], Any], access: str) -> Any:
    """Make one attempt at a call; what goes wrong is named, and says no ARN."""
    try:
        return call()
    except FAULTS as error:
        raise _failure(error, access) from error


def _failure(error: Exception, access: str) -> CallFailedError:
    failed = call_failure(error)
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    kind, way_out = failed.kind, failed.way_out
    if kind == "access_denied":
        way_out = access
    elif code == "NoSuchBucket":
        kind, way_out = "no_bucket", NO_BUCKET
    elif kind == "validation" and _OF_TOO_FEW.search(failed.message):
        kind = TOO_FEW
    elif kind == "validation" and _OF_NO_BATCH.search(failed.message):
        kind = NO_BATCH
    message = _ARN.sub("<arn>", failed.message)
    return CallFailedError(kind, message, fatal=bool(way_out), way_out=way_out, retry_after=failed.retry_after)


def _state(said: Mapping[str, Any]) -> BatchState:
    status, message = str(said["status"]), _ARN.sub("<arn>", one_line(str(said.get("message") or "")))
    # A job that has too few records may be told so only when it is looked into.
    is_too_small = status == "Failed" and _OF_TOO_FEW.search(message) is not None
    return BatchState(
        status=status,
        is_ended=status in ENDED,
        is_given_up=status in GIVEN_UP and not is_too_small,
        total=said.get("totalRecordCount"),
        done=said.get("processedRecordCount"),
        message=message,
        place=said["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"],
    )


def _outcome(line: bytes) -> tuple[str, Outcome] | None:
    try:
        found = json.loads(line)
        record_id = found["recordId"]
    except (ValueError, KeyError, TypeError):
        return None
    try:
        return record_id, _read(found)
    except CallFailedError as failed:
        return record_id, CallFailure(kind=failed.kind, message=_ARN.sub("<arn>", failed.message))


def _read(found: Mapping[str, Any]) -> Outcome:
    if error := found.get("error"):
        code, message = error.get("errorCode"), str(error.get("errorMessage") or "the service gave no reason")
        name = _CODES.get(int(code), "") if str(code).isdigit() else str(code)
        status = int(code) if str(code).isdigit() else 400
        said: Any = {"Error": {"Code": name, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise call_failure(ClientError(said, "Converse"))
    answer = read_reply(found.get("modelOutput") or {}, 0.0)
    return replace(answer, latency=None, server_latency=None, service_tier=BATCH_TIER, latency_mode=None)


def _bucket_and_key(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _base64(value: Any) -> str:
    return base64.b64encode(value).decode()
