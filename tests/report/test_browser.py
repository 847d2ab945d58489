"""The page in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from pytest_llm_migrate.report import write_report
from tests.report.hostile import HOSTILE, hostile_run
from tests.report.sample import sample

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.conftest import Browser

SHOWN_IDS = "return [...document.querySelectorAll('#{} .row:not([hidden]) h4')].map(title => title.textContent)"
SAID = "return document.querySelector('#{} output').textContent"


@pytest.fixture(scope="module")
def believable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a believable run."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(path, *sample())
    return path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a hostile run."""
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    write_report(path, *hostile_run())
    return path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1121, 821, 390])
def test_the_page_opens_quietly_and_fits(browser: Browser, believable: Path, width: int, *, dark: bool) -> None:
    """On a laptop and on a phone, in light and dark: nothing is asked for, nothing complains, nothing sticks out."""
    browser.open(believable, width=width, dark=dark)
    browser.run("document.querySelectorAll('details').forEach(item => item.open = true)")
    browser.run("document.querySelector('#m2-rows').scrollIntoView()")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert [url for url in browser.requests() if not url.startswith("data:")] == [believable.as_uri()]
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [1280, 1121, 821, 390])
def test_hostile_text_is_inert(browser: Browser, hostile: Path, width: int) -> None:
    """No text runs, loads, styles or breaks anything, and each can be read."""
    browser.open(hostile, width=width)
    browser.run("document.querySelectorAll('details').forEach(item => item.open = true)")
    browser.run("document.querySelector('.rows').scrollIntoView()")
    assert browser.run("return window.pwned === undefined")
    assert browser.run("return document.images.length + document.scripts.length + document.forms.length") == 1
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert [url for url in browser.requests() if not url.startswith("data:")] == [hostile.as_uri()]
    assert browser.complaints() == []
    text = browser.run("return document.querySelector('#m1-rows').textContent")
    assert all(expected in text for expected in (*HOSTILE[:3], r"\u202efdp.exe", r"\x1b[31mred", r"half \ud83d"))


def test_an_intruder_would_be_stopped(browser: Browser, believable: Path, tmp_path: Path) -> None:
    """Were markup to slip in, the page's policy would neither run nor load it."""
    path = tmp_path / "report.html"
    intruder = "<script>window.pwned = 1</script><img src='https://evil.example/x.png' onerror='window.pwned = 1'>"
    path.write_text(believable.read_text(encoding="utf-8").replace("</main>", f"{intruder}</main>"), encoding="utf-8")
    browser.open(path)
    assert browser.run("return window.pwned === undefined")
    assert any("Content Security Policy" in said for said in browser.complaints())


def test_rows_are_filtered_by_outcome_metric_and_words(browser: Browser, believable: Path) -> None:
    """Filters combine, and the page says how many rows are left."""
    browser.open(believable)
    assert browser.run(SAID.format("m2")) == "120 of 120 rows shown"
    browser.run("document.querySelector('#m2 input[value=h]').click()")
    held = browser.run(SHOWN_IDS.format("m2"))
    assert browser.run(SAID.format("m2")) == f"{len(held)} of 120 rows shown"
    counts = browser.run("return [...document.querySelectorAll('#m2 .filter i')].map(item => Number(item.textContent))")
    assert (counts[0], counts[-1]) == (120, len(held))
    assert sum(counts[1:]) == 120
    Select(browser.driver.find_element(By.CSS_SELECTOR, "#m2 select")).select_by_visible_text("grounded")
    assert set(held) <= set(browser.run(SHOWN_IDS.format("m2")))
    browser.run("document.querySelector('#m2 input[value=\"\"]').click()")
    browser.run("document.querySelector('#m2 [type=checkbox]').click()")
    said = browser.run(SAID.format("m2"))
    assert 0 < int(said.split()[0]) < 120
    assert len(browser.run(SHOWN_IDS.format("m1"))) == 160


def test_rows_are_found_by_all_words(browser: Browser, believable: Path) -> None:
    """Words may stand anywhere in a row, in any case; a search without a hit says so."""
    browser.open(believable)
    search = browser.driver.find_element(By.CSS_SELECTOR, "#m1 [type=search]")
    search.send_keys("t-018 PARCEL")
    wait = WebDriverWait(browser.driver, 5)
    wait.until(lambda _: browser.run(SAID.format("m1")) == "1 of 160 rows shown")
    assert browser.run(SHOWN_IDS.format("m1")) == ["T-018"]
    search.send_keys(" nowhere")
    wait.until(lambda _: browser.run(SAID.format("m1")) == "0 of 160 rows shown")
    assert browser.driver.find_element(By.CSS_SELECTOR, "#m1 .nothing").is_displayed()


def test_the_filter_is_reached_by_keyboard(browser: Browser, believable: Path) -> None:
    """From the search field backwards, Tab reaches the outcomes and an arrow key chooses the next."""
    browser.open(believable)
    search = browser.driver.find_element(By.CSS_SELECTOR, "#m1 [type=search]")
    search.send_keys(Keys.SHIFT, Keys.TAB)
    browser.driver.switch_to.active_element.send_keys(Keys.SHIFT, Keys.TAB)
    browser.driver.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert browser.run("return document.activeElement.value") == "b"
    assert re.fullmatch(r"\d\d of 160 rows shown", browser.run(SAID.format("m1")))


def test_without_the_script_every_row_can_be_read(browser: Browser, believable: Path, tmp_path: Path) -> None:
    """All rows are displayed, and the filter that could do nothing is not."""
    path = tmp_path / "report.html"
    html = re.sub("<script>.*</script>", "", believable.read_text(encoding="utf-8"), flags=re.DOTALL)
    path.write_text(html, encoding="utf-8")
    browser.open(path)
    rows = "return [...document.querySelectorAll('.row')].filter(row => row.checkVisibility()).length"
    assert browser.run(rows) == 304
    assert not browser.driver.find_element(By.CSS_SELECTOR, ".filter").is_displayed()
    assert browser.driver.find_element(By.CSS_SELECTOR, ".tally").is_displayed()


def test_the_page_prints(browser: Browser, believable: Path) -> None:
    """On paper there is neither filter nor navigation, and the statistician's sentence is unfolded."""
    browser.open(believable)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not browser.driver.find_element(By.CSS_SELECTOR, ".filter").is_displayed()
    assert not browser.driver.find_element(By.CSS_SELECTOR, ".name nav").is_displayed()
    assert browser.run("return document.querySelector('.gate details p').getBoundingClientRect().height") > 0
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
