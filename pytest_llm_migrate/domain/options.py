"""Options that change what is measured: which there are, what they may hold, and what tells them apart."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import PromptOptionError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SERVICE_TIERS = ("priority", "default", "flex", "reserved")
LATENCY_MODES = ("standard", "optimized")
CACHE_TIMES = ("5m", "1h")
GUARDRAIL_TRACES = ("enabled", "disabled", "enabled_full")
TOOL_CHOICES = ("auto", "any")

_LONGEST_EFFORT = 16
_GUARDRAIL_ID = re.compile(r"[a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+")
_GUARDRAIL_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def checked_options(options: object, where: str) -> dict[str, Any]:
    """Return a copy of the options as JSON-ready builtins; raise for what Bedrock does not know.

    - ``service_tier``: ``priority``, ``default``, ``flex`` or ``reserved``.
    - ``latency``: ``standard`` or ``optimized``.
    - ``cache``: ``True``, ``5m`` or ``1h``: the system text and the examples are kept for the next call.
    - ``guardrail``: ``{id, version, trace?}``.
    - ``tools``: a list of ``{name, description?, input_schema}``.
    - ``tool_choice``: ``auto``, ``any`` or a tool's name.
    - ``json_schema``: ``{schema, name?, description?}``: the text must be JSON of this schema.
    - ``effort``: how much the model may think, such as ``low``.

    Raises `UnknownNameError` with the nearest name for a key that none has, and `PromptOptionError` for a value
    that is not allowed.
    """
    if not isinstance(options, Mapping):
        raise PromptOptionError(where, "options", "a mapping of options", options)
    for name, value in options.items():
        if name not in _CHECKS:
            raise UnknownNameError("option", str(name), _CHECKS, where=where)
        if not is_json(value):
            raise PromptOptionError(where, f"options.{name}", "what JSON can carry", value)
    checked: dict[str, Any] = json.loads(json.dumps(dict(options)))
    for name, value in checked.items():
        _CHECKS[name](_Spot(where, f"options.{name}", value))
    _check_choice(checked, where)
    return checked


def option_texts(options: Mapping[str, Any]) -> list[str]:
    """Return what tells options apart: their order does not, the order of a schema's properties does."""
    # A model writes the properties of a schema in the schema's order.
    return [f"{name}: {json.dumps(options[name])}" for name in sorted(options)]


def is_json(value: object) -> bool:
    """Tell whether JSON can carry a value."""
    try:
        json.dumps(value, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Spot:
    """A value and what messages call it."""

    where: str
    name: str
    value: Any

    def wrong(self, allowed: str) -> PromptOptionError:
        return PromptOptionError(self.where, self.name, allowed, self.value)

    def part(self, key: str) -> _Spot:
        return _Spot(self.where, f"{self.name}.{key}", self.value.get(key))

    def items(self) -> Iterator[_Spot]:
        return (_Spot(self.where, f"{self.name}[{index}]", item) for index, item in enumerate(self.value))

    def check_one_of(self, allowed: Iterable[str]) -> None:
        if self.value not in tuple(allowed):
            raise self.wrong(" or ".join(map(repr, allowed)))

    def check_text(self) -> None:
        if not isinstance(self.value, str) or not self.value:
            raise self.wrong("a text that is not empty")

    def check_matches(self, pattern: re.Pattern[str], allowed: str) -> None:
        if not isinstance(self.value, str) or not pattern.fullmatch(self.value):
            raise self.wrong(allowed)

    def check_mapping(self) -> None:
        if not isinstance(self.value, dict):
            raise self.wrong("a mapping")

    def check_keys(self, needed: Iterable[str], optional: Iterable[str]) -> None:
        self.check_mapping()
        for key in self.value:
            if key not in {*needed, *optional}:
                raise UnknownNameError("key", key, [*needed, *optional], where=f"{self.where}: {self.name}")
        for key in needed:
            if key not in self.value:
                raise self.wrong(f"a mapping with the key {key!r}")


def _check_tier(spot: _Spot) -> None:
    spot.check_one_of(SERVICE_TIERS)


def _check_latency(spot: _Spot) -> None:
    spot.check_one_of(LATENCY_MODES)


def _check_cache(spot: _Spot) -> None:
    if spot.value is not True and spot.value not in CACHE_TIMES:
        raise spot.wrong("true, '5m' or '1h'")


def _check_guardrail(spot: _Spot) -> None:
    spot.check_keys(("id", "version"), ("trace",))
    version = spot.value["version"]
    if type(version) is int:  # as YAML reads it
        spot.value["version"] = str(version)
    spot.part("id").check_matches(_GUARDRAIL_ID, "a guardrail's id or ARN")
    spot.part("version").check_matches(_GUARDRAIL_VERSION, "a version's number or 'DRAFT'")
    if "trace" in spot.value:
        spot.part("trace").check_one_of(GUARDRAIL_TRACES)


def _check_tools(spot: _Spot) -> None:
    if not isinstance(spot.value, list) or not spot.value:
        raise spot.wrong("a list of tools that is not empty")
    for tool in spot.items():
        tool.check_keys(("name", "input_schema"), ("description",))
        tool.part("name").check_matches(_TOOL_NAME, "up to 64 letters, digits, '_' and '-'")
        tool.part("input_schema").check_mapping()
        if "description" in tool.value:
            tool.part("description").check_text()
    names = [tool["name"] for tool in spot.value]
    if len(set(names)) < len(names):
        raise _Spot(spot.where, spot.name, names).wrong("tools of different names")


def _check_schema(spot: _Spot) -> None:
    spot.check_keys(("schema",), ("name", "description"))
    spot.part("schema").check_mapping()
    for key in ("name", "description"):
        if key in spot.value:
            spot.part(key).check_text()


def _check_effort(spot: _Spot) -> None:
    spot.check_text()
    if len(spot.value) > _LONGEST_EFFORT:
        raise spot.wrong(f"a text of up to {_LONGEST_EFFORT} characters")


def _check_choice(options: Mapping[str, Any], where: str) -> None:
    choice = options.get("tool_choice")
    if choice is None:
        return
    if "tools" not in options:
        raise PromptOptionError(where, "options.tool_choice", "left out where there are no options.tools", choice)
    known = (*TOOL_CHOICES, *(tool["name"] for tool in options["tools"]))
    if choice not in known:
        raise UnknownNameError("tool", choice, known, where=f"{where}: options.tool_choice")


_CHECKS: dict[str, Callable[[_Spot], None]] = {
    "service_tier": _check_tier,
    "latency": _check_latency,
    "cache": _check_cache,
    "guardrail": _check_guardrail,
    "tools": _check_tools,
    "tool_choice": _Spot.check_text,
    "json_schema": _check_schema,
    "effort": _check_effort,
}
