"""Batch jobs on an endpoint over real HTTP: files up, a job, results down in any order."""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
import time
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any, Protocol

import pytest

from pytest_llm_migrate.domain import Answer, AttachedFile, BatchPlace, CallFailure, Request, Turn
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models import BedrockProvider
from pytest_llm_migrate.models.batch import BedrockBatches
from pytest_llm_migrate.models.endpoint import Batch, Endpoint, Reply, Rule, Script, ScriptedEngine, ScriptedFault
from tests.models.conftest import MODEL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llm_migrate.domain import BatchState

ROLE = "arn:aws:iam::123456789012:role/secret-batch-role"
PLACE = BatchPlace(folder="s3://bucket/tests", role=ROLE)


class Open(Protocol):
    """Starts an endpoint and returns a model's batch jobs on it."""

    def __call__(self, *rules: Rule, place: BatchPlace | None = PLACE, **batch: Any) -> tuple[BedrockBatches, Endpoint]:
        """Return the jobs and the endpoint, whose batches take any number of records."""


@pytest.fixture
def opened(aws: pytest.MonkeyPatch) -> Iterator[Open]:
    """Connect to endpoints that answer by rules, and else echo."""
    with ExitStack() as endpoints:

        def start(*rules: Rule, place: BatchPlace | None = PLACE, **batch: Any) -> tuple[BedrockBatches, Endpoint]:
            script = Script(rules=rules, default=Reply(echo=True, latency=3), batch=Batch(**{"minimum": 1, **batch}))
            endpoint = endpoints.enter_context(Endpoint(ScriptedEngine(script)))
            aws.setenv("AWS_ENDPOINT_URL", endpoint.url)
            found = BedrockProvider().connect(MODEL).batches(place)
            assert isinstance(found, BedrockBatches)
            return found, endpoint

        yield start


def asking(text: str, **options: Any) -> Request:
    """Return a request of one turn."""
    return Request(turns=(Turn("user", text),), inference={"max_tokens": 20}, options=options)


def written(batches: BedrockBatches, *texts: str) -> IO[bytes]:
    """Return a file of records whose ids are ``id-TEXT``."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.writelines(batches.record(f"id-{text}", asking(text)) for text in texts)
    return file


def ended(batches: BedrockBatches, job: str) -> BatchState:
    """Wait for a job's end."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        state = batches.look(job)
        assert state is not None
        if state.is_ended:
            return state
        time.sleep(0.01)
    raise TimeoutError(job)


def run(batches: BedrockBatches, *texts: str, name: str = "job") -> BatchState:
    """Run a job to its end."""
    with written(batches, *texts) as records:
        return ended(batches, batches.start(name, records))


def operations(endpoint: Endpoint) -> list[str]:
    """Return what the endpoint was asked."""
    return [call.operation for call in endpoint.calls]


def test_results_come_by_record_id(opened: Open) -> None:
    """Every record gets its own answer, whatever the order, at the batch tier and without any time."""
    batches, _ = opened()
    texts = [f"question {number}" for number in range(40)]
    state = run(batches, *texts)
    assert (state.status, state.total, state.done, state.is_given_up) == ("Completed", 40, 40, False)
    found = list(batches.results(state))
    assert [key for key, _ in found] != [f"id-{text}" for text in texts]
    answers = {key: answer for key, answer in found if isinstance(answer, Answer)}
    assert {key: answer.text for key, answer in answers.items()} == {f"id-{text}": text for text in texts}
    one = answers["id-question 7"]
    assert (one.latency, one.server_latency, one.ttft) == (None, None, None)
    assert (one.service_tier, one.stop_reason) == ("batch", "end_turn")
    assert (one.input_tokens, one.output_tokens) > (0, 0)
    assert batches.counted(state) == 40


def test_a_record_is_a_converse_body(opened: Open, tmp_path: Path) -> None:
    """A line holds what Converse would be sent, without the model, files as base64."""
    batches, _ = opened()
    path = tmp_path / "dot.png"
    path.write_bytes(b"\x89PNG\x00\xff")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    file = AttachedFile(kind="image", format="png", path=path, sha256=sha256)
    request = Request(turns=(Turn("user", "what is it?"),), system="Be brief.", attachments=(file,))
    line = batches.record("r1", request)
    assert line.endswith(b"}\n")
    found = json.loads(line)
    assert found["recordId"] == "r1"
    assert found["modelInput"]["system"] == [{"text": "Be brief."}]
    image, text = found["modelInput"]["messages"][0]["content"]
    assert base64.b64decode(image["image"]["source"]["bytes"]) == path.read_bytes()
    assert text == {"text": "what is it?"}
    assert "modelId" not in found["modelInput"]


def test_errors_of_records_have_names(opened: Open) -> None:
    """A record's error becomes the failure that a call with it would meet; the others have their answers."""
    names = {
        "long": ("ValidationException", "Input is too long for requested model."),
        "throttled": ("ThrottlingException", "Too many tokens"),
        "server": ("InternalServerException", "oops arn:aws:iam::123456789012:role/x"),
        "model": ("ModelErrorException", "the model broke"),
    }
    rules = [
        Rule(operation="ModelInvocationJob", contains=word, fault=ScriptedFault(name=name, message=message))
        for word, (name, message) in names.items()
    ]
    batches, _ = opened(*rules)
    state = run(batches, "fine", *names)
    assert state.status == "PartiallyCompleted"
    found = dict(batches.results(state))
    assert isinstance(found.pop("id-fine"), Answer)
    kinds = {key: item.kind for key, item in found.items() if isinstance(item, CallFailure)}
    assert kinds == {
        "id-long": "context_too_long",
        "id-throttled": "throttled",
        "id-server": "server_error",
        "id-model": "server_error",
    }
    server = found["id-server"]
    assert isinstance(server, CallFailure)
    assert server.message == "oops <arn>"


