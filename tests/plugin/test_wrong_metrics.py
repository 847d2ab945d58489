"""Metrics that a test file makes wrongly: one line with the place, and no traceback."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.plugin.suite import collection_faults, golden

if TYPE_CHECKING:
    from tests.plugin.suite import Suite

MADE = """
    import pytest
    from pytest_llm_migrate.metrics import Jury, NumericMatch, RubricJudge, judge_likert

    METRIC = {metric}

    @pytest.mark.migration("rows.csv", prompt="triage", metrics=[METRIC])
    def test_row(case):
        pass
"""
WRONG = {
    "setting": ("NumericMatch(scale='milion')", "unknown scale 'milion'. Did you mean 'million'? Known: *"),
    "rubric": (
        "RubricJudge(name='tone', criterion='Polite?', levels={1: 'Rude.'})",
        "tone is no metric yet: its levels do not say what 1 and 5 mean. Anchor both ends of the scale.",
    ),
    "jury": (
        "Jury(of=judge_likert(), judges='a.b')",
        "*judges='a.b' is one text, and it takes several. Write it as judges=('a.b',).",
    ),
}
"""What is made, and what is said of it."""


@pytest.mark.parametrize(("metric", "said"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("options", [(), ("--tb=long",), ("-n2",)], ids=["plain", "long", "xdist"])
def test_what_cannot_be_made_is_one_line(suite: Suite, metric: str, said: str, options: tuple[str, ...]) -> None:
    """The file and line that make it stand before what is wrong, whichever style of traceback is asked for."""
    suite.rows(golden(2))
    suite.tests(MADE.format(metric=metric))
    result = suite.judge(*options)
    found = set(collection_faults(result))
    assert len(found) == 1
    pytest.LineMatcher(list(found)).fnmatch_lines([f"test_triage.py:4: {said}"])
    result.assert_outcomes(errors=1)


def test_a_missing_extra_is_told_once(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a metric's embedder needs is missed when the file is collected, not as a failed score of every row."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    suite.rows(golden(3))
    suite.tests("""
        import pytest
        from pytest_llm_migrate.metrics import EmbeddingSimilarity
        from pytest_llm_migrate.models.local import MiniLM

        METRIC = EmbeddingSimilarity(embedder=MiniLM())

        @pytest.mark.migration("rows.csv", metrics=[METRIC])
        def test_row(case):
            pass
    """)
    assert collection_faults(suite.judge()) == [
        "test_triage.py:5: MiniLM needs onnxruntime and tokenizers: pip install 'pytest-llm-migrate[minilm]'"
    ]


def test_a_suite_s_own_faults_keep_their_traceback(suite: Suite) -> None:
    """Only what this plugin refuses is told in a line."""
    suite.tests("raise ValueError('mine')")
    result = suite.judge()
    result.stdout.fnmatch_lines(["test_triage.py:1: in <module>", "E   ValueError: mine"])


ASKED = {
    "name": (
        'comparison["exakt_match"].non_inferior(0.1)',
        "unknown metric 'exakt_match'. Did you mean 'exact_match'?*",
    ),
    "judge": (
        'comparison.judge("human_score").agreement(at_least=0.6)',
        "*takes a judge to hold against people, and human_score is what people say themselves",
    ),
    "bar": (
        'comparison.judge("exact_match").agreement(at_least=60)',
        "judge(exact_match).agreement(60): takes an agreement above 0 and up to 1, such as 0.6. Did you mean 0.6?",
    ),
}
"""What a gate asks for, and what is said of it."""


@pytest.mark.parametrize(("asked", "said"), ASKED.values(), ids=ASKED)
def test_a_gate_that_asks_wrongly_cannot_judge(suite: Suite, asked: str, said: str) -> None:
    """It is an error of one line, and no verdict on the target."""
    suite.rows(golden(3))
    suite.tests(f"""
        import pytest

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match", "human_score"])
        def test_gate(comparison):
            assert {asked}
    """)
    result = suite.judge()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"test_triage.py:5: {said}"])
    assert "Error: " not in result.stdout.str()
    assert [gate["verdict"] for gate in suite.migration["gates"]] == ["CANNOT JUDGE"]


def test_a_gate_with_a_mistake_cannot_judge(suite: Suite) -> None:
    """An exception of the gate's own is an error with its traceback, and no NO-GO for the target."""
    suite.rows(golden(3))
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
        def test_gate(comparison):
            assert comparison["exact_match"].non_inferior(margin="0.1" + 0)
    """)
    result = suite.judge()
    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["E * TypeError: can only concatenate str*", "CANNOT JUDGE*"], consecutive=False)
    assert [gate["verdict"] for gate in suite.migration["gates"]] == ["CANNOT JUDGE"]


def test_a_row_that_asks_wrongly_is_an_error(suite: Suite) -> None:
    """A misspelt name says nothing about the row, reported rows included."""
    suite.rows(golden(2))
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"], row_failures="report")
        def test_row(case):
            assert case.target["exakt_match"] == 1
    """)
    result = suite.judge()
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["test_triage.py:5: *'exakt_match'. Did you mean 'exact_match'?*"])


@pytest.mark.parametrize("returned", ["short", "'short'", "3"])
def test_a_hook_returns_a_list(suite: Suite, returned: str) -> None:
    """A single metric is not taken apart, and its plugin does not crash the run."""
    text = f"def short(answer, row): return 1.0\ndef pytest_llm_migrate_metrics(config): return {returned}\n"
    suite.file("conftest.py", text)
    suite.rows(golden(2))
    suite.tests()
    result = suite.judge()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "hook pytest_llm_migrate_metrics returned, and no list. Return one: return [...]." in result.stderr.str()
