"""Several targets of one use case: one run ranks them, and says how sure it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule
from tests.plugin.suite import OTHER_TARGET, SOURCE, TARGET, golden
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
THIRD = "us.amazon.nova-pro-v1:0"
GATE_ONLY = """
    import pytest

    @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
    def test_gate(comparison):
        assert comparison["exact_match"].non_inferior(margin=0.3)
"""
NO = Reply(text="no")


def served(serve: Serve) -> None:
    """Start models of which the other target gets all of 30 rows right, the third 20 and the target 29."""
    serve(
        Rule(model=TARGET, contains="question 00", reply=NO),
        Rule(model=THIRD, contains="question 1", reply=NO),
    )


@PROCESSES
def test_targets_are_ranked(suite: Suite, serve: Serve, processes: tuple[str, ...]) -> None:
    """The best leads the table at the top, and is not said to be better than one it may have beaten by luck."""
    served(serve)
    suite.rows(golden(30))
    suite.tests(GATE_ONLY)
    result = suite.migrate("--target-model", OTHER_TARGET, "--target-model", THIRD, *processes)
    results = suite.results
    validator("results").validate(results)
    (ranking,) = results["rankings"]
    assert [(item["ref"], item["rank"]) for item in ranking["targets"]] == [(OTHER_TARGET, 1), (TARGET, 2), (THIRD, 3)]
    assert [item["verdict"] for item in ranking["targets"]][:2] == ["GO", "GO"]
    assert [item["shown"] for item in ranking["against"]] == [False, True]
    assert all(item["cost"]["mean"] and item["latency"]["p50"] for item in ranking["targets"])
    start = result.outlines.index("triage: 3 targets")
    table = result.outlines[start : result.outlines.index("", start)]
    assert max(map(len, table)) <= 80
    assert [line.split()[0].rstrip("*") for line in table[3:6]] == ["1", "2", "3"]
    text = " ".join(line.strip() for line in table)
    assert f"The leader {OTHER_TARGET} is not shown to be better than {TARGET} (adjusted p 1)." in text
    assert f"The leader {OTHER_TARGET} is shown to be better than {THIRD} (adjusted p 0.0059)." in text
    summary = (suite.folder / "summary.md").read_text("utf-8")
    assert "| Rank | Target | Verdict | Change | Latency p50 | Cost per 1,000 rows | Pareto front |" in summary
    page = (suite.folder / "report.html").read_text("utf-8")
    assert page.index("triage: 3 targets") < page.index('class="migration"')


def test_one_target_has_no_ranking(suite: Suite, serve: Serve) -> None:
    """Where nothing is compared nothing is ranked."""
    served(serve)
    suite.rows(golden(10))
    suite.tests(GATE_ONLY)
    result = suite.migrate()
    assert suite.results["rankings"] == []
    result.stdout.no_fnmatch_line("*targets*")


def test_use_cases_are_ranked_one_by_one(suite: Suite, serve: Serve) -> None:
    """Two files with two targets have two rankings, recorded answers of the source included."""
    served(serve)
    suite.rows(golden(10))
    suite.tests(GATE_ONLY)
    suite.tests(GATE_ONLY, name="test_other.py")
    suite.run("--target-model", TARGET, "--target-model", OTHER_TARGET, "--prompt-strategy", "identity")
    assert [(item["name"], item["leader"]) for item in suite.results["rankings"]] == [
        ("other", OTHER_TARGET),
        ("triage", OTHER_TARGET),
    ]
    assert SOURCE not in str(suite.results["rankings"])
