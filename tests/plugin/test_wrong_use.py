"""What is used wrongly is said in one clear line, with the right exit code, before any call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.suite import ROWS_AND_GATE, SOURCE, TARGET, collection_faults, golden

if TYPE_CHECKING:
    from tests.plugin.suite import Bedrock, Suite

STALE = f"""name: triage
model: {TARGET}
user: '{{{{ question }}}}'
provenance: {{strategy: fewshot, source_sha256: 0123456789abcdef}}
"""
MARKERS = {
    "a dataset that is not there": (
        'migration("row.csv")',
        "row.csv: there is no such file. Did you mean 'rows.csv'?",
    ),
    "no dataset": (
        "migration()",
        "test_triage.py: the marker migration needs a dataset: migration('data/golden.csv', ...)",
    ),
    "a dataset that is none": (
        "migration(42)",
        "test_triage.py: the marker migration takes the dataset as a path or a Dataset, got 42",
    ),
    "two positional arguments": (
        'migration("rows.csv", "triage")',
        "test_triage.py: the marker migration takes one positional argument, the dataset; got 2",
    ),
    "the dataset twice": (
        'migration("rows.csv", dataset="rows.csv")',
        "test_triage.py: the marker migration got the dataset twice",
    ),
    "an unknown argument": (
        'migration("rows.csv", metric=["exact_match"])',
        (
            "test_triage.py: the marker migration has no argument 'metric'. Did you mean 'metrics'? It takes dataset, "
            "cluster, columns, critical, metrics, pipeline, prompt, row_failures, slices, split, weight."
        ),
    ),
    "metrics that are no list": (
        'migration("rows.csv", metrics="exact_match")',
        "test_triage.py: the marker migration metrics takes a list, got 'exact_match'",
    ),
    "row_failures that is none": (
        'migration("rows.csv", row_failures="ignore")',
        "test_triage.py: the marker migration row_failures takes 'fail' or 'report', got 'ignore'",
    ),
    "a pipeline that cannot be called": (
        'migration("rows.csv", pipeline="rewrite")',
        "test_triage.py: the marker migration pipeline takes a function f(model, prompt, row), got 'rewrite'",
    ),
    "a prompt that is none": (
        'migration("rows.csv", prompt=42)',
        "test_triage.py: the marker migration prompt takes a name, a path or a Prompt, got 42",
    ),
    "columns that are no mapping": (
        'migration("rows.csv", columns=["question"])',
        "test_triage.py: the marker migration columns takes {canonical name: column in the file}, got ['question']",
    ),
    "an unknown metric": (
        'migration("rows.csv", metrics=["exactmatch"])',
        "unknown metric 'exactmatch'. Did you mean 'exact_match'? Known: *",
    ),
    "a metric twice": (
        'migration("rows.csv", metrics=["exact_match", "exact_match"])',
        "metric 'exact_match' is asked for 2 times. *",
    ),
    "an unknown column in slices": (
        'migration("rows.csv", slices=["chanel"])',
        "test_triage.py: slices names the column 'chanel', which rows.csv does not have. Did you mean 'channel'? *",
    ),
    "an unknown split": (
        'migration("rows.csv", split="holdout")',
        "rows.csv: there is no column 'split'. *",
    ),
    "an unknown prompt": (
        'migration("rows.csv", prompt="triag")',
        "*triag*",
    ),
}
"""Markers that are wrong, and what is said of each."""


@pytest.mark.parametrize(("marker", "said"), MARKERS.values(), ids=MARKERS)
def test_a_marker_that_is_wrong_is_a_collection_error(suite: Suite, bedrock: Bedrock, marker: str, said: str) -> None:
    """The file is not collected, for one reason, in one line without a traceback."""
    suite.rows(golden())
    suite.tests(f"""
        import pytest

        @pytest.mark.{marker}
        def test_row(case):
            pass
    """)
    result = suite.judge()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    (line,) = collection_faults(result)
    pytest.LineMatcher([line]).fnmatch_lines([said.replace("[", "[[]")])
    assert bedrock.asked == []


@pytest.mark.parametrize("more", [(), ("--migration-plan",)], ids=["run", "plan"])
def test_a_gate_without_assert_is_a_collection_error(suite: Suite, bedrock: Bedrock, more: tuple[str, ...]) -> None:
    """A verdict that nobody looks at would pass whatever it says: it is told with its line, before any call."""
    suite.rows(golden())
    suite.tests("""
        import pytest

        pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])

        class TestQuality:
            @pytest.mark.parametrize("margin", [0.01, 0.02])
            def test_gate(self, comparison, margin):
                comparison["exact_match"].non_inferior(margin=margin)
    """)
    result = suite.migrate(*more)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    gate = "comparison['exact_match'].non_inferior(margin=margin)"
    assert collection_faults(result) == [f"test_triage.py:8: {gate} decides nothing by itself; write: assert {gate}"]
    assert bedrock.asked == []


def test_a_gate_that_is_not_called_is_a_collection_error(suite: Suite, bedrock: Bedrock) -> None:
    """A method is true as such: without its brackets the gate would be GO on any rows."""
    suite.rows(golden())
    suite.tests(ROWS_AND_GATE.replace(".non_inferior(margin=0.3)", ".superior"))
    gate = "comparison['exact_match'].superior"
    said = f"test_triage.py:11: {gate} is true whatever the rows say; write: assert {gate}(...)"
    assert collection_faults(suite.migrate()) == [said]
    assert bedrock.asked == []


def test_a_fault_in_one_file_is_the_same_under_workers(suite: Suite) -> None:
    """Workers show the same line; the exit code is then 1."""
    suite.rows(golden())
    suite.tests(ROWS_AND_GATE.replace("rows.csv", "row.csv"))
    result = suite.judge("-n2")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert set(collection_faults(result)) == {"row.csv: there is no such file. Did you mean 'rows.csv'?"}


def test_faults_in_two_files_are_both_said(suite: Suite) -> None:
    """Each file has its own collection error."""
    suite.tests(ROWS_AND_GATE.replace("rows.csv", "one.csv"), "test_one.py")
    suite.tests(ROWS_AND_GATE.replace("rows.csv", "two.csv"), "test_two.py")
    result = suite.judge()
    result.assert_outcomes(errors=2)
    assert [line.split(":")[0] for line in collection_faults(result)] == ["one.csv", "two.csv"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("rows.csv", "question,answer_source_llm\nq,a\n", "rows.csv: there is no column 'sample_id'. *"),
        ("rows.csv", "sample_id,question\na,q\na,q\n", "rows.csv: every row needs a sample_id of its own, but 'a' *"),
        ("rows.csv", "sample_id,latency_source_llm\na,soon\n", "rows.csv*, column 'latency_source_llm': *"),
        ("prompts/triage/source.prompt.yaml", "user: [", "*source.prompt.yaml*"),
        ("prompts/triage/source.prompt.yaml", "name: triage\nuser: '{{ question'\n", "*source.prompt.yaml*"),
    ],
)
def test_a_file_that_is_wrong_is_a_collection_error(suite: Suite, name: str, text: str, said: str) -> None:
    """A fault in a dataset or a prompt is shown as that test file's collection error."""
    suite.rows(golden())
    suite.tests()
    suite.file(name, text)
    result = suite.judge()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    (line,) = collection_faults(result)
    pytest.LineMatcher([line]).fnmatch_lines([said])


