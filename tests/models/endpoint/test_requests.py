"""What the endpoint reads from a request, and what it refuses as the service does."""

from __future__ import annotations

import base64
import hashlib
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.models.endpoint import Attachment, Converse, Fault, Message
from pytest_llm_migrate.models.endpoint.requests import converse_request
from tests.models.endpoint.asking import JSON

MODEL = "amazon.nova-lite-v1:0"
USER = {"role": "user", "content": [{"text": "hi"}]}
ASSISTANT = {"role": "assistant", "content": [{"text": "hello"}]}


def read(document: Any) -> Converse:
    """Read a Converse body."""
    return converse_request(MODEL, json.dumps(document).encode())


def with_content(*blocks: Any) -> dict[str, Any]:
    """Return a body of one message."""
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def with_settings(**settings: Any) -> dict[str, Any]:
    """Return a body with inference settings."""
    return {"messages": [USER], "inferenceConfig": settings}


def test_everything_said_is_read() -> None:
    """Turns, system text, settings and the model's own fields reach the engine."""
    request = read(
        {
            "messages": [USER, ASSISTANT, USER],
            "system": [{"text": "Be brief."}, {"text": "Be kind."}],
            "inferenceConfig": {"maxTokens": 5, "temperature": 0, "topP": 0.5, "stopSequences": ["\n"]},
            "additionalModelRequestFields": {"top_k": 3},
        }
    )
    assert request == Converse(
        model=MODEL,
        messages=(Message("user", "hi"), Message("assistant", "hello"), Message("user", "hi")),
        system="Be brief.\nBe kind.",
        max_tokens=5,
        temperature=0.0,
        top_p=0.5,
        stop_sequences=("\n",),
        additional={"top_k": 3},
    )


def test_what_is_not_said_is_left_to_the_engine() -> None:
    """Absent members and nulls leave every setting open."""
    bare = Converse(model=MODEL, messages=(Message("user", "hi"),))
    assert read({"messages": [USER]}) == bare
    assert read({"messages": [USER], "system": None, "inferenceConfig": {"maxTokens": None}}) == bare


def test_blocks_of_a_message_are_lines_and_cache_points_are_none() -> None:
    """Several texts are joined by line breaks; a cache point adds nothing."""
    request = read(with_content({"text": "one"}, {"cachePoint": {"type": "default"}}, {"text": "two"}))
    assert request.question == "one\ntwo"


def test_question_is_the_last_user_message() -> None:
    """A script matches on what the user said last, even when the assistant's turn is begun."""
    turns = [USER, ASSISTANT, {"role": "user", "content": [{"text": "and now?"}]}, ASSISTANT]
    assert read({"messages": turns}).question == "and now?"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "The value at body must be an object."),
        ({}, "The messages field is empty."),
        ({"messages": {}}, "The value at messages must be a list."),
        ({"messages": ["hi"]}, "The value at messages.0 must be an object."),
        ({"messages": [ASSISTANT]}, "A conversation must start with a user message."),
        ({"messages": [USER, USER]}, "A conversation must alternate between user and assistant roles."),
        ({"messages": [USER | {"role": "system"}]}, "must be user or assistant, not 'system'"),
        (with_content(), "The content field at messages.0 is empty."),
        (with_content({"cachePoint": {"type": "default"}}), "The content field at messages.0 is empty."),
        (with_content({"text": " \n"}), "at messages.0.content.0 is blank"),
        (with_content({"text": 5}), "The value at messages.0.content.0 must be a string."),
        (with_content({"text": "half \ud800"}), "not valid Unicode"),
        (with_content({"picture": {}}), "This model doesn't support the picture field."),
        (with_content({"image": {"source": {"bytes": "?"}}}), "at messages.0.content.0.source are not valid base64"),
        (with_content({"guardContent": {"text": {"text": " "}}}), "at messages.0.content.0 is blank"),
        (with_content({"toolResult": {"content": "x"}}), "messages.0.content.0.content must be a list"),
        (with_content({"text": "a", "image": {}}), "must set exactly one member"),
        (with_content({}), "must set exactly one member"),
        ({"messages": [USER], "system": [{"text": ""}]}, "at system.0 is blank"),
        ({"messages": [USER], "system": [{"image": {}}]}, "The system field doesn't take image."),
        ({"messages": [USER], "toolConfig": {"tools": []}}, "The toolConfig.tools field is empty."),
        ({"messages": [USER], "toolConfig": {"tools": [{}]}}, "The Tool object at toolConfig.tools.0 must set"),
        ({"messages": [USER], "serviceTier": {"type": "cheap"}}, "enum value set: [default, priority, flex, reserved]"),
        ({"messages": [USER], "performanceConfig": {"latency": "low"}}, "enum value set: [standard, optimized]"),
        ({"messages": [USER], "outputConfig": "json"}, "The value at outputConfig must be an object."),
        (with_settings(maxTokens=0), "Value '0' at 'inferenceConfig.maxTokens' failed to satisfy constraint"),
        (with_settings(maxTokens=1.5), "must be a whole number"),
        (with_settings(maxTokens=float("inf")), "must be a whole number"),
        (with_settings(maxTokens=True), "must be a whole number"),
        (with_settings(temperature=1.1), "Member must have value less than or equal to 1"),
        (with_settings(temperature=-0.1), "Member must have value greater than or equal to 0"),
        (with_settings(topP=float("nan")), "less than or equal to 1"),
        (with_settings(topP="1"), "The value at inferenceConfig.topP must be a number."),
        (with_settings(stopSequences=[""]), "none of them empty"),
        (with_settings(stopSequences=["x"] * 2501), "at most 2500 texts"),
        (with_settings(stopSequences="x"), "must be a list"),
    ],
)
def test_bad_request_is_refused_with_its_reason(document: Any, message: str) -> None:
    """A request that the service would refuse is a ValidationException that says what is wrong."""
    with pytest.raises(Fault) as caught:
        read(document)
    assert caught.value.error == "ValidationException"
    assert message in caught.value.message


