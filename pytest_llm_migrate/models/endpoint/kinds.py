"""What the value of each key of a script must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import UnknownNameError
from pytest_llm_migrate.models.endpoint.requests import LATENCY_MODES, SERVICE_TIERS
from pytest_llm_migrate.models.endpoint.rules import RULE_OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_PARTS = frozenset(
    {"batch", "default", "fault", "faults", "foundation_models", "inference_profiles", "quota", "rules", "tool_calls"}
)
"""Keys whose values have keys of their own."""
_FLAGS = frozenset({"each", "echo", "padding", "says_when", "streaming"})
_SECONDS = frozenset({"duration", "gap", "latency", "retry_after", "seconds"})
_COUNTS: Mapping[str, int] = {
    "after": 0,
    "burst": 1,
    "cache_read_tokens": 0,
    "cache_write_tokens": 0,
    "deltas": 1,
    "input_tokens": 0,
    "maximum": 1,
    "minimum": 0,
    "output_tokens": 0,
    "seed": 0,
    "times": 1,
}
"""Keys that hold whole numbers, with the least that each may be."""
_WORDS: Mapping[str, Collection[str]] = {
    "inference_types": ("ON_DEMAND", "PROVISIONED"),
    "kind": ("SYSTEM_DEFINED", "APPLICATION"),
    "latency_mode": LATENCY_MODES,
    "lifecycle": ("ACTIVE", "LEGACY"),
    "operation": RULE_OPERATIONS,
    "service_tier": SERVICE_TIERS,
    "stop_reason": (
        "content_filtered",
        "end_turn",
        "guardrail_intervened",
        "malformed_model_output",
        "malformed_tool_use",
        "max_tokens",
        "model_context_window_exceeded",
        "stop_sequence",
        "tool_use",
    ),
}
"""Keys that hold one of a few words, or a list of them."""


def misfit(name: str, value: Any) -> str:
    """Return why a value does not fit its key, or nothing when it does."""
    if name in _PARTS:
        return ""
    expected = _expectation(name, value)
    if expected:
        return f"{name} must be {expected}, not {value!r}"
    for word in value if isinstance(value, list) else [value]:
        if name in _WORDS and word not in _WORDS[name]:
            return str(UnknownNameError(name.replace("_", " "), word, _WORDS[name]))
    return ""


def _expectation(name: str, value: Any) -> str:
    if name in _FLAGS:
        return "" if isinstance(value, bool) else "true or false"
    if name in _COUNTS:
        return "" if type(value) is int and value >= _COUNTS[name] else f"a whole number from {_COUNTS[name]}"
    if name in _SECONDS:
        return "" if _is_number(value) and value >= 0 else "a number of seconds"
    if name == "chance":
        return "" if _is_number(value) and 0 <= value <= 1 else "a number from 0 to 1"
    if name == "requests_per_second":
        return "" if _is_number(value) and value > 0 else "a number above 0"
    return _form(name, value)


def _form(name: str, value: Any) -> str:
    if name == "choose":
        texts = [*value, *value.values()] if isinstance(value, dict) else [None]
        return "" if all(isinstance(text, str) for text in texts) else "a mapping of texts to texts"
    if name == "arguments":
        return "" if isinstance(value, dict) else "a mapping"
    if name in {"inference_types", "models"}:
        is_list = isinstance(value, list) and all(isinstance(text, str) for text in value)
        return "" if is_list else "a list of texts"
    return "" if isinstance(value, str) else "a text (in quotes)"


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)
