"""Recorded against recorded, end to end: tests, gates, records, headings and exit codes."""

from __future__ import annotations

import json
import platform
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.plugin.suite import ROWS_AND_GATE, ROWS_ONLY, golden
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from tests.plugin.suite import Suite

ALL_FAILED = range(20)
PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])


@PROCESSES
def test_rows_are_tests_and_the_gate_judges_them_all(suite: Suite, processes: tuple[str, ...]) -> None:
    """A broken row fails its own test and the run; the gate still says GO, and the heading says both."""
    suite.rows(golden(broken=[3]))
    suite.tests()
    result = suite.judge(*processes)
    result.assert_outcomes(passed=20, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([
        "E*<target exact_match 0 on row 'r03': expected 'yes', got 'no'>*",
        "*GO by its gates; 1 row below its bar*",
        "FAILED test_triage.py::test_row?r03? - *",
    ])  # fmt: skip
    migration = suite.migration
    assert migration["heading"] == "GO by its gates; 1 row below its bar fails the run."
    assert (migration["verdict"], migration["rows_below_bar"]) == ("GO", 1)
    assert migration["row_tests"] == dict.fromkeys(migration["row_tests"], 0) | {"passed": 19, "failed": 1}
    (gate,) = migration["gates"]
    assert (gate["nodeid"], gate["outcome"], gate["verdict"]) == ("test_triage.py::test_gate", "passed", "GO")
    assert gate["doc"] == "Quality holds."
    assert [said["gate"] for said in gate["statements"]] == ["exact_match.non_inferior(margin=0.3)"]
    assert [line["sample_id"] for line in suite.lines] == [row["sample_id"] for row in golden()]


def test_results_hold_what_the_readme_promises(suite: Suite) -> None:
    """``results.json`` names the run, both sides, the dataset, the metrics and every figure."""
    suite.rows(golden(broken=[3]))
    suite.tests()
    suite.judge()
    results = suite.results
    assert set(results) >= {"schema_version", "run", "verdict", "migrations", "prices", "warnings"}
    assert set(results["run"]) >= {"id", "started", "ended", "command", "exit_status", "git_commit", "versions"}
    assert results["run"]["command"] == "pytest --target-model recorded"
    assert (results["run"]["id"], results["run"]["exit_status"]) == (suite.folder.name, 1)
    migration = suite.migration
    assert (migration["name"], migration["nodeid"]) == ("triage", "test_triage.py")
    assert migration["dataset"] | {"sha256": ""} == {"path": "rows.csv", "sha256": "", "rows": 20, "rows_in_file": 20}
    assert migration["source"]["ref"] == migration["target"]["ref"] == "recorded"
    assert migration["source"]["prompt"]["user"] == "{{ question }}"
    found = migration["metrics"]["exact_match"]
    assert (found["n"], found["source"]["mean"], found["target"]["mean"]) == (20, 1.0, 0.95)
    assert found["delta"] == pytest.approx(-0.05)
    assert found["interval"][0] < found["delta"] < found["interval"][1]
    assert migration["latency"]["statistics"]["p50"]["ratio"] == 0.5
    assert migration["cost"] is None
    assert [(group["value"], group["rows"]) for group in migration["slice_metrics"]] == [("chat", 10), ("email", 10)]
    assert migration["errors"] == {"source": 0, "target": 0, "kinds": {"source": {}, "target": {}}}


def test_a_line_of_rows_holds_both_sides_and_every_check(suite: Suite) -> None:
    """``rows.jsonl`` shows texts, times, scores, reasons, the test's outcome and what it compared."""
    suite.rows(golden(broken=[3]))
    suite.tests()
    suite.judge()
    line = next(line for line in suite.lines if line["sample_id"] == "r03")
    assert line["migration"] == suite.migration["id"]
    assert (line["source"]["text"], line["target"]["text"], line["target"]["latency"]) == ("yes", "no", 0.5)
    assert (line["source"]["scores"], line["target"]["scores"]) == ({"exact_match": 1.0}, {"exact_match": 0.0})
    assert line["target"]["reasons"] == {"exact_match": "expected 'yes', got 'no'"}
    assert (line["flips"], line["inputs"]["question"]) == ({"exact_match": "broke"}, "question 03.")
    (test,) = line["tests"]
    assert (test["nodeid"], test["outcome"]) == ("test_triage.py::test_row[r03]", "failed")
    (check,) = test["checks"]
    assert (check["side"], check["operator"], check["value"], check["bar"]) == ("target", ">=", 0.0, 1.0)
    assert (check["against"], check["passed"]) == ("source exact_match", False)


def test_rows_are_told_apart_by_what_became_of_them(suite: Suite) -> None:
    """Each row's line says whether it broke, was fixed, or stayed right or wrong, and the metric counts them."""
    rows = golden(5, broken=[0, 2])
    rows[1]["answer_source_llm"] = rows[2]["answer_source_llm"] = "no"
    suite.rows(rows)
    suite.tests()
    suite.judge()
    kinds = ["broke", "fixed", "both wrong", "both right", "both right"]
    assert [line["flips"] for line in suite.lines] == [{"exact_match": kind} for kind in kinds]
    counts = {"broke": 1, "fixed": 1, "both right": 2, "both wrong": 1, "held": 0}
    assert suite.migration["metrics"]["exact_match"]["flips"] == counts


def test_every_file_is_left_and_copied_where_asked(suite: Suite) -> None:
    """A judged run leaves seven files; three of them also go where the options say, in folders that need not exist."""
    suite.rows(golden())
    suite.tests()
    suite.judge("--migration-json", "out/r.json", "--migration-report", "out/r.html", "--migration-summary", "out/s.md")
    assert sorted(path.name for path in suite.folder.iterdir()) == [
        "evidence.json",
        "report.html",
        "results.json",
        "rows.csv",
        "rows.jsonl",
        "sealed.json",
        "summary.md",
    ]
    assert json.loads((suite.path / "out/r.json").read_text("utf-8")) == suite.results
    assert (suite.path / "out/r.html").read_text("utf-8") == (suite.folder / "report.html").read_text("utf-8")
    assert (suite.path / "out/s.md").read_text("utf-8") == (suite.folder / "summary.md").read_text("utf-8")


def test_a_safe_migration_ends_in_ok(suite: Suite) -> None:
    """Where all rows pass and the gate says GO, the exit code is 0."""
    suite.rows(golden())
    suite.tests()
    result = suite.judge()
    assert result.ret == pytest.ExitCode.OK
    assert suite.results["verdict"] == "GO"
    assert suite.migration["heading"] == "GO by its gates."


@pytest.mark.parametrize(
    ("rows", "broken", "verdict"),
    [(20, ALL_FAILED, "NO-GO"), (20, range(4), "NOT ENOUGH EVIDENCE"), (2, range(0), "NOT ENOUGH EVIDENCE")],
    ids=["all-broke", "some-broke", "two-rows"],
)
def test_a_gate_that_is_not_go_fails_the_run(suite: Suite, rows: int, broken: range, verdict: str) -> None:
    """NO-GO and NOT ENOUGH EVIDENCE fail the gate, and the whole verdict is printed."""
    suite.rows(golden(rows, broken=broken))
    suite.tests()
    result = suite.judge("-k", "gate")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    said = f"{verdict}: exact_match went from 1.000 to *"
    detail = (
        f"  n={rows}; estimate *, one-sided 95% limits [[]*]; bar -0.3; tango score; broke {len(broken)}, fixed 0; *"
    )
    result.stdout.fnmatch_lines(["* llm-migrate verdicts *", said, detail])
    assert suite.results["verdict"] == verdict


def test_a_gate_without_values_cannot_judge(suite: Suite) -> None:
    """A gate on a quantity that no row knows fails as CANNOT JUDGE."""
    suite.rows(golden())
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv")
        def test_gate(comparison):
            assert comparison.cost.ratio_at_most(0.6)
    """)
    assert suite.judge().ret == pytest.ExitCode.TESTS_FAILED
    assert suite.migration["gates"][0]["verdict"] == "CANNOT JUDGE"
    assert "no row has a known cost" in suite.migration["gates"][0]["statement"]


@pytest.mark.parametrize(
    ("body", "outcome", "verdict"),
    [
        ("assert comparison['exact_match'].target.mean < 0", "failed", "NO-GO"),
        ("raise RuntimeError('broken gate')", "error", "CANNOT JUDGE"),
        ("pass", "passed", "GO"),
        ("pytest.skip('not today')", "skipped", None),
        ("pytest.xfail('known')", "xfailed", None),
    ],
)
def test_a_gate_has_the_verdict_of_its_outcome(suite: Suite, body: str, outcome: str, verdict: str | None) -> None:
    """Without a statement a failed gate is NO-GO and a passed one GO; a skipped one has none and is named."""
    suite.rows(golden())
    suite.tests(f"""
        import pytest

        @pytest.mark.migration("rows.csv", metrics=["exact_match"])
        def test_gate(comparison):
            {body}
    """)
    suite.judge()
    (gate,) = suite.migration["gates"]
    assert (gate["outcome"], gate["verdict"]) == (outcome, verdict)
    named = f"gate test_triage.py::test_gate gave no verdict: it was {outcome}"
    assert (named in suite.migration["warnings"]) == (verdict is None)


def test_a_gate_that_errors_cannot_judge(suite: Suite) -> None:
    """A gate whose own fixture breaks has no verdict to give."""
    suite.rows(golden())
    suite.tests("""
        import pytest

        @pytest.fixture
        def broken():
            raise RuntimeError("broken fixture")

        @pytest.mark.migration("rows.csv", metrics=["exact_match"])
        def test_gate(comparison, broken):
            pass
    """)
    suite.judge().assert_outcomes(errors=1)
    assert suite.migration["gates"][0]["verdict"] == "CANNOT JUDGE"


def test_a_failed_gate_has_its_worst_verdict(suite: Suite) -> None:
    """A gate that says GO first and fails later is as bad as its worst statement, and keeps them all."""
    suite.rows(golden(broken=ALL_FAILED))
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", metrics=["exact_match"])
        def test_gate(comparison):
            assert comparison.latency.p50.ratio_at_most(1.0)
            assert comparison["exact_match"].at_least(0.9)
    """)
    suite.judge()
    (gate,) = suite.migration["gates"]
    assert [said["verdict"] for said in gate["statements"]] == ["GO", "NO-GO"]
    assert gate["verdict"] == "NO-GO"
    assert gate["statement"].startswith("The target's mean exact_match is 0.000")


