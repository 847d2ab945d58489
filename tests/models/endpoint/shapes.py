"""Checking what an endpoint sends against the service models that boto3 ships with."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import botocore.session
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from botocore.model import StructureShape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel, ServiceModel, Shape

FIRST_ERROR = 400


def service() -> ServiceModel:
    """Return the model of the Bedrock runtime."""
    return botocore.session.Session().get_service_model("bedrock-runtime")


def stream_exceptions(name: str, of: str = "bedrock-runtime") -> list[str]:
    """Return the exceptions that an event stream of a service may end with, in lower camel case."""
    shape: Any = botocore.session.Session().get_service_model(of).shape_for(name)
    return sorted(member for member in shape.members if member.endswith("Exception"))


def faults(value: Any, shape: Shape, where: str = "") -> Iterator[str]:
    """Yield every way in which a JSON value is not what the service would send."""
    kind: Any = shape
    if kind.type_name == "structure" and not getattr(kind, "is_document_type", False):
        yield from _structure_faults(value, kind, where or kind.name)
    elif kind.type_name == "list":
        for index, item in enumerate(value):
            yield from faults(item, kind.member, f"{where}.{index}")
    elif not _fits(value, kind):
        yield f"{where}: {value!r}"


def _structure_faults(value: dict[str, Any], shape: Any, where: str) -> Iterator[str]:
    members = {name: member for name, member in shape.members.items() if not member.serialization.get("location")}
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f"{where}: a union with {len(value)} members"
    yield from (f"{where}: lacks {name}" for name in shape.required_members if name in members and name not in value)
    for name, member in value.items():
        if name in members:
            yield from faults(member, members[name], f"{where}.{name}")
        else:
            yield f"{where}: unknown member {name}"


def _fits(value: Any, shape: Any) -> bool:
    match shape.type_name:
        case "string":
            return isinstance(value, str) and (not shape.enum or value in shape.enum)
        case "integer" | "long":
            return type(value) is int and value >= 0
        case "boolean":
            return isinstance(value, bool)
        case "timestamp":
            return datetime.fromisoformat(value).tzinfo is not None
        case "blob":
            return bool(base64.b64decode(value, validate=True))
        case "structure":  # a document of any form
            return True
    raise NotImplementedError(shape.type_name)


class Inspector:
    """Looks at every response on its way into a client's parser, and keeps what is wrong with it."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.operations: set[str] = set()

    def watch(self, client: Any) -> None:
        """Look at all that a client gets."""
        client.meta.events.register("before-parse", self._inspect)

    def _inspect(self, operation_model: OperationModel, response_dict: dict[str, Any], **_: Any) -> None:
        self.operations.add(operation_model.name)
        said = (f"{operation_model.name}: {fault}" for fault in self._faults(operation_model, response_dict))
        self.found += said

    def _faults(self, operation: Any, response: dict[str, Any]) -> Iterator[str]:
        is_xml = operation.service_model.protocol == "rest-xml"
        if response["status_code"] >= FIRST_ERROR:
            yield from _xml_error_faults(response) if is_xml else _error_faults(operation, response)
            return
        if response["status_code"] not in (operation.http.get("responseCode", 200), 200):
            yield f"status {response['status_code']}"
        output = operation.output_shape or StructureShape("Nothing", {"type": "structure", "members": {}})
        yield from _header_faults(output, response["headers"])
        if operation.has_event_stream_output:
            response["body"] = Tapped(response["body"], operation.get_event_stream_output(), self.found)
        elif not output.serialization.get("payload") and not operation.has_streaming_output:
            body = response["body"]
            if is_xml:
                yield from _xml_faults(ET.fromstring(body), output) if body else ()  # noqa: S314 - our own
            else:
                yield from _body_faults(body, output)


def _body_faults(body: bytes, output: Any) -> Iterator[str]:
    try:
        document = json.loads(body)
    except ValueError:
        return  # broken off on purpose: every other body is read by its test
    yield from faults(document, output)


def _header_faults(output: Any, headers: Any) -> Iterator[str]:
    for name, member in output.members.items():
        if member.serialization.get("location") == "header":
            value = headers.get(member.serialization["name"])
            if value is None and name in output.required_members:
                yield f"no header for {name}"
            if value is not None and getattr(member, "enum", None) and value not in member.enum:
                yield f"{name} is {value!r}"


def _error_faults(operation: Any, response: dict[str, Any]) -> Iterator[str]:
    name = response["headers"].get("x-amzn-ErrorType")
    shape = next((shape for shape in operation.error_shapes if shape.name == name), None)
    if not name:
        yield "an error without a name"
    elif shape:
        if shape.metadata["error"]["httpStatusCode"] != response["status_code"]:
            yield f"{name} with status {response['status_code']}"
        yield from faults(json.loads(response["body"]), shape)


def _xml_error_faults(response: dict[str, Any]) -> Iterator[str]:
    if response["body"]:
        root = ET.fromstring(response["body"])  # noqa: S314 - our own
        if root.tag != "Error" or {child.tag for child in root} != {"Code", "Message"}:
            yield "an error of another form"


def _xml_faults(element: ET.Element, shape: Any) -> Iterator[str]:
    members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
    for child in element:
        tag = child.tag.rpartition("}")[2]
        member = members.get(tag)
        if member is None:
            yield f"unknown element {tag}"
        elif member.type_name == "list":
            yield from _xml_faults(child, member.member)
        elif getattr(member, "enum", None) and child.text not in member.enum:
            yield f"{tag} is {child.text!r}"


class Tapped:
    """A raw stream whose frames are looked at while they pass."""

    def __init__(self, raw: Any, shape: Any, found: list[str]) -> None:
        self._raw, self._shape, self._found = raw, shape, found
        self._buffer = EventStreamBuffer()

    def stream(self) -> Iterator[bytes]:
        """Yield what arrives."""
        for data in self._raw.stream():
            self._look(data)
            yield data

    def close(self) -> None:
        """Close the raw stream."""
        self._raw.close()

    def _look(self, data: bytes) -> None:
        self._buffer.add_data(data)
        try:
            for message in self._buffer:
                self._found += self._faults(message.headers, message.payload)
        except ChecksumMismatch:
            self._buffer = EventStreamBuffer()  # broken on purpose; the client must find it too

    def _faults(self, headers: Any, payload: bytes) -> Iterator[str]:
        kind = headers[":message-type"]
        if kind == "error":
            return
        name = headers[f":{kind}-type"]
        if name not in self._shape.members:
            yield f"unknown {kind} {name}"
            return
        document = json.loads(payload)
        document.pop("p", None)  # the service's own padding, which its model does not know
        yield from (f"{name}: {fault}" for fault in faults(document, self._shape.members[name]))
