"""Reading a script of answers from a YAML or JSON file."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import ScriptFileError, UnknownNameError
from pytest_llm_migrate.models.endpoint.scripted import Reply, Rule, Script, ScriptedFault

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_REPLY_KEYS = frozenset(item.name for item in fields(Reply))
_FAULT_KEYS = frozenset(item.name for item in fields(ScriptedFault))
_CONDITIONS = frozenset({"model", "contains", "matches"})
_FLAGS = frozenset({"echo", "each"})
_SECONDS = frozenset({"latency", "gap"})
_COUNTS = {
    "deltas": 1,
    "times": 1,
    "after": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "cache_read_tokens": 0,
    "cache_write_tokens": 0,
}
"""Keys that hold whole numbers, with the least that each may be."""


def load_script(path: Path) -> Script:
    """Read a script; raises `ScriptFileError` with the place and the fault.

    The file holds ``rules``, a list, and ``default``. A rule has the conditions ``model``, ``contains`` and
    ``matches``, the keys of a `Reply`, and ``fault``: a name, or the keys of a `ScriptedFault`.
    """
    return _Reader(path).script()


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path

    def script(self) -> Script:
        document = self._members(self._document(), "", {"rules", "default"})
        rules = document.get("rules", [])
        if not isinstance(rules, list):
            raise self._error("rules", "must be a list")
        return Script(
            rules=tuple(self._rule(rule, f"rule {number}") for number, rule in enumerate(rules, 1)),
            default=Reply(**self._members(document.get("default", {}), "default", _REPLY_KEYS)),
        )

    def _document(self) -> Any:
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise self._error("", f"cannot be read: {error}") from error
        return self._json(text) if self._path.suffix == ".json" else self._yaml(text)

    def _json(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise self._error("", f"not valid JSON: {error}") from error

    def _yaml(self, text: str) -> Any:
        import yaml  # noqa: PLC0415 - only scripts in files need it

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise self._error("", f"not valid YAML: {error}") from error

    def _rule(self, rule: Any, where: str) -> Rule:
        members = self._members(rule, where, _CONDITIONS | _REPLY_KEYS | {"fault"})
        fault = members.pop("fault", None)
        conditions = {name: members.pop(name) for name in _CONDITIONS & members.keys()}
        self._check_pattern(conditions.get("matches", ""), where)
        return Rule(
            **conditions,
            reply=Reply(**members) if members else None,
            fault=None if fault is None else self._fault(fault, f"{where}: fault"),
        )

    def _fault(self, fault: Any, where: str) -> ScriptedFault:
        members = {"name": fault} if isinstance(fault, str) else self._members(fault, where, _FAULT_KEYS)
        if "name" not in members:
            raise self._error(where, "has no name")
        try:
            return ScriptedFault(**members)
        except UnknownNameError as error:
            raise self._error(where, str(error)) from error

    def _members(self, value: Any, where: str, known: Iterable[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._error(where, "must be a mapping")
        for name, member in value.items():
            if name not in known:
                raise self._error(where, str(UnknownNameError("key", str(name), known)))
            self._check(name, member, where)
        return value.copy()

    def _check(self, name: str, value: Any, where: str) -> None:
        if name in {"rules", "default", "fault"}:
            return
        expected = _expectation(name, value)
        if expected:
            raise self._error(where, f"{name} must be {expected}, not {value!r}")

    def _check_pattern(self, pattern: str, where: str) -> None:
        try:
            re.compile(pattern)
        except re.error as error:
            raise self._error(where, f"matches is not a regular expression: {error}") from error

    def _error(self, where: str, reason: str) -> ScriptFileError:
        return ScriptFileError(self._path, where, reason)


def _expectation(name: str, value: Any) -> str:
    """Return what a key's value should have been, or nothing when it is."""
    if name in _FLAGS:
        return "" if isinstance(value, bool) else "true or false"
    if name in _SECONDS:
        return "" if type(value) in (int, float) and value >= 0 else "a number of seconds"
    if name in _COUNTS:
        return "" if type(value) is int and value >= _COUNTS[name] else f"a whole number from {_COUNTS[name]}"
    if name == "choose":
        texts = [*value, *value.values()] if isinstance(value, dict) else [None]
        return "" if all(isinstance(text, str) for text in texts) else "a mapping of texts to texts"
    return "" if isinstance(value, str) else "a text (in quotes)"
