"""What the user is told while something takes long."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.errors import MigrateError
from pytest_llm_migrate.plugin.headway import SUFFIX, progress, published
from pytest_llm_migrate.plugin.live import Watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.plugin.run import Run

OFTEN = 1.0
"""Seconds between two looks at how far a run is, where the last one is shown in place."""
NOW_AND_THEN = 30.0
"""Seconds between two lines of it, where they stay."""
REST = 50
"""How many times as long as a look took the next one waits: the ledger of 40,000 calls takes 0.05 s to sum up."""
_MEGABYTE = 1_000_000


class DownloadProgress:
    """Says how far a download is, a line a quarter; safe to call at any rate."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self._said: dict[str, int] = {}

    def __call__(self, name: str, done: int, total: int) -> None:
        """Take the bytes downloaded so far and the bytes in all."""
        quarter = 4 * done // max(total, 1)
        if quarter > self._said.get(name, -1):
            self._said[name] = quarter
            self._tell(f"\nfetching the weights of {name}: {done // _MEGABYTE} of {total // _MEGABYTE} MB")


def begin_progress(config: pytest.Config, run: Run) -> None:
    """Tell from now on how far the run is: the user, or in a worker of xdist the process that reports."""
    if hasattr(config, "workerinput"):
        path = run.spool.path.with_suffix(SUFFIX)
        config.stash[_AGAIN] = Again(lambda: run.headway.publish(path), OFTEN)
    elif reporter := config.pluginmanager.get_plugin("terminalreporter"):
        writer: Any = reporter._tw  # noqa: SLF001 - what the reporter writes with has no public name
        writer._file = run.live.watch(writer._file, "x" * writer.width_of_current_line)  # noqa: SLF001 - likewise
        teller = Teller(run)
        config.pluginmanager.register(teller, "llm-migrate-progress")
        config.stash[_AGAIN] = Again(teller.tell, OFTEN if run.live.can_rewrite else NOW_AND_THEN)


def end_progress(config: pytest.Config, run: Run) -> None:
    """Tell no more, and leave the terminal as it is without any of this."""
    if again := config.stash.get(_AGAIN, None):
        again.end()
    run.live.leave()
    writer: Any = getattr(config.pluginmanager.get_plugin("terminalreporter"), "_tw", None)
    if isinstance(getattr(writer, "_file", None), Watched):
        writer._file = writer._file.file  # noqa: SLF001 - likewise


class Teller:
    """Says how far a run is, and nothing while a debugger has the terminal; a plugin of its own."""

    def __init__(self, run: Run) -> None:
        self._run, self._begun = run, time.monotonic()

    def tell(self) -> None:
        """Show it where it can be taken away again, else write a line."""
        live = self._run.live
        if live.is_paused:
            return
        known = [self._run.headway, *published(self._run.spool.path.parent)]
        found = progress(known, self._run.store.spending(), time.monotonic() - self._begun)
        if not found.has_begun:
            return
        if live.can_rewrite:
            live.show(found.line)
        else:
            live.say(found.line())

    @pytest.hookimpl
    def pytest_enter_pdb(self) -> None:
        """Leave the terminal to the debugger."""
        self._run.live.pause(is_on=True)

    @pytest.hookimpl
    def pytest_leave_pdb(self) -> None:
        """Go on."""
        self._run.live.pause(is_on=False)


class Again:
    """Does something again and again in the background, until it is ended; it takes little of the time in all."""

    def __init__(self, act: Callable[[], object], seconds: float) -> None:
        self._act, self._seconds = act, seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Do it no more; returns when it is done with what it is at."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        took = 0.0
        while not self._over.wait(max(self._seconds, REST * took)):
            begun = time.monotonic()
            try:
                self._act()
            except MigrateError:
                return  # a store out of order is said where answers are kept
            took = time.monotonic() - begun


_AGAIN: pytest.StashKey[Again] = pytest.StashKey()
"""On the config: what tells how far the run is."""
