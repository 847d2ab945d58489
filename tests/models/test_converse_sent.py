"""What options and files become on the wire, held against the service model that boto3 ships with."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import AttachedFile, Request, Turn
from pytest_llm_migrate.domain import options as known
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models.converse import parameters
from tests.models.endpoint.shapes import service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from botocore.model import Shape

SERVICE = service()
CONVERSE = SERVICE.operation_model("Converse")
SHAPES: list[Any] = [CONVERSE.input_shape, SERVICE.operation_model("ConverseStream").input_shape]
MODEL = "us.amazon.nova-lite-v1:0"
TURNS = (Turn("user", "2+2?"), Turn("assistant", "4"), Turn("user", "3+3?"))
SCHEMA = {"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "number"}}}


def sent(**options: Any) -> dict[str, Any]:
    """Return what options add to a call."""
    request = Request(turns=TURNS, system="Be brief.", options=options)
    bare = parameters(MODEL, Request(turns=TURNS, system="Be brief."))
    return {name: value for name, value in parameters(MODEL, request).items() if value != bare.get(name)}


def test_tier_and_latency_mode_are_asked_for() -> None:
    """Both are members of the call itself."""
    assert sent(service_tier="flex", latency="optimized") == {
        "serviceTier": {"type": "flex"},
        "performanceConfig": {"latency": "optimized"},
    }


def test_guardrail_is_sent_in_bedrocks_words() -> None:
    """A trace is asked for only where the prompt asks for one."""
    assert sent(guardrail={"id": "gr1", "version": 2}) == {
        "guardrailConfig": {"guardrailIdentifier": "gr1", "guardrailVersion": "2"}
    }
    assert (
        sent(guardrail={"id": "gr1", "version": "DRAFT", "trace": "enabled"})["guardrailConfig"]["trace"] == "enabled"
    )


@pytest.mark.parametrize(("cache", "point"), [(True, {"type": "default"}), ("1h", {"type": "default", "ttl": "1h"})])
def test_cache_points_follow_the_system_text_and_the_examples(cache: object, point: dict[str, str]) -> None:
    """What every row shares is kept; the row itself is not."""
    assert sent(cache=cache) == {
        "system": [{"text": "Be brief."}, {"cachePoint": point}],
        "messages": [
            {"role": "user", "content": [{"text": "2+2?"}]},
            {"role": "assistant", "content": [{"text": "4"}, {"cachePoint": point}]},
            {"role": "user", "content": [{"text": "3+3?"}]},
        ],
    }


def test_there_is_no_cache_point_without_something_to_keep() -> None:
    """A single turn alone is sent as it is."""
    request = Request(turns=TURNS[-1:], options={"cache": True})
    assert parameters(MODEL, request) == {
        "modelId": MODEL,
        "messages": [{"role": "user", "content": [{"text": "3+3?"}]}],
    }


@pytest.mark.parametrize(
    ("choice", "wire"), [("auto", {"auto": {}}), ("any", {"any": {}}), ("route", {"tool": {"name": "route"}})]
)
def test_tools_are_sent_with_their_choice(choice: str, wire: dict[str, Any]) -> None:
    """A tool's schema is sent as JSON, and a tool's name as the choice of that tool."""
    tool = {"name": "route", "description": "Sends it on.", "input_schema": SCHEMA}
    spec = {"name": "route", "description": "Sends it on.", "inputSchema": {"json": SCHEMA}}
    assert sent(tools=[tool]) == {"toolConfig": {"tools": [{"toolSpec": spec}]}}
    assert sent(tools=[tool], tool_choice=choice)["toolConfig"]["toolChoice"] == wire


def test_structured_output_is_sent_as_the_schemas_text() -> None:
    """The schema's properties keep their order, in which the model writes them."""
    output = sent(json_schema={"name": "sum", "schema": SCHEMA}, effort="low")["outputConfig"]
    text = output["textFormat"]["structure"]["jsonSchema"].pop("schema")
    assert list(json.loads(text)["properties"]) == ["b", "a"]
    assert output == {
        "effort": "low",
        "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"name": "sum"}}},
    }


def attached(path: Path, kind: Any, form: str) -> AttachedFile:
    """Write a file that holds its own name, and return it as attached."""
    path.write_text(path.name)
    return AttachedFile(kind=kind, format=form, sha256=hashlib.sha256(path.name.encode()).hexdigest(), path=path)


def test_files_stand_before_the_last_text(tmp_path: Path) -> None:
    """Images and documents are blocks of the last user turn; a document's name tells nothing of its path."""
    image, pdf = attached(tmp_path / "a.png", "image", "png"), attached(tmp_path / "b.pdf", "document", "pdf")
    request = Request(turns=TURNS, attachments=(image, pdf))
    *before, last = parameters(MODEL, request)["messages"]
    assert before == parameters(MODEL, Request(turns=TURNS))["messages"][:2]
    assert last["content"] == [
        {"image": {"format": "png", "source": {"bytes": b"a.png"}}},
        {"document": {"format": "pdf", "name": "document 2", "source": {"bytes": b"b.pdf"}}},
        {"text": "3+3?"},
    ]
    body = json.loads(serialized(parameters(MODEL, request)))
    assert base64.b64decode(body["messages"][-1]["content"][0]["image"]["source"]["bytes"]) == b"a.png"


