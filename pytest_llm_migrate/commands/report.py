"""Render a stored run once more, from its records alone: no model is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pytest_llm_migrate.report import render_again

if TYPE_CHECKING:
    import argparse

_FOLDER = "rendered"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``report``."""
    parser.add_argument("folder", metavar="RUN", type=Path, help="The run's folder")
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help=f"Where to (default: {_FOLDER}/ in the run's folder, beside its evidence)",
    )
    parser.add_argument(
        "--redact", action="store_true", help="Without inputs, contexts, answers, reasons and the texts of prompts"
    )


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Render, and say which files were written."""
    written = render_again(options.folder, options.out or options.folder / _FOLDER, redact=options.redact)
    out.writelines(f"{path}\n" for path in written)
    return 0