def test_recorded_answers_that_are_not_there_are_missed(suite: Suite) -> None:
    """``recorded`` without the columns says which, and the way out."""
    suite.rows([{"sample_id": "a", "question": "q", "channel": "chat", "answer_ground_truth": "a"}])
    suite.tests()
    result = suite.judge()
    assert collection_faults(result) == [
        (
            "rows.csv: no column answer_source_llm, so there is no recorded source. Add the column, map it with "
            "columns={'answer_source_llm': ...}, or name a model with --source-model."
        )
    ]


def test_a_variable_without_a_column_is_missed(suite: Suite, bedrock: Bedrock) -> None:
    """A prompt that names what the rows do not have is not sent."""
    suite.rows(golden())
    suite.prompt("{{ questoin }}")
    suite.tests()
    result = suite.migrate()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    (line,) = collection_faults(result)
    assert "the variable 'questoin' is no column of test_triage.py: rows.csv. Did you mean 'question'?" in line
    assert bedrock.asked == []


def test_a_row_without_a_value_is_missed_before_any_call(suite: Suite, bedrock: Bedrock) -> None:
    """A prompt that one row cannot fill stops the run before the others are paid for."""
    rows = golden()
    rows[7]["question"] = None
    suite.rows(rows, "rows.jsonl")
    suite.tests(ROWS_AND_GATE.replace("rows.csv", "rows.jsonl"))
    result = suite.migrate()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = "ERROR: llm-migrate: row 'r07' (rows.jsonl:8) has no value for 'question', which "
    assert result.errlines[0].startswith(said)
    assert bedrock.asked == []


