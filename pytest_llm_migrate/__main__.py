"""The commands beside the plugin: ``python -m pytest_llm_migrate COMMAND``."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from pytest_llm_migrate.commands import evaluations, prompts, report, sign, verify
from pytest_llm_migrate.errors import MigrateError
from pytest_llm_migrate.models.local import fetching, serving

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = {
    "serve": (serving.__doc__, serving.add_arguments, serving.run),
    "prompts": (prompts.__doc__, prompts.add_arguments, prompts.run),
    "evaluations": (evaluations.__doc__, evaluations.add_arguments, evaluations.run),
    "fetch-models": (fetching.__doc__, fetching.add_arguments, fetching.run),
    "report": (report.__doc__, report.add_arguments, report.run),
    "sign": (sign.__doc__, sign.add_arguments, sign.run),
    "verify": (verify.__doc__, verify.add_arguments, verify.run),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; 1 with a sentence on stderr for what a user can mend."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options, sys.stdout))
    except BrokenPipeError:
        # Whoever read has had enough, as `head` has; nothing is left to be written at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MigrateError as error:
        sys.stderr.write(f"llm-migrate: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pytest_llm_migrate", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (summary, add_arguments, run) in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        add_arguments(command)
        command.set_defaults(command=run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
