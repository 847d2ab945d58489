"""Values from anywhere as JSON-ready builtins, without halves of surrogate pairs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from pytest_llm_migrate.errors import DatasetError, counted

_LONE = re.compile("[\ud800-\udfff]")
_PLAIN_TYPES = frozenset({str, int, bool, type(None)})
_MISSING_TYPES = frozenset({"NAType", "NaTType"})


def mend_text(text: str) -> str:
    """Return a text with U+FFFD for each lone surrogate."""
    return text if text.isascii() else _LONE.sub("\ufffd", text)


class UnfitError(ValueError):
    """Raised by what reads one cell; the caller knows the place, and makes it a `CellError`."""


@dataclass(slots=True, kw_only=True)
class Surrogates:
    """Replaces lone surrogates by U+FFFD and remembers them, because no file or message can hold one.

    Attributes:
        path: The file as the user named it.
        count: Texts mended.
        first: Where the first one stood.
    """

    path: str
    count: int = 0
    first: str = ""

    def mend(self, value: Any, place: str) -> Any:
        """Return the value with every text in it mended; raise `DatasetError` where that makes two keys equal."""
        if isinstance(value, str):
            return self._mend_text(value, place)
        if isinstance(value, list):
            return [self.mend(part, place) for part in value]
        if isinstance(value, dict):
            return self._mend_keys({key: self.mend(part, place) for key, part in value.items()}, place)
        return value

    def mend_record(self, record: dict[str, Any], place: str) -> dict[str, Any]:
        """Do likewise with a whole record, whose keys are columns."""
        mended = {key: self.mend(part, f"{place}, column {key!r}") for key, part in record.items()}
        return self._mend_keys(mended, place)

    def _mend_text(self, text: str, place: str) -> str:
        mended = mend_text(text)
        if mended != text:
            self.count += 1
            self.first = self.first or place
        return mended

    def _mend_keys(self, record: dict[str, Any], place: str) -> dict[str, Any]:
        mended = {self._mend_text(key, place): part for key, part in record.items()}
        if len(mended) != len(record):
            raise DatasetError(place, "two keys differ in lone surrogates only")
        return mended

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence that says how many texts were mended, and where the first stood; none when none was."""
        if not self.count:
            return ()
        held = f"{counted(self.count, 'text')} held a lone surrogate, read as U+FFFD; the first at {self.first}"
        return (f"{self.path}: {held}",)


def plain(value: Any) -> Any:
    """Return a value as JSON-ready builtins: what pandas calls missing as ``None``, dates and decimals as text.

    Raises `UnfitError` for what has no such form.
    """
    if type(value) in _PLAIN_TYPES:
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if type(value).__module__ == "numpy":
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if type(value).__name__ in _MISSING_TYPES or (isinstance(value, Decimal) and value.is_nan()):
        return None
    if isinstance(value, datetime):
        return str(value).removesuffix(" 00:00:00")  # tables keep plain dates as midnights
    if isinstance(value, date | time | timedelta | Decimal | UUID):
        return str(value)
    if isinstance(value, str):
        return str.__str__(value)  # an enumeration's own str() is its name
    if isinstance(value, int):
        return int(value)
    raise UnfitError(f"holds a value of type {type(value).__name__!r}, which no JSON file could hold")
