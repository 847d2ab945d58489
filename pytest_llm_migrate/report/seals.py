"""When the gates of a run were sealed, in words."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llm_migrate.report.figures import Record


def seal_sentence(results: Record) -> str:
    """Return when the gates were sealed, nothing where none was; only a run that called has a first call."""
    sealed = results["run"].get("sealed")
    if not sealed:
        return ""
    at = dt.datetime.fromisoformat(sealed["at"]).astimezone(dt.UTC).strftime("%H:%M:%S UTC")
    ahead = "before the first call" if results["spending"]["calls"] else "no call was made"
    return f"gates sealed at {at}, {ahead}"
