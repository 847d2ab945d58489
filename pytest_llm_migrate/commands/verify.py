"""Verify a run: its files against its evidence, and its sign-offs against the keys that are trusted."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pytest_llm_migrate.report import verification_lines
from pytest_llm_migrate.signoff import read_signers, verify

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``verify``."""
    parser.add_argument("folder", metavar="RUN", type=Path, help="The run's folder")
    parser.add_argument(
        "--trusted",
        metavar="FILE",
        type=Path,
        action="append",
        help="Keys that count: public keys, or OpenSSH's allowed_signers; may be given several times (default: any)",
    )
    parser.add_argument("--json", action="store_true", help="Print all that was found out as JSON")


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Say what was found out; 0 where nothing changed and every sign-off holds, else 1."""
    signers = read_signers(options.trusted) if options.trusted else None
    found = verify(options.folder, signers=signers, now=dt.datetime.now(tz=dt.UTC))
    record = found.to_record()
    if options.json:
        out.write(json.dumps(record, indent=2) + "\n")
    else:
        out.writelines(f"{line}\n" for line in verification_lines(record))
    return 0 if found.holds else 1
