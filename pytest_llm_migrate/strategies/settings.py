"""What users set for a strategy with ``--strategy-option``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import StrategySettingError

if TYPE_CHECKING:
    from collections.abc import Mapping


def chosen(settings: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """Return a setting that is one of a few words, the first where it is not set; raises `StrategySettingError`."""
    value = settings.get(name, allowed[0])
    if value not in allowed:
        raise StrategySettingError(name, " or ".join(map(repr, allowed)), value)
    return str(value)


def positive(settings: Mapping[str, Any], name: str, default: float) -> float:
    """Return a setting that is a number above 0; raises `StrategySettingError`."""
    value = settings.get(name, default)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < float("inf"):
        raise StrategySettingError(name, "a number above 0", value)
    return number


def whole(settings: Mapping[str, Any], name: str, default: int, *, least: int = 1) -> int:
    """Return a setting that is a whole number, not below the least; raises `StrategySettingError`."""
    value = settings.get(name, default)
    try:
        number = int(str(value))
    except ValueError:
        number = least - 1
    if number < least:
        raise StrategySettingError(name, f"a whole number from {least}", value)
    return number
