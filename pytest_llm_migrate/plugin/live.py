"""The terminal while tests run, past pytest's capture: lines, and a status below what pytest writes."""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
import unicodedata
from contextlib import suppress
from io import UnsupportedOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ERASE_BELOW = "\x1b[J"


class Live:
    """Writes to the terminal from any thread while pytest writes there as well.

    Pytest stays in the middle of a line for long. So the status stands on the line below, the cursor goes back to
    where pytest left it, and the status is taken away before pytest writes again.

    Args:
        write: Writes text to the terminal at once.
        can_rewrite: Whether a status can be shown: what has been written can be erased.
    """

    def __init__(self, write: Callable[[str], object], *, can_rewrite: bool = False) -> None:
        self._write, self.can_rewrite = write, can_rewrite
        self._lock = threading.RLock()
        self._begun: str | None = None
        self._is_shown = self._is_paused = False

    def say(self, line: str) -> None:
        """Write a line of its own."""
        with self._lock:
            self._clear()
            # Where nobody watches what pytest writes, it may be in the middle of a line.
            self._write(f"{line}\n" if self._begun == "" else f"\n{line}\n")
            self._begun = "" if self._begun is not None else None

    def show(self, status: Callable[[int], str]) -> None:
        """Show a status in place of the last one; it is given the columns that it may take."""
        columns = shutil.get_terminal_size().columns
        with self._lock:
            column = width_of(self._begun or "") % columns
            if self._is_paused or not self.can_rewrite or (self._begun and not column):
                return  # at its very end a line cannot be come back to
            back = f"\x1b[{column}C" if column else ""
            self._write(f"{_ERASE_BELOW}\r\n{status(columns - 1)[: columns - 1]}\x1b[A\r{back}")
            self._is_shown = True

    def pause(self, *, is_on: bool) -> None:
        """Take the status away until it may be shown again: somebody else has the terminal."""
        with self._lock:
            self._clear()
            self._is_paused = is_on

    @property
    def is_paused(self) -> bool:
        """Whether somebody else has the terminal."""
        return self._is_paused

    def watch(self, file: Any, begun: str) -> Watched:
        """Return the file in whose place pytest must write from now on; ``begun`` is the line that it is in."""
        self._begun = begun
        return Watched(file, self)

    def leave(self) -> None:
        """Show nothing any more, and watch no longer."""
        with self._lock:
            self._clear()
            self._begun, self.can_rewrite = None, False

    def write_through(self, file: Any, text: str) -> Any:
        """Write what pytest writes, in place of the status."""
        with self._lock:
            self._clear()
            written = file.write(text)
            file.flush()
            if self._begun is not None:
                self._begun = re.split(r"[\r\n]", _ESCAPES.sub("", self._begun + text))[-1]
            return written

    def _clear(self) -> None:
        if self._is_shown:
            self._write(_ERASE_BELOW)
            self._is_shown = False


class Watched:
    """A text file that tells what is written to it."""

    def __init__(self, file: Any, live: Live) -> None:
        self.file, self._live = file, live

    def write(self, text: str) -> Any:
        """Write text, at once."""
        return self._live.write_through(self.file, text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


def width_of(text: str) -> int:
    """Return how many columns a line takes."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def open_live(config: pytest.Config) -> Live:
    """Return the terminal for lines from any thread, standard error in a worker of xdist.

    Tests' output is caught by its file descriptor, which lines from another thread would go to as well: so this is
    to be called while nothing is caught.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return Live(str)  # nobody is to be told anything
    # A worker's reporter writes to nowhere; its standard error is the terminal's.
    is_worker = hasattr(config, "workerinput")
    file: Any = sys.__stderr__ if is_worker else reporter._tw._file  # noqa: SLF001 - pytest has no public name for it
    try:
        terminal = os.fdopen(os.dup(file.fileno()), "wb", buffering=0)
    except (AttributeError, OSError, UnsupportedOperation):
        return Live(reporter.write)
    config.add_cleanup(terminal.close)
    # The status that the reporting process shows stands below the cursor, and is no longer whole.
    before = _ERASE_BELOW if is_worker and terminal.isatty() else ""

    def write(text: str) -> None:
        # A terminal that is gone, or a run that is over, is no reason to lose an answer.
        with suppress(OSError, ValueError):
            terminal.write(f"{before}{text}".encode())

    return Live(write, can_rewrite=not is_worker and terminal.isatty() and _may_rewrite(config))


def _may_rewrite(config: pytest.Config) -> bool:
    """Whether pytest itself moves the cursor here, and it alone writes to the terminal."""
    is_alone = config.getoption("capture", "no") == "fd" or config.pluginmanager.hasplugin("dsession")
    return bool(is_alone and config.get_terminal_writer().hasmarkup)