def test_a_migration_without_any_prompt_is_missed(suite: Suite, bedrock: Bedrock) -> None:
    """A model cannot be called with nothing."""
    suite.rows(golden())
    suite.tests(ROWS_AND_GATE.replace('prompt="triage", ', ""))
    result = suite.migrate()
    (line,) = collection_faults(result)
    assert line.startswith("test_triage.py: there is no prompt to send: the marker names none, and rows.csv has no ")
    assert bedrock.asked == []


@pytest.mark.parametrize(
    ("filed", "said"),
    [
        (None, f"no prompt 'triage' for '{TARGET}' in *--prompt-strategy identity."),
        (STALE, "*target.prompt.yaml is stale: it was made from source prompt 01234567, *"),
    ],
    ids=["none", "stale"],
)
def test_a_target_needs_a_prompt_of_today(suite: Suite, bedrock: Bedrock, filed: str | None, said: str) -> None:
    """With the catalog, a target without a prompt or with a stale one is an error that names the ways out."""
    if filed:
        suite.file("prompts/triage/target.prompt.yaml", filed)
    suite.rows(golden())
    suite.tests()
    result = suite.run("--source-model", SOURCE, "--target-model", TARGET)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    (line,) = collection_faults(result)
    pytest.LineMatcher([line]).fnmatch_lines([said])
    assert bedrock.asked == []


def test_one_of_several_targets_without_a_prompt_is_missed(suite: Suite) -> None:
    """A target that could be judged does not hide one that cannot, not even where nothing is to run."""
    suite.rows(golden())
    suite.tests()
    result = suite.judge("--target-model", TARGET, "--collect-only")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    (line,) = collection_faults(result)
    assert line.startswith(f"no prompt 'triage' for '{TARGET}' in ")


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("AWS_ACCESS_KEY_ID", "Unable to locate credentials. Run `aws configure sso` *"),
        ("AWS_DEFAULT_REGION", "You must specify a region. Set AWS_DEFAULT_REGION (or AWS_REGION), *"),
    ],
)
def test_what_aws_needs_is_missed_before_any_call(
    suite: Suite, bedrock: Bedrock, credentials: pytest.MonkeyPatch, missing: str, said: str
) -> None:
    """Without credentials or a region the run ends in one line."""
    credentials.delenv(missing)
    suite.rows(golden(3))
    suite.tests()
    result = suite.migrate()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    pytest.LineMatcher(result.errlines[:1]).fnmatch_lines([f"ERROR: llm-migrate: cannot connect to '{SOURCE}': {said}"])
    assert not any(result.errlines[1:])
    assert bedrock.asked == []


