"""Rendering a stored run once more, from its records alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import ReportFileError, RunFolderError
from pytest_llm_migrate.report.html import write_report
from pytest_llm_migrate.report.markdown import write_markdown
from pytest_llm_migrate.report.redaction import write_redacted
from pytest_llm_migrate.report.sheet import SHEET, write_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class StoredRows:
    """The lines of a run's ``rows.jsonl``, read anew each time, one by one."""

    path: Path

    def __iter__(self) -> Iterator[dict[str, Any]]:
        try:
            with self.path.open(encoding="utf-8") as file:
                yield from map(json.loads, file)
        except OSError as error:
            raise RunFolderError(self.path.parent, f"it has no {self.path.name} ({error.strerror or error})") from error
        except ValueError as error:
            raise RunFolderError(self.path.parent, f"its {self.path.name} is not what a run writes") from error


def render_again(
    folder: Path, out: Path, *, redact: bool = False, signatures: Sequence[Mapping[str, Any]] = ()
) -> list[Path]:
    """Write the page, the summary and the table of rows of a stored run to a folder, and return the files.

    With ``redact`` it is the edition without texts, with the records it was made from. ``signatures`` are the decisions
    that were filed since the run, which the page shows. Raises `RunFolderError` where
    a record cannot be read, and `ReportFileError` where a file cannot be written.
    """
    results, rows = stored_results(folder), StoredRows(folder / "rows.jsonl")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportFileError(out, error.strerror or str(error)) from error
    if redact:
        return write_redacted(out, results, rows)
    signed = {**results, "signatures": list(signatures)} if signatures else results
    write_report(out / "report.html", signed, rows)
    write_markdown(out / "summary.md", results, rows)
    write_sheet(out / SHEET, results, rows)
    return [out / "report.html", out / "summary.md", out / SHEET]


def stored_results(folder: Path) -> dict[str, Any]:
    """Return ``results.json`` of a stored run; raises `RunFolderError` where it cannot be read."""
    try:
        found: dict[str, Any] = json.loads((folder / "results.json").read_bytes())
        found["migrations"]
    except OSError as error:
        raise RunFolderError(folder, f"it has no results.json ({error.strerror or error})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RunFolderError(folder, "its results.json is not what a run writes") from error
    return found
