"""Whether a value has the shape that a JSON Schema asks for, as far as judges are asked for shapes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.metrics.reasons import quoted, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Schema = dict[str, Any]


def misfit(value: object, schema: Mapping[str, Any], name: str = "the verdict") -> str | None:
    """Return what is wrong with a value first, in words a judge can mend it by; ``None`` where it fits.

    Known are ``type``, ``enum``, ``minimum``, ``maximum``, ``minLength``, ``items``, ``minItems``, ``maxItems``,
    ``properties`` and ``required``; a type may be a list of one and ``null``, and a part without a type takes
    anything. A number is finite; a truth value is none.
    """
    wanted = schema.get("type")
    if isinstance(wanted, list):
        wanted = next(name for name in wanted if name != "null") if value is not None else None
    if wanted is None:
        return None
    noun, is_one = _TYPES[wanted]
    if not is_one(value):
        return f"{name} is {_shown(value)}, not {noun}"
    return next(_FAULTS[wanted](value, schema, name), None)


def _shown(value: object) -> str:
    return quoted(value) if isinstance(value, str) else shortened(str(value))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_integer(value: object) -> bool:
    return isinstance(value, (int, float)) and _is_number(value) and float(value).is_integer()


def _number_faults(value: float, schema: Mapping[str, Any], name: str) -> Iterator[str]:
    if value < schema.get("minimum", -math.inf):
        yield f"{name} is {value:g}, below {schema['minimum']:g}"
    if value > schema.get("maximum", math.inf):
        yield f"{name} is {value:g}, above {schema['maximum']:g}"


def _text_faults(value: str, schema: Mapping[str, Any], name: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{name} is {quoted(value)}, not {' or '.join(map(repr, schema['enum']))}"
    if len(value.strip()) < schema.get("minLength", 0):
        yield f"{name} is empty"


def _list_faults(value: list[Any], schema: Mapping[str, Any], name: str) -> Iterator[str]:
    least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
    if not least <= len(value) <= most:
        bound = f"at least {least}" if len(value) < least else f"at most {most}"
        yield f"{name} has {len(value)} items, not {bound}"
    for number, item in enumerate(value, 1):
        if fault := misfit(item, schema["items"], f"{name}[{number}]"):
            yield fault


def _object_faults(value: Mapping[str, Any], schema: Mapping[str, Any], name: str) -> Iterator[str]:
    for key in schema.get("required", ()):
        if key not in value:
            yield f"{key!r} is missing in {name}"
    for key, part in schema["properties"].items():
        if key in value and (fault := misfit(value[key], part, key)):
            yield fault


def _no_faults(_value: object, _schema: Mapping[str, Any], _name: str) -> Iterator[str]:
    yield from ()


_TYPES: dict[str, tuple[str, Callable[[object], bool]]] = {
    "number": ("a number", _is_number),
    "integer": ("a whole number", _is_integer),
    "string": ("a text", lambda value: isinstance(value, str)),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "array": ("a list", lambda value: isinstance(value, list)),
    "object": ("an object", lambda value: isinstance(value, dict)),
}
_FAULTS: dict[str, Callable[[Any, Mapping[str, Any], str], Iterator[str]]] = {
    "number": _number_faults,
    "integer": _number_faults,
    "string": _text_faults,
    "boolean": _no_faults,
    "array": _list_faults,
    "object": _object_faults,
}