OPTIONS = {
    "an unknown scheme": (
        ("--target-model", "opnai:gpt"),
        "llm-migrate: unknown model 'opnai:gpt'. Did you mean 'openai:gpt'? A model is 'recorded', *",
    ),
    "an id of the wrong shape": (
        ("--target-model", "nova-lite"),
        "llm-migrate: unknown model 'nova-lite'. Did you mean 'us.amazon.nova-lite-v1:0'? *",
    ),
    "a source that is none": (
        ("--target-model", "recorded", "--source-model", "haiku"),
        "llm-migrate: unknown model 'haiku'. *",
    ),
    "a judge that cannot be called": (
        ("--target-model", "recorded", "--judge-model", "recorded"),
        "llm-migrate: --judge-model cannot be 'recorded': it must be called. *",
    ),
    "an unknown mode": (
        ("--migration-answers", "always"),
        "--migration-answers takes one of auto, replay, fresh; got 'always'",
    ),
    "an unknown way with undecided gates": (
        ("--migration-undecided", "pass"),
        "--migration-undecided takes one of fail, warn; got 'pass'",
    ),
    "an unknown strategy": (
        ("--target-model", "recorded", "--prompt-strategy", "few-sho"),
        "llm-migrate: --prompt-strategy: unknown prompt strategy 'few-sho'. Did you mean 'few-shot'? *",
    ),
    "no rows": (("--migration-sample", "0"), "*--migration-sample: takes a whole number of at least 1, got '0'"),
    "half a repeat": (
        ("--migration-repeats", "1.5"),
        "*--migration-repeats: takes a whole number of at least 1, got '1.5'",
    ),
    "no money": (("--migration-max-cost", "-1"), "*--migration-max-cost: takes a sum of US dollars above 0, got '-1'"),
    "more rows than there are": (
        ("--migration-error-tolerance", "2"),
        "*--migration-error-tolerance: takes a share from 0 to 1, or from 0% to 100%, got '2'; did you mean 2%?",
    ),
    "no calls": (
        ("--migration-concurrency", "none"),
        "*--migration-concurrency: takes a whole number of at least 1, got 'none'",
    ),
}
"""Options that are wrong, and what is said of each."""


