"""Reading a script of answers from a YAML or JSON file."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llm_migrate.errors import ScriptFileError, UnknownNameError
from pytest_llm_migrate.models.endpoint.batches import Batch
from pytest_llm_migrate.models.endpoint.kinds import misfit
from pytest_llm_migrate.models.endpoint.lookups import FoundationModel, InferenceProfile
from pytest_llm_migrate.models.endpoint.quotas import Quota
from pytest_llm_migrate.models.endpoint.replies import Reply, ScriptedCall
from pytest_llm_migrate.models.endpoint.rules import Rule, ScriptedFault
from pytest_llm_migrate.models.endpoint.scripted import Script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

Value = TypeVar("Value")
Part = TypeVar("Part")
_CONDITIONS = frozenset({"operation", "model", "contains", "matches"})
_LISTS = frozenset({"inference_types", "models"})


def load_script(path: Path) -> Script:
    """Read a script; raises `ScriptFileError` with the place and the fault.

    rules       a list; the first rule that accepts a request answers it
    default     answers what no rule accepts; keys of a reply
    quota       for each model: requests_per_second, burst, says_when (a Retry-After header)
    seed        a whole number that decides what is left to chance
    padding     true: frames of a stream have the member `p`, as the service's have
    foundation_models
                a list of id, provider, name, lifecycle, inference_types, streaming
    inference_profiles
                a list of id, models, kind (SYSTEM_DEFINED or APPLICATION), name
    batch       how batch jobs go: duration (seconds), minimum and maximum (records), failure (a message)

    A rule has conditions, the keys of a reply, and `fault` or a list `faults`:
    operation   such as ConverseStream, OptimizePrompt, PutObject; ModelInvocationJob is a batch job's record
    model       exactly; for objects the bucket
    contains, matches
                a part of, and a regular expression in, the last user message

    A reply has:
    text, echo, choose (a mapping), reasoning, tool_calls (a list of name, arguments),
    deltas, latency, gap (seconds), stop_reason, input_tokens, output_tokens, cache_read_tokens,
    cache_write_tokens, service_tier, latency_mode, invoked_model, optimized, analysis

    A fault is a name (ThrottlingException, reset, reset_mid_stream, cut, cut_in_frame, bad_crc,
    truncated_body, hang, ...) or has:
    name, message, after (pieces), times, each (conversation), chance (0 to 1), seconds, retry_after (seconds)
    """
    return _Reader(path).script()


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path

    def script(self) -> Script:
        found = self._members(self._document(), "", _names(Script))
        quota, batch = found.get("quota"), found.get("batch")
        plain = {name: found[name] for name in ("seed", "padding") if name in found}
        return Script(
            rules=self._each(found, "rules", "rule", self._rule),
            default=self._reply(found.get("default", {}), "default"),
            quota=None if quota is None else self._part(Quota, quota, "quota", "requests_per_second"),
            foundation_models=self._each(
                found, "foundation_models", "foundation model", lambda *of: self._part(FoundationModel, *of, "id")
            ),
            inference_profiles=self._each(
                found,
                "inference_profiles",
                "inference profile",
                lambda *of: self._part(InferenceProfile, *of, "id", "models"),
            ),
            batch=Batch() if batch is None else self._part(Batch, batch, "batch"),
            **plain,
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
        members = self._members(rule, where, {*_CONDITIONS, *_names(Reply), "fault", "faults"})
        conditions = {name: members[name] for name in _CONDITIONS & members.keys()}
        self._check_pattern(conditions.get("matches", ""), where)
        reply = {name: value for name, value in members.items() if name in _names(Reply)}
        return Rule(
            **conditions,
            reply=self._reply(reply, where) if reply else None,
            fault=self._fault(members["fault"], f"{where}: fault") if members.get("fault") is not None else None,
            faults=self._each(members, "faults", f"{where}: fault", self._fault, f"{where}: "),
        )

    def _reply(self, value: Any, where: str) -> Reply:
        members = self._members(value, where, _names(Reply))
        calls = self._each(
            members,
            "tool_calls",
            f"{where}: tool call",
            lambda *of: self._part(ScriptedCall, *of, "name"),
            f"{where}: ",
        )
        return Reply(**{**members, "tool_calls": calls})

    def _fault(self, fault: Any, where: str) -> ScriptedFault:
        found = {"name": fault} if isinstance(fault, str) else fault
        try:
            return self._part(ScriptedFault, found, where, "name")
        except UnknownNameError as error:
            raise self._error(where, str(error)) from error

    def _part(self, kind: Callable[..., Part], value: Any, where: str, *needed: str) -> Part:
        members = self._members(value, where, _names(kind))
        for name in needed:
            if name not in members:
                raise self._error(where, f"has no {name}")
        return kind(**{name: tuple(member) if name in _LISTS else member for name, member in members.items()})

    def _each(
        self, members: dict[str, Any], name: str, item: str, read: Callable[[Any, str], Value], place: str = ""
    ) -> tuple[Value, ...]:
        values = members.get(name, [])
        if not isinstance(values, list):
            raise self._error(f"{place}{name}", "must be a list")
        return tuple(read(value, f"{item} {number}") for number, value in enumerate(values, 1))

    def _members(self, value: Any, where: str, known: Iterable[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._error(where, "must be a mapping")
        for name, member in value.items():
            if name not in known:
                raise self._error(where, str(UnknownNameError("key", str(name), known)))
            reason = misfit(name, member)
            if reason:
                raise self._error(where, reason)
        return value.copy()

    def _check_pattern(self, pattern: str, where: str) -> None:
        try:
            re.compile(pattern)
        except re.error as error:
            raise self._error(where, f"matches is not a regular expression: {error}") from error

    def _error(self, where: str, reason: str) -> ScriptFileError:
        return ScriptFileError(self._path, where, reason)


def _names(kind: Any) -> frozenset[str]:
    return frozenset(item.name for item in fields(kind))
