"""Reports: what a run leaves for people and machines, made from its records alone."""

from pytest_llm_migrate.report.files import write_json, write_json_once, write_lines
from pytest_llm_migrate.report.html import write_report
from pytest_llm_migrate.report.markdown import summary_markdown, write_markdown
from pytest_llm_migrate.report.sections import checked_sections
from pytest_llm_migrate.report.terminal import Line, terminal_lines
from pytest_llm_migrate.report.text import visible

__all__ = [
    "Line",
    "checked_sections",
    "summary_markdown",
    "terminal_lines",
    "visible",
    "write_json",
    "write_json_once",
    "write_lines",
    "write_markdown",
    "write_report",
]
