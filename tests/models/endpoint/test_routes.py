"""From method and raw path to an operation."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.models.endpoint.arrivals import Arrival
from pytest_llm_migrate.models.endpoint.routes import Route, route

S3 = "AWS4-HMAC-SHA256 Credential=key/20261121/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=x"


def found(method: str, target: str, authorization: str = "") -> Route:
    """Return the route of a request."""
    return route(Arrival(method=method, target=target, headers={"authorization": authorization}))


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("POST", "/model/m/converse", Route("Converse", "m")),
        ("POST", "/model/a%3Ab%2Fc/converse-stream", Route("ConverseStream", "a:b/c")),
        ("POST", "/model/m/count-tokens?x=/y", Route("CountTokens", "m")),
        ("POST", "/model/m/invoke", Route("InvokeModel", "m")),
        ("POST", "/model/m/invoke-with-response-stream", Route("InvokeModelWithResponseStream", "m")),
        ("POST", "/optimize-prompt", Route("OptimizePrompt")),
        ("GET", "/foundation-models?byProvider=x", Route("ListFoundationModels")),
        ("GET", "/foundation-models/a%3A0", Route("GetFoundationModel", "a:0")),
        ("GET", "/inference-profiles/arn%3Aaws%3A%2Fp", Route("GetInferenceProfile", "arn:aws:/p")),
        ("POST", "/model-invocation-job", Route("CreateModelInvocationJob")),
        ("GET", "/model-invocation-job/a%2Fb", Route("GetModelInvocationJob", name="a/b")),
        ("GET", "/model-invocation-jobs", Route("ListModelInvocationJobs")),
        ("POST", "/model-invocation-job/a%2Fb/stop", Route("StopModelInvocationJob", name="a/b")),
        ("POST", "/model/a/b/converse", Route("POST /model/a/b/converse")),
        ("GET", "/model/m/converse", Route("GET /model/m/converse")),
        ("POST", "/models/m/converse", Route("POST /models/m/converse")),
        ("GET", "/foundation-models/", Route("GET /foundation-models/")),
    ],
)
def test_path_is_cut_before_it_is_unquoted(method: str, target: str, expected: Route) -> None:
    """A quoted slash stays inside the model's or the job's id."""
    assert found(method, target) == expected


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("PUT", "/model/a/b%20c", Route("PutObject", "model", "a/b c")),
        ("GET", "/bucket/key?x-id=GetObject", Route("GetObject", "bucket", "key")),
        ("HEAD", "/bucket/key", Route("HeadObject", "bucket", "key")),
        ("DELETE", "/bucket/key", Route("DeleteObject", "bucket", "key")),
        ("GET", "/bucket?list-type=2&prefix=a", Route("ListObjectsV2", "bucket")),
        ("GET", "/bucket/?list-type=2", Route("ListObjectsV2", "bucket")),
        ("GET", "/bucket", Route("GET /bucket")),
        ("PUT", "/bucket/key?partNumber=1&uploadId=2", Route("PUT /bucket/key")),
        ("POST", "/model/m/converse", Route("POST /model/m/converse")),
    ],
)
def test_request_signed_for_s3_is_about_objects(method: str, target: str, expected: Route) -> None:
    """The signature's scope decides, so that a bucket may be named as a path of Bedrock is."""
    assert found(method, target, S3) == expected


def test_scope_of_the_signature_is_read() -> None:
    """Region and service come from the signature; without one they have a default."""
    signed = Arrival(method="GET", target="/", headers={"authorization": S3})
    bare = Arrival(method="GET", target="/", headers={})
    assert [(one.region, one.service) for one in (signed, bare)] == [("eu-west-1", "s3"), ("us-east-1", "bedrock")]
