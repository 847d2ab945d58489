"""Which options there are, what they may hold, and that each is part of an answer's identity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_llm_migrate.domain import AttachedFile, Attachment, Example, PromptText, Request, Turn
from pytest_llm_migrate.domain.options import checked_options
from pytest_llm_migrate.errors import PromptOptionError, UnknownNameError

TOOL: dict[str, Any] = {
    "name": "route",
    "description": "Sends a ticket to a team.",
    "input_schema": {"type": "object", "properties": {"team": {"type": "string"}, "urgent": {"type": "boolean"}}},
}
SCHEMA: dict[str, Any] = {"name": "ticket", "schema": {"type": "object", "properties": {"a": {}, "b": {}}}}
REORDERED: dict[str, Any] = {"name": "ticket", "schema": {"type": "object", "properties": {"b": {}, "a": {}}}}
ALL: dict[str, Any] = {
    "service_tier": "flex",
    "latency": "optimized",
    "cache": "1h",
    "guardrail": {"id": "gr1", "version": "DRAFT", "trace": "enabled"},
    "tools": [TOOL],
    "tool_choice": "route",
    "json_schema": SCHEMA,
    "effort": "low",
}


def request(**parts: Any) -> Request:
    """Return a request that tests add options and files to."""
    return Request(turns=(Turn("user", "hi"),), system="s", inference={"temperature": 0}, **parts)


def prompt(**parts: Any) -> PromptText:
    """Return a prompt that tests add options and attachments to."""
    examples = (Example(input="a", output="b"),)
    return PromptText(name="p", user="u {{ x }}", system="s", examples=examples, inference={"max_tokens": 5}, **parts)


def test_every_option_passes_as_it_is() -> None:
    """Options that Bedrock knows are kept unchanged."""
    assert checked_options(ALL, "here") == ALL


def test_a_guardrails_version_may_be_a_number() -> None:
    """YAML reads ``version: 3`` as a number; Bedrock wants text."""
    options = checked_options({"guardrail": {"id": "gr1", "version": 3}}, "here")
    assert options == {"guardrail": {"id": "gr1", "version": "3"}}


def test_checked_options_are_a_copy() -> None:
    """What a test does to its own mapping later changes no request."""
    options: dict[str, Any] = {"tools": [{"name": "route", "input_schema": {"required": ("team",)}}]}
    checked = checked_options(options, "here")
    options["tools"].clear()
    assert checked == {"tools": [{"name": "route", "input_schema": {"required": ["team"]}}]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([1], "here: options must be a mapping of options, not [1]."),
        (
            {"service_tier": "fast"},
            "options.service_tier must be 'priority' or 'default' or 'flex' or 'reserved', not 'f",
        ),
        ({"service_tier": ["flex"]}, "options.service_tier must be 'priority' or"),
        ({"latency": "low"}, "here: options.latency must be 'standard' or 'optimized', not 'low'."),
        ({"cache": False}, "here: options.cache must be true, '5m' or '1h', not False."),
        ({"cache": 1}, "here: options.cache must be true, '5m' or '1h', not 1."),
        ({"cache": "2h"}, "here: options.cache must be true, '5m' or '1h', not '2h'."),
        ({"guardrail": "gr1"}, "here: options.guardrail must be a mapping, not 'gr1'."),
        ({"guardrail": {"id": "gr1"}}, "options.guardrail must be a mapping with the key 'version', not {'id': 'gr1'}"),
        (
            {"guardrail": {"id": "GR 1", "version": 1}},
            "options.guardrail.id must be a guardrail's id or ARN, not 'GR 1'",
        ),
        (
            {"guardrail": {"id": "g", "version": True}},
            "options.guardrail.version must be a version's number or 'DRAFT'",
        ),
        ({"guardrail": {"id": "g", "version": 0}}, "options.guardrail.version must be a version's number or 'DRAFT'"),
        ({"guardrail": {"id": "g", "version": 1, "trace": "on"}}, "options.guardrail.trace must be 'enabled' or 'disa"),
        ({"tools": []}, "here: options.tools must be a list of tools that is not empty, not []."),
        ({"tools": ["route"]}, "here: options.tools[0] must be a mapping, not 'route'."),
        ({"tools": [{"name": "route"}]}, "options.tools[0] must be a mapping with the key 'input_schema', not {'name"),
        (
            {"tools": [TOOL | {"name": "a b"}]},
            "options.tools[0].name must be up to 64 letters, digits, '_' and '-', no",
        ),
        ({"tools": [TOOL | {"description": ""}]}, "options.tools[0].description must be a text that is not empty, not"),
        (
            {"tools": [TOOL | {"input_schema": "{}"}]},
            "here: options.tools[0].input_schema must be a mapping, not '{}'.",
        ),
        ({"tools": [TOOL, TOOL]}, "here: options.tools must be tools of different names, not ['route', 'route']."),
        ({"tool_choice": "any"}, "options.tool_choice must be left out where there are no options.tools, not 'any'."),
        ({"json_schema": {"schema": True}}, "here: options.json_schema.schema must be a mapping, not True."),
        (
            {"json_schema": {"schema": {}, "name": 1}},
            "options.json_schema.name must be a text that is not empty, not 1.",
        ),
        ({"effort": "as much as there is"}, "here: options.effort must be a text of up to 16 characters, not 'as much"),
        ({"effort": None}, "here: options.effort must be a text that is not empty, not None."),
        ({"tools": {1}}, "here: options.tools must be what JSON can carry, not {1}."),
    ],
)
def test_what_bedrock_does_not_know_is_named_with_what_is_allowed(options: Any, message: str) -> None:
    """The message gives the place, the option, what is allowed and what was given."""
    with pytest.raises(PromptOptionError) as caught:
        checked_options(options, "here")
    assert message in str(caught.value)
    assert str(caught.value).startswith("here: options")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"servce_tier": "flex"},
            "here: unknown option 'servce_tier'. Did you mean 'service_tier'? Known: cache, effort",
        ),
        ({1: 2}, "here: unknown option '1'. Known: cache,"),
        (
            {"guardrail": {"id": "g", "verson": 1}},
            "here: options.guardrail: unknown key 'verson'. Did you mean 'version'?",
        ),
        ({"tools": [TOOL | {"schema": {}}]}, "options.tools[0]: unknown key 'schema'. Did you mean 'input_schema'?"),
        (
            {"json_schema": {"type": "object"}},
            "options.json_schema: unknown key 'type'. Known: description, name, schema.",
        ),
        (
            {"tools": [TOOL], "tool_choice": "rout"},
            "options.tool_choice: unknown tool 'rout'. Did you mean 'route'? Known:",
        ),
    ],
)
def test_a_wrong_name_shows_the_nearest_right_one(options: Any, message: str) -> None:
    """A key or tool that there is none of is named with the one that was meant."""
    with pytest.raises(UnknownNameError) as caught:
        checked_options(options, "here")
    assert message in str(caught.value)


def test_a_request_made_by_hand_is_checked_too() -> None:
    """A pipeline that misspells an option is told so, instead of measuring something else."""
    with pytest.raises(UnknownNameError, match="the request: unknown option 'tier'"):
        request(options={"tier": "flex"})


def test_identity_without_options_is_what_it_always_was() -> None:
    """Answers recorded and prompts migrated before there were options stay valid."""
    assert request().key("m") == "6507f5ea511c5b3e7d67245625021968"
    assert prompt().sha256 == "5783be538f0d876e851cd74e8ed84a6811aba234f44a032809f745bb5bc8ee6c"


DIFFERENT: list[dict[str, Any]] = [
    {},
    {"service_tier": "flex"},
    {"service_tier": "default"},
    {"latency": "optimized"},
    {"cache": True},
    {"cache": "5m"},
    {"guardrail": {"id": "gr1", "version": "1"}},
    {"guardrail": {"id": "gr1", "version": "2"}},
    {"tools": [TOOL]},
    {"tools": [TOOL], "tool_choice": "any"},
    {"tools": [TOOL], "tool_choice": "route"},
    {"json_schema": SCHEMA},
    {"json_schema": REORDERED},
    {"json_schema": SCHEMA, "effort": "low"},
]


def test_every_option_is_part_of_the_identity() -> None:
    """What is measured under other options is another answer, and another prompt."""
    assert len({request(options=options).key("m") for options in DIFFERENT}) == len(DIFFERENT)
    assert len({prompt(options=options).sha256 for options in DIFFERENT}) == len(DIFFERENT)


def test_the_order_of_options_says_nothing() -> None:
    """Options written in another order are the same options."""
    backwards = dict(reversed(ALL.items()))
    assert request(options=ALL).key("m") == request(options=backwards).key("m")
    assert prompt(options=ALL).sha256 == prompt(options=backwards).sha256


def test_every_part_of_an_attachment_is_part_of_the_prompts_identity() -> None:
    """Another kind, column, format or order of attachments is another prompt."""
    image, scan = Attachment(kind="image", path="photo"), Attachment(kind="image", path="scan")
    several = [(), (image,), (scan,), (image, scan), (scan, image)]
    several += [(Attachment(kind="document", path="photo"),), (Attachment(kind="image", path="photo", format="png"),)]
    assert len({prompt(attachments=attachments).sha256 for attachments in several}) == len(several)


def file(content: str, name: str = "a", **changes: Any) -> AttachedFile:
    """Return an attached file whose hash is a text."""
    parts: dict[str, Any] = {"kind": "image", "format": "png", "sha256": content, "path": Path(name)}
    return AttachedFile(**(parts | changes))


def test_a_files_content_is_part_of_the_identity_and_its_path_is_not() -> None:
    """A renamed file has the same answer; another content, kind or format has another."""
    assert request(attachments=(file("1", "a"),)).key("m") == request(attachments=(file("1", "b"),)).key("m")
    several = [(), (file("1"),), (file("2"),), (file("1"), file("2")), (file("1", format="jpeg"),)]
    several += [(file("1", kind="document", format="pdf"),)]
    assert len({request(attachments=files).key("m") for files in several}) == len(several)
