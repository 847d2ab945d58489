"""When the gates of a run were sealed, in words."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import ERROR_TOLERANCE
from pytest_llm_migrate.report.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llm_migrate.report.figures import Record


def seal_sentence(results: Record) -> str:
    """Return when the gates were sealed, and what of the options makes them easier to pass than by default.

    Nothing where none was sealed; only a run that called has a first call.
    """
    sealed = results["run"].get("sealed")
    if not sealed:
        return ""
    at = dt.datetime.fromisoformat(sealed["at"]).astimezone(dt.UTC).strftime("%H:%M:%S UTC")
    ahead = "before the first call" if results["spending"]["calls"] else "no call was made"
    return ", ".join([f"gates sealed at {at}, {ahead}", *_eased(sealed.get("options", {}))])


def _eased(options: Mapping[str, Any]) -> Iterator[str]:
    tolerance = options.get("error_tolerance", ERROR_TOLERANCE)
    if tolerance > ERROR_TOLERANCE:
        yield f"with {percent(tolerance)} of rows allowed to be missing instead of {percent(ERROR_TOLERANCE)}"
    if options.get("undecided") == "warn":
        yield "with undecided gates that only warn"
