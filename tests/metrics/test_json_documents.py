"""Answers that are JSON, and of the right shape."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics import JsonSchema, JsonValid
from tests.metrics.scored import failed, scored

TICKET = {
    "type": "object",
    "properties": {"route": {"enum": ["billing", "shipping"]}, "days": {"type": "integer", "minimum": 0}},
    "required": ["route"],
}


@pytest.mark.parametrize(
    ("answer", "strict", "reason"),
    [
        ('{"a": [1, 2]}', True, ""),
        ("42", True, ""),
        ('```json\n{"a": 1}\n```', False, ""),
        ('Here you are: {"a": 1}.', False, ""),
        ('```json\n{"a": 1}\n```', True, "not JSON: Expecting value at character 1"),
        ('{"a": NaN}', False, "not JSON: NaN is not a JSON number"),
        ('{"a": 1, "a": 2}', False, "not JSON: the key 'a' is there twice"),
        ("", False, "not JSON: there is no object in it"),
    ],
)
def test_json_is_json_or_says_why_not(answer: str, strict: bool, reason: str) -> None:  # noqa: FBT001 - a table
    """Fences and prose are forgiven unless the whole answer must be JSON; what readers read differently is not JSON."""
    score = scored(JsonValid(strict=strict), answer, None)
    assert (float(score), score.reason) == (0.0 if reason else 1.0, reason)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('{"route": "billing", "days": 3}', ""),
        ('Sure: {"route": "billing"}', ""),
        ('{"route": "sales"}', "$.route: 'sales' is not one of ['billing', 'shipping']"),
        ('{"days": 3}', "$: 'route' is a required property"),
        ('{"route": "billing", "days": "3"}', "$.days: '3' is not of type 'integer'"),
        ("billing", "not JSON: there is no object in it"),
    ],
)
def test_the_schema_decides(answer: str, reason: str) -> None:
    """An answer that the schema refuses scores 0 and names the place and the fault."""
    score = scored(JsonSchema(schema=TICKET), answer, None)
    assert (float(score), score.reason) == (0.0 if reason else 1.0, reason)


@pytest.mark.parametrize("schema", [TICKET, '{"required": ["route"]}', True])
def test_a_row_can_bring_its_schema(schema: object) -> None:
    """The column holds an object or its text."""
    assert scored(JsonSchema(column="shape"), '{"route": "billing"}', None, shape=schema) == 1.0


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({}, "the row has no schema in column 'json_schema'"),
        ({"json_schema": "{"}, "the schema '{' cannot be used: Expecting property name enclosed in double quotes"),
        ({"json_schema": 5}, "the schema '5' cannot be used: it is no object"),
        ({"json_schema": {"type": "strnig"}}, "cannot be used: 'strnig' is not valid under any of the given schemas"),
        ({"json_schema": {"$ref": "#/$defs/none"}}, "the schema refers to '/$defs/none', which is not in it"),
        ({"json_schema": {"$ref": "http://127.0.0.1:9/s"}}, "refers to 'http://127.0.0.1:9/s', which is not in it"),
    ],
)
def test_a_schema_that_cannot_be_used_is_not_scored(columns: dict[str, Any], reason: str) -> None:
    """It is a fault of the row; nothing is fetched to mend it."""
    assert reason in failed(JsonSchema(), '{"a": 1}', None, **columns)


def test_a_schema_of_the_metric_is_checked_at_once() -> None:
    """A suite learns of it when it is collected."""
    with pytest.raises(MetricDefinitionError, match="json_schema is no metric yet: its schema cannot be used"):
        JsonSchema(schema={"type": "strnig"})
    assert "'required': ['route']" in JsonSchema(schema=TICKET).version