def test_the_same_job_sent_again_is_one_job(opened: Open) -> None:
    """The same name and records give the same job; another name another one."""
    batches, endpoint = opened()
    with written(batches, "a", "b") as records, written(batches, "a", "b") as again:
        first = batches.start("one", records)
        assert batches.start("one", again) == first
        assert batches.start("two", again) != first
    assert operations(endpoint).count("CreateModelInvocationJob") == 3


@pytest.mark.parametrize("message", ["The input has 3 records, fewer than the required minimum of 100.",
                                     "Minimum number of records per batch inference job: 100"])  # fmt: skip
def test_too_few_records_have_a_name(opened: Open, message: str) -> None:
    """A validation error that speaks of the least number of records is told apart from others."""
    fault = ScriptedFault(name="ValidationException", message=message)
    batches, _ = opened(Rule(operation="CreateModelInvocationJob", fault=fault))
    with written(batches, "a") as records, pytest.raises(CallFailedError) as raised:
        batches.start("job", records)
    assert (raised.value.kind, raised.value.fatal) == ("too_few_records", False)


def test_a_model_without_batch_inference_has_a_name(opened: Open) -> None:
    """So does one that the service offers no batch inference for."""
    fault = ScriptedFault(name="ValidationException", message="Batch inference is not supported for this model.")
    batches, _ = opened(Rule(operation="CreateModelInvocationJob", fault=fault))
    with written(batches, "a") as records, pytest.raises(CallFailedError) as raised:
        batches.start("job", records)
    assert raised.value.kind == "no_batch_inference"


@pytest.mark.parametrize(
    ("operation", "way_out"),
    [("PutObject", "s3:PutObject"), ("CreateModelInvocationJob", "iam:PassRole")],
)
def test_missing_rights_name_the_right(opened: Open, operation: str, way_out: str) -> None:
    """What is not allowed stops everything, names what to allow, and quotes neither the role nor the account."""
    fault = ScriptedFault(name="AccessDeniedException", message=f"{ROLE} is not authorized")
    batches, _ = opened(Rule(operation=operation, fault=fault))
    with written(batches, "a") as records, pytest.raises(CallFailedError, match=way_out) as raised:
        batches.start("job", records)
    assert raised.value.fatal
    assert "123456789012" not in str(raised.value)
    assert "secret-batch-role" not in str(raised.value)


def test_a_failed_job_says_why(opened: Open) -> None:
    """A job that failed has no results, and its message without ARNs."""
    batches, _ = opened(failure=f"cannot read with {ROLE}")
    state = run(batches, "a")
    assert (state.status, state.is_given_up, state.message) == ("Failed", True, "cannot read with <arn>")
    assert list(batches.results(state)) == []
    assert batches.counted(state) is None


def test_a_failed_job_of_too_few_records_is_not_given_up(opened: Open) -> None:
    """The service may find only later that a job is too small: its records are called one by one."""
    batches, _ = opened(failure="The job has fewer records than the minimum of 100 records.")
    assert not run(batches, "a").is_given_up


def test_a_stopped_job_is_given_up(opened: Open) -> None:
    """What somebody stopped is not asked for in another way."""
    batches, _ = opened(duration=5.0)
    with written(batches, "a") as records:
        job = batches.start("job", records)
    batches.stop(job)
    state = ended(batches, job)
    assert (state.status, state.is_given_up) == ("Stopped", True)


def test_an_unknown_job_is_none(opened: Open) -> None:
    """A job that the service has forgotten is no fault."""
    batches, _ = opened()
    assert batches.look("abcdefghijkl") is None


def test_passing_faults_are_told(opened: Open) -> None:
    """Each method makes one attempt; a throttled one says so."""
    fault = ScriptedFault(name="ThrottlingException", times=1)
    batches, endpoint = opened(Rule(operation="GetModelInvocationJob", fault=fault))
    with written(batches, "a") as records:
        job = batches.start("job", records)
    with pytest.raises(CallFailedError) as raised:
        batches.look(job)
    assert raised.value.kind == "throttled"
    assert operations(endpoint).count("GetModelInvocationJob") == 1
    assert ended(batches, job).status == "Completed"


def test_what_no_job_takes(opened: Open) -> None:
    """Converse jobs take no tools; a tier or a latency mode would not be the one asked for."""
    batches, _ = opened()
    tool = {"name": "look", "input_schema": {"type": "object"}}
    assert batches.takes(asking("a"))
    assert batches.takes(asking("a", json_schema={"schema": {"type": "object"}}))
    assert not batches.takes(asking("a", tools=[tool]))
    assert not batches.takes(asking("a", service_tier="flex"))
    assert not batches.takes(asking("a", latency="optimized"))


def test_without_a_place_no_job_takes_anything(opened: Open) -> None:
    """Jobs that run can be looked at without a place; none can be started."""
    batches, _ = opened(place=None)
    assert not batches.takes(asking("a"))
    with written(batches, "a") as records, pytest.raises(CallFailedError, match="--migration-batch-s3"):
        batches.start("job", records)


def test_the_role_is_in_no_text() -> None:
    """A place shown in a message keeps the role to itself."""
    assert "role" not in repr(PLACE)
