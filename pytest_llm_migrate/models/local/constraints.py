"""Keeping a local model to a JSON Schema, and to an end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.endpoint.documents import invalid, members, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.models.endpoint.engines import Converse

_WHERE = "outputConfig.textFormat"
_SCHEMAS_BY_NAME = ("properties", "$defs", "definitions")
_SCHEMA_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SCHEMAS = ("items", "additionalProperties")
_SETTLED_TEXT = frozenset({"maxLength", "enum", "const", "pattern", "format"})
_CHOSEN = frozenset({"enum", "const"})
# A small model may write digits until its tokens are used up.
_LARGEST, _FINEST = 10**12, 0.0001


def schema_of(request: Converse) -> dict[str, Any] | None:
    """Return the JSON Schema that the answer must keep to, if there is one; raises a ``ValidationException`` fault."""
    output = members(request.document.get("outputConfig", {}), "outputConfig")
    if "textFormat" not in output:
        return None
    structure = members(members(output["textFormat"], _WHERE).get("structure"), f"{_WHERE}.structure")
    definition = members(structure.get("jsonSchema"), f"{_WHERE}.structure.jsonSchema")
    return _checked(text(definition.get("schema"), f"{_WHERE}.structure.jsonSchema.schema"))


def grammar_of(schema: Mapping[str, Any], max_tokens: int) -> str:
    """Return the grammar with which llama.cpp writes JSON of a schema, without blanks between its parts.

    What the schema leaves open would let a small model write for ever: a text gets at most a quarter as many characters
    as there are tokens, since a digit may take one; a number lies within a million millions and has four decimals.
    """
    bounded = {**_bounded(schema, max(1, max_tokens // 4)), "x-guidance": {"whitespace_flexible": False}}
    return f"%llguidance {{}}\nstart: %json {json.dumps(bounded)}"


def _checked(written: str) -> dict[str, Any]:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - seldom needed
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415

    try:
        schema = json.loads(written)
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise invalid(f"The JSON Schema at {_WHERE} is not valid: {error.message}.") from error
    except (ValueError, RecursionError):
        raise invalid(f"The JSON Schema at {_WHERE} is not valid JSON.") from None
    return members(schema, f"{_WHERE}.structure.jsonSchema.schema")


def _bounded(schema: Any, longest: int) -> Any:
    """Return a schema in which no text and no number goes on for ever; ``True`` and ``False`` are schemas, too."""
    if not isinstance(schema, dict):
        return schema
    parts: dict[str, Any] = {
        **{name: _bounded(schema[name], longest) for name in _SCHEMAS if name in schema},
        **{name: [_bounded(part, longest) for part in schema[name]] for name in _SCHEMA_LISTS if name in schema},
        **{
            name: {key: _bounded(part, longest) for key, part in schema[name].items()}
            for name in _SCHEMAS_BY_NAME
            if name in schema
        },
    }
    return {**schema, **parts, **_limits(schema, longest)}


def _limits(schema: Mapping[str, Any], longest: int) -> dict[str, Any]:
    types = schema.get("type", ())
    types = {types} if isinstance(types, str) else set(types)
    limits: dict[str, Any] = {}
    if "string" in types and not _SETTLED_TEXT & schema.keys():
        limits["maxLength"] = max(longest, schema.get("minLength", 0))
    if {"number", "integer"} & types and not _CHOSEN & schema.keys():
        limits |= _ends(schema)
        if "number" in types:
            limits["multipleOf"] = schema.get("multipleOf", _FINEST)
    return limits


def _ends(schema: Mapping[str, Any]) -> dict[str, int]:
    """Return the far end of a number's range on each side that has none."""
    least = {} if {"minimum", "exclusiveMinimum"} & schema.keys() else {"minimum": -_LARGEST}
    most = {} if {"maximum", "exclusiveMaximum"} & schema.keys() else {"maximum": _LARGEST}
    return least | most
