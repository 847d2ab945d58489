"""A stored run, rendered once more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.errors import ReportFileError, RunFolderError
from pytest_llm_migrate.report import render_again, write_json, write_lines, write_markdown, write_report, write_sheet
from tests.report.hostile import hostile_run
from tests.report.sample import sample

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("hostile", [False, True])
def test_a_stored_run_renders_as_it_did(tmp_path: Path, hostile: bool) -> None:  # noqa: FBT001 - a parameter
    """Page, summary and table made from the stored records are those of the run, byte for byte."""
    results, rows = hostile_run() if hostile else sample(sizes=(9, 5, 2))
    write_json(tmp_path / "results.json", results)
    write_lines(tmp_path / "rows.jsonl", rows)
    write_report(tmp_path / "report.html", results, rows)
    write_markdown(tmp_path / "summary.md", results, rows)
    write_sheet(tmp_path / "rows.csv", results, rows)
    written = render_again(tmp_path, tmp_path / "out" / "here")
    assert [path.name for path in written] == ["report.html", "summary.md", "rows.csv"]
    for path in written:
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    """A missing record, and one that is none, are named; so is a place that cannot be written to."""
    with pytest.raises(RunFolderError, match=r"it has no results\.json"):
        render_again(tmp_path, tmp_path / "out")
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(RunFolderError, match=r"its results\.json is not what a run writes"):
        render_again(tmp_path, tmp_path / "out")
    (tmp_path / "results.json").write_text(json.dumps(sample(sizes=(1, 1, 1))[0]))
    with pytest.raises(RunFolderError, match=r"it has no rows\.jsonl"):
        render_again(tmp_path, tmp_path / "out")
    (tmp_path / "rows.jsonl").write_text("{")
    with pytest.raises(RunFolderError, match=r"its rows\.jsonl is not what a run writes"):
        render_again(tmp_path, tmp_path / "out")
    with pytest.raises(ReportFileError, match="cannot write"):
        render_again(tmp_path, tmp_path / "rows.jsonl")


def test_decisions_filed_since_are_shown(tmp_path: Path) -> None:
    """The page that is rendered again has who decided what; the records stay as the run left them."""
    results, rows = sample(sizes=(3, 1, 1))
    write_json(tmp_path / "results.json", results)
    write_lines(tmp_path / "rows.jsonl", rows)
    before = (tmp_path / "results.json").read_bytes()
    said: dict[str, object] = {
        "migration": "triage",
        "name": "<b>Ada</b>",
        "role": "QA lead",
        "decision": "reject",
        "reason": "it broke",
    }
    said |= {"conditions": None, "signed_at": "2026-11-22", "expires_at": None, "key": None, "holds": False}
    [page, *_] = render_again(tmp_path, tmp_path / "out", signatures=[said])
    assert '<th scope="row">&lt;b&gt;Ada&lt;/b&gt;, QA lead</th>' in page.read_text(encoding="utf-8")
    assert (tmp_path / "results.json").read_bytes() == before
