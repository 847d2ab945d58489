"""What tests ask of a comparison, looked at before anything is judged: bars, confidences and names."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any, TypeGuard

from pytest_llm_migrate.errors import MarginError, NoFigureError

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAST_CONFIDENCE = 0.5


class Figures:
    """A part of a comparison; asked for what it does not have it names the nearest that it has."""

    if not TYPE_CHECKING:  # else no type checker would see a misspelt name

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            raise NoFigureError(repr(self), name, (known for known in dir(type(self)) if not known.startswith("_")))


def check_bar(value: object, gate: str, expected: str, fits: Callable[[float], bool], *, share: bool = False) -> None:
    """Raise `MarginError` unless a gate is given a number that fits; a ``share`` in per cent is told as a share."""
    if _is_number(value) and fits(value):
        return
    meant = _of_percent(value) if share else None
    raise MarginError(gate, expected, meant if meant is not None and fits(meant) else None)


def asked_confidence(gate: str, confidence: float, level: Callable[[float], float]) -> float:
    """Return the confidence at which a gate judges; raises `MarginError` where what was asked for is none."""
    asked, expected = f"{gate} with confidence={confidence!r}", "a confidence above 0.5 and below 1, such as 0.95"
    check_bar(confidence, asked, expected, lambda value: _LEAST_CONFIDENCE < value < 1, share=True)
    return level(confidence)


def interval_confidence(of: str, confidence: float) -> float:
    """Return the confidence that an interval is asked for; raises `MarginError` where it is none."""
    asked, expected = f"{of}.interval(confidence={confidence!r})", "a confidence above 0 and below 1, such as 0.95"
    check_bar(confidence, asked, expected, lambda value: 0 < value < 1, share=True)
    return confidence


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real) and not isinstance(value, bool)


def _of_percent(value: object) -> float | None:
    if isinstance(value, str):
        try:
            number = float(value.strip().removesuffix("%"))
        except ValueError:
            return None
        return number / 100 if value.strip().endswith("%") else number
    return float(value) / 100 if _is_number(value) and value > 1 else None
