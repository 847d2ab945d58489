"""``--migration-require-signoff``, the evidence of every run, and the edition without texts."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.errors import DecisionError
from pytest_llm_migrate.signoff import Decision, sign, verify
from tests.plugin.suite import OTHER_TARGET, ROWS_AND_GATE, SOURCE, TARGET, golden
from tests.report.test_schemas import validator
from tests.signoff.stored import person

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin.suite import Bedrock, Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
ASKED = "--migration-require-signoff"
NOW = dt.datetime.now(tz=dt.UTC)
TODAY = f"{NOW:%Y-%m-%d}"


def sign_newest(suite: Suite, number: int = 1, *, at: dt.datetime = NOW, **more: Any) -> None:
    """Sign the newest run as somebody whose key counts, if their number is 1, and keep a copy to commit."""
    suite.file("signoffs/allowed_signers", person(1).line)
    said = {"name": "A. Meyer", "role": "owner", "decision": "approve", "reason": "Fine.", **more}
    sign(suite.folder, Decision(**said), key=person(number).key, now=at, signoffs=suite.path / "signoffs")


def said_of(suite: Suite) -> list[str]:
    """Return what the newest run says of its sign-off, and check that it failed and says so in its records."""
    found = [line for line in suite.results["warnings"] if line.startswith("sign-off: ")]
    assert suite.results["run"]["exit_status"] == (1 if found else 0)
    return [line.removeprefix("sign-off: ") for line in found]


TWO_GATES = """
    import pytest

    pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])

    def test_gate(comparison):
        assert comparison["exact_match"].non_inferior(margin=0.3)

    def test_between():
        assert {holds}

    def test_strict(comparison):
        pytest.skip("later")
"""


@pytest.mark.parametrize("holds", [True, False], ids=["skipped", "not-come-to"])
def test_a_go_of_some_gates_is_not_approved(suite: Suite, *, holds: bool) -> None:
    """A gate that was sealed and gave no verdict is named; conditions may be set all the same."""
    suite.rows(golden(12))
    suite.tests(TWO_GATES.replace("{holds}", str(holds)))
    suite.judge("-x")
    assert suite.results["migrations"][0]["verdict"] == "GO"
    with pytest.raises(DecisionError, match=r"without a verdict of test_triage.py::test_strict\. Run all gates of"):
        sign_newest(suite)
    sign_newest(suite, decision="approve-with-conditions", conditions="test_strict follows.")


@PROCESSES
def test_a_run_is_asked_for_the_sign_off_of_what_it_judges(suite: Suite, processes: tuple[str, ...]) -> None:
    """Without one the run fails; once its first run is signed, the next passes; and its evidence is whole."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    suite.file("signoffs/allowed_signers", person(1).line)
    result = suite.judge(ASKED, *processes)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=13)
    assert said_of(suite) == ["nobody signed off triage for recorded"]
    result.stdout.fnmatch_lines(["*sign-off: nobody signed off triage for recorded*"])
    assert verify(suite.folder, signers=None, now=NOW).changes == []
    sign_newest(suite)
    result = suite.judge(ASKED, *processes)
    assert (result.ret, said_of(suite)) == (pytest.ExitCode.OK, [])


def test_a_committed_sign_off_is_enough(suite: Suite) -> None:
    """CI needs neither the run that was signed nor its folder."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    suite.judge()
    sign_newest(suite)
    (suite.path / "signoffs").rename(suite.path / "approved")
    elsewhere = ("--migration-dir", "ci", ASKED)
    assert suite.judge(*elsewhere, "--migration-signoffs", "approved").ret == pytest.ExitCode.OK
    suite.ini("migration_require_signoff = true\nmigration_signoffs = approved\nmigration_dir = ci\n")
    assert suite.judge().ret == pytest.ExitCode.OK
    suite.ini("migration_require_signoff = true\nmigration_dir = ci\n")
    result = suite.judge()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "sign-off: cannot read the keys in " in " ".join(result.stdout.str().split())


def another_prompt(suite: Suite) -> None:
    """Change the prompt of both sides."""
    suite.prompt("Now answer: {{ question }}")


def another_row(suite: Suite) -> None:
    """Change a row of the dataset."""
    suite.rows(golden(13))


def another_margin(suite: Suite) -> None:
    """Change the gate's margin."""
    suite.tests(ROWS_AND_GATE.replace("0.3", "0.4"))


