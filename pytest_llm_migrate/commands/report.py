"""Render a stored run once more, from its records alone: no model is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pytest_llm_migrate.report import render_again
from pytest_llm_migrate.signoff import fingerprint, read_signoff, signature_files

if TYPE_CHECKING:
    import argparse

    from pytest_llm_migrate.signoff import SignOff

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
    decisions = [_decision(read_signoff(path)) for path in signature_files(options.folder)]
    out_folder = options.out or options.folder / _FOLDER
    written = render_again(options.folder, out_folder, redact=options.redact, signatures=decisions)
    out.writelines(f"{path}\n" for path in written)
    return 0


def _decision(signoff: SignOff) -> dict[str, Any]:
    said = signoff.statement
    names = ("migration", "name", "role", "decision", "reason", "conditions", "signed_at", "expires_at")
    key = fingerprint(signoff.key) if signoff.key else None
    return {**{name: getattr(said, name) for name in names}, "key": key, "holds": signoff.is_signed}
