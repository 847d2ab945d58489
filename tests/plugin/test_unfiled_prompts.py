"""A rewritten prompt that fails a check: every fault is told with what changed, and nothing is filed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.plugin.suite import TARGET, golden

if TYPE_CHECKING:
    from tests.plugin.suite import Suite

SOURCE_TEXT = "Sort the ticket by its topic, please. Reply as JSON with the key label. {{ question }}"
OTHER_WORDS = "Kindly sort the ticket by topic, and reply as JSON with the key label."
STRATEGY = """
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_llm_migrate.domain import Rewrite, Takes


@dataclass(frozen=True)
class Told:
    name: str = "told"
    learns: bool = False
    tool: str = "told 1"

    def takes(self, rows):
        return Takes(texts=0, answers=0)

    def rewrite(self, task):
        return Rewrite(prompt=replace(task.prompt, user=Path(__file__).with_name("user.txt").read_text("utf-8")))


def pytest_llm_migrate_strategies(config):
    return [Told()]
"""


@pytest.fixture
def unfiled(suite: Suite) -> Suite:
    """A suite of thirty rows whose strategy writes what it is told to; no answer is needed to check it."""
    rows = golden(30)
    for row in rows:
        row["question"] = f"a question that is long enough to be told again {row['sample_id'][1:]}."
    suite.rows(rows)
    suite.prompt(SOURCE_TEXT)
    suite.tests()
    suite.file("conftest.py", STRATEGY)
    return suite


def rewrite(suite: Suite, text: str, *arguments: str) -> pytest.RunResult:
    """Have the strategy write a text, and return the run, in which nothing was filed."""
    suite.file("user.txt", text)
    result = suite.run("--target-model", TARGET, "--migrate-prompts=told", *arguments)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert not list((suite.path / "prompts/triage").glob("us*"))
    return result


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (OTHER_WORDS, "the variable 'question' is lost"),
        (OTHER_WORDS + " {{ question }} {{ tone }}", "the variable 'tone' is new"),
        (OTHER_WORDS + " {{ question | polite }}", "it is no template (*No filter named 'polite'*)"),
        (OTHER_WORDS + " {{ question", "it is no template (*line 1: unexpected end of template*)"),
        (
            f"As in: a question that is long enough to be told again 03. {OTHER_WORDS} {{{{ question }}}}",
            "it holds 'question' of row 'r03', which may not tune it",
        ),
        ("Please sort the ticket by its topic. {{ question }}", "it no longer asks for JSON"),
        (
            "word " * 300_000 + OTHER_WORDS + " {{ question }}",
            "it takes about 375,* tokens, and the model reads 300,000*",
        ),
        (
            "Bitte sortiere das Ticket des Kunden nach dem Thema, als JSON mit dem Feld label. {{ question }}",
            "it is in German, not in English",
        ),
    ],
    ids=["lost", "new", "filter", "syntax", "leak", "format", "window", "language"],
)
def test_a_fault_is_told_with_what_changed(unfiled: Suite, text: str, why: str) -> None:
    """One sentence has the fault and the ways on, and the diff below it has what was written, and no other line."""
    result = rewrite(unfiled, text)
    result.stdout.fnmatch_lines(
        [
            f"triage for {TARGET}: prompt 'triage' is not filed: {why}. Run the strategy again, take another one, or *",
            "--- source",
            "+++ written",
            "@@ *",
            " name: triage",
            f"-user: *{SOURCE_TEXT}*",
            f"+user: *{text[:40]}*",
        ],
        consecutive=True,
    )


def test_all_faults_are_told_at_once(unfiled: Suite) -> None:
    """Nobody mends one only to meet the next."""
    result = rewrite(unfiled, "Bitte sortiere das Ticket nach dem Thema und sei nett. {{ tone }}")
    told = "the variable 'question' is lost; the variable 'tone' is new; it no longer asks for JSON; it is in German"
    assert told in result.stdout.str()


def test_a_long_diff_does_not_flood_the_terminal(unfiled: Suite) -> None:
    """Lines and columns are cut, and the last line names the file that has all."""
    result = rewrite(unfiled, "word " * 9000 + OTHER_WORDS + "\n\nrule" * 90)
    assert max(map(len, result.outlines)) <= 1000
    result.stdout.fnmatch_lines(["... * more lines in prompts.json of the run's folder"])
    (failed,) = json.loads((unfiled.folder / "prompts.json").read_text("utf-8"))["failed"]
    assert failed["why"].count("word") == 9000
    assert failed["why"].count("rule") == 90
