"""Batch jobs with their files, as real clients see them."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.models.endpoint import Batch, Fault, Reply, Rule, Script, ScriptedEngine, ScriptedFault
from pytest_llm_migrate.models.endpoint.arrivals import Arrival
from pytest_llm_migrate.models.endpoint.jobs import Jobs
from pytest_llm_migrate.models.endpoint.objects import Objects
from pytest_llm_migrate.models.endpoint.routes import Route
from tests.models.endpoint.asking import JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.models.endpoint.conftest import Stage

ROLE = "arn:aws:iam::123456789012:role/batch"
NOVA = "amazon.nova-lite-v1:0"
CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
ENDED = {"Completed", "PartiallyCompleted", "Failed", "Stopped"}


class Desk:
    """A script's endpoint, its objects and its jobs."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.s3, self.bedrock = stage.client("s3"), stage.client("bedrock")

    def put(self, records: Iterable[dict[str, Any]], key: str = "in/rows.jsonl") -> None:
        """Write an input file."""
        body = "".join(json.dumps(record) + "\n" for record in records)
        self.s3.put_object(Bucket="bucket", Key=key, Body=body.encode())

    def create(self, uri: str = "s3://bucket/in/rows.jsonl", **more: Any) -> str:
        """Create a job and return its ARN."""
        asked = {
            "jobName": "job",
            "roleArn": ROLE,
            "modelId": NOVA,
            "modelInvocationType": "Converse",
            "inputDataConfig": {"s3InputDataConfig": {"s3Uri": uri, "s3InputFormat": "JSONL"}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://bucket/out/"}},
            **more,
        }
        return str(self.bedrock.create_model_invocation_job(**asked)["jobArn"])

    def ended(self, arn: str) -> dict[str, Any]:
        """Wait for a job's end and return what is said of it."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.bedrock.get_model_invocation_job(jobIdentifier=arn)
            if found["status"] in ENDED:
                return found
            time.sleep(0.005)
        raise TimeoutError(arn)

    def output(self, arn: str, name: str = "rows.jsonl.out") -> list[dict[str, Any]]:
        """Return the records of an output file."""
        key = f"out/{arn.rpartition('/')[2]}/{name}"
        body = self.s3.get_object(Bucket="bucket", Key=key)["Body"].read()
        return [json.loads(line) for line in body.splitlines()]


def conversation(text: str) -> dict[str, Any]:
    """Return a Converse body."""
    return {"messages": [{"role": "user", "content": [{"text": text}]}]}


def rows(count: int) -> list[dict[str, Any]]:
    """Return records ``r0``, ``r1``, ... of Converse."""
    return [{"recordId": f"r{number}", "modelInput": conversation(f"question {number}")} for number in range(count)]


@pytest.fixture
def desk(stage: Callable[[Script], Stage]) -> Callable[..., Desk]:
    """Start endpoints that take batches of any size."""

    def start(*rules: Rule, **batch: Any) -> Desk:
        settings = Batch(**{"minimum": 1, **batch})
        return Desk(stage(Script(rules=rules, default=Reply(echo=True, latency=5), batch=settings, seed=3)))

    return start


def test_records_are_answered_in_another_order(desk: Callable[..., Desk]) -> None:
    """Every record has its answer under its id, in no order, at no record's latency; the manifest sums up."""
    found = desk()
    found.put(rows(20))
    arn = found.create()
    assert found.ended(arn)["status"] == "Completed"
    answers = found.output(arn)
    ids = [answer["recordId"] for answer in answers]
    assert sorted(ids) == sorted(f"r{number}" for number in range(20))
    assert ids != [f"r{number}" for number in range(20)]
    for answer in answers:
        question = answer["modelInput"]["messages"][0]["content"]
        assert answer["modelOutput"]["output"]["message"]["content"] == question
        assert "error" not in answer
    assert found.output(arn, "manifest.json.out") == [
        {
            "totalRecordCount": 20,
            "processedRecordCount": 20,
            "successRecordCount": 20,
            "errorRecordCount": 0,
            "inputTokenCount": 40,
            "outputTokenCount": 40,
        }
    ]


def test_records_can_be_of_a_family(desk: Callable[..., Desk]) -> None:
    """Without another word the records are bodies of InvokeModel, and the answers are of the same form."""
    found = desk()
    body = {"anthropic_version": "x", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    found.put([{"recordId": "a", "modelInput": body}])
    arn = found.create(modelId=CLAUDE, modelInvocationType="InvokeModel")
    found.ended(arn)
    (answer,) = found.output(arn)
    assert answer["modelOutput"]["content"] == [{"type": "text", "text": "hi"}]


def test_record_that_fails_has_an_error_and_the_rest_its_answers(desk: Callable[..., Desk]) -> None:
    """Faults of rules and bad records are errors with a code; the job is then completed in part."""
    found = desk(
        Rule(operation="ModelInvocationJob", contains="question 1", fault=ScriptedFault(name="ThrottlingException")),
        Rule(contains="question 2", fault=ScriptedFault(name="cut")),
        Rule(operation="Converse", fault=ScriptedFault(name="AccessDeniedException")),
    )
    found.put([*rows(4), {"recordId": "bad", "modelInput": {"messages": []}}])
    ended = found.ended(found.create())
    assert (ended["status"], ended["successRecordCount"], ended["errorRecordCount"]) == ("PartiallyCompleted", 2, 3)
    answers = {answer["recordId"]: answer for answer in found.output(ended["jobArn"])}
    codes = {name: answer["error"]["errorCode"] for name, answer in answers.items() if "error" in answer}
    assert codes == {"r1": 429, "r2": 500, "bad": 400}
    assert answers["r1"]["error"]["errorMessage"] == "scripted fault"
    assert "modelOutput" not in answers["r1"]


def test_each_input_file_has_an_output_file(desk: Callable[..., Desk]) -> None:
    """A prefix stands for all JSONL files below it; records without an id get one."""
    found = desk()
    found.put(rows(2), "in/a.jsonl")
    found.put([{"modelInput": conversation("hi")}], "in/b.jsonl")
    found.s3.put_object(Bucket="bucket", Key="in/notes.txt", Body=b"no records")
    ended = found.ended(found.create("s3://bucket/in/"))
    assert ended["totalRecordCount"] == 3
    assert len(found.output(ended["jobArn"], "a.jsonl.out")) == 2
    (answer,) = found.output(ended["jobArn"], "b.jsonl.out")
    assert answer["recordId"]


def test_job_goes_through_its_states(desk: Callable[..., Desk]) -> None:
    """A job of some duration is seen in each state in turn, and counts its records as it goes."""
    found = desk(duration=1)
    found.put(rows(10))
    arn = found.create()
    states, counts = ["Submitted"], [0]
    while states[-1] not in ENDED:
        seen = found.bedrock.get_model_invocation_job(jobIdentifier=arn)
        counts.append(seen["processedRecordCount"])
        if seen["status"] != states[-1]:
            states.append(seen["status"])
    assert states == ["Submitted", "Validating", "Scheduled", "InProgress", "Completed"]
    assert counts == sorted(counts)
    assert len(set(counts)) > 3
    assert seen["submitTime"] + timedelta(seconds=0.9) < seen["endTime"]
    assert seen["jobExpirationTime"] == seen["submitTime"] + timedelta(hours=24)


def test_stopped_job_keeps_what_is_done(desk: Callable[..., Desk]) -> None:
    """A stop ends the job soon; a second one is a conflict."""
    found = desk(duration=30)
    found.put(rows(10))
    arn = found.create()
    found.bedrock.stop_model_invocation_job(jobIdentifier=arn)
    ended = found.ended(arn)
    assert (ended["status"], ended["processedRecordCount"], ended["totalRecordCount"]) == ("Stopped", 0, 10)
    assert found.output(arn, "manifest.json.out")[0]["processedRecordCount"] == 0
    with pytest.raises(found.bedrock.exceptions.ConflictException):
        found.bedrock.stop_model_invocation_job(jobIdentifier=arn)


def test_failed_job_says_why_and_writes_nothing(desk: Callable[..., Desk]) -> None:
    """A scripted failure is the job's message."""
    found = desk(failure="no capacity")
    found.put(rows(3))
    ended = found.ended(found.create())
    assert (ended["status"], ended["message"]) == ("Failed", "no capacity")
    assert found.s3.list_objects_v2(Bucket="bucket", Prefix="out/")["KeyCount"] == 0


def test_same_token_gives_the_same_job(desk: Callable[..., Desk]) -> None:
    """A request that is sent again makes no second job; a token for two requests is a conflict."""
    found = desk()
    found.put(rows(1))
    first, again = (found.create(clientRequestToken="token-1") for _ in range(2))
    assert first == again
    assert len(found.bedrock.list_model_invocation_jobs()["invocationJobSummaries"]) == 1
    with pytest.raises(found.bedrock.exceptions.ConflictException, match="'token-1'"):
        found.create(clientRequestToken="token-1", jobName="other")


def test_jobs_are_found_again(desk: Callable[..., Desk]) -> None:
    """Name, state and time narrow the list; the newest comes first; pages follow each other."""
    found = desk()
    found.put(rows(1))
    arns = [found.create(jobName=f"run-{number}") for number in range(3)]
    for arn in arns:
        found.ended(arn)
    jobs = found.bedrock.get_paginator("list_model_invocation_jobs")

    def listed(**query: Any) -> list[str]:
        pages = jobs.paginate(**query, PaginationConfig={"PageSize": 2})
        return [job["jobArn"] for page in pages for job in page["invocationJobSummaries"]]

    assert listed() == arns[::-1]
    assert listed(sortOrder="Ascending", sortBy="CreationTime") == arns
    assert listed(nameContains="un-1", statusEquals="Completed") == [arns[1]]
    assert listed(statusEquals="Failed") == []
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert (listed(submitTimeAfter=tomorrow), len(listed(submitTimeBefore=tomorrow))) == ([], 3)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"roleArn": "arn:aws:iam::12:role/x"}, "The provided role ARN is invalid"),
        ({"roleArn": "arn:aws:iam::123456789012:user/x"}, "The provided role ARN is invalid"),
        ({"jobName": "no spaces"}, "not a name for a job"),
        ({"timeoutDurationInHours": 169}, "at most 168"),
        ({"uri": "https://bucket/key"}, "is not an S3 URI: 'https://bucket/key'"),
        ({"uri": "s3://bucket/none.jsonl"}, "No JSONL file found at s3://bucket/none.jsonl."),
        ({"uri": "s3://bucket/in/few.jsonl"}, "has 2 records, fewer than the required minimum of 3"),
        ({"uri": "s3://bucket/in/many.jsonl"}, "has 6 records, more than the maximum of 5"),
        ({"uri": "s3://bucket/in/bad.jsonl"}, "Line 2 of in/bad.jsonl is not a JSON object with a modelInput."),
    ],
)
def test_job_that_cannot_be_is_refused(desk: Callable[..., Desk], asked: dict[str, Any], reason: str) -> None:
    """What the service would refuse is a ValidationException that says what is wrong."""
    found = desk(minimum=3, maximum=5)
    found.put(rows(3))
    found.put(rows(2), "in/few.jsonl")
    found.put(rows(6), "in/many.jsonl")
    found.put([*rows(1), {"recordId": "x"}], "in/bad.jsonl")
    with pytest.raises(found.bedrock.exceptions.ValidationException, match=reason):
        found.create(**asked)


