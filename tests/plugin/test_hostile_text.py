"""Ids, answers and messages that break terminals, files and workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from tests.plugin.suite import ROWS_AND_GATE, ROWS_ONLY, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
IDS = [
    "a/b",
    "a::b",
    "a[b]",
    "a]b[",
    "line\nbreak",
    "tab\tand\rreturn",
    "\x1b[31mred\x1b[0m",
    "smile 😀",
    "née",
    "nul\x00",
    "x" * 4000,
    "x" * 3999 + "y",
    "=1+1",
    "<script>alert(1)</script>",
    "..",
    " ",
]
RED = "\x1b[31mred\x1b[0m\x07"
FILES = ["evidence.json", "report.html", "results.json", "rows.csv", "rows.jsonl", "sealed.json", "summary.md"]


def named(ids: list[str]) -> list[dict[str, object]]:
    """Return rows under these ids, of which the target broke all."""
    rows = golden(len(ids), broken=range(len(ids)))
    return [row | {"sample_id": name} for row, name in zip(rows, ids, strict=True)]


@PROCESSES
def test_every_id_is_a_test_and_a_line(suite: Suite, processes: tuple[str, ...]) -> None:
    """Ids that mean something to shells, terminals, pytest or HTML are told apart and kept as they are."""
    ids = [name for name in IDS if name.strip()]
    suite.rows(named(ids), "rows.jsonl")
    suite.tests(ROWS_AND_GATE.replace("rows.csv", "rows.jsonl"))
    result = suite.judge(*processes)
    result.assert_outcomes(failed=len(ids) + 1)
    assert [line["sample_id"] for line in suite.lines] == ids
    nodeids = [line["tests"][0]["nodeid"] for line in suite.lines]
    assert len(set(nodeids)) == len(ids)
    assert max(map(len, nodeids)) < 200
    assert "\x1b" not in result.stdout.str()


@pytest.mark.parametrize("name", [name for name in IDS if name.strip()], ids=range(len(IDS) - 1))
def test_every_id_can_be_selected(suite: Suite, name: str) -> None:
    """The node id that a run shows selects that row."""
    suite.rows(named([name, "other"]), "rows.jsonl")
    suite.tests(ROWS_ONLY.replace("rows.csv", "rows.jsonl"))
    suite.judge("-k", "not other")
    nodeid = suite.lines[0]["tests"][0]["nodeid"]
    suite.judge(nodeid).assert_outcomes(failed=1)
    assert suite.lines[0]["sample_id"] == name


@PROCESSES
def test_half_a_surrogate_pair_turns_no_run_green(suite: Suite, processes: tuple[str, ...]) -> None:
    """Text that no file can hold fails its row test as any other, and reaches every report."""
    rows = golden(3)
    rows[1]["answer_target_llm"] = "half \ud800 a pair"
    suite.rows(rows, "rows.jsonl")
    suite.tests(ROWS_ONLY.replace("rows.csv", "rows.jsonl"))
    result = suite.judge(*processes)
    result.assert_outcomes(passed=2, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert suite.lines[1]["target"]["text"].startswith("half ")
    assert (suite.folder / "report.html").read_text("utf-8")


@PROCESSES
def test_a_surrogate_in_a_message_turns_no_run_green(suite: Suite, processes: tuple[str, ...]) -> None:
    """A metric that makes up such text itself still scores, or fails, as it should."""
    suite.rows(golden(3))
    suite.tests("""
        import pytest
        from pytest_llm_migrate import Score, metric

        @metric
        def odd(answer, row):
            if row.sample_id == "r01":
                raise ValueError("half \\ud800")
            return Score(0.0, "half \\ud800")

        pytestmark = pytest.mark.migration("rows.csv", metrics=[odd])

        def test_row(case):
            assert case.target["odd"] == 1
    """)
    result = suite.judge(*processes)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "INTERNALERROR" not in result.stdout.str()
    assert suite.migration["row_tests"]["failed"] == 2
    assert suite.migration["row_tests"]["error"] == 1


@PROCESSES
@pytest.mark.usefixtures("bedrock")
def test_a_surrogate_in_a_test_turns_no_run_green(suite: Suite, processes: tuple[str, ...]) -> None:
    """Ids, docstrings, reasons and messages of tests may hold such text: the run ends as it should, with all files."""
    suite.rows(golden(2))
    suite.tests("""
        import pytest

        pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])

        @pytest.mark.parametrize("more", [pytest.param(1, id="id \\ud800"), "value \\ud800"])
        def test_row(case, more, target_model):
            target_model.generate(f"really {case.id}?")
            assert case.id == "r00", f"message \\ud800 {more}"

        def test_skipped(case):
            pytest.skip("skipped \\ud800")

        def test_error(case, request):
            request.getfixturevalue("broken")

        @pytest.fixture
        def broken():
            raise ValueError("raised \\ud800")

        def test_gate(comparison):
            assert comparison["exact_match"].at_least(0.01), "gate \\ud800"

        test_gate.__doc__ = "doc \\ud800"

        def test_known(comparison):
            pytest.xfail("known \\ud800")
    """)
    result = suite.migrate("--migration-record", "--junitxml=junit.xml", *processes)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    result.assert_outcomes(passed=3, failed=4, skipped=2, xfailed=1)
    assert sorted(path.name for path in suite.folder.iterdir()) == FILES
    assert {gate["nodeid"].partition("::")[2] for gate in suite.migration["gates"]} == {"test_gate", "test_known"}
    recording = suite.path / "recordings" / "test_triage" / "us.amazon.nova-lite-v1-0.jsonl"
    assert len(recording.read_text("utf-8").splitlines()) == 4


def test_no_answer_speaks_to_the_terminal(suite: Suite, serve: Serve) -> None:
    """Control sequences in answers and in a service's messages are shown, not obeyed."""
    serve(
        Rule(contains="question 00.", reply=Reply(text=RED)),
        Rule(contains="question 01.", fault=ScriptedFault(name="ValidationException", message=RED)),
    )
    suite.rows(golden(3))
    suite.tests()
    result = suite.migrate()
    result.assert_outcomes(failed=1, passed=2, errors=1)
    assert "\x1b" not in result.stdout.str() + result.stderr.str()
    assert "\x1b" not in (suite.folder / "summary.md").read_text("utf-8")
    assert "\x1b" not in (suite.folder / "report.html").read_text("utf-8")
    assert suite.lines[0]["target"]["text"] == RED


def test_no_row_writes_markup(suite: Suite) -> None:
    """Texts of a dataset stand in the report as texts."""
    rows = named(["<script>alert(1)</script>"])
    rows[0] |= {"question": "<img src=x onerror=alert(2)>", "answer_target_llm": "</td><b>bold</b>"}
    suite.rows(rows)
    suite.tests(ROWS_ONLY)
    suite.judge()
    report = (suite.folder / "report.html").read_text("utf-8")
    assert "<script>alert(1)" not in report
    assert "<img src=x" not in report
    assert "<b>bold</b>" not in report


def test_an_answer_of_a_megabyte_is_kept_whole(suite: Suite, serve: Serve) -> None:
    """The record holds all of a long answer; the terminal does not."""
    serve(default=Reply(text="long " * 200_000))
    suite.rows(golden(1))
    suite.tests(ROWS_ONLY)
    result = suite.migrate()
    assert len(suite.lines[0]["target"]["text"]) == 1_000_000
    assert len(result.stdout.str()) < 20_000
