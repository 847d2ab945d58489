"""Values of this package as Python source that makes them again, such as a metric with its settings."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = __name__.partition(".")[0]
_DISPLAYS: dict[type, str] = {list: "[{}]", tuple: "({},)", set: "{{{}}}", frozenset: "frozenset([{}])"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Source that makes values, and what it imports.

    Attributes:
        imports: Modules and names, as they were met.
    """

    imports: set[tuple[str, str]] = field(default_factory=set)

    def of(self, value: Any) -> str:
        """Return an expression for a value; raises `ValueError` with words for one that only its program can make."""
        kind = type(value)
        if value is None or kind in (bool, int, str, bytes) or (kind is float and math.isfinite(value)):
            return repr(value)
        if kind in _DISPLAYS:
            return _DISPLAYS[kind].format(", ".join(map(self.of, value))) if value else f"{kind.__name__}()"
        if isinstance(value, Mapping):
            return f"{{{', '.join(f'{self.of(key)}: {self.of(item)}' for key, item in value.items())}}}"
        if isinstance(value, re.Pattern):
            self.imports.add(("re", "compile"))
            return f"compile({value.pattern!r}, {int(value.flags)})"
        if callable(value) and hasattr(value, "__qualname__"):
            return self._named(value)
        arguments = ", ".join(f"{name}={self.of(item)}" for name, item in settings_of(value).items())
        return f"{self._named(kind)}({arguments})"

    def _named(self, thing: Any) -> str:
        module, name = thing.__module__, thing.__qualname__
        if module.partition(".")[0] != PACKAGE:
            raise ValueError(f"{name} is code of yours, and {PACKAGE} alone is on the Lambda")
        if not name.isidentifier():
            raise ValueError(f"{name} was made as the tests ran, and no file can name it")
        self.imports.add((module, name))
        return str(name)


def settings_of(value: Any) -> dict[str, Any]:
    """Return what differs from the defaults among the arguments that make a value, by name."""
    return {name: item for name, item, default in _arguments(value) if default is MISSING or item != default}


def _arguments(value: Any) -> Iterator[tuple[str, Any, Any]]:
    if is_dataclass(value):
        for found in fields(value):
            factory = found.default_factory
            if found.init:
                yield found.name, getattr(value, found.name), found.default if factory is MISSING else factory()
        return
    for name, parameter in inspect.signature(type(value)).parameters.items():
        kept = getattr(value, f"_{name}", getattr(value, name, MISSING))
        if kept is MISSING:
            raise ValueError(f"{type(value).__name__} does not say what it was made with")
        yield name, kept, MISSING if parameter.default is parameter.empty else parameter.default
