"""Lines for the terminal while tests run, past pytest's capture: whoever waits for hours must see why."""

from __future__ import annotations

import os
import sys
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
    if reporter is None and not hasattr(config, "workerinput"):
        return str  # nobody is to be told anything
    file: Any = reporter._tw._file if reporter else sys.__stderr__  # noqa: SLF001 - pytest has no public name for it
    try:
        terminal = os.dup(file.fileno())
    except (AttributeError, OSError, UnsupportedOperation):
        return lambda line: reporter.write_line(f"\n{line}") if reporter else None
    config.add_cleanup(lambda: os.close(terminal))
    return lambda line: os.write(terminal, f"\n{line}\n".encode())
