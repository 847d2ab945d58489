"""What a run without a target does, and what the plugin costs one that does not use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.suite import ROWS_AND_GATE

if TYPE_CHECKING:
    from tests.plugin.suite import Suite

REASON = "no --target-model: give one to judge this migration"


def test_each_migration_test_is_one_skipped_item(suite: Suite) -> None:
    """Without a target nothing is read, not even a dataset that is not there, and nothing is left."""
    suite.tests(ROWS_AND_GATE.replace("rows.csv", "missing.csv"))
    result = suite.run("-rs")
    result.assert_outcomes(skipped=2)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([f"SKIPPED ?2? test_triage.py: {REASON}"])
    assert "llm migration" not in result.stdout.str()
    assert not (suite.path / ".llm-migrate").exists()


def test_node_ids_are_plain(suite: Suite) -> None:
    """A skipped migration test has the name of its function."""
    suite.tests()
    result = suite.run("--collect-only", "-q")
    assert result.outlines[:2] == ["test_triage.py::test_row", "test_triage.py::test_gate"]


@pytest.mark.parametrize("fixture", ["source_model", "judge_model", "target_model", "source_prompt"])
def test_a_test_of_any_fixture_is_skipped(suite: Suite, fixture: str) -> None:
    """Whatever of the plugin a test asks for, it is skipped for the same reason."""
    suite.tests(f"""
        def test_it({fixture}):
            raise AssertionError("it ran")
    """)
    result = suite.run("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([f"SKIPPED *{REASON}"])


@pytest.mark.parametrize("target", [(), ("--target-model", "recorded")], ids=["no-target", "target"])
def test_a_plain_test_keeps_its_own_names(suite: Suite, target: tuple[str, ...]) -> None:
    """Arguments and fixtures called ``case`` or ``comparison`` belong to those who define them."""
    suite.tests("""
        import pytest

        @pytest.fixture
        def comparison():
            return "mine"

        @pytest.mark.parametrize("case", [1, 2])
        def test_argument(case):
            assert case in {1, 2}

        def test_fixture(comparison):
            assert comparison == "mine"
    """)
    suite.run(*target).assert_outcomes(passed=3)
    assert not list((suite.path / ".llm-migrate").glob("runs/*"))


def test_a_plain_run_loads_nothing_and_leaves_nothing(suite: Suite) -> None:
    """Without a migration the plugin imports no heavy library and none of its own rooms, and makes no folder."""
    suite.tests("""
        import sys

        HEAVY = ["boto3", "botocore", "pandas", "scipy", "numpy", "jinja2", "yaml", "genai_prices", "sqlite3"]
        LIGHT = {"errors", "migration", "plugin"}

        def test_nothing_is_loaded():
            assert [name for name in HEAVY if name in sys.modules] == []
            ours = [name.split(".") for name in sys.modules if name.startswith("pytest_llm_migrate.")]
            assert {name[1] for name in ours} <= LIGHT
    """)
    suite.pytester.runpytest_subprocess("-p", "no:xdist").assert_outcomes(passed=1)
    assert not (suite.path / ".llm-migrate").exists()


def test_options_and_marker_explain_themselves(suite: Suite) -> None:
    """``--help`` lists every option in one group, and ``--markers`` the marker's signature."""
    helped = suite.run("--help").stdout
    helped.fnmatch_lines(["LLM migration regression testing:", "*--target-model=REF*", "*--migration-max-cost=USD*"])
    suite.run("--markers").stdout.fnmatch_lines(["@pytest.mark.migration(dataset, [*], prompt=None, metrics=(), *"])
