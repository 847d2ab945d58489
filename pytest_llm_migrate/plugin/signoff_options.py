"""The options on sign-off: whether one is asked for, where they are kept, and the edition without texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLDER = "signoffs"


def add_signoff_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """Declare the options."""
    group.addoption(
        "--migration-require-signoff",
        action="store_true",
        default=None,
        help="Fail unless every migration was signed off with the models, prompts, dataset and gates that it has now "
        "(default: off)",
    )
    group.addoption(
        "--migration-signoffs",
        metavar="DIR",
        help="The folder of sign-offs, and of allowed_signers with the keys that count (default: signoffs beside the "
        "ini file)",
    )
    group.addoption(
        "--migration-redact",
        action="store_true",
        default=None,
        help="Also write an edition (*.redacted.*) without inputs, contexts, answers, reasons and prompts, and keep "
        "these off the terminal, the job summary and JUnit files; ids, slices, scores, lengths and hashes stay, "
        "what tests print stays, and the run folder's other files have all (default: off)",
    )
    parser.addini("migration_require_signoff", "Like --migration-require-signoff", type="bool", default=False)
    parser.addini("migration_signoffs", "Like --migration-signoffs")
    parser.addini("migration_redact", "Like --migration-redact", type="bool", default=False)


def signoff_settings(config: pytest.Config, targets: Sequence[str]) -> dict[str, Any]:
    """Return the settings on sign-off, by name.

    Raises:
        pytest.UsageError: A sign-off is asked for on the command line, and there is no target to migrate to.
    """
    if config.getoption("migration_require_signoff") and not targets:
        raise pytest.UsageError("--migration-require-signoff asks for nothing without a target: give --target-model")
    return {
        "require_signoff": _flag(config, "migration_require_signoff"),
        "signoffs": _folder(config),
        "redact": _flag(config, "migration_redact"),
    }


def _flag(config: pytest.Config, name: str) -> bool:
    given = config.getoption(name)
    return bool(config.getini(name) if given is None else given)


def _folder(config: pytest.Config) -> Path:
    if given := config.getoption("migration_signoffs"):
        return Path(config.invocation_params.dir, given)
    beside = config.inipath.parent if config.inipath else config.rootpath
    return Path(beside, config.getini("migration_signoffs") or _FOLDER)