def another_line(suite: Suite) -> None:
    """Change the file beside the gate."""
    suite.tests(ROWS_AND_GATE + "\n    MARGIN = 0.9\n")


def another_gate(suite: Suite) -> None:
    """Put another name to the gate."""
    suite.tests(ROWS_AND_GATE.replace("test_gate", "test_other"))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (another_prompt, "the prompt triage and the source prompt triage"),
        (another_row, "the dataset rows.csv"),
        (another_margin, "the gate test_triage.py::test_gate"),
        (another_line, "the file test_triage.py of the gate test_triage.py::test_gate"),
        (
            another_gate,
            "the gate test_triage.py::test_gate (not in this run) and the gate test_triage.py::test_other (new)",
        ),
    ],
)
def test_what_changed_since_the_signature_is_named(
    suite: Suite, bedrock: Bedrock, change: Callable[[Suite], None], what: str
) -> None:
    """A GO ends with the prompt, the dataset and the gates that it was given for."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    suite.migrate()
    assert bedrock.asked
    sign_newest(suite)
    change(suite)
    result = suite.migrate(ASKED)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert said_of(suite) == [
        (
            f"{what} of triage for {TARGET} changed since A. Meyer signed on {TODAY}: look at this run, then "
            "python -m pytest_llm_migrate sign"
        )
    ]


def test_other_options_and_other_models_are_named(suite: Suite, bedrock: Bedrock) -> None:
    """A sign-off of one target is none of another, and a sample is not the dataset that was signed."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    suite.migrate()
    sign_newest(suite)
    suite.migrate(ASKED, "--migration-sample", "10")
    assert "the dataset rows.csv and the option sample of triage" in said_of(suite)[0]
    suite.migrate(ASKED, "--source-model", OTHER_TARGET)
    assert said_of(suite)[0].startswith("the source model anthropic.claude-3-haiku")
    suite.run("--source-model", SOURCE, "--target-model", OTHER_TARGET, "--prompt-strategy", "identity", ASKED)
    assert said_of(suite) == [f"nobody signed off triage for {OTHER_TARGET}, only for {TARGET}"]
    assert bedrock.asked


@pytest.mark.parametrize(
    ("number", "more", "said"),
    [
        (1, {"at": NOW - dt.timedelta(days=91)}, "the sign-off of triage for recorded by A. Meyer expired on "),
        (2, {}, "triage for recorded is not signed off: A. Meyer's signature is by a key that is not trusted"),
        (1, {"decision": "reject"}, f"A. Meyer rejected triage for recorded on {TODAY}: Fine."),
    ],
    ids=["expired", "unknown-key", "rejected"],
)
def test_a_sign_off_that_does_not_count_is_named(suite: Suite, number: int, more: dict[str, Any], said: str) -> None:
    """Expired, by a key that nobody listed, or a rejection: the run fails and says which."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    suite.judge()
    sign_newest(suite, number, **more)
    suite.judge(ASKED)
    assert said_of(suite)[0].startswith(said)


def test_the_last_word_of_each_person_counts(suite: Suite) -> None:
    """Who approves after a rejection approves; whose rejection stands, stands against the approval of others."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    suite.judge()
    sign_newest(suite, decision="reject", at=NOW - dt.timedelta(days=2))
    sign_newest(suite, at=NOW - dt.timedelta(days=1))
    assert suite.judge(ASKED).ret == pytest.ExitCode.OK
    sign_newest(suite, 2, name="B. Ruiz", decision="reject", reason="No.")
    suite.file("signoffs/allowed_signers", person(1).line + person(2).line)
    suite.judge(ASKED)
    assert said_of(suite) == [f"B. Ruiz rejected triage for recorded on {TODAY}: No."]


