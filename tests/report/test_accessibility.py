"""The page as people use it who do not see it, or not well."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from pytest_llm_migrate.report import write_report
from tests.report.sample import sample

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.conftest import Browser

GRAVE = {"serious", "critical"}
FIND = (
    "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(found => done(found.violations))"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a believable run."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(path, *sample(sizes=(40, 40, 8)))
    return path


def faults(browser: Browser) -> list[str]:
    """Return what axe finds on the page that is open, with the elements it finds it in."""
    browser.driver.execute_script((resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = browser.driver.execute_async_script(FIND)
    return [
        f"{fault['id']}: {' '.join(str(node['target']) for node in fault['nodes'][:4])}"
        for fault in found
        if fault["impact"] in GRAVE
    ]


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)])
def test_axe_finds_no_grave_fault(browser: Browser, page: Path, width: int, *, dark: bool) -> None:
    """Neither on a laptop nor on a phone, in light nor in dark, with everything unfolded."""
    browser.open(page, width=width, dark=dark)
    wait = WebDriverWait(browser.driver, 20)
    wait.until(lambda _: browser.run("return !document.querySelector('.rows[data-migration] script')"))
    browser.run("document.querySelectorAll('details').forEach(item => item.open = true)")
    assert faults(browser) == []


def test_axe_finds_no_grave_fault_in_the_blind_review(browser: Browser, page: Path) -> None:
    """Each thumb, rating and choice has a name and can be told from its ground."""
    browser.open(page)
    wait = WebDriverWait(browser.driver, 20)
    wait.until(lambda _: browser.run("return !document.querySelector('.rows[data-migration] script')"))
    browser.run("document.querySelector('#m1-rows [name=review]').click()")
    assert faults(browser) == []


def test_axe_finds_what_is_wrong(browser: Browser, tmp_path: Path) -> None:
    """A page that hides what its button does is faulted: the proof above can fail."""
    path = tmp_path / "bad.html"
    path.write_text("<!doctype html><html lang='en'><title>x</title><main><button></button></main></html>")
    browser.open(path)
    assert faults(browser) == ["button-name: ['button']"]
