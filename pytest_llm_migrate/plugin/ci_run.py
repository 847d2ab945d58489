"""The run of continuous integration that a run of tests belongs to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVER = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_RUN = re.compile(r"[0-9]+")


def ci_run(environment: Mapping[str, str]) -> str | None:
    """Return the address of the GitHub Actions run that the environment names, ``None`` where it names none.

    What is not plainly a server, a repository and a number names none either, since the address becomes a link.
    """
    server, repository, run = (environment.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    is_plain = _SERVER.fullmatch(server) and _REPOSITORY.fullmatch(repository) and _RUN.fullmatch(run)
    return f"{server}/{repository}/actions/runs/{run}" if is_plain else None