def test_a_sign_off_that_was_written_over_is_named(suite: Suite) -> None:
    """A file that is no longer what was written does not count, and the run says which."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    suite.judge()
    sign_newest(suite)
    (copy,) = (suite.path / "signoffs").glob("*.json")
    copy.write_text(copy.read_text() + " ")
    suite.judge("--migration-dir", "ci", ASKED)
    results = json.loads(next((suite.path / "ci" / "runs").glob("*/results.json")).read_bytes())
    (said,) = results["warnings"]
    assert said.startswith("sign-off: nobody signed off triage for recorded; ")
    assert f"{copy.name} is not the sign-off that was written: it was changed." in said


def test_without_a_gate_there_is_nothing_to_compare(suite: Suite) -> None:
    """A run of rows alone has no sign-off, whoever signed."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    suite.judge()
    sign_newest(suite)
    suite.judge(ASKED, "-k", "row")
    (said,) = said_of(suite)
    assert said.startswith("triage for recorded has no sign-off that can be compared: no gate of triage ran")


def test_a_sign_off_needs_a_target(suite: Suite) -> None:
    """Asked for on the command line without a target it is wrong use; in the ini file it waits for one."""
    suite.tests("def test_plain():\n    pass")
    result = suite.run(ASKED)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--migration-require-signoff asks for nothing without a target*"])
    suite.ini("migration_require_signoff = true\n")
    assert suite.run().ret == pytest.ExitCode.OK


def test_an_edition_without_texts_is_written_beside_the_full_one(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """No input, answer or prompt is in it; scores are, it is evidence too, and it is what a job's summary shows."""
    suite.rows(row | {"answer_target_llm": "Sesame is open"} for row in golden(12))
    suite.prompt("Tell a secret of the house: {{ question }}")
    suite.tests(ROWS_AND_GATE)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(suite.path / "job.md"))
    result = suite.judge("--migration-redact", "--junitxml=junit.xml")
    files = sorted(path.name for path in suite.folder.glob("*.redacted.*"))
    assert files == [
        "report.redacted.html",
        "results.redacted.json",
        "rows.redacted.csv",
        "rows.redacted.jsonl",
        "summary.redacted.md",
    ]
    for name in files:
        text = (suite.folder / name).read_text("utf-8")
        assert not [word for word in ("Sesame", "question 0", "secret of the house") if word in text], name
    for said in (result.stdout.str(), (suite.path / "junit.xml").read_text("utf-8")):
        assert not [word for word in ("Sesame", "question 0", "secret of the house") if word in said]
    result.stdout.fnmatch_lines(["*left out, because --migration-redact was given: rows.jsonl*", "*NO-GO: test_gate*"])
    assert "Sesame" in suite.lines[0]["tests"][0]["message"]
    assert "redacted edition" in (suite.folder / "report.redacted.html").read_text("utf-8")
    assert (suite.path / "job.md").read_text("utf-8") == (suite.folder / "summary.redacted.md").read_text("utf-8")
    first = json.loads((suite.folder / "rows.redacted.jsonl").read_text("utf-8").splitlines()[0])
    validator("rows").validate(first)
    full = suite.lines[0]
    assert first["target"]["text"] == "[14 characters, sha256 b50fac509f6d]"
    assert (first["sample_id"], first["slices"], first["flips"], first["target"]["scores"]) == (
        full["sample_id"],
        full["slices"],
        full["flips"],
        full["target"]["scores"],
    )
    results = json.loads((suite.folder / "results.redacted.json").read_bytes())
    validator("results").validate(results)
    assert verify(suite.folder, signers=None, now=NOW).changes == []
