"""``--migration-stop-early``: gates look at the rows block by block, and no more is called for once they know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule
from tests.plugin.suite import NO_PASS, ROWS_AND_GATE, ROWS_ONLY, SOURCE, TARGET, golden
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite

STOP = "--migration-stop-early"
ROWS = 120


@pytest.fixture
def rows(suite: Suite) -> Suite:
    """A suite of 120 rows that ask for little."""
    suite.rows(golden(ROWS))
    suite.tests()
    return suite


def gate_of(suite: Suite) -> dict[str, Any]:
    """Return the newest run's only gate, after a look at its records."""
    validator("results").validate(suite.results)
    (gate,) = suite.migration["gates"]
    return dict(gate)


def test_a_clear_go_stops(rows: Suite, bedrock: Bedrock) -> None:
    """A gate that knows at its second look leaves the other rows uncalled, and says what that saved."""
    result = rows.migrate(STOP)
    result.assert_outcomes(passed=1 + 48, skipped=72)
    assert result.ret == pytest.ExitCode.OK
    assert len(bedrock.asked) == 2 * 48
    gate = gate_of(rows)
    assert (rows.results["verdict"], gate["verdict"]) == ("GO", "GO")
    assert gate["look"] == {"look": 2, "of": 5, "rows": 48, "planned": 120}
    (said,) = gate["statements"]
    assert said["detail"].endswith("; look 2 of 5 (48 of 120 rows), one-sided 99.81% at this look")
    assert said["statement"].endswith(
        " It stopped early, after 48 of 120 rows: an estimate that stops early lies further from the margin than the "
        "truth, on average."
    )
    saved = rows.results["stop_early"]
    assert (saved["rows_used"], saved["rows_planned"], saved["calls_saved"]) == (48, 120, 144)
    assert saved["usd_saved"] == pytest.approx(rows.results["spending"]["usd"] * 144 / 96, rel=0.05)
    text = " ".join(line.strip() for line in result.outlines)
    assert "gates that may stop early used 48 of 120 rows: 144 calls saved, about $0.00" in text
    assert rows.migration["row_tests"]["skipped"] == 72
    assert rows.results["run"]["sealed"]["options"]["stop_early"] is True
    assert "144 calls saved" in (rows.folder / "summary.md").read_text("utf-8")


def test_rows_left_out_say_why(rows: Suite, bedrock: Bedrock) -> None:
    """A row that no gate needed is skipped with its reason, and gates run before the rows of their migration."""
    result = rows.migrate(STOP, "-v")
    result.stdout.fnmatch_lines(["*test_row*SKIPPED (not run: stopped early)*"])
    first = next(line for line in result.outlines if "::test_" in line)
    assert "::test_gate" in first
    assert bedrock.asked


def test_a_clear_no_go_stops(rows: Suite, serve: Serve) -> None:
    """A migration that is surely worse is paid for no longer."""
    bedrock = serve(Rule(model=TARGET, reply=Reply(text="no")))
    result = rows.migrate(STOP, "-k", "gate")
    result.assert_outcomes(failed=1)
    gate = gate_of(rows)
    assert (gate["verdict"], gate["look"]["look"]) == ("NO-GO", 2)
    assert len(bedrock.asked) == 2 * 48
    result.stdout.fnmatch_lines(["E * NO-GO: *"])


def test_who_does_not_know_sees_all_rows(suite: Suite, bedrock: Bedrock) -> None:
    """Too few rows are looked at five times, the last time all of them, at less than what one look would be sure of."""
    suite.rows(golden())
    suite.tests(ROWS_AND_GATE.replace("0.3", "0.05"))
    result = suite.migrate(STOP)
    result.assert_outcomes(passed=20, failed=1)
    gate = gate_of(suite)
    assert (gate["verdict"], gate["look"]) == (
        "NOT ENOUGH EVIDENCE",
        {"look": 5, "of": 5, "rows": 20, "planned": 20},
    )
    (said,) = gate["statements"]
    assert said["figures"]["confidence"] == pytest.approx(0.9590, abs=1e-4)
    assert "stopped early" not in said["statement"]
    assert suite.results["stop_early"] == {"rows_used": 20, "rows_planned": 20, "calls_saved": 0, "usd_saved": 0.0}
    assert "gates that may stop early used 20 of 20 rows: no call saved" in result.stdout.str()
    assert len(bedrock.asked) == 40


def test_each_gate_has_looks_of_its_own(suite: Suite, bedrock: Bedrock) -> None:
    """What one gate knows early another need not; answers are asked for once, and rows seen by any gate are run."""
    suite.rows(golden(ROWS))
    suite.tests("""
        import pytest

        pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])

        def test_row(case):
            assert case.target["exact_match"] == 1

        def test_wide(comparison):
            assert comparison["exact_match"].non_inferior(margin=0.3)

        def test_narrow(comparison):
            assert comparison["exact_match"].non_inferior(margin=0.06, confidence=0.9)

        def test_plain(comparison):
            assert len(comparison) == 96 or len(comparison) == 120
    """)
    result = suite.migrate(STOP, "-k", "not plain")
    gates = {gate["nodeid"].rpartition("::")[2]: gate["look"]["rows"] for gate in suite.migration["gates"]}
    assert gates == {"test_wide": 48, "test_narrow": 72}
    result.assert_outcomes(passed=2 + 72, skipped=48, deselected=1)
    assert not bedrock.repeated
    suite.migrate(STOP, "-k", "plain").assert_outcomes(passed=1, deselected=122)
    assert gate_of(suite)["look"]["rows"] == 120


