"""Reports: what a run leaves for people and machines, made from its records alone."""

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
