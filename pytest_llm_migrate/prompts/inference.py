"""Inference settings: which values make sense before a model sees them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pytest_llm_migrate.domain.options import is_json
from pytest_llm_migrate.errors import InferenceSettingError


def checked_inference(settings: object, where: str) -> dict[str, Any]:
    """Return the settings with ``stop`` as a list; raise `InferenceSettingError` for a value no model takes.

    ``temperature`` is a number of 0 or more, ``top_p`` lies above 0 and up to 1, ``max_tokens`` is a whole
    number of 1 or more, ``stop`` is one text or a list of texts. Any other setting belongs to the model and
    passes as it is, as long as JSON can carry it.
    """
    if not isinstance(settings, Mapping):
        raise InferenceSettingError(where, "inference", "a mapping of settings", settings)
    checked = {name: _checked(name, value, where) for name, value in settings.items()}
    if isinstance(checked.get("stop"), str):
        checked["stop"] = [checked["stop"]]
    return checked


def _checked(name: object, value: Any, where: str) -> Any:
    if not isinstance(name, str):
        raise InferenceSettingError(where, "the name of an inference setting", "text", name)
    is_allowed, allowed = _RULES.get(name, (is_json, "what JSON can carry"))
    if not is_allowed(value):
        raise InferenceSettingError(where, f"inference.{name}", allowed, value)
    return list(value) if name == "stop" and not isinstance(value, str) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_temperature(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 < value <= 1


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_stop(value: Any) -> bool:
    texts = value if isinstance(value, (list, tuple)) else [value]
    return all(isinstance(text, str) and text for text in texts)


_RULES = {
    "temperature": (_is_temperature, "a number of 0 or more"),
    "top_p": (_is_share, "a number above 0 and up to 1"),
    "max_tokens": (_is_count, "a whole number of 1 or more"),
    "stop": (_is_stop, "a text or a list of texts, none of them empty"),
}
