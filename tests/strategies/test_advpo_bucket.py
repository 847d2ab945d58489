"""``advpo`` with a bucket of an S3 that others wrote (moto's server): its input goes up, its results come down."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models.endpoint import Reply
from pytest_llm_migrate.models.endpoint.objects import Objects
from tests.strategies.test_advpo import JOB, OPTIMIZED, strategy, task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.strategies.conftest import MakeTask, Serve

moto = pytest.importorskip("moto.server", reason="moto's server is part of the test extra")


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    """The address of moto's server."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(serve: Serve, moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of moto's S3, which boto3 and the endpoint's jobs use."""
    serve(default=Reply(optimized=OPTIMIZED))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto_url)
    client: Any = boto3.client("s3")

    def read(_: Objects, name: str, key: str) -> bytes:
        content: bytes = client.get_object(Bucket=name, Key=key)["Body"].read()
        return content

    def write(_: Objects, name: str, key: str, content: bytes) -> None:
        client.put_object(Bucket=name, Key=key, Body=content)

    monkeypatch.setattr(Objects, "read", read)
    monkeypatch.setattr(Objects, "write", write)
    yield client
    client.close()


def test_input_and_results_pass_through_the_bucket(make_task: MakeTask, bucket: Any) -> None:
    """The job's input is the one line that was put there, and the prompt is the one that its results hold."""
    bucket.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    rewrite = strategy().rewrite(task(make_task, **JOB))
    assert rewrite.prompt.user == "Name the topic of {{ ticket }}, which came by {{ channel }}, in one word."
    keys = [found["Key"] for found in bucket.list_objects_v2(Bucket="bucket", Prefix="runs/")["Contents"]]
    assert sorted(key.rpartition("/")[2] for key in keys) == [
        "advanced_prompt_optimization_results.jsonl",
        "input.jsonl",
    ]
    (line,) = (
        bucket.get_object(Bucket="bucket", Key=key)["Body"].read() for key in keys if key.endswith("/input.jsonl")
    )
    assert json.loads(line)["promptTemplate"] == "Sort by topic: {{ticket}} ({{channel}})"


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_is_named_by_its_error(make_task: MakeTask) -> None:
    """What S3 says of it reaches the user, and no job is started."""
    with pytest.raises(
        CallFailedError, match=r"s3://elsewhere/runs/.*NoSuchBucket: The specified bucket does not exist\. Name another"
    ):
        strategy().rewrite(task(make_task, s3="s3://elsewhere/runs"))