def test_the_run_is_as_good_as_its_worst_migration(suite: Suite) -> None:
    """Each file is a migration of its own; the run's verdict is the worst of theirs."""
    suite.rows(golden())
    suite.rows(golden(broken=ALL_FAILED), "bad.csv")
    suite.tests(name="test_good.py")
    suite.tests(
        """
        import pytest

        @pytest.mark.migration("bad.csv", metrics=["exact_match"])
        def test_gate(comparison):
            assert comparison["exact_match"].non_inferior(margin=0.3)
    """,
        name="test_bad.py",
    )
    suite.judge()
    assert {item["name"]: item["verdict"] for item in suite.results["migrations"]} == {"bad": "NO-GO", "good": "GO"}
    assert suite.results["verdict"] == "NO-GO"


def test_a_row_without_a_recorded_answer_is_an_error(suite: Suite) -> None:
    """A row without an answer is no row answered with nothing: its test errs, and the gate counts it as lost."""
    rows = golden()
    del rows[5]["answer_source_llm"]
    suite.rows(rows, "rows.jsonl")
    suite.tests(ROWS_AND_GATE.replace("rows.csv", "rows.jsonl"))
    result = suite.judge()
    result.assert_outcomes(passed=19, failed=1, errors=1)
    line = next(line for line in suite.lines if line["sample_id"] == "r05")
    assert line["tests"][0]["outcome"] == "error"
    assert line["source"]["error"]["kind"] == "not_recorded"
    assert "1 of 20 source rows have no answer; they are in no mean" in suite.migration["warnings"]
    assert suite.migration["gates"][0]["verdict"] == "CANNOT JUDGE"


