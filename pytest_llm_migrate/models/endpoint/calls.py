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
        model: The model, profile or bucket, or an empty string where the request names none.
        operation: Its name in the service's model, or method and raw path of an unknown one.
        arrived: When its headers were read, in seconds since the epoch.
        arrived_clock: The same on ``time.perf_counter``, which is one clock for all processes of a machine.
        first_clock: When the first text of a stream was sent, on that clock.
        ended_clock: When the last bytes were sent, on that clock.
        body_sha256: Which body it carried, in hexadecimal.
        status: The HTTP status of the response; 0 where none was sent.
        outcome: ``ok``, an error's name, a breakage (``reset``, ``cut``, ...) or ``client_gone``.
    """

    model: str
    operation: str
    arrived: float
    arrived_clock: float
    first_clock: float | None
    ended_clock: float
    body_sha256: str
    status: int
    outcome: str

    @property
    def first(self) -> float | None:
        """When the first text of a stream was sent, in seconds since the epoch."""
        return None if self.first_clock is None else self._moment(self.first_clock)

    @property
    def ended(self) -> float:
        """When the last bytes were sent, in seconds since the epoch."""
        return self._moment(self.ended_clock)

    @property
    def ttft(self) -> float | None:
        """Seconds from the request to the first text of a stream."""
        return None if self.first_clock is None else self.first_clock - self.arrived_clock

    def record(self) -> dict[str, object]:
        """Return it for a line of JSON."""
        return {**asdict(self), "first": self.first, "ended": self.ended}

    def _moment(self, clock: float) -> float:
        return self.arrived + clock - self.arrived_clock


class CallLog:
    """Keeps calls in the order in which they ended: in memory, or as lines of JSON at the end of a file.

    Raises `CallLogError` when the file cannot be opened.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._kept: list[Call] = []
        self._path = path
        self._file = _appended(path) if path else None
        self._start = self._file.tell() if self._file else 0

    @property
    def calls(self) -> tuple[Call, ...]:
        """What was logged so far, read back from the file if there is one."""
        with self._lock:
            return (*self._written(), *self._kept)

    def add(self, call: Call) -> None:
        """Log a call whose outcome is known."""
        line = json.dumps(call.record()).encode() + b"\n"
        with self._lock:
            if self._file:
                self._file.write(line)
            else:
                self._kept.append(call)

    def close(self) -> None:
        """Close the file; calls that end later are kept in memory."""
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None

    def _written(self) -> list[Call]:
        if self._path is None:
            return []
        with self._path.open("rb") as file:
            file.seek(self._start)
            return [_read(line) for line in file]


def _read(line: bytes) -> Call:
    found = json.loads(line)
    return Call(**{name: found[name] for name in Call.__slots__})


def _appended(path: Path) -> FileIO:
    # Unbuffered: another process sees a line as soon as it is there, and whole.
    try:
        return path.open("ab", buffering=0)
    except OSError as error:
        raise CallLogError(path, error.strerror or str(error)) from error
