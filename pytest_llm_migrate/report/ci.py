"""The CI run that a run belongs to, as an address that may become a link."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llm_migrate.report.figures import Record

_PLAIN = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9_.-]+)*")


def ci_address(run: Record) -> str:
    """Return the address of the CI run; nothing where none is recorded, or what is recorded is no plain address."""
    found = run.get("ci") or ""
    return found if _PLAIN.fullmatch(found) else ""
