"""Lines for the terminal while tests run, past pytest's capture: whoever waits for hours must see why."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import UnsupportedOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def live_lines(config: pytest.Config) -> Callable[[str], object]:
    """Return what writes a line to the terminal from any thread, to standard error in a worker of xdist.

    Tests' output is caught by its file descriptor, which lines from another thread would go to as well: so this is
    to be called while nothing is caught.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return str  # nobody is to be told anything
    # A worker's reporter writes to nowhere; its standard error is the terminal's.
    is_worker = hasattr(config, "workerinput")
    file: Any = sys.__stderr__ if is_worker else reporter._tw._file  # noqa: SLF001 - pytest has no public name for it
    try:
        terminal = os.fdopen(os.dup(file.fileno()), "wb", buffering=0)
    except (AttributeError, OSError, UnsupportedOperation):
        return lambda line: reporter.write_line(f"\n{line}")
    config.add_cleanup(terminal.close)

    def write(line: str) -> None:
        # A terminal that is gone, or a run that is over, is no reason to lose an answer.
        with suppress(OSError, ValueError):
            terminal.write(f"\n{line}\n".encode())

    return write