@given(name=st.sampled_from(["jobName", "roleArn", "modelId", "inputDataConfig", "clientRequestToken"]), value=JSON)
def test_no_request_breaks_the_reader(name: str, value: Any) -> None:
    """Whatever a member holds is either taken or refused with a fault."""
    place = {"s3Uri": "s3://bucket/in/rows.jsonl"}
    asked = {
        "jobName": "job",
        "roleArn": ROLE,
        "modelId": NOVA,
        "inputDataConfig": {"s3InputDataConfig": place},
        "outputDataConfig": {"s3OutputDataConfig": place},
        name: value,
    }
    jobs = Jobs(ScriptedEngine(Script()), Objects(), Batch(), 0)
    arrival = Arrival(method="POST", target="/model-invocation-job", headers={}, body=json.dumps(asked).encode())
    with pytest.raises(Fault):
        jobs.create(Route("CreateModelInvocationJob"), arrival)


def test_service_asks_for_a_hundred_records(stage: Callable[[Script], Stage]) -> None:
    """Without another word the minimum is the service's own."""
    found = Desk(stage(Script()))
    found.put(rows(99))
    with pytest.raises(found.bedrock.exceptions.ValidationException, match="required minimum of 100"):
        found.create()


def test_unknown_job_is_not_found(desk: Callable[..., Desk]) -> None:
    """A job that never was is named."""
    found = desk()
    for call in (found.bedrock.get_model_invocation_job, found.bedrock.stop_model_invocation_job):
        with pytest.raises(found.bedrock.exceptions.ResourceNotFoundException, match="abcdefghijkl"):
            call(jobIdentifier="abcdefghijkl")


def test_endpoint_that_stops_ends_its_jobs(desk: Callable[..., Desk]) -> None:
    """No job outlives its endpoint, however long it would have taken."""
    found = desk(duration=600)
    found.put(rows(2))
    found.create()
    began = time.monotonic()
    found.stage.endpoint.stop()
    assert time.monotonic() - began < 5
