"""Reports: what a run leaves for people and machines, made from its records alone.

Each is loaded where it is first asked for: most processes of a run write none.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llm_migrate.report.again import render_again
    from pytest_llm_migrate.report.files import write_json, write_json_once, write_lines, write_text
    from pytest_llm_migrate.report.html import write_report
    from pytest_llm_migrate.report.markdown import summary_markdown, write_markdown
    from pytest_llm_migrate.report.plan import plan_lines, plan_markdown
    from pytest_llm_migrate.report.redaction import redacted_results, redacted_row, write_redacted
    from pytest_llm_migrate.report.sections import checked_sections
    from pytest_llm_migrate.report.self_test import self_test_lines, self_test_sections
    from pytest_llm_migrate.report.sheet import SHEET, write_sheet
    from pytest_llm_migrate.report.terminal import Line, terminal_lines
    from pytest_llm_migrate.report.text import visible
    from pytest_llm_migrate.report.verification import verification_lines

__all__ = [
    "SHEET",
    "Line",
    "checked_sections",
    "plan_lines",
    "plan_markdown",
    "redacted_results",
    "redacted_row",
    "render_again",
    "self_test_lines",
    "self_test_sections",
    "summary_markdown",
    "terminal_lines",
    "verification_lines",
    "visible",
    "write_json",
    "write_json_once",
    "write_lines",
    "write_markdown",
    "write_redacted",
    "write_report",
    "write_sheet",
    "write_text",
]

_PLACES = {
    "SHEET": "sheet",
    "Line": "terminal",
    "checked_sections": "sections",
    "plan_lines": "plan",
    "plan_markdown": "plan",
    "redacted_results": "redaction",
    "redacted_row": "redaction",
    "render_again": "again",
    "self_test_lines": "self_test",
    "self_test_sections": "self_test",
    "summary_markdown": "markdown",
    "terminal_lines": "terminal",
    "verification_lines": "verification",
    "visible": "text",
    "write_json": "files",
    "write_json_once": "files",
    "write_lines": "files",
    "write_markdown": "markdown",
    "write_redacted": "redaction",
    "write_report": "html",
    "write_sheet": "sheet",
    "write_text": "files",
}
"""The module that each name is written in."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
