"""Lines that are written while tests run, past pytest's capture."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.suite import Suite

CONFTEST = """
import threading

import pytest

from pytest_llm_migrate.plugin.live import open_live


def pytest_sessionstart(session):
    session.config.say = open_live(session.config).say


@pytest.fixture
def say_elsewhere(request):
    def say(line):
        thread = threading.Thread(target=request.config.say, args=(line,))
        thread.start()
        thread.join()

    return say
"""
TEST = """
def test_says(say_elsewhere):
    print("caught")
    say_elsewhere("seen at once")
"""


@pytest.mark.parametrize("processes", [(), ("-n1",)], ids=["one-process", "xdist"])
def test_a_thread_is_heard_while_output_is_caught(suite: Suite, processes: tuple[str, ...]) -> None:
    """What a thread says during a test reaches the terminal, which the test's own output does not."""
    suite.file("conftest.py", CONFTEST)
    suite.file("test_it.py", TEST)
    command = [sys.executable, "-m", "pytest", "-q", *processes]
    done = subprocess.run(command, cwd=suite.path, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.OK, done.stdout
    assert "seen at once" in done.stdout + done.stderr
    assert "caught" not in done.stdout + done.stderr
