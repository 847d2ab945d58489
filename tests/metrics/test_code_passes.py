"""Code of answers, run against tests."""

from __future__ import annotations

import math
import sys
import time
from itertools import combinations

import pytest

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics import CodePasses, pass_at_k, sandbox
from tests.metrics.scored import failed, scored

METRIC = CodePasses(allow_execution=True)
TESTS = "assert add(1, 2) == 3"
fenced_in = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the fence is Linux's")


def test_nothing_runs_unless_asked_for() -> None:
    """The metric's default is a score failure that names the way."""
    assert failed(CodePasses(), "import os; os.abort()", None, tests=TESTS) == (
        "code_passes runs code of models only with CodePasses(allow_execution=True)"
    )


@fenced_in
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("def add(a, b):\n    return a + b", ""),
        ("Here:\n```python\ndef add(a, b):\n    return a + b\n```\nIt adds.", ""),
        ("```py\ndef add(a, b):\n    return helper(a, b)\n```\nand\n```\ndef helper(a, b): return a + b\n```", ""),
        ("def add(a, b):\n    return a - b", "AssertionError"),
        ("def add(a, b) return", "SyntaxError: expected ':'"),
        ("I cannot help with that.", "SyntaxError: invalid syntax"),
        ("def add(a, b): return 3\nimport sys; sys.exit(0)", "it ended early, with status 0"),
        ("def add(a, b): return 3\nimport os; os._exit(0)", "it ended early, with status 0"),
        ("def add(a, b): return int(input())", "EOFError: EOF when reading a line"),
    ],
)
def test_an_answer_passes_when_its_tests_end(answer: str, reason: str) -> None:
    """Code may be fenced and in parts; a wrong result, a fault and an early end score 0 and say why."""
    score = scored(METRIC, answer, None, tests=TESTS)
    assert (float(score), score.reason) == (0.0 if reason else 1.0, reason)


@fenced_in
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("b = bytearray(2**31)", "MemoryError"),
        ("open('big', 'wb').write(bytes(2**25))", "File too large"),
        ("import os; assert not os.environ.keys() - {'LC_CTYPE'}, sorted(os.environ)", ""),
        ("import os; assert sorted(os.listdir()) == ['part_1.py', 'part_2.py', 'said']", ""),
    ],
)
def test_memory_files_and_environment_are_bounded(code: str, reason: str) -> None:
    """A program finds an empty folder and environment, and no more room than it was given."""
    score = scored(METRIC, code, None, tests="pass")
    assert reason in score.reason
    assert float(score) == (0.0 if reason else 1.0)


@fenced_in
def test_a_program_without_an_end_is_stopped_with_all_it_started() -> None:
    """The clock stops the whole group: nothing is left that holds the folder."""
    began = time.perf_counter()
    metric = CodePasses(allow_execution=True, seconds=0.5)
    score = scored(metric, "while True: pass", None, tests="pass")
    assert score.reason == "it took longer than 0.5 s"
    assert time.perf_counter() - began < 10


@pytest.mark.skipif(not sandbox.is_cut_off(), reason="this machine makes no namespaces")
def test_a_program_reaches_no_network() -> None:
    """Where the system can cut it off, even this machine's own ports are out of reach."""
    code = (
        "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9), 1)\n"
        "except OSError as error:\n    assert error.errno == 101"
    )
    assert scored(METRIC, code, None, tests="pass") == 1.0


@pytest.mark.parametrize("tests", [None, "", "  ", 5])
def test_a_row_without_tests_is_not_scored(tests: object) -> None:
    """No tests would pass any code."""
    assert failed(METRIC, "a = 1", None, tests=tests) == "the row has no tests in column 'tests'"


@pytest.mark.parametrize(
    ("samples", "passed", "k"), [(5, 0, 1), (5, 2, 1), (5, 2, 3), (5, 2, 4), (5, 5, 5), (200, 7, 10)]
)
def test_pass_at_k_is_the_share_of_draws_that_hold_a_pass(samples: int, passed: int, k: int) -> None:
    """The estimator counts the draws of k samples without a passing one, as Chen and others do by a product."""
    product = (
        math.prod(1 - k / left for left in range(samples - passed + 1, samples + 1)) if samples - passed >= k else 0
    )
    assert pass_at_k(samples, passed, k) == pytest.approx(1 - product)
    if samples == 5:
        draws = list(combinations(range(samples), k))
        assert pass_at_k(samples, passed, k) == pytest.approx(sum(min(draw) < passed for draw in draws) / len(draws))


@pytest.mark.parametrize(("samples", "passed", "k"), [(5, 6, 1), (5, -1, 1), (5, 1, 0), (5, 1, 6)])
def test_pass_at_k_of_impossible_counts_is_refused(samples: int, passed: int, k: int) -> None:
    """More passes than samples, or draws than samples, are an error of the caller."""
    with pytest.raises(ValueError, match="has no meaning"):
        pass_at_k(samples, passed, k)


def test_the_interpreter_is_in_the_version() -> None:
    """Code that passes under one Python need not pass under another."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert METRIC.version == (
        f"1, allow_execution=True, column='tests', seconds=10.0, memory=1073741824, k=1, python={python}"
    )


def test_a_row_of_several_samples_has_pass_at_k() -> None:
    """One of three samples passed: pass@1 is their mean, pass@2 the share of pairs that hold it, pass@4 is unknown."""
    repeats = [Score(0.0, "AssertionError"), Score(1.0), Score(0.0, "SyntaxError")]
    first, second, fourth = (CodePasses(k=k).over_repeats(repeats) for k in (1, 2, 4))
    assert isinstance(first, Score)
    assert isinstance(second, Score)
    assert [first, second] == pytest.approx([1 / 3, 2 / 3])
    assert second.reason == "1 of 3 samples passed; AssertionError"
    assert isinstance(fourth, ScoreFailure)
    assert fourth.reason == ("pass@4 takes 4 answers of a row, this one has 3: ask for more with --migration-repeats 4")


def test_a_draw_of_no_sample_is_refused() -> None:
    """Pass@0 means nothing."""
    with pytest.raises(MetricDefinitionError, match="k=0 is no number of samples from 1 on"):
        CodePasses(k=0)
