"""Several targets and attribution grids in the terminal, in Markdown and on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.report import summary_markdown, terminal_lines, write_report
from pytest_llm_migrate.report.attributions import attribution_grids, attribution_sentences
from pytest_llm_migrate.report.rankings import rankings_of
from pytest_llm_migrate.report.text import columns
from tests.report.hostile import HOSTILE
from tests.report.sample import sample
from tests.report.several import several_targets
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.conftest import Browser


def test_the_table_fits_80_columns() -> None:
    """Rank, front, target, change with its interval, median latency and cost stand in one line each."""
    lines = [line.text for line in terminal_lines(several_targets()[0])]
    start = lines.index("ticket_triage: 2 targets")
    assert lines[start + 1 : start + 5] == [
        "  change of exact_match, 97.5% interval; * on the Pareto front",
        "     target                     change                            p50 cost/1,000",
        "  1* us.amazon.nova-lite-v1:0   -33.3 pp [-50.3 pp, -14.0 pp]  422 ms     $0.014",
        "  1  us.amazon.nova-micro-v1:0  -33.3 pp [-50.3 pp, -14.0 pp]  422 ms    unknown",
    ]
    assert start < lines.index("NO-GO: ticket_triage")


def test_an_unknown_cost_is_never_zero() -> None:
    """What is not known of a target is unknown in every report, and so is whether it is on the front."""
    results, rows = several_targets()
    (ranking,) = rankings_of(results)
    found = ranking.targets[1]
    assert (found.cost, found.cost_ratio, found.front) == ("unknown", "unknown", "unknown")
    line = next(
        line for line in summary_markdown(results, rows).splitlines() if line.startswith("| 1 | us.amazon.nova-micro")
    )
    assert line.split(" | ")[-2:] == ["unknown", "unknown |"]


def test_a_grid_shows_both_models_on_both_prompts() -> None:
    """The four means, the prompt's effect on each model, the model's at each prompt, and how far these differ."""
    (grid,) = attribution_grids(several_targets()[0]["migrations"][0])
    assert (grid.metric, grid.n) == ("exact_match", "60")
    assert [line[:3] for line in grid.lines[:2]] == [
        ("source model", "86.7%", "53.3%"),
        ("target model", "86.7%", "53.3%"),
    ]
    name, *effects = grid.lines[2]
    assert name == "the model's effect"
    assert [effect.partition(" [")[0] for effect in effects] == ["0.0 pp", "0.0 pp", "0.0 pp"]


def test_a_run_without_either_says_nothing_of_them() -> None:
    """One target without a grid has neither table nor sentence."""
    results = sample(sizes=(3, 1, 1))[0]
    assert rankings_of(results) == []
    assert [attribution_sentences(item) + attribution_grids(item) for item in results["migrations"]] == [[]] * 3


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_shown_as_they_are(tmp_path: Path, text: str) -> None:
    """Whatever a target or metric is called, lines fit, a table keeps its columns, and no markup is made."""
    results, rows = several_targets(text)
    validator("results").validate(results)
    assert all(columns(line.text) <= 80 for line in terminal_lines(results))
    assert "<script>" not in summary_markdown(results, rows)
    write_report(tmp_path / "report.html", results, rows)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<script>window" not in page
    assert "<img src" not in page


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_opens_quietly_and_fits(browser: Browser, tmp_path: Path, width: int) -> None:
    """On a laptop and on a phone nothing complains and nothing sticks out, hostile names included."""
    for text in ("", " ".join(HOSTILE)):
        write_report(tmp_path / "report.html", *several_targets(text))
        browser.open(tmp_path / "report.html", width=width)
        assert browser.run("return document.documentElement.scrollWidth") <= width
        assert browser.run("return window.pwned === undefined")
        assert browser.complaints() == []
