"""Gates beside whose average slices and critical rows are guarded, in a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugin.suite import collection_faults, golden

if TYPE_CHECKING:
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
GATE = """
    import pytest

    @pytest.mark.migration("rows.csv", metrics=["exact_match"], slices=["channel"], critical={critical})
    def test_gate(comparison):
        '''Quality holds.'''
        assert comparison["exact_match"].non_inferior(margin=0.1)
"""


def rows(*broken: int, small: int = 6) -> list[dict[str, Any]]:
    """Return 400 rows by mail and a few by chat; every hundredth is of priority p1."""
    made = golden(400 + small, broken=broken)
    for number, row in enumerate(made):
        row["channel"] = "mail" if number < 400 else "chat"
        row["priority"] = "p2" if number % 100 else "p1"
    return made


def gate(suite: Suite, critical: str) -> None:
    """Write a gate whose marker names critical rows."""
    suite.tests(GATE.format(critical=critical))


@PROCESSES
def test_a_broken_critical_row_fails_the_run(suite: Suite, processes: tuple[str, ...]) -> None:
    """The statement names it, results.json counts it, rows.jsonl and the seal say which rows are critical."""
    suite.rows(rows(100, 7))
    gate(suite, "\"priority == 'p1'\"")
    result = suite.judge(*processes)
    result.assert_outcomes(failed=1)
    said = "a loss of 0.1 or more is ruled out, but 1 of 5 critical rows broke: 'r100'."
    (judged,) = suite.migration["gates"]
    assert (judged["verdict"], judged["statement"].endswith(said)) == ("NO-GO", True)
    assert suite.migration["critical"] == "priority == 'p1'"
    assert suite.migration["critical_rows"] == {"rows": 5, "broke": {"exact_match": 1}, "unseen": {"exact_match": 0}}
    assert suite.migration["metrics"]["exact_match"]["flipped"] == {"broke": ["r07", "r100"], "fixed": []}
    assert [line["sample_id"] for line in suite.lines if line["critical"]] == ["r00", "r100", "r200", "r300", "r400"]
    sealed = json.loads((suite.folder / "sealed.json").read_text("utf-8"))
    assert sealed["migrations"][0]["critical"] == "priority == 'p1'"


@PROCESSES
def test_a_slice_that_lost_fails_the_run(suite: Suite, processes: tuple[str, ...]) -> None:
    """An overall GO with a slice NO-GO is not a GO, on the screen and on record."""
    suite.rows(rows(*range(401, 406)))
    gate(suite, "None")
    result = suite.judge(*processes)
    result.assert_outcomes(failed=1)
    (judged,) = suite.migration["gates"]
    assert judged["statement"].endswith(
        "a loss of 0.1 or more is ruled out, but in channel = 'chat' (6 rows) it lost more than 0.1."
    )
    found = judged["statements"][0]["figures"]["slices"]
    assert [(look["value"], look["verdict"]) for look in found] == [("chat", "NO-GO"), ("mail", "GO")]
    assert "critical" not in suite.lines[0]
    assert suite.migration["critical_rows"] is None
    result.stdout.fnmatch_lines(["*both right       broke       fixed  both wrong", "  exact_match *401 *5 *0 *0"])
    assert "| exact_match | 401 | 5 | 0 | 0 |" in (suite.folder / "summary.md").read_text("utf-8")


def test_a_column_that_is_not_there_is_a_usage_error(suite: Suite) -> None:
    """It is found before anything is asked, with the nearest column."""
    suite.rows(rows())
    gate(suite, "\"priorty == 'p1'\"")
    result = suite.judge()
    assert result.ret != pytest.ExitCode.OK
    assert "critical names the column 'priorty'" in "".join(collection_faults(result) or result.outlines)


def test_a_cell_that_does_not_fit_is_named(suite: Suite) -> None:
    """With its place in the file."""
    suite.rows(rows())
    gate(suite, '"priority"')
    result = suite.judge()
    said = "rows.csv:2: critical='priority': column 'priority' has 'p1', which is no truth value"
    assert said in "".join(collection_faults(result) or result.outlines)


def test_a_condition_is_a_text(suite: Suite) -> None:
    """Anything else is a wrong use of the marker."""
    suite.rows(rows())
    gate(suite, "['r00']")
    result = suite.judge()
    assert "critical takes a text, got ['r00']" in "".join(collection_faults(result) or result.outlines)
