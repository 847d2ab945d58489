"""The page in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from pytest_llm_migrate.datasets.reviews import read_reviews
from pytest_llm_migrate.report import write_report
from tests.report.hostile import HOSTILE, hostile_run
from tests.report.sample import sample

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.conftest import Browser

LISTED = "return [...document.querySelectorAll('#{}-rows .line b')].map(name => name.textContent)"
SAID = "return document.querySelector('#{}-rows output').textContent"
DETAIL = "return document.querySelector('#{}-rows .detail').textContent"


def opened(browser: Browser, path: Path, part: str = "", *, width: int = 1280, dark: bool = False) -> None:
    """Open a page and wait until all its rows are read."""
    browser.open(path, part, width=width, dark=dark)
    wait = WebDriverWait(browser.driver, 20)
    wait.until(lambda _: browser.run("return !document.querySelector('.rows[data-migration] script')"))


@pytest.fixture(scope="module")
def believable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a believable run."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(path, *sample())
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run of few rows, whose intervals are wide."""
    path = tmp_path_factory.mktemp("small") / "report.html"
    write_report(path, *sample(sizes=(24, 24, 8)))
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
    opened(browser, believable, width=width, dark=dark)
    browser.run("document.querySelectorAll('details').forEach(item => item.open = true)")
    browser.run("document.querySelector('#m2-rows').scrollIntoView()")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert [url for url in browser.requests() if not url.startswith("data:")] == [believable.as_uri()]
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [1280, 1121, 821, 390])
def test_no_figure_stands_over_its_neighbour(browser: Browser, small: Path, width: int) -> None:
    """What a table's cell holds has room in it, the widest interval of a small slice too."""
    opened(browser, small, width=width)
    browser.run("document.querySelectorAll('details').forEach(item => item.open = true)")
    wide = "cell => cell.clientWidth && cell.scrollWidth > cell.clientWidth + 1"
    cells = f"[...document.querySelectorAll('td, th')].filter({wide}).map(cell => cell.textContent.trim())"
    assert browser.run(f"return {cells}") == []


@pytest.mark.parametrize("width", [1280, 1121, 821, 390])
def test_hostile_text_is_inert(browser: Browser, hostile: Path, width: int) -> None:
    """No text runs, loads, styles or breaks anything, and each can be read."""
    opened(browser, hostile, width=width)
    seen = ""
    for place in range(browser.run("return document.querySelectorAll('#m1-rows .line').length")):
        browser.run(f"document.querySelectorAll('#m1-rows .line')[{place}].click()")
        browser.run("document.querySelectorAll('details').forEach(item => item.open = true)")
        seen += browser.run(DETAIL.format("m1"))
    assert browser.run("return window.pwned === undefined")
    assert browser.run("return document.images.length + document.scripts.length") == 1
    assert browser.run("return document.querySelectorAll('form:not([method=dialog])').length") == 0
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert [url for url in browser.requests() if not url.startswith("data:")] == [hostile.as_uri()]
    assert browser.complaints() == []
    assert all(expected in seen for expected in (*HOSTILE[:3], r"\u202efdp.exe", r"\x1b[31mred", r"half \ud83d"))


def test_an_intruder_would_be_stopped(browser: Browser, believable: Path, tmp_path: Path) -> None:
    """Were markup to slip in, the page's policy would neither run nor load it."""
    path = tmp_path / "report.html"
    intruder = "<script>window.pwned = 1</script><img src='https://evil.example/x.png' onerror='window.pwned = 1'>"
    path.write_text(believable.read_text(encoding="utf-8").replace("</main>", f"{intruder}</main>"), encoding="utf-8")
    browser.open(path)
    assert browser.run("return window.pwned === undefined")
    assert any("Content Security Policy" in said for said in browser.complaints())


