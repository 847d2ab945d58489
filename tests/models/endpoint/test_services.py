"""All operations together: each is answered, and each answer has the shape that the service declares."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from pytest_llm_migrate.models.endpoint import (
    Batch,
    FoundationModel,
    InferenceProfile,
    Reply,
    Rule,
    Script,
    ScriptedFault,
)
from pytest_llm_migrate.models.endpoint.routes import OPERATIONS
from tests.models.endpoint.asking import MODEL, ask, ask_text, says, stream
from tests.models.endpoint.shapes import faults, service
from tests.models.endpoint.test_invoke import BODIES, CLAUDE, chunks, invoke
from tests.models.endpoint.test_jobs import Desk, rows
from tests.models.endpoint.test_optimize import optimize
from tests.models.endpoint.test_prompt_jobs import TEMPLATE, Bench

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.models.endpoint.conftest import Stage

SCRIPT = Script(
    default=Reply(optimized="better"),
    foundation_models=(FoundationModel(id=MODEL),),
    inference_profiles=(InferenceProfile(id="us.x", models=(MODEL,)),),
    batch=Batch(minimum=1),
)


def test_every_operation_is_answered_in_its_shape(stage: Callable[[Script], Stage]) -> None:
    """One call of each, looked at on its way into boto3's parser, leaves no operation out and no fault."""
    started = stage(SCRIPT)
    runtime, desk = started.client(), Desk(started)
    ask(runtime)
    stream(runtime)
    runtime.count_tokens(modelId=MODEL, input={"converse": {"messages": says("hi")}})
    invoke(runtime, CLAUDE)
    chunks(runtime, CLAUDE)
    optimize(started.client("bedrock-agent-runtime"))
    desk.bedrock.list_foundation_models()
    desk.bedrock.get_foundation_model(modelIdentifier=MODEL)
    desk.bedrock.list_inference_profiles()
    desk.bedrock.get_inference_profile(inferenceProfileIdentifier="us.x")
    desk.put(rows(2))
    arn = desk.create()
    desk.ended(arn)
    desk.output(arn)
    desk.bedrock.list_model_invocation_jobs()
    with pytest.raises(desk.bedrock.exceptions.ConflictException):
        desk.bedrock.stop_model_invocation_job(jobIdentifier=arn)
    desk.s3.list_objects_v2(Bucket="bucket")
    desk.s3.head_object(Bucket="bucket", Key="in/rows.jsonl")
    desk.s3.delete_object(Bucket="bucket", Key="in/rows.jsonl")
    prompts = Bench(started)
    job = prompts.start(TEMPLATE)
    prompts.look(job)
    with pytest.raises(desk.bedrock.exceptions.ConflictException):
        prompts.bedrock.stop_advanced_prompt_optimization_job(jobIdentifier=job)
    agent = started.client("bedrock-agent")
    made = agent.create_prompt(name="triage", variants=[])
    agent.create_prompt_version(promptIdentifier=made["id"])
    agent.get_prompt(promptIdentifier=made["arn"], promptVersion="1")
    assert started.inspector.operations == OPERATIONS
    assert {call.operation for call in started.endpoint.calls} == OPERATIONS


def test_clients_find_it_by_their_variables(
    stage: Callable[[Script], Stage], no_aws: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A program that knows nothing of the endpoint calls it for all four services."""
    started = stage(SCRIPT)
    no_aws.setenv("AWS_ACCESS_KEY_ID", "key")
    no_aws.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("BEDROCK_RUNTIME", "BEDROCK", "BEDROCK_AGENT_RUNTIME", "S3"):
        no_aws.setenv(f"AWS_ENDPOINT_URL_{name}", started.endpoint.url)
    session = boto3.Session(region_name="eu-west-1")
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(BODIES[CLAUDE]), encoding="utf-8")
    with (
        closing(session.client("bedrock-runtime")) as runtime,
        closing(session.client("bedrock")) as bedrock,
        closing(session.client("bedrock-agent-runtime")) as agent,
        closing(session.client("s3")) as s3,
    ):
        assert ask_text(runtime) == "ok"
        assert optimize(agent)
        (summary,) = bedrock.list_foundation_models()["modelSummaries"]
        s3.upload_file(str(path), "bucket", "rows.jsonl")
        assert s3.get_object(Bucket="bucket", Key="rows.jsonl")["Body"].read() == path.read_bytes()
    assert summary["modelArn"] == f"arn:aws:bedrock:eu-west-1::foundation-model/{MODEL}"


def test_job_whose_response_is_lost_was_created(stage: Callable[[Script], Stage]) -> None:
    """A reset loses the response and not the job: who asks again with the same token gets that one."""
    lost = Rule(operation="CreateModelInvocationJob", fault=ScriptedFault(name="reset", times=1))
    desk = Desk(stage(Script(rules=(lost,), batch=Batch(minimum=1))))
    desk.put(rows(1))
    with pytest.raises(Exception, match="Connection was closed"):
        desk.create(clientRequestToken="t")
    desk.create(clientRequestToken="t")
    assert len(desk.bedrock.list_model_invocation_jobs()["invocationJobSummaries"]) == 1


def test_wrong_shapes_are_found() -> None:
    """The check of shapes finds what peers get wrong."""
    shapes = service()
    broken = {"role": "assistant", "content": [{}, {"text": "a", "image": {}}], "more": 1}
    assert list(faults(broken, shapes.shape_for("Message"))) == [
        "Message.content.0: a union with 0 members",
        "Message.content.1: a union with 2 members",
        "Message.content.1.image: lacks format",
        "Message.content.1.image: lacks source",
        "Message: unknown member more",
    ]
    assert list(faults({"stopReason": "done"}, shapes.shape_for("MessageStopEvent"))) == [
        "MessageStopEvent.stopReason: 'done'"
    ]
