"""The page on paper, and the command that signs, in a real browser."""

from __future__ import annotations

import base64
import shlex
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from pytest_llm_migrate.report import write_report
from tests.report.sample import run_of, sample
from tests.report.test_browser import opened

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.conftest import Browser

PRINTED = "return [...document.querySelectorAll('#m1-rows .printed h4')].map(name => name.textContent)"
AWKWARD = 'it\'s "$(touch /tmp/x)" `id`; \\ & | \u2028 --key=mine'


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a believable run, in a folder whose name a shell would take apart."""
    results, rows = sample(sizes=(60, 5, 5))
    folder = tmp_path_factory.mktemp("a run's folder; $HOME") / str(results["run"]["id"])
    folder.mkdir()
    write_report(folder / "report.html", results, rows)
    return folder / "report.html"


def fill(browser: Browser, **texts: str) -> None:
    """Type into the fields of the first migration's sign-off."""
    for name, text in texts.items():
        field = browser.driver.find_element(By.CSS_SELECTOR, f"#m1-signing [name={name}]")
        field.clear()
        field.send_keys(text)


def test_the_first_rows_of_the_selection_are_printed(browser: Browser, page: Path) -> None:
    """Paper has the first 20 rows that the filter leaves, in their order, and none once printing is over."""
    opened(browser, page)
    browser.run("document.querySelector('#m1-rows input[value=r]').click()")
    chosen = browser.run("return [...document.querySelectorAll('#m1-rows .line b')].map(name => name.textContent)")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run(PRINTED) == chosen[:20]
    said = browser.run("return document.querySelector('#m1-rows .printed > p').textContent")
    assert said.startswith("20 of ")
    assert said.endswith("of 60 in all.")
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run(PRINTED) == []


def test_a_blind_review_stays_blind_on_paper(browser: Browser, page: Path) -> None:
    """Rows whose sides are hidden are not printed with their sides."""
    opened(browser, page)
    browser.run("document.querySelector('#m1-rows [name=review]').click()")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run(PRINTED) == []


def test_it_prints_as_a_pdf(browser: Browser, tmp_path: Path) -> None:
    """One migration makes a PDF of a few pages; paper has a block to sign by hand, and no fields or filters."""
    path = tmp_path / "report.html"
    results, rows = sample(sizes=(30, 1, 1))
    write_report(path, run_of(results["migrations"][:1]), rows)
    opened(browser, path)
    pdf = browser.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True, "preferCSSPageSize": True})
    content = base64.b64decode(pdf["data"])
    assert content.startswith(b"%PDF")
    assert 3 <= content.count(b"/Type /Page\n") <= 12
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = {
        name: browser.driver.find_element(By.CSS_SELECTOR, name).is_displayed()
        for name in (".signatures", ".maker", ".viewer .filter", ".split", "#m1-gates", ".forest")
    }
    methods = browser.run("return document.querySelector('.methods dl').getBoundingClientRect().height")
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert shown == {
        ".signatures": True,
        ".maker": False,
        ".viewer .filter": False,
        ".split": False,
        "#m1-gates": True,
        ".forest": True,
    }
    assert methods > 0


def test_the_command_that_signs_is_put_together(browser: Browser, page: Path) -> None:
    """Whatever is typed stays one word of the shell each; what is missing is said, and nothing is copied before."""
    opened(browser, page)
    button = browser.driver.find_element(By.CSS_SELECTOR, "#m1-signing button")
    assert not button.is_enabled()
    said = browser.driver.find_element(By.CSS_SELECTOR, "#m1-signing output")
    assert said.text == "Still to be filled in: name, role, reason."
    fill(browser, name="-Ada", role="QA lead", reason=AWKWARD, expires="2027-01-31")
    assert button.is_enabled()
    command = browser.run("return document.querySelector('#m1-signing .command').textContent")
    assert "--key ~/.ssh/id_ed25519" in command
    assert shlex.split(command) == [
        *("python", "-m", "pytest_llm_migrate", "sign", str(page.parent), "--name=-Ada", "--role=QA lead"),
        *("--decision=approve", f"--reason={AWKWARD.replace(chr(0x2028), ' ')}", "--migration=ticket_triage"),
        *("--expires=2027-01-31", "--key", "~/.ssh/id_ed25519"),
    ]


def test_a_copy_of_the_page_does_not_guess_where_the_run_lies(browser: Browser, page: Path, tmp_path: Path) -> None:
    """Elsewhere the folder is asked for; below the run, as where it was rendered again, it is known."""
    folder = "return document.querySelector('#m1-signing [name=folder]').value"
    copy = tmp_path / "report.html"
    copy.write_bytes(page.read_bytes())
    opened(browser, copy)
    assert browser.run(folder) == ""
    assert "folder" in browser.driver.find_element(By.CSS_SELECTOR, "#m1-signing output").text
    again = page.parent / "rendered" / "report.html"
    again.parent.mkdir()
    again.write_bytes(page.read_bytes())
    opened(browser, again)
    assert browser.run(folder) == str(page.parent)


def test_conditions_and_rejections_have_their_own_options(browser: Browser, page: Path) -> None:
    """Conditions are asked for with the decision that has some; a rejection does not end."""
    opened(browser, page)
    fill(browser, name="Ada", role="QA", reason="fine")
    decision = Select(browser.driver.find_element(By.CSS_SELECTOR, "#m1-signing [name=decision]"))
    decision.select_by_value("approve-with-conditions")
    assert not browser.driver.find_element(By.CSS_SELECTOR, "#m1-signing button").is_enabled()
    fill(browser, conditions="watch it")
    command = "return document.querySelector('#m1-signing .command').textContent"
    assert "--conditions='watch it'" in browser.run(command)
    decision.select_by_value("reject")
    assert "--conditions" not in browser.run(command)
    assert "--expires" not in browser.run(command)