def test_rows_are_filtered_by_outcome_metric_and_bar(browser: Browser, believable: Path) -> None:
    """Filters combine, and the page says how many rows are left."""
    opened(browser, believable)
    assert browser.run(SAID.format("m2")) == "120 of 120 rows shown"
    browser.run("document.querySelector('#m2-rows input[value=h]').click()")
    held = int(browser.run(SAID.format("m2")).split()[0])
    counts = browser.run(
        "return [...document.querySelectorAll('#m2-rows .filter i')].map(item => Number(item.textContent))"
    )
    assert (counts[0], counts[-1]) == (120, held)
    assert sum(counts[1:]) == 120
    Select(browser.driver.find_element(By.CSS_SELECTOR, "#m2-rows [name=metric]")).select_by_visible_text("grounded")
    assert int(browser.run(SAID.format("m2")).split()[0]) >= held
    browser.run("document.querySelector('#m2-rows input[value=\"\"]').click()")
    browser.run("document.querySelector('#m2-rows [name=below]').click()")
    assert 0 < int(browser.run(SAID.format("m2")).split()[0]) < 120
    assert browser.run(SAID.format("m1")) == "160 of 160 rows shown"


def test_rows_are_found_by_all_words(browser: Browser, believable: Path) -> None:
    """Words may stand anywhere in a row, in any case; a search without a hit says so."""
    opened(browser, believable)
    search = browser.driver.find_element(By.CSS_SELECTOR, "#m1-rows [type=search]")
    search.send_keys("t-018 PARCEL")
    wait = WebDriverWait(browser.driver, 5)
    wait.until(lambda _: browser.run(SAID.format("m1")) == "1 of 160 rows shown")
    assert browser.run(LISTED.format("m1")) == ["T-018"]
    search.send_keys(" nowhere")
    wait.until(lambda _: browser.run(SAID.format("m1")) == "0 of 160 rows shown")
    assert browser.driver.find_element(By.CSS_SELECTOR, "#m1-rows .nothing").is_displayed()


def test_a_dot_of_the_scatter_filters(browser: Browser, believable: Path) -> None:
    """The dot of the rows that broke leaves these alone, until all dots count again."""
    opened(browser, believable)
    broke = browser.run("return Number(document.querySelector('#m1-rows [value=b] ~ span i').textContent)")
    browser.run("document.querySelector('#m1-rows .scatter .worse').dispatchEvent(new MouseEvent('click'))")
    assert browser.run(SAID.format("m1")) == f"{broke} of 160 rows shown"
    browser.run("document.querySelector('#m1-rows .scatter button').click()")
    assert browser.run(SAID.format("m1")) == "160 of 160 rows shown"


def test_keys_move_through_the_rows(browser: Browser, believable: Path) -> None:
    """The keys j and k go to the next row and back, / to the search, ? tells the keys; the address names the row."""
    opened(browser, believable)
    browser.run("document.querySelector('#m1-rows').scrollIntoView()")
    first, second = browser.run(LISTED.format("m1"))[:2]
    body = browser.driver.find_element(By.TAG_NAME, "body")
    body.send_keys("j")
    assert browser.run("return location.hash") == f"#m1/{second}"
    assert second in browser.run(DETAIL.format("m1"))
    body.send_keys("k")
    assert browser.run("return location.hash") == f"#m1/{first}"
    body.send_keys("?")
    assert browser.driver.find_element(By.ID, "keys").is_displayed()
    browser.driver.find_element(By.ID, "keys").send_keys(Keys.ESCAPE)
    body.send_keys("/")
    assert browser.run("return document.activeElement.type") == "search"


def test_an_address_leads_to_its_row(browser: Browser, believable: Path) -> None:
    """A deep link opens the page at a row of one migration."""
    opened(browser, believable, "m2/Q-17")
    assert browser.run(DETAIL.format("m2")).startswith("Q-17")
    assert browser.run("return document.querySelector('#m2-rows [aria-selected=true] b').textContent") == "Q-17"


def test_what_differs_is_marked_and_can_be_left_unmarked(browser: Browser, believable: Path) -> None:
    """Words that one answer alone has are marked in it; without marks the answers stand as they are."""
    opened(browser, believable, "m2/Q-17")
    marks = "return [...document.querySelectorAll('#m2-rows .detail {}')].map(mark => mark.textContent).join('|')"
    assert "According to the policy" in browser.run(marks.format("ins"))
    assert browser.run(marks.format("del")).startswith("It ")
    browser.run("document.querySelector('#m2-rows [name=differences]').click()")
    assert browser.run(marks.format("ins")) == ""


