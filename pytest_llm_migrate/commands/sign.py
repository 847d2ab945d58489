"""Sign a run's evidence with a decision on one of its migrations."""

from __future__ import annotations

import argparse
import datetime as dt
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pytest_llm_migrate.report import visible
from pytest_llm_migrate.signoff import (
    DECISIONS,
    SIGNERS_FILE,
    VALID_DAYS,
    Decision,
    fingerprint,
    key_line,
    read_signing_key,
    sign,
)

if TYPE_CHECKING:
    from pytest_llm_migrate.signoff import SigningKey

_RUNS, _SIGNOFFS = "runs", "signoffs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``sign``."""
    parser.add_argument("folder", metavar="RUN", type=Path, help="The run's folder")
    parser.add_argument("--name", required=True, help="Who decides")
    parser.add_argument("--role", required=True, help="In which role")
    parser.add_argument("--decision", required=True, choices=DECISIONS, help="What is decided")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="Why")
    parser.add_argument("--conditions", metavar="TEXT", help="Under which conditions it is approved")
    parser.add_argument("--migration", metavar="NAME", help="Which migration, where the run has several")
    parser.add_argument(
        "--expires",
        metavar="DATE|DAYS",
        type=expiry,
        help=f"The last day that it holds on, in UTC, or for how many days it holds (default: {VALID_DAYS})",
    )
    parser.add_argument(
        "--signoffs",
        metavar="DIR",
        type=Path,
        help="The folder for a copy to commit (default: signoffs/ beside the folder that holds runs/)",
    )
    key = parser.add_mutually_exclusive_group(required=True)
    key.add_argument("--key", metavar="FILE", type=Path, help="An Ed25519 private key in OpenSSH or PEM format")
    key.add_argument(
        "--unsigned", action="store_true", help="Only record the decision: it proves nothing, and satisfies no CI"
    )


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Sign, and say what was filed where."""
    key = read_signing_key(options.key, _ask_passphrase) if options.key else None
    statement, files = sign(
        options.folder,
        Decision(
            name=options.name,
            role=options.role,
            decision=options.decision,
            reason=options.reason,
            conditions=options.conditions,
            expires=options.expires,
        ),
        key=key,
        now=dt.datetime.now(tz=dt.UTC),
        migration=options.migration,
        signoffs=options.signoffs or _signoffs_of(options.folder),
    )
    until = f", until {statement.expires_at}" if statement.expires_at else ""
    said = f"{statement.decision} {statement.subject} for {statement.target} ({statement.verdict}){until}"
    out.write(f"{visible(statement.name)}: {visible(said)}\n")
    out.write(f"root {statement.root}\n")
    out.writelines(f"filed in {path}\n" for path in files)
    out.writelines(f"{line}\n" for line in _about_key(key))
    return 0


def expiry(text: str) -> dt.datetime:
    """Read a day, whose end in UTC counts, or a number of days from now."""
    try:
        if text.isascii() and text.isdigit():
            return dt.datetime.now(tz=dt.UTC) + dt.timedelta(days=int(text))
        return dt.datetime.combine(dt.date.fromisoformat(text), dt.time.max.replace(microsecond=0), dt.UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"takes a day such as 2027-01-31 or a number of days, got {text!r}") from None


def _signoffs_of(folder: Path) -> Path | None:
    """Return where CI looks for the sign-offs of a run that lies where its run put it."""
    runs = folder.resolve().parent
    return runs.parent.parent / _SIGNOFFS if runs.name == _RUNS else None


def _about_key(key: SigningKey | None) -> list[str]:
    if key is None:
        return ["recorded only: without a signature nobody can tell who decided"]
    return [
        f"signed with {fingerprint(key.public)}; the line of {SIGNERS_FILE} that makes CI accept this key:",
        f"EMAIL {key_line(key.public)}",
    ]


def _ask_passphrase() -> str:
    return getpass.getpass("passphrase of the key: ")