def test_summary_goes_to_the_job_page(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where GitHub names a file for the job's page, the summary is appended to it."""
    page = suite.file("page.md", "before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    suite.rows(golden())
    suite.tests()
    suite.judge()
    assert page.read_text("utf-8") == "before\n" + (suite.folder / "summary.md").read_text("utf-8")


def test_a_side_known_alone_is_in_every_output(suite: Suite) -> None:
    """Where only the target's latency is on record, each output shows it, and calls the ratio unknown."""
    suite.rows([{name: value for name, value in row.items() if name != "latency_source_llm"} for row in golden()])
    suite.tests()
    result = suite.judge()
    latency = suite.migration["latency"]
    assert (latency["n"], latency["known"]) == (0, {"source": 0, "target": 20})
    assert latency["statistics"]["p50"] == {"source": None, "target": 0.5, "ratio": None, "interval": None}
    result.stdout.fnmatch_lines(["  latency p50 *unknown     500 ms   unknown"])
    assert "| latency p50 | unknown | 500 ms | unknown |" in (suite.folder / "summary.md").read_text("utf-8")
    assert "500 ms" in (suite.folder / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ({}, "answers in the dataset, source -> target"),
        ({"source": ["haiku-3"]}, "haiku-3 (recorded) -> answers in the dataset"),
        (
            {"source": ["haiku-3"], "target": ["nova-a", "nova-b", "nova-c", "nova-d"]},
            "haiku-3 (recorded) -> nova-a, nova-b, nova-c and 1 more (recorded)",
        ),
    ],
    ids=["none", "one", "several"],
)
def test_recorded_answers_are_called_by_their_models(suite: Suite, models: dict[str, list[str]], said: str) -> None:
    """The dataset's own columns name them, on the page, in the summary and on the terminal."""
    named = [{f"model_{side}_llm": given[place % len(given)] for side, given in models.items()} for place in range(8)]
    suite.rows([row | columns for row, columns in zip(golden(8), named, strict=True)])
    suite.tests(ROWS_ONLY)
    shown = " ".join(suite.judge().stdout.str().split())
    assert said in shown
    assert "recorded -> recorded" not in shown
    validator("results").validate(suite.results)
    assert said.replace("->", "→") in (suite.folder / "summary.md").read_text("utf-8").replace("\\", "")
    page = (suite.folder / "report.html").read_text("utf-8")
    for side in ("source", "target"):
        called = ", ".join(models[side][:3]) if side in models else "answers in the dataset"
        assert re.search(rf"<dt>{side}</dt>\s*<dd>{called}", page)


def test_a_repository_without_a_commit_has_none(suite: Suite) -> None:
    """What git says in place of a commit is not taken for one; the Python that ran is on record."""
    subprocess.run(["git", "init", "--quiet", str(suite.path)], check=True)  # noqa: S607 - a fixed command
    suite.rows(golden(4))
    suite.tests(ROWS_ONLY)
    suite.judge()
    assert (suite.results["run"]["git_commit"], suite.results["run"]["git_uncommitted"]) == (None, None)
    assert suite.results["run"]["versions"]["Python"].startswith(platform.python_version())