def test_only_lines_in_sight_exist(browser: Browser, believable: Path) -> None:
    """A list of 160 rows has no more lines than can be seen and a few, wherever it is scrolled to."""
    opened(browser, believable)
    assert len(browser.run(LISTED.format("m1"))) < 50
    last = browser.run("const list = document.querySelector('#m1-rows .list'); list.scrollTop = 1e6; return null")
    assert last is None
    wait = WebDriverWait(browser.driver, 5)
    wait.until(lambda _: browser.run("return !!document.querySelector('#m1-rows .line[aria-posinset=\"160\"]')"))


def test_a_blind_review_hides_the_sides_and_comes_back_as_a_file(
    browser: Browser, believable: Path, tmp_path: Path
) -> None:
    """Answers stand as A and B without scores; what is rated survives a reload and is exported by side."""
    browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    opened(browser, believable)
    browser.run("document.querySelector('#m1-rows [name=review]').click()")
    detail = browser.run(DETAIL.format("m1"))
    assert "Answer A" in detail
    assert not re.search("source|target|exact_match", detail, re.IGNORECASE)
    telling = browser.driver.find_elements(By.CSS_SELECTOR, "#m1-rows .telling, #m1-rows .filter fieldset")
    assert len(telling) > 1
    assert not [field for field in telling if field.is_displayed()]
    name = browser.run("return document.querySelector('#m1-rows .detail h4').textContent")
    browser.run("document.querySelector('#m1-rows .reviewing input').value = '=Ada'")
    browser.run("document.querySelector('#m1-rows .reviewing input').dispatchEvent(new Event('input'))")
    for letter, rating in (("A", "4"), ("B", "2")):
        browser.run(f"document.querySelector('#m1-rows [name=m1-{letter}][value=\"{rating}\"]').click()")
    browser.run("document.querySelector('#m1-rows [name=m1-better][value=A]').click()")
    opened(browser, believable)
    browser.run("document.querySelector('#m1-rows [name=review]').click()")
    assert "1 of 160 rows rated" in browser.run("return document.querySelector('.reviewing output').textContent")
    browser.run("[...document.querySelectorAll('.reviewing button')].find(b => b.textContent === 'export CSV').click()")
    WebDriverWait(browser.driver, 10).until(lambda _: list(tmp_path.glob("*.csv")))
    reviews = read_reviews(next(tmp_path.glob("*.csv")))
    assert {review.sample_id for review in reviews} == {name}
    assert {(review.rating, review.rater) for review in reviews} == {(4.0, "=Ada"), (2.0, "=Ada")}
    best = max(reviews, key=lambda review: review.rating or 0)
    assert {review.better for review in reviews} == {best.side}
    browser.run("localStorage.clear()")


def tabbed(browser: Browser, name: str) -> None:
    """Press the tabulator until a field of a name has the focus."""
    for _ in range(80):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        if browser.driver.switch_to.active_element.get_attribute("name") == name:
            return
    pytest.fail(f"the tabulator does not reach {name}")


def test_thumbs_are_given_with_the_keyboard(browser: Browser, believable: Path, tmp_path: Path) -> None:
    """Tab reaches each answer's thumbs, whose names say what and of which answer; both exports have them by side."""
    browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    opened(browser, believable)
    browser.run("document.querySelector('#m1-rows [name=review]').click()")
    browser.driver.find_element(By.CSS_SELECTOR, "#m1-rows [type=search]").click()
    for letter, key in (("A", Keys.SPACE), ("B", Keys.ARROW_DOWN)):
        tabbed(browser, f"m1-{letter}-thumbs")
        first = browser.driver.switch_to.active_element
        group = first.find_element(By.XPATH, "ancestor::fieldset[1]")
        assert (group.accessible_name, first.accessible_name) == (f"Thumbs for answer {letter}", "thumbs up")
        first.send_keys(key)
    browser.run("document.querySelector('#m1-rows [name=m1-better][value=A]').click()")
    assert "1 of 160 rows rated" in browser.run("return document.querySelector('.reviewing output').textContent")
    for kind in ("CSV", "JSON"):
        press = f"[...document.querySelectorAll('.reviewing button')].find(b => b.textContent === 'export {kind}')"
        browser.run(f"{press}.click()")
    WebDriverWait(browser.driver, 10).until(
        lambda _: {"csv", "json"} <= {path.suffix[1:] for path in tmp_path.iterdir()}
    )
    found = read_reviews(next(tmp_path.glob("*.csv")))
    assert found == read_reviews(next(tmp_path.glob("*.json")))
    best = found[0].better
    assert {review.side: review.thumbs for review in found} == {
        best: "up",
        "target" if best == "source" else "source": "down",
    }
    browser.run("localStorage.clear()")


