"""How far a run is, on a terminal, in a log and under xdist."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from tests.plugin.screen import COLUMNS, Screen, on_terminal
from tests.plugin.suite import SOURCE, TARGET, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
SOON = """
from pytest_llm_migrate.plugin import progress

progress.OFTEN = 0.1
progress.NOW_AND_THEN = 0.2
progress.REST = 0
"""
"""A conftest by which a test need not wait as people do."""
SLOW = Reply(text="yes", latency=0.25)
ROWS = 12
STATUS = re.compile(r"llm-migrate: (\d+/12 rows|\d+ in flight)(, .*)?")
MIGRATE = (
    *("--source-model", SOURCE, "--target-model", TARGET, "--prompt-strategy", "identity"),
    *("--migration-concurrency", "3"),
)


@pytest.fixture
def command(suite: Suite, serve: Serve) -> list[str]:
    """The command of a run of a second or two, one call of which is throttled once."""
    fault = ScriptedFault(name="ThrottlingException", times=1)
    serve(Rule(contains="question 03.", fault=fault, reply=SLOW), default=SLOW)
    suite.rows(golden(ROWS))
    suite.tests()
    suite.file("conftest.py", SOON)
    return [sys.executable, "-m", "pytest", *MIGRATE]


def in_a_log(suite: Suite, command: list[str]) -> list[str]:
    """Return the lines that a command writes where there is no terminal."""
    done = subprocess.run(command, cwd=suite.path, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.OK, done.stdout
    assert "\x1b" not in done.stdout
    return done.stdout.splitlines()


@PROCESSES
def test_a_log_has_a_line_now_and_then(suite: Suite, command: list[str], processes: tuple[str, ...]) -> None:
    """Rows, calls in flight, throttles, and money spent of what is expected are said in whole lines."""
    said = [line for line in in_a_log(suite, [*command, *processes]) if "llm-migrate:" in line]
    assert all(STATUS.fullmatch(line) for line in said), said
    assert len(said) >= 3
    full = re.compile(r"llm-migrate: \d+/12 rows, [1-6] in flight, .*\$\S+ of ~\$\S+, \d+ s left")
    assert any(full.fullmatch(line) for line in said), said
    rows = [int(done) for line in said for done in re.findall(r"(\d+)/12", line)]
    assert rows == sorted(rows)
    assert 1 <= rows[-1] <= ROWS
    assert any("1 throttled" in line for line in said)


def test_a_short_run_says_nothing_of_it(suite: Suite, command: list[str]) -> None:
    """What takes seconds has no such line in a log."""
    suite.file("conftest.py", "")
    assert not [line for line in in_a_log(suite, command) if "/12 rows" in line]


@pytest.mark.parametrize(
    ("verbosity", "processes"),
    [((), ()), (("-q",), ()), (("-v",), ()), (("-v",), ("-n2",))],
    ids=["dots", "quiet", "names", "xdist"],
)
def test_a_terminal_has_one_line_that_goes_away(
    suite: Suite, command: list[str], verbosity: tuple[str, ...], processes: tuple[str, ...]
) -> None:
    """Below pytest's own progress a status is rewritten in place; in the end all is as if it had not been there."""
    screen, statuses = Screen(), []
    for piece in on_terminal([*command, *processes, *verbosity], suite.path):
        screen.feed(piece)
        shown = [line for line in screen.lines if line.startswith("llm-migrate:")]
        assert len(shown) <= 1, screen.lines
        statuses += [line for line in shown if line not in statuses]
        assert not shown or screen.lines[-1] == shown[0]
    assert len(statuses) >= 4
    assert all(STATUS.fullmatch(line) and len(line) < COLUMNS for line in statuses), statuses
    assert any("$" in line and "left" in line for line in statuses)
    assert not [line for line in screen.lines if "/12 rows" in line]
    undisturbed(screen.lines, verbosity, processes)


def undisturbed(lines: list[str], verbosity: tuple[str, ...], processes: tuple[str, ...]) -> None:
    """Assert that pytest's own progress is what it always is."""
    if verbosity == ("-v",):
        passed = [line for line in lines if "PASSED" in line and re.search(r"\[ *\d+%\]", line)]
        assert len(passed) == ROWS + 1
        return
    name = "" if processes or verbosity else "test_triage.py "
    row = f"{name}{'.' * (ROWS + 1)}"
    assert f"{row}{'[100%]'.rjust(COLUMNS - 1 - len(row))}" in [line.rstrip() for line in lines]


@pytest.mark.parametrize("option", ["--color=no", "-s", "--capture=sys"])
def test_where_pytest_moves_no_cursor_lines_stay(suite: Suite, command: list[str], option: str) -> None:
    """Without colour, or where tests write to the terminal themselves, there are lines now and then instead."""
    written = "".join(on_terminal([*command, option], suite.path))
    assert "\x1b[J" not in written
    assert "\x1b[A" not in written
    assert len([line for line in written.splitlines() if STATUS.fullmatch(line.strip())]) >= 3


DEBUGGED = """
import pytest

pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])

def test_row(case):
    if case.row.sample_id == "r06":
        breakpoint()
    assert case.target["exact_match"] == 1
"""


def test_a_debugger_has_the_terminal_to_itself(suite: Suite, command: list[str]) -> None:
    """From its prompt until it goes on no status is written, though calls go on."""
    suite.tests(DEBUGGED)
    written = "".join(on_terminal(command, suite.path, typed=("(Pdb) ", "continue")))
    before, debugged, after = re.split(r"PDB set_trace|PDB continue", written)
    assert "llm-migrate: " in before
    assert "llm-migrate: " not in debugged
    assert "12 passed" in after
