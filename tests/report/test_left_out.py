"""More rows than a page holds."""

from __future__ import annotations

import io
import random
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from pytest_llm_migrate.report import packing, write_report
from pytest_llm_migrate.report.left_out import left_out_sentence
from pytest_llm_migrate.report.packing import Pile, share_out
from tests.report.packed import rows_of
from tests.report.sample import sample

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.report.conftest import Browser


def piled(sizes: list[list[int]], length: int = 1) -> list[Pile]:
    """Return piles of rows that are as bad as the numbers say, which is also what their records hold."""
    file = io.BytesIO()
    piles = [Pile(file) for _ in sizes]
    for pile, numbers in zip(piles, sizes, strict=True):
        for number in numbers:
            pile.add("held", number, partial(dict, n=number, x="x" * length))
    share_out(piles)
    return piles


def kept(pile: Pile) -> list[int]:
    """Return the numbers of the rows that a pile kept, in its order."""
    return [int(line.split(b":")[1].split(b",")[0]) for line in pile.lines()]


@given(numbers=st.lists(st.integers(0, 20), max_size=60), most=st.integers(1, 12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_worst_rows_are_kept(numbers: list[int], most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they come, the worst stay, worst first, and the others are counted."""
    monkeypatch.setattr(packing, "MOST_ROWS", most)
    [pile] = piled([numbers])
    assert kept(pile) == sorted(numbers)[:most]
    assert pile.counts.total() == len(numbers)
    assert pile.left_out.total() == max(len(numbers) - most, 0)


def test_migrations_share_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a small one does not need, larger ones get."""
    monkeypatch.setattr(packing, "MOST_ROWS", 10)
    piles = piled([list(range(100)), [1, 2], list(range(100))])
    assert [len(pile) for pile in piles] == [4, 2, 4]
    assert [kept(pile)[-1] for pile in piles] == [3, 2, 3]


def test_long_rows_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page holds so many bytes, whatever their rows."""
    monkeypatch.setattr(packing, "MOST_BYTES", 10_000)
    [pile] = piled([list(range(50))], length=1_000)
    assert kept(pile) == list(range(9))


def test_the_page_says_what_it_leaves_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the rows stand how many of which outcome are missing and where all of them are; nothing where none is."""
    results, rows = sample(sizes=(60, 5, 2))
    write_report(tmp_path / "all.html", results, rows)
    assert "left out of it" not in (tmp_path / "all.html").read_text("utf-8")
    monkeypatch.setattr(packing, "MOST_ROWS", 30)
    write_report(tmp_path / "some.html", results, rows)
    html = (tmp_path / "some.html").read_text("utf-8")
    assert [len(found) for found in rows_of(html)] == [23, 5, 2]
    assert html.count("left out of it") == 1
    assert "The worst 23 of 60 rows stand in this file; 37 are left out of it (" in html
    assert "All rows stand in rows.jsonl and rows.csv" in html


def test_outcomes_left_out_are_named() -> None:
    """Every outcome has its count, the most telling first."""
    pile = Pile(io.BytesIO())
    pile.counts.update({"both right": 2_000, "error": 1})
    assert "2,001 are left out of it (1 no answer, 2,000 both right)" in left_out_sentence(pile)


def test_counts_on_the_page_say_what_they_count(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filters, scatter and paper count the rows of the file and say so; a link to another row says where it is."""
    results, rows = sample(sizes=(60, 5, 2))
    monkeypatch.setattr(packing, "MOST_ROWS", 30)
    path = tmp_path / "some.html"
    write_report(path, results, rows)
    shown = {found["id"] for found in rows_of(path.read_text("utf-8"))[0]}
    [missing, *_] = [row["sample_id"] for row in rows[:60] if row["sample_id"] not in shown]
    browser.open(path, f"m1/{missing}")
    wait = WebDriverWait(browser.driver, 20)
    wait.until(lambda _: browser.run("return document.querySelectorAll('[data-ready]').length === 3"))
    said = "return document.querySelector('{}').textContent"
    assert browser.run(said.format("#m1-rows output")) == f"Row {missing} is not in this file: look in rows.jsonl."
    browser.run("document.querySelector('#m1-rows [value=b]').click(); dispatchEvent(new Event('beforeprint'))")
    assert browser.run(said.format("#m1-rows output")).endswith("of 23 rows in this file shown")
    assert browser.run(said.format("#m1-rows .printed")).partition(".")[0].endswith("of 23 in this file, 60 in all")
    assert browser.run(said.format("#m1-rows figcaption")).endswith("23 rows in this file")
    assert browser.run(said.format("#m1-rows .tally")).startswith("All rows: ")
    assert browser.driver.find_element(By.CSS_SELECTOR, "#m1-rows .tally").is_displayed()
    assert not browser.driver.find_element(By.CSS_SELECTOR, "#m2-rows .tally").is_displayed()
    assert browser.run(said.format("#m2-rows output")) == "5 of 5 rows shown"
    assert browser.complaints() == []


def test_figures_and_charts_count_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands above the rows is the same whether they all stand in the file or not."""
    results, rows = sample(sizes=(60, 5, 2))
    heads = []
    for most in (1_000, 10):
        monkeypatch.setattr(packing, "MOST_ROWS", most)
        write_report(tmp_path / "r.html", results, rows)
        heads.append((tmp_path / "r.html").read_text("utf-8").partition('id="m1-rows"')[0])
    assert heads[0] == heads[1]


def test_rows_that_cannot_stay_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the worst are known to be worse, a row is only counted: time and disk stay small."""
    monkeypatch.setattr(packing, "MOST_ROWS", 10)
    chance, made = random.Random(0), 0  # noqa: S311 - no secret

    def record() -> dict[str, Any]:
        nonlocal made
        made += 1
        return {}

    pile = Pile(io.BytesIO())
    for _ in range(10_000):
        pile.add("held", chance.random(), record)
    assert len(pile) < 20
    assert pile.counts.total() == 10_000
    assert made < 200
