"""The log of what an endpoint was asked and how each request ended."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import CallLogError

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as the server saw it.

    Attributes:
        model: The model id, or an empty string where the path names none.
        operation: ``Converse``, ``ConverseStream``, ``CountTokens``, or the raw path of an unknown one.
        arrived: When its headers were read, in seconds since the epoch.
        body_sha256: Which body it carried, in hexadecimal.
        outcome: ``ok``, an error's name, a breakage (``reset``, ``cut``, ...) or ``client_gone``.
    """

    model: str
    operation: str
    arrived: float
    body_sha256: str
    outcome: str


class CallLog:
    """Keeps calls in the order in which they ended, and appends each to a file of JSON lines if there is one.

    Raises `CallLogError` when the file cannot be opened.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._file = _appended(path) if path else None

    @property
    def calls(self) -> tuple[Call, ...]:
        """What was logged so far."""
        with self._lock:
            return tuple(self._calls)

    def add(self, call: Call) -> None:
        """Log a call whose outcome is known."""
        line = json.dumps(asdict(call)).encode() + b"\n"
        with self._lock:
            self._calls.append(call)
            if self._file:
                self._file.write(line)

    def close(self) -> None:
        """Close the file; calls that end later are kept in memory only."""
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None


def _appended(path: Path) -> FileIO:
    # Unbuffered: another process sees a line as soon as it is there, and whole.
    try:
        return path.open("ab", buffering=0)
    except OSError as error:
        raise CallLogError(path, error.strerror or str(error)) from error