def test_blocks_are_balanced_by_slice(rows: Suite, bedrock: Bedrock) -> None:
    """Half of the rows are of one slice: so is half of every block, whatever the order in the file."""
    rows.rows(sorted(golden(ROWS), key=lambda row: str(row["channel"])))
    rows.migrate(STOP, "-k", "gate")
    assert bedrock.asked
    channels = [line["slices"]["channel"] for line in rows.lines]
    assert (channels.count("chat"), channels.count("email")) == (24, 24)


def test_without_a_gate_all_rows_run(suite: Suite, bedrock: Bedrock) -> None:
    """Where no gate is selected there is nobody to stop."""
    suite.rows(golden())
    suite.tests(ROWS_ONLY)
    suite.migrate(STOP).assert_outcomes(passed=20)
    assert len(bedrock.asked) == 40


def test_no_critical_row_is_left_out(rows: Suite, bedrock: Bedrock) -> None:
    """A GO waits for every critical row, since one of them that broke would undo it."""
    rows.tests(ROWS_AND_GATE.replace('slices=["channel"]', "critical=\"channel == 'chat'\""))
    rows.migrate(STOP, "-k", "gate").assert_outcomes(passed=1, deselected=ROWS)
    assert gate_of(rows)["look"]["rows"] == ROWS
    assert bedrock.asked


def test_quantities_wait_for_enough_resamples(rows: Suite, bedrock: Bedrock) -> None:
    """A bootstrap cannot be as sure as the first look must be: however clear it is, the second one decides."""
    rows.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
        def test_gate(comparison):
            assert comparison.cost.ratio_at_most(5)
    """)
    rows.migrate(STOP).assert_outcomes(passed=1)
    assert gate_of(rows)["look"]["look"] == 2
    assert bedrock.asked


def test_a_gate_that_is_skipped_stops_nothing(rows: Suite, bedrock: Bedrock) -> None:
    """Where no gate got to look, all rows are run."""
    rows.tests(ROWS_AND_GATE.replace("def test_gate", "@pytest.mark.skipif('True', reason='no')\n    def test_gate"))
    rows.migrate(STOP).assert_outcomes(passed=ROWS, skipped=1)
    assert len(bedrock.asked) == 2 * ROWS


def test_a_gate_behind_a_fixture_sees_all_rows(suite: Suite, bedrock: Bedrock) -> None:
    """A gate that cannot be given another comparison judges once, on all rows, at its own confidence."""
    suite.rows(golden(30))
    suite.tests("""
        import pytest

        @pytest.fixture
        def quality(comparison):
            return comparison["exact_match"]

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
        def test_gate(quality):
            assert quality.non_inferior(margin=0.3)
    """)
    suite.migrate(STOP).assert_outcomes(passed=1)
    gate = gate_of(suite)
    assert (gate["look"], gate["statements"][0]["figures"]["n"]) == (None, 30)
    assert gate["statements"][0]["figures"]["confidence"] == 0.95
    assert len(bedrock.asked) == 60


def test_an_error_in_a_gate_is_an_error(rows: Suite, bedrock: Bedrock) -> None:
    """A misspelt metric ends at the first look."""
    rows.tests(ROWS_AND_GATE.replace('comparison["exact_match"]', 'comparison["exact"]'))
    result = rows.migrate(STOP, "-k", "gate")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["test_triage.py:*: unknown metric 'exact'*"])
    assert len(bedrock.asked) == 2 * 24


def test_unknown_prices_are_said(rows: Suite, bedrock: Bedrock) -> None:
    """What an unpriced model would have cost is unknown, not nothing."""
    both = ("--source-model", SOURCE, "--target-model", "acme.unpriced-v1:0", "--prompt-strategy", "identity")
    result = rows.run(*both, STOP, "-k", "gate")
    assert bedrock.asked
    assert rows.results["stop_early"]["usd_saved"] is None
    assert "144 calls saved, their cost is unknown" in " ".join(line.strip() for line in result.outlines)


def test_off_by_default(rows: Suite, bedrock: Bedrock) -> None:
    """Without the option all rows are called for, and nothing is said of looks."""
    rows.migrate("-k", "gate")
    assert len(bedrock.asked) == 240
    assert "stop_early" not in rows.results
    assert gate_of(rows)["look"] is None


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        (("-n2",), "--migration-stop-early takes one process*leave out -n, or give -n0"),
        (("--migration-self-test",), "--migration-self-test takes all rows*leave one out"),
        (("--migration-attribution",), "--migration-attribution takes all rows*leave one out"),
    ],
)
def test_what_does_not_go_with_it(rows: Suite, beside: tuple[str, ...], said: str) -> None:
    """Options that need all rows at once, or processes that do not share them, are refused before any call."""
    result = rows.migrate(STOP, *NO_PASS, *beside)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{said}*"])


def test_a_plan_and_one_process_take_it(rows: Suite, bedrock: Bedrock) -> None:
    """A plan says what all looks would take, and ``-n0`` is one process."""
    result = rows.migrate(STOP, "--migration-plan", "-n2")
    assert "120 calls" in result.stdout.str()
    assert not bedrock.asked
    assert rows.migrate(STOP, "-n0").ret == pytest.ExitCode.OK