def test_a_file_that_changed_fails_its_call(tmp_path: Path) -> None:
    """The content is read when the call is made, and must be the one that the key was made of."""
    request = Request(turns=TURNS, attachments=(attached(tmp_path / "a.png", "image", "png"),))
    (tmp_path / "a.png").write_text("other")
    with pytest.raises(CallFailedError, match="attachment_changed"):
        parameters(MODEL, request)


def serialized(arguments: dict[str, Any]) -> bytes:
    """Return the body that boto3 sends for a call."""
    body: bytes = create_serializer("rest-json").serialize_to_request(arguments, CONVERSE)["body"]
    return body


def faults(value: Any, shape: Any, where: str) -> Iterator[str]:
    """Yield what the service would refuse, and boto3 alone does not: words, patterns, lengths."""
    if getattr(shape, "is_document_type", False):
        return
    rules = shape.metadata
    if shape.type_name == "structure":
        yield from (
            fault for name, part in value.items() for fault in faults(part, shape.members[name], f"{where}.{name}")
        )
    elif shape.type_name == "list":
        yield from (fault for item in value for fault in faults(item, shape.member, f"{where}[]"))
        yield from _length_faults(value, rules, where)
    elif shape.type_name == "string":
        yield from _length_faults(value, rules, where)
        if value not in rules.get("enum", [value]) or not re.fullmatch(rules.get("pattern", "(?s).*"), value):
            yield f"{where}: {value!r}"


def _length_faults(value: Any, rules: dict[str, Any], where: str) -> Iterator[str]:
    if not rules.get("min", 0) <= len(value) <= rules.get("max", len(value)):
        yield f"{where}: {len(value)} long"


TEXTS = st.text(min_size=1, max_size=9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
SCHEMAS = st.dictionaries(st.text(max_size=5), JSON, max_size=2)
NAMES = st.from_regex("[a-zA-Z0-9_-]{1,64}", fullmatch=True)
ARNS = st.from_regex("arn:aws(-cn)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+", fullmatch=True)
TOOLS = st.lists(
    st.fixed_dictionaries({"name": NAMES, "input_schema": SCHEMAS}, optional={"description": TEXTS}),
    min_size=1,
    max_size=3,
    unique_by=lambda tool: str(tool["name"]),
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "service_tier": st.sampled_from(known.SERVICE_TIERS),
        "latency": st.sampled_from(known.LATENCY_MODES),
        "cache": st.just(value=True) | st.sampled_from(known.CACHE_TIMES),
        "guardrail": st.fixed_dictionaries(
            {
                "id": st.from_regex("[a-z0-9]{1,20}", fullmatch=True) | ARNS,
                "version": st.just("DRAFT") | st.integers(1, 99_999_999),
            },
            optional={"trace": st.sampled_from(known.GUARDRAIL_TRACES)},
        ),
        "tools": TOOLS,
        "json_schema": st.fixed_dictionaries({"schema": SCHEMAS}, optional={"name": TEXTS, "description": TEXTS}),
        "effort": st.text(min_size=1, max_size=16),
    },
)


@given(options=OPTIONS, pick=st.integers(0, 4))
def test_whatever_options_pass_the_service_takes(options: dict[str, Any], pick: int) -> None:
    """Options that are not refused make calls that neither boto3 nor the service's own rules refuse."""
    if "tools" in options and pick:
        options["tool_choice"] = [*known.TOOL_CHOICES, *(tool["name"] for tool in options["tools"])][pick % 3]
    arguments = parameters(MODEL, Request(turns=TURNS, system="s", options=options))
    for shape in SHAPES:
        report = ParamValidator().validate(arguments, shape)
        assert not report.has_errors(), report.generate_report()
        assert list(faults(arguments, shape, "call")) == []
    serialized(arguments)


@pytest.mark.parametrize("shape", SHAPES, ids=["Converse", "ConverseStream"])
def test_files_are_what_the_service_takes(shape: Shape, tmp_path: Path) -> None:
    """Blocks of files pass the service's rules."""
    image, text = attached(tmp_path / "a.webp", "image", "webp"), attached(tmp_path / "b.md", "document", "md")
    arguments = parameters(MODEL, Request(turns=TURNS, attachments=(image, text)))
    assert not ParamValidator().validate(arguments, shape).has_errors()
    assert list(faults(arguments, shape, "call")) == []


def test_words_are_those_of_the_service() -> None:
    """Tiers, latency modes, cache times and traces are the service's, no more and no fewer."""
    assert set(known.SERVICE_TIERS) == set(SERVICE.shape_for("ServiceTierType").metadata["enum"])
    assert set(known.LATENCY_MODES) == set(SERVICE.shape_for("PerformanceConfigLatency").metadata["enum"])
    assert set(known.CACHE_TIMES) == set(SERVICE.shape_for("CacheTTL").metadata["enum"])
    assert set(known.GUARDRAIL_TRACES) == set(SERVICE.shape_for("GuardrailTrace").metadata["enum"])