def test_a_table_of_a_slice_says_on_a_phone_which_metric_it_is_of(browser: Browser, believable: Path) -> None:
    """Where columns become labels, the name of what a table shows stays, over its whole width."""
    opened(browser, believable, width=390)
    heads = browser.driver.find_elements(By.CSS_SELECTOR, ".alike thead th:first-child")
    assert [head.text for head in heads if ": " in head.text]
    assert all(head.is_displayed() for head in heads)
    first = browser.driver.find_element(By.CSS_SELECTOR, ".alike tbody th")
    assert first.size["width"] > 250


def test_without_the_script_the_page_says_where_rows_stand(browser: Browser, believable: Path, tmp_path: Path) -> None:
    """Without its script the page still has every figure, and names the file that has the rows."""
    path = tmp_path / "report.html"
    html = re.sub('<script>"use strict".*</script>', "", believable.read_text(encoding="utf-8"), flags=re.DOTALL)
    path.write_text(html, encoding="utf-8")
    browser.open(path)
    assert not browser.driver.find_element(By.CSS_SELECTOR, ".viewer").is_displayed()
    assert browser.driver.find_element(By.CSS_SELECTOR, ".tally").is_displayed()


def test_the_page_prints(browser: Browser, believable: Path) -> None:
    """On paper there is neither filter nor navigation, and the statistician's sentence is unfolded."""
    browser.open(believable)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not browser.driver.find_element(By.CSS_SELECTOR, ".filter").is_displayed()
    assert not browser.driver.find_element(By.CSS_SELECTOR, ".name nav").is_displayed()
    assert browser.run("return document.querySelector('.gate details p').getBoundingClientRect().height") > 0
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_count_of_the_table_leaves_its_rows(browser: Browser, believable: Path) -> None:
    """The rows that were fixed in a metric are shown by a click on their number, whatever was searched before."""
    opened(browser, believable)
    browser.driver.find_element(By.CSS_SELECTOR, "#m1-rows [type=search]").send_keys("nowhere")
    fixed = browser.driver.find_element(By.CSS_SELECTOR, "#m1-figures [data-code=f]")
    expected = f"{fixed.text} of 160 rows shown"
    browser.run("arguments[0].click()", fixed)
    WebDriverWait(browser.driver, 5).until(lambda _: browser.run(SAID.format("m1")) == expected)
    assert set(browser.run("return [...document.querySelectorAll('#m1-rows .line .was')].map(x => x.textContent)")) == {
        "fixed"
    }
    assert browser.run("return location.hash") == "#m1-rows"


def test_rows_are_filtered_by_what_changed(browser: Browser, tmp_path: Path) -> None:
    """A kind of change is one choice whatever its details are, and a row tells both."""
    results, rows = sample(sizes=(6, 1, 1))
    for place, row in enumerate(rows[:6]):
        row["changes"] = [{"change": "longer", "detail": f"x{place + 2}"}] if place < 4 else []
    write_report(tmp_path / "report.html", results, rows)
    opened(browser, tmp_path / "report.html")
    field = Select(browser.driver.find_element(By.CSS_SELECTOR, "#m1-rows [name=change]"))
    assert [choice.text for choice in field.options] == ["anything", "longer (4)"]
    field.select_by_value("longer")
    assert browser.run(SAID.format("m1")) == "4 of 6 rows shown"
    assert "longer: x" in browser.run(DETAIL.format("m1"))
