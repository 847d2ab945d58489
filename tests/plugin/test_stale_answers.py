"""Answers that are old when a run uses them."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.plugin.suite import SOURCE, golden

if TYPE_CHECKING:
    from tests.plugin.suite import Bedrock, Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])


@pytest.fixture
def asked(suite: Suite, bedrock: Bedrock) -> Bedrock:
    """The endpoint after a run of a suite of 20 rows."""
    suite.rows(golden())
    suite.tests()
    suite.migrate()
    return bedrock


@PROCESSES
def test_stale_answers_are_warned_of(suite: Suite, asked: Bedrock, processes: tuple[str, ...]) -> None:
    """From 30 days on a kept answer is named above everything, on its side alone, with its day and the way out."""
    path = suite.path / ".llm-migrate" / "answers.sqlite"
    older = "UPDATE answers SET at = at - ? WHERE key = (SELECT min(key) FROM answers WHERE model = ?)"
    for days, is_stale in ((29, False), (16, True)):
        with closing(sqlite3.connect(path)) as database, database:
            assert database.execute(older, (days * 86_400, SOURCE)).rowcount == 1
        shown = " ".join(suite.migrate(*processes).stdout.str().split())
        [migration] = suite.results["migrations"]
        day = dt.datetime.now(dt.UTC) - dt.timedelta(days=45)
        sentence = (
            "stale source answers: some are from earlier runs, the oldest made 45 days before this one "
            f"({day:%Y-%m-%d}); --migration-answers fresh asks again"
        )
        assert [said for said in migration["warnings"] if "stale" in said] == [sentence] * is_stale
        said = {name: (suite.folder / name).read_text("utf-8") for name in ("report.html", "summary.md")}
        assert [sentence in text for text in (*said.values(), shown)] == [is_stale] * 3
    assert len(asked.asked) == 40
    assert suite.migrate("--migration-answers", "fresh").ret == 0
    assert not [said for said in suite.results["migrations"][0]["warnings"] if "stale" in said]


def test_the_age_of_recorded_answers_is_not_guessed(suite: Suite, asked: Bedrock) -> None:
    """Recordings do not say when their answers were made, so that a replay warns of none."""
    suite.migrate("--migration-record")
    with closing(sqlite3.connect(suite.path / ".llm-migrate" / "answers.sqlite")) as database, database:
        database.execute("UPDATE answers SET at = at - 86400 * 365")
    suite.migrate()
    assert not [said for said in suite.results["migrations"][0]["warnings"] if "stale" in said]
    assert len(asked.asked) == 40
