"""The small S3, as a real client sees it."""

from __future__ import annotations

import io
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.models.endpoint import Fault, Rule, Script, ScriptedFault
from pytest_llm_migrate.models.endpoint.arrivals import Arrival
from pytest_llm_migrate.models.endpoint.objects import Objects
from pytest_llm_migrate.models.endpoint.routes import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.models.endpoint.conftest import Stage

KEY = "in/a b&<ü>.jsonl"


@pytest.fixture
def client(stage: Callable[[Script], Stage]) -> Any:
    """Return a client of objects."""
    return stage(Script()).client("s3")


def put(client: Any, key: str, body: bytes = b"x") -> None:
    """Put an object."""
    client.put_object(Bucket="bucket", Key=key, Body=body)


@pytest.mark.parametrize("body", [b"", b"line\n" * 1000, io.BytesIO(b"from a file")], ids=["empty", "text", "file"])
def test_what_was_put_is_got(client: Any, body: Any) -> None:
    """Content, kind and length come back, whatever is in the key."""
    sent = body if isinstance(body, bytes) else body.getvalue()
    written = client.put_object(Bucket="bucket", Key=KEY, Body=body, ContentType="application/x-ndjson")
    got = client.get_object(Bucket="bucket", Key=KEY)
    assert (got["Body"].read(), got["ContentType"], got["ETag"]) == (sent, "application/x-ndjson", written["ETag"])
    head = client.head_object(Bucket="bucket", Key=KEY)
    assert (head["ContentLength"], head["ETag"]) == (len(sent), written["ETag"])


def test_files_are_uploaded_and_downloaded(client: Any) -> None:
    """boto3's own transfer works, whose small files go in one part."""
    client.upload_fileobj(io.BytesIO(b"content"), "bucket", "file")
    target = io.BytesIO()
    client.download_fileobj("bucket", "file", target)
    assert target.getvalue() == b"content"


def test_keys_are_listed_by_prefix_in_order(client: Any) -> None:
    """A prefix narrows the list, and a paginator reads all of its pages."""
    for key in (KEY, "in/2", "in/1", "out/1"):
        put(client, key)
    put(client, "in/3", b"abc")
    client.put_object(Bucket="other", Key="in/9", Body=b"")
    pages = list(
        client.get_paginator("list_objects_v2").paginate(
            Bucket="bucket", Prefix="in/", PaginationConfig={"PageSize": 2}
        )
    )
    listed = [entry for page in pages for entry in page["Contents"]]
    assert [entry["Key"] for entry in listed] == ["in/1", "in/2", "in/3", KEY]
    assert (len(pages), listed[2]["Size"]) == (2, 3)
    assert client.list_objects_v2(Bucket="empty")["KeyCount"] == 0


def test_deleted_object_is_gone(client: Any) -> None:
    """It can be deleted twice, and is then neither got nor found."""
    put(client, "k")
    for _ in range(2):
        client.delete_object(Bucket="bucket", Key="k")
    with pytest.raises(client.exceptions.NoSuchKey, match="s3://bucket/k"):
        client.get_object(Bucket="bucket", Key="k")
    with pytest.raises(ClientError, match="404"):
        client.head_object(Bucket="bucket", Key="k")


def test_what_it_does_not_do_is_said(client: Any) -> None:
    """Operations beyond the few are NotImplemented."""
    for name, parameters in (
        ("list_buckets", {}),
        ("create_multipart_upload", {"Bucket": "b", "Key": "k"}),
        ("list_objects_v2", {"Bucket": "b", "Delimiter": "/"}),
    ):
        with pytest.raises(ClientError, match="NotImplemented"):
            getattr(client, name)(**parameters)


def test_script_can_deny_slow_down_and_break(stage: Callable[[Script], Stage]) -> None:
    """Rules are about a bucket and a part of the key."""
    client = stage(
        Script(
            rules=(
                Rule(operation="PutObject", model="locked", fault=ScriptedFault(name="AccessDenied")),
                Rule(operation="PutObject", contains="slow", fault=ScriptedFault(name="SlowDown", retry_after=1)),
                Rule(operation="GetObject", contains="half", fault=ScriptedFault(name="truncated_body")),
                Rule(operation="PutObject", contains="lost", fault=ScriptedFault(name="reset")),
            )
        )
    ).client("s3")
    with pytest.raises(ClientError, match="AccessDenied"):
        client.put_object(Bucket="locked", Key="k", Body=b"")
    with pytest.raises(ClientError, match="SlowDown"):
        put(client, "slow")
    with pytest.raises(ConnectionClosedError):
        put(client, "lost", b"kept all the same")
    assert client.get_object(Bucket="bucket", Key="lost")["Body"].read() == b"kept all the same"
    put(client, "half", b"0123456789")
    assert client.get_object(Bucket="bucket", Key="half")["Body"].read() == b"01234"


def framed(content: bytes, size: int) -> bytes:
    """Return content in chunks with signatures, and a trailing checksum."""
    parts = [content[start : start + size] for start in range(0, len(content), size)]
    chunks = b"".join(b"%x;chunk-signature=ab\r\n%b\r\n" % (len(part), part) for part in parts)
    checksum = b64encode(zlib.crc32(content).to_bytes(4, "big"))
    return chunks + b"0\r\nx-amz-checksum-crc32:" + checksum + b"\r\n\r\n"


@given(content=st.binary(max_size=300), size=st.integers(1, 100))
def test_chunks_of_a_signed_body_are_put_together(content: bytes, size: int) -> None:
    """A body that is summed up or signed in pieces is kept without its frames."""
    objects = Objects()
    headers = {"content-encoding": "gzip,aws-chunked"}
    arrival = Arrival(method="PUT", target="/b/k", headers=headers, body=framed(content, size))
    objects.put(Route("PutObject", "b", "k"), arrival)
    assert objects.read("b", "k") == content


def test_body_that_is_not_in_chunks_is_refused() -> None:
    """An encoding that the body belies is an error of S3."""
    arrival = Arrival(method="PUT", target="/b/k", headers={"content-encoding": "aws-chunked"}, body=b"plain text")
    with pytest.raises(Fault, match="IncompleteBody"):
        Objects().put(Route("PutObject", "b", "k"), arrival)
