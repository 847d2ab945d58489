"""The prompt as it was sent for a row."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from pytest_llm_migrate.prompts import Prompt
from pytest_llm_migrate.report import write_report
from pytest_llm_migrate.report.as_sent import prompts_as_sent
from pytest_llm_migrate.report.redaction import write_redacted
from tests.report.sample import sample

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.conftest import Browser

SENT = (
    "const side = document.querySelector('#m1-rows .side:nth-child({})');"
    "return [...side.querySelectorAll('.sent > :not(summary)')].map(item => item.textContent)"
)
SOURCE, TARGET = 2, 3


def migration(side: str, **changed: Any) -> dict[str, Any]:
    """Return a migration with another prompt on a side."""
    record: dict[str, Any] = copy.deepcopy(sample(sizes=(1, 1, 1))[0]["migrations"][0])
    record[side]["prompt"] |= changed
    return record


def test_a_template_is_texts_and_fields() -> None:
    """Fields stand by their names between the texts, examples as they are, whatever braces they have."""
    record = migration("source", system="Be {kind}.", user="A: {{ a }}\n{{b}}{{ c }}!", examples=[["{{ x }}", "{%"]])
    assert json.loads(prompts_as_sent(record))[0] == {
        "parts": [
            ["System", ["Be {kind}."]],
            ["Example 1, user", ["{{ x }}"]],
            ["Example 1, assistant", ["{%"]],
            ["User", ["A: ", ["a"], "\n", ["b"], ["c"], "!"]],
        ],
        "files": False,
    }


@pytest.mark.parametrize(
    "user", ["{% if a %}x{% endif %}", "{{ a | upper }}", "{{ a.b }}", "{{- a }}", "{# no #}{{ a }}"]
)
def test_a_template_that_computes_is_not_guessed_at(user: str) -> None:
    """Conditions, filters and the like are not worked out by the page, which says so."""
    source, target = json.loads(prompts_as_sent(migration("source", user=user)))
    assert source["why"].startswith("unknown here: the template")
    assert "parts" in target


def test_what_is_not_known_is_said() -> None:
    """Recorded answers and prompts of rows have no prompt to show, and a redacted edition leaves it out."""
    record = migration("source")
    record["source"]["ref"], record["target"]["prompt"] = "recorded", None
    assert [found["why"] for found in json.loads(prompts_as_sent(record))] == [
        "unknown: the answer was recorded",
        "unknown: each row brought its own, which the record does not hold",
    ]
    assert (
        json.loads(prompts_as_sent(migration("source"), is_redacted=True))
        == [{"why": "left out of this redacted edition"}] * 2
    )


def shown(browser: Browser, path: Path, side: int = SOURCE) -> list[str]:
    """Return what the first row's prompt shows."""
    browser.open(path)
    wait = WebDriverWait(browser.driver, 20)
    wait.until(lambda _: browser.run("return document.querySelectorAll('[data-ready]').length === 3"))
    assert browser.run("return document.querySelectorAll('.sent').length > 0")
    assert not browser.run("return document.querySelectorAll('.sent[open]').length")
    found: list[str] = browser.run(SENT.format(side))
    return found


VALUES = ["two\r\nlines {{ no }}", ["a", "b\n"], 3, 2.5, 1e16, "{% raw %} <b>&amp;", "", "W" * 5_000]


def test_the_page_shows_what_is_sent(browser: Browser, tmp_path: Path) -> None:
    """For values of every kind that it fills in, the text is the one that the prompt renders to."""
    results, rows = copy.deepcopy(sample(sizes=(1, 1, 1)))
    fields = {f"f{place}": value for place, value in enumerate(VALUES)}
    user = " | ".join(f"{{{{ {name} }}}}" for name in fields)
    results["migrations"][0]["source"]["prompt"] |= {"system": "Be {{ f2 }}.", "user": user, "examples": [["a", "b"]]}
    rows[0]["inputs"] = fields
    write_report(tmp_path / "r.html", results, rows)
    request = Prompt(name="x", system="Be {{ f2 }}.", user=user).render(fields)
    expected = ["System", request.system, "Example 1, user", "a", "Example 1, assistant", "b", "User"]
    *first, last = shown(browser, tmp_path / "r.html")
    assert first == expected
    # The far end of a long text is folded behind a line of its own, and line breaks are all of one kind.
    assert re.sub(r"4,\d{3} more characters", "", last) == request.turns[-1].text.replace("\r\n", "\n")


@pytest.mark.parametrize("value", [True, {"a": 1}, None, [1, 2], []])
def test_a_value_that_may_print_otherwise_is_not_guessed_at(browser: Browser, tmp_path: Path, value: Any) -> None:
    """Where the page does not know how a value was printed it says so, rather than show another text."""
    results, rows = copy.deepcopy(sample(sizes=(1, 1, 1)))
    rows[0]["inputs"]["ticket"] = value
    write_report(tmp_path / "r.html", results, rows)
    assert shown(browser, tmp_path / "r.html") == [
        "unknown here: it has a field that is no text, number or list of texts"
    ]


def test_pipelines_and_missing_answers_are_unknown(browser: Browser, tmp_path: Path) -> None:
    """What a pipeline asked, and whether a call without an answer was made, the page cannot tell."""
    results, rows = copy.deepcopy(sample(sizes=(1, 1, 1)))
    rows[0]["source"]["steps"] = [{"name": "find", "latency": 0.1}]
    rows[0]["target"] = {"error": {"kind": "throttled", "message": "slow down"}}
    write_report(tmp_path / "r.html", results, rows)
    assert shown(browser, tmp_path / "r.html") == ["unknown: a pipeline of several steps asked"]
    assert browser.run(SENT.format(TARGET)) == ["unknown: there is no answer to what was sent"]


def test_a_redacted_edition_has_no_prompt(browser: Browser, tmp_path: Path) -> None:
    """Neither its template nor what it rendered to."""
    write_redacted(tmp_path, *sample(sizes=(1, 1, 1)))
    assert shown(browser, tmp_path / "report.redacted.html") == ["left out of this redacted edition"]


def test_prompts_do_not_grow_with_rows(tmp_path: Path) -> None:
    """A long prompt stands in the file once, not once a row."""
    sizes = []
    for length in (10, 10_000):
        results, rows = copy.deepcopy(sample(sizes=(40, 1, 1)))
        results["migrations"][0]["source"]["prompt"]["system"] = "".join(chr(97 + n * n % 26) for n in range(length))
        write_report(tmp_path / "r.html", results, rows)
        sizes.append((tmp_path / "r.html").stat().st_size)
    assert sizes[1] - sizes[0] < 5 * 10_000