def test_everything_that_the_service_takes_is_taken() -> None:
    """Tools, guardrails, tiers, metadata and formats reach the engine with the body; two of them by name."""
    document = {
        "messages": [USER],
        "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": {}}}}],
            "toolChoice": {"any": {}},
        },
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
        "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{}"}}}},
        "requestMetadata": {"row": "r1"},
        "serviceTier": {"type": "flex"},
        "performanceConfig": {"latency": "optimized"},
    }
    request = read(document)
    assert (request.service_tier, request.latency_mode, request.system) == ("flex", "optimized", "Be brief.")
    assert request.document == document


def test_attachments_are_told_apart_by_what_they_hold() -> None:
    """An image is known by the hash of its bytes; other blocks by their JSON; their texts belong to the message."""
    image = {"image": {"format": "png", "source": {"bytes": base64.b64encode(b"pixels").decode()}}}
    stored = {"document": {"name": "a", "source": {"s3Location": {"uri": "s3://b/k"}}}}
    result = {"toolResult": {"toolUseId": "1", "content": [{"text": "sunny"}, {"json": {"degrees": 20}}]}}
    guarded = {"guardContent": {"text": {"text": "Is it?"}}}
    (message,) = read(with_content({"text": "look"}, image, stored, result, guarded)).messages
    assert message.text == 'look\nsunny\n{"degrees": 20}\nIs it?'
    assert [part.kind for part in message.attachments] == ["image", "document", "toolResult"]
    assert message.attachments[0] == Attachment("image", hashlib.sha256(b"pixels").hexdigest())


def test_message_may_be_an_image_alone() -> None:
    """A message without any text has an empty one."""
    (message,) = read(with_content({"image": {"source": {"bytes": "AAAA"}}})).messages
    assert (message.text, len(message.attachments)) == ("", 1)


def test_managed_prompt_brings_its_own_messages() -> None:
    """The ARN of a prompt is called with variables in place of messages."""
    arn = "arn:aws:bedrock:us-east-1:123456789012:prompt/ABC:1"
    body = json.dumps({"promptVariables": {"topic": {"text": "tea"}, "tone": {"text": "dry"}}}).encode()
    assert converse_request(arn, body).question == "tea\ndry"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_body_that_is_no_json_is_refused(body: bytes) -> None:
    """Broken JSON is a ValidationException, whatever its fault."""
    with pytest.raises(Fault, match="The body is not valid JSON"):
        converse_request(MODEL, body)


BLOCKS = st.lists(
    st.dictionaries(
        st.sampled_from(["text", "image", "document", "toolResult", "guardContent", "toolUse", "cachePoint"]),
        JSON
        | st.fixed_dictionaries(
            {"source": JSON | st.fixed_dictionaries({"bytes": JSON}), "content": JSON, "text": JSON}
        ),
        min_size=1,
        max_size=1,
    ),
    max_size=3,
)


@given(blocks=BLOCKS, tools=JSON, tier=JSON, variables=JSON)
def test_no_block_breaks_the_reader(blocks: Any, tools: Any, tier: Any, variables: Any) -> None:
    """Whatever a block holds is either read or refused with a fault."""
    body = {**with_content(*blocks), "toolConfig": {"tools": tools}, "serviceTier": {"type": tier}}
    with suppress(Fault):
        read(body)
    with suppress(Fault):
        read(with_content(*blocks))
    with suppress(Fault):
        converse_request("a:prompt/b", json.dumps({"promptVariables": variables}).encode())


@given(messages=JSON, system=JSON, settings=JSON, additional=JSON)
def test_no_document_breaks_the_reader(messages: Any, system: Any, settings: Any, additional: Any) -> None:
    """Whatever JSON arrives is either read or refused with a fault."""
    document = {
        "messages": messages if isinstance(messages, list) else [{"role": "user", "content": messages}],
        "system": system,
        "inferenceConfig": {"maxTokens": settings, "topP": settings, "stopSequences": settings},
        "additionalModelRequestFields": additional,
    }
    with suppress(Fault):
        assert read(document).messages
