"""The first screen of several migrations, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.report import summary_markdown, write_report
from pytest_llm_migrate.report.heat import ratio_cell
from pytest_llm_migrate.report.names import names_of, subject_of
from pytest_llm_migrate.report.strip import tiles_of
from tests.report.sample import run_of, sample
from tests.report.several import OTHER, several_targets
from tests.report.test_html import Parsed

if TYPE_CHECKING:
    from pathlib import Path


def test_the_first_screen_warns_first_and_says_whose_run_it_is(tmp_path: Path) -> None:
    """Above the verdicts stand the warnings of all migrations; below them who ran what, when and of which code."""
    results, rows = sample(sizes=(20, 20, 20))
    results["run"] |= {"by": "Ada", "git_commit": "0123456789abcdef"}
    warning = results["migrations"][1]["warnings"][0]
    write_report(tmp_path / "report.html", results, rows)
    text = Parsed((tmp_path / "report.html").read_text("utf-8")).text
    first = text[: text.index("Closest margin")]
    assert first.index(warning) < first.index("1 GO, 1 NOT ENOUGH EVIDENCE, 1 NO-GO")
    for shown in ("git commit 0123456789ab", "run by Ada", results["migrations"][0]["source"]["ref"]):
        assert shown in first


def test_many_warnings_do_not_hide_the_verdict(tmp_path: Path) -> None:
    """Five stand above the verdict, the others fold below them, and each stands with its migration."""
    results, rows = sample(sizes=(20, 20, 20))
    results["warnings"] = []
    results["migrations"][2]["warnings"] = [f"warning {place} of a kind" for place in range(9)]
    write_report(tmp_path / "report.html", results, rows)
    html = (tmp_path / "report.html").read_text("utf-8")
    first = html[: html.index('class="heading"')]
    shown, folded = first.split("more, also shown with each migration</summary>")
    assert shown[shown.index("<main") :].count("<li>") == 5
    assert "call_summaries: warning 8 of a kind" in folded
    assert html.count("warning 8 of a kind") == 2


def test_targets_of_one_use_case_are_told_apart(tmp_path: Path) -> None:
    """Titles, tables and the command that signs name the target where the use case's name is not enough."""
    results, rows = several_targets()
    first, second = results["migrations"]
    assert names_of(results["migrations"])["other"] == f"{second['name']} → {OTHER}"
    assert [subject_of(each, results["migrations"]) for each in (first, second)] == [first["id"], "other"]
    write_report(tmp_path / "report.html", results, rows)
    html = (tmp_path / "report.html").read_text("utf-8")
    assert f">{second['name']} → {OTHER}</h2>" in html
    assert 'data-subject="other"' in html
    assert f"| {second['name']} → {OTHER} |" in summary_markdown(results)


def test_what_has_one_name_keeps_it() -> None:
    """A name that there is once stays short, and one to the same target twice gets its id."""
    results, _ = sample(sizes=(2, 2, 2))
    migrations = results["migrations"]
    assert list(names_of(migrations).values()) == [each["name"] for each in migrations]
    assert subject_of(migrations[0], migrations) == migrations[0]["name"]
    assert subject_of(migrations[0], migrations[:1]) == ""
    alike = [migrations[0], migrations[0] | {"id": "again"}]
    assert names_of(alike)["again"] == f"{migrations[0]['name']} (again)"


def test_times_of_an_invalid_pass_are_not_shown_as_found() -> None:
    """No figure at a glance comes from a latency pass that no gate judges by."""
    migration = run_of(sample(sizes=(20, 2, 2))[0]["migrations"][:1])["migrations"][0]
    assert ratio_cell(migration, "latency", "p95").text.startswith("x")
    migration["latency_pass"] = {"valid": False}
    assert ratio_cell(migration, "latency", "p95").text == "invalid"
    shown = {tile.label: tile.value for tile in tiles_of(migration)}
    assert shown["latency p50"] == "invalid"