@pytest.mark.parametrize(("options", "said"), OPTIONS.values(), ids=OPTIONS)
def test_an_option_that_is_wrong_is_a_usage_error(suite: Suite, options: tuple[str, ...], said: str) -> None:
    """A wrong option ends the run before anything is collected, in one line, and leaves nothing."""
    suite.rows(golden())
    suite.tests()
    result = suite.run(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    errors = [line for line in result.errlines if "rror:" in line or "ERROR" in line]
    pytest.LineMatcher(errors).fnmatch_lines([said if said.startswith("*") else f"ERROR: {said}"], consecutive=True)
    assert "Traceback" not in result.stderr.str()
    assert not (suite.path / ".llm-migrate").exists()


@pytest.mark.parametrize(
    ("ini", "said"),
    [
        ("migration_sample = many", "ini option migration_sample takes a whole number of at least 1, got 'many'"),
        ("migration_max_cost = free", "ini option migration_max_cost takes a sum of US dollars above 0, got 'free'"),
        (
            "migration_error_tolerance = some%",
            "ini option migration_error_tolerance takes a share from 0 to 1, or from 0% to 100%, got 'some%'",
        ),
        ("migration_undecided = ignore", "--migration-undecided takes one of fail, warn; got 'ignore'"),
        ("migration_answers = never", "--migration-answers takes one of auto, replay, fresh; got 'never'"),
        (
            "migration_stop_early = perhaps",
            "ini option migration_stop_early takes true or false: invalid truth value 'perhaps'",
        ),
        ("target_model = nova", "llm-migrate: unknown model 'nova'. *"),
    ],
)
def test_an_ini_value_that_is_wrong_is_a_usage_error(suite: Suite, ini: str, said: str) -> None:
    """The ini file is held to the same rules."""
    suite.ini(ini)
    suite.tests()
    result = suite.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    pytest.LineMatcher(result.errlines[:1]).fnmatch_lines([f"ERROR: {said}"])


def test_the_command_line_wins_over_the_ini_file(suite: Suite) -> None:
    """Every option has an ini form, which counts where the option is not given."""
    suite.ini("target_model = recorded\nmigration_sample = 5\nmigration_dir = kept\nmigration_json = out.json\n")
    suite.rows(golden())
    suite.tests()
    suite.run("-k", "row").assert_outcomes(passed=5, deselected=1)
    suite.run("-k", "row", "--migration-sample", "7").assert_outcomes(passed=7, deselected=1)
    assert len(list((suite.path / "kept" / "runs").iterdir())) == 2
    assert (suite.path / "out.json").exists()


def test_a_case_of_the_tests_own_is_refused(suite: Suite) -> None:
    """Under the marker ``case`` gets its rows from the dataset; a test that gives it others is not collected."""
    suite.rows(golden())
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv")
        @pytest.mark.parametrize("case", [1, 2])
        def test_row(case):
            pass
    """)
    result = suite.judge()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert collection_faults(result) == [
        (
            "test_triage.py::test_row: the marker migration gives 'case' its rows; the test cannot parametrize 'case' "
            "itself"
        )
    ]


@pytest.mark.parametrize("fixture", ["case", "comparison", "source_prompt", "migrated_prompt"])
def test_a_fixture_without_the_marker_says_what_it_needs(suite: Suite, fixture: str) -> None:
    """A test that forgot the marker errs in one line."""
    suite.tests(f"""
        def test_it({fixture}):
            pass
    """)
    result = suite.judge()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"the fixture {fixture!r} needs the marker migration(...) on its test"])


@pytest.mark.parametrize("option", ["--migration-json", "--migration-report", "--migration-summary"])
@pytest.mark.parametrize("place", ["taken", "file/out"])
def test_a_place_where_no_file_can_be_is_refused(suite: Suite, bedrock: Bedrock, option: str, place: str) -> None:
    """Where a report is asked for in place of a folder, or below a file, the run does not begin."""
    (suite.path / "taken").mkdir()
    suite.file("file", "")
    suite.rows(golden())
    suite.tests()
    result = suite.migrate(option, place)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0].startswith(f"ERROR: llm-migrate: cannot write {suite.path / place}: ")
    assert bedrock.asked == []


def test_a_report_that_cannot_be_written_fails_the_run(suite: Suite) -> None:
    """What cannot be written at the end is said in one line below the verdicts, and the run does not pass."""
    suite.file(
        "conftest.py",
        """
import pathlib

def pytest_llm_migrate_verdict():
    pathlib.Path("out").write_text("in the way")
""",
    )
    suite.rows(golden())
    suite.tests()
    result = suite.judge("--migration-json", "out/results.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([
        "*GO by its gates.*",
        f"llm-migrate: cannot write {suite.path}/out/results.json: File exists. Name another place, *",
    ])  # fmt: skip
    assert suite.results["verdict"] == "GO"


@pytest.mark.parametrize("option", ["dir", "prices", "report", "json", "summary"])
def test_a_place_that_would_hide_the_settings_is_refused(suite: Suite, option: str) -> None:
    """Pytest takes an existing path elsewhere for the tests' and loses the ini file: the way out is an equals sign."""
    elsewhere = suite.path.parent / f"{suite.path.name}-elsewhere"
    elsewhere.mkdir()
    suite.ini("target_model = recorded")
    suite.rows(golden())
    suite.tests()
    result = suite.run(f"--migration-{option}", str(elsewhere))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0].startswith(f"ERROR: write --migration-{option}={elsewhere}, with '=': ")
    suite.run("--migration-dir", str(elsewhere), "test_triage.py").assert_outcomes(passed=21)
    suite.run(f"--migration-dir={elsewhere}").assert_outcomes(passed=21)


def test_a_place_below_the_suite_hides_nothing(suite: Suite) -> None:
    """A file of an earlier run may be written again."""
    suite.ini("target_model = recorded")
    suite.rows(golden())
    suite.tests()
    for _ in range(2):
        suite.run("--migration-report", "out/report.html").assert_outcomes(passed=21)
