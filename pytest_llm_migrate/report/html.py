"""The page that people read side by side: one file that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.report.error_groups import GROUP_HEADS
from pytest_llm_migrate.report.files import replaced
from pytest_llm_migrate.report.numbers import UNKNOWN
from pytest_llm_migrate.report.outcomes import badness, outcome
from pytest_llm_migrate.report.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jinja2 import Environment

    from pytest_llm_migrate.report.figures import Record
    from pytest_llm_migrate.report.gathered import Gathered
    from pytest_llm_migrate.report.packing import Pile


SCRIPTS = ("packed", "differences", "elements", "sent", "scatter", "viewer", "review", "signing", "start")
"""The parts of the page's script, in their order."""
STYLES = ("page", "first", "rows", "narrow", "print")
"""The parts of its style, likewise."""


def write_report(path: Path, results: Record, rows: Iterable[Record], *, is_redacted: bool = False) -> None:
    """Write the page of a run.

    Rows are taken one by one and kept on disk until they are packed into the page, worst row first; of more rows than a
    page holds the others are counted and said to be left out. A row whose migration is not among the results is not
    shown, nor is the prompt as sent for a row where ``is_redacted``. Raises `ReportFileError` when the file cannot be
    written.
    """
    from pytest_llm_migrate.report.page import page_of  # noqa: PLC0415 - what a page needs loads with it

    with tempfile.TemporaryFile() as kept, replaced(path) as file:
        gathered = _gatherers(results)
        page = page_of(results, _piles(kept, results, rows, gathered), gathered, is_redacted=is_redacted)
        script = "\n".join(['"use strict";', *(_file("scripts", f"{name}.js") for name in SCRIPTS)])
        styles = "".join(_file("templates", f"{name}.css") for name in STYLES)
        assets = {"css": styles, "js": script}
        hashes = {name: _hash(text) for name, text in assets.items()}
        template = _environment().get_template("page.html")
        file.writelines(template.generate(page=page, group_heads=GROUP_HEADS, assets=_trusted(assets), hashes=hashes))


def _gatherers(results: Record) -> dict[str, Gathered]:
    from pytest_llm_migrate.report.gathered import Gathered  # noqa: PLC0415 - needed where a page is written

    return {record["id"]: Gathered.of(record) for record in results["migrations"]}


def _piles(kept: Any, results: Record, rows: Iterable[Record], gathered: dict[str, Gathered]) -> dict[str, Pile]:
    from pytest_llm_migrate.report.packing import Pile, share_out  # noqa: PLC0415 - needed where a page is written
    from pytest_llm_migrate.report.row_view import row_record  # noqa: PLC0415 - likewise

    metrics = {record["id"]: list(record["metrics"]) for record in results["migrations"]}
    piles = {name: Pile(kept) for name in metrics}
    for row in rows:
        name = row["migration"]
        if name in piles:
            gathered[name].add(row)
            piles[name].add(outcome(row), badness(row), partial(row_record, row, metrics[name]))
    share_out(list(piles.values()))
    return piles


@cache
def _environment() -> Environment:
    """Return what renders the page; compiling its templates is most of what a small page takes."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - heavy

    return Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalized(value: Any) -> Any:
    """Return what a template may write of a value: what is unknown by that name, texts without unseen characters."""
    if value is None:
        return UNKNOWN
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _file(folder: str, name: str) -> str:
    return (resources.files(__package__) / folder / name).read_text(encoding="utf-8")


def _trusted(assets: dict[str, str]) -> dict[str, Any]:
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    return {name: Markup(text) for name, text in assets.items()}  # noqa: S704 - our own files


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
