"""A small S3 beside the models: objects in memory, for the files of batch jobs."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape

from pytest_llm_migrate.models.endpoint.engines import STATUSES, Fault
from pytest_llm_migrate.models.endpoint.responses import Response, waiting_headers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llm_migrate.models.endpoint.arrivals import Arrival
    from pytest_llm_migrate.models.endpoint.routes import Route

_MOST_KEYS = 1000
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass(frozen=True, slots=True)
class _Object:
    content: bytes
    kind: str
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'

    @property
    def headers(self) -> dict[str, str]:
        modified = format_datetime(self.modified, usegmt=True)
        return {"Content-Type": self.kind, "ETag": self.etag, "Last-Modified": modified}


class Objects:
    """Keeps objects; every bucket exists."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], _Object] = {}

    def read(self, bucket: str, key: str) -> bytes:
        """Return an object's content; raises a ``NoSuchKey`` fault."""
        return self._found(bucket, key).content

    def write(self, bucket: str, key: str, content: bytes, kind: str = "binary/octet-stream") -> str:
        """Keep an object and return its ETag."""
        kept = _Object(content, kind)
        with self._lock:
            self._kept[bucket, key] = kept
        return kept.etag

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """Return the keys of a bucket that begin with a prefix, in order."""
        with self._lock:
            return sorted(key for owner, key in self._kept if owner == bucket and key.startswith(prefix))

    def put(self, route: Route, arrival: Arrival) -> Response:
        """Answer PutObject."""
        kind = arrival.headers.get("content-type", "binary/octet-stream")
        return Response(headers={"ETag": self.write(route.model, route.name, _content(arrival), kind)})

    def get(self, route: Route, _: Arrival) -> Response:
        """Answer GetObject."""
        found = self._found(route.model, route.name)
        return Response(headers=found.headers, body=found.content)

    def head(self, route: Route, _: Arrival) -> Response:
        """Answer HeadObject."""
        found = self._found(route.model, route.name)
        return Response(headers=found.headers, length=len(found.content))

    def delete(self, route: Route, _: Arrival) -> Response:
        """Answer DeleteObject, which finds nothing wrong with an object that is not there."""
        with self._lock:
            self._kept.pop((route.model, route.name), None)
        return Response(status=204)

    def listing(self, route: Route, arrival: Arrival) -> Response:
        """Answer ListObjectsV2, but for delimiters."""
        query = arrival.query
        if query.get("delimiter"):
            raise Fault("NotImplemented", "ListObjectsV2 takes no delimiter here.")
        prefix = query.get("prefix", "")
        start = max(query.get("start-after", ""), query.get("continuation-token", ""))
        keys = [key for key in self.keys(route.model, prefix) if key > start]
        most = query.get("max-keys", "")
        listed = keys[: min(int(most), _MOST_KEYS) if most.isdecimal() else _MOST_KEYS]
        parts = "".join(
            [
                f"<Name>{escape(route.model)}</Name><Prefix>{_coded(prefix, query)}</Prefix>",
                f"<KeyCount>{len(listed)}</KeyCount><MaxKeys>{_MOST_KEYS}</MaxKeys>",
                "<EncodingType>url</EncodingType>" if "encoding-type" in query else "",
                *_continuation(listed, is_cut=0 < len(listed) < len(keys)),
                *(self._entry(route.model, key, query) for key in listed),
            ]
        )
        return _xml(f'<ListBucketResult xmlns="{_NAMESPACE}">{parts}</ListBucketResult>')

    def _entry(self, bucket: str, key: str, query: Mapping[str, str]) -> str:
        found = self._found(bucket, key)
        return (
            f"<Contents><Key>{_coded(key, query)}</Key><LastModified>{found.modified:%Y-%m-%dT%H:%M:%S.000Z}"
            f"</LastModified><ETag>{escape(found.etag)}</ETag><Size>{len(found.content)}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
        )

    def _found(self, bucket: str, key: str) -> _Object:
        with self._lock:
            found = self._kept.get((bucket, key))
        if found is None:
            raise Fault("NoSuchKey", f"The specified key does not exist: s3://{bucket}/{key}")
        return found


def object_error(fault: Fault, *, has_body: bool) -> Response:
    """Return an error as S3 says it; the response to HEAD has no body."""
    error = f"<Error><Code>{escape(fault.error)}</Code><Message>{escape(fault.message)}</Message></Error>"
    found = _xml(error, STATUSES[fault.error], waiting_headers(fault))
    return found if has_body else Response(status=found.status, headers=found.headers)


def _xml(document: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        status=status, headers={"Content-Type": "application/xml", **(headers or {})}, body=(_XML + document).encode()
    )


def _continuation(listed: list[str], *, is_cut: bool) -> Iterator[str]:
    yield f"<IsTruncated>{str(is_cut).lower()}</IsTruncated>"
    if is_cut:
        yield f"<NextContinuationToken>{escape(listed[-1])}</NextContinuationToken>"


def _coded(text: str, query: Mapping[str, str]) -> str:
    return escape(quote(text) if query.get("encoding-type") == "url" else text)


def _content(arrival: Arrival) -> bytes:
    """Return what was put, without the frames of a body that is signed or summed up piece by piece."""
    if "aws-chunked" not in arrival.headers.get("content-encoding", ""):
        return arrival.body
    rest, parts = arrival.body, []
    while rest:
        head, _, rest = rest.partition(b"\r\n")
        size = _size(head)
        if not size:
            break
        parts.append(rest[:size])
        rest = rest[size + 2 :]
    return b"".join(parts)


def _size(head: bytes) -> int:
    try:
        return int(head.partition(b";")[0], 16)
    except ValueError:
        raise Fault("IncompleteBody", "The body is not in chunks, although its encoding says so.") from None
