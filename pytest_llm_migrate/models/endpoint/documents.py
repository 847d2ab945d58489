"""Reading JSON that a client sent, and saying what is wrong with it in the service's words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeGuard

from pytest_llm_migrate.models.endpoint.engines import Fault

if TYPE_CHECKING:
    from collections.abc import Collection


def invalid(message: str) -> Fault:
    """Return the fault of a request that the service would refuse."""
    return Fault("ValidationException", message)


def document(body: bytes) -> dict[str, Any]:
    """Return the object that a body holds; raises a fault for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise invalid("The body is not valid JSON.") from None
    return members(found, "body")


def members(value: Any, where: str) -> dict[str, Any]:
    """Return an object's members; one that is null counts as absent, as in the service."""
    if not isinstance(value, dict):
        raise invalid(f"The value at {where} must be an object.")
    return {name: member for name, member in value.items() if member is not None}


def items(value: Any, where: str) -> list[Any]:
    """Return a list's items."""
    if not isinstance(value, list):
        raise invalid(f"The value at {where} must be a list.")
    return value


def text(value: Any, where: str) -> str:
    """Return a text that can be sent on."""
    if not isinstance(value, str):
        raise invalid(f"The value at {where} must be a string.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(f"The string at {where} is not valid Unicode: it holds half of a surrogate pair.") from None
    return value


def choice(value: Any, where: str, known: Collection[str]) -> str | None:
    """Return one of the known words, or nothing where there is none."""
    if value is None:
        return None
    for word in known:
        if word == value:
            return word
    raise invalid(
        f"1 validation error detected: Value '{value}' at '{where}' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{', '.join(known)}]"
    )


def whole_number(value: Any, where: str, least: int = 1) -> int | None:
    """Return a whole number, or nothing where there is none."""
    if value is None:
        return None
    if not _is_number(value) or value % 1 != 0:
        raise invalid(f"The value at {where} must be a whole number.")
    if value < least:
        raise invalid(_constraint(value, where, f"greater than or equal to {least}"))
    return int(value)


def fraction(value: Any, where: str) -> float | None:
    """Return a number from 0 to 1, or nothing where there is none."""
    if value is None:
        return None
    if not _is_number(value):
        raise invalid(f"The value at {where} must be a number.")
    if value < 0:
        raise invalid(_constraint(value, where, "greater than or equal to 0"))
    if not value <= 1:
        raise invalid(_constraint(value, where, "less than or equal to 1"))
    return float(value)


def _constraint(value: Any, where: str, rule: str) -> str:
    return (
        f"1 validation error detected: Value '{value}' at '{where}' failed to satisfy constraint: "
        f"Member must have value {rule}"
    )


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
