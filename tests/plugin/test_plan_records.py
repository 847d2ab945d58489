"""What a plan says of margins, by a pilot and by the gates' texts, and what it leaves for people and machines."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule
from pytest_llm_migrate.stats import rows_needed, smallest_margin, wilson
from tests.plugin.suite import OTHER_TARGET, ROWS_AND_GATE, SOURCE, TARGET, golden
from tests.plugin.test_plan import JSONL, PLAN, plan_of
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite

GATES = """
    import pytest

    MARGIN = 0.25
    pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])

    def test_plain(comparison):
        assert comparison["exact_match"].non_inferior(margin=0.05)

    def test_named(comparison):
        assert comparison["exact_match"].non_inferior(MARGIN)

    @pytest.mark.parametrize("channel", ["chat", "email"])
    def test_slice(comparison, channel):
        assert comparison.slice("channel", channel)["exact_match"].non_inferior(margin=MARGIN)

    def test_computed(comparison):
        raise SystemExit("nobody runs this")
        assert comparison["exact_match"].non_inferior(margin=MARGIN / 2)

    def test_better(comparison):
        assert comparison["exact_match"].superior()

    class TestFloor:
        def test_floor(self, comparison):
            assert comparison["exact_match"].at_least(0.8)

    def test_unlisted(comparison):
        assert comparison["token_f1"].non_inferior(margin=0.1)

    def test_impossible(comparison):
        assert comparison["exact_match"].non_inferior(margin=3)

    def test_cheaper(comparison):
        assert comparison.cost.mean.ratio_at_most(0.9)

    @pytest.mark.skip
    def test_skipped(comparison):
        assert comparison["exact_match"].non_inferior(margin=0.01)
"""


def written(suite: Suite, *arguments: str) -> tuple[dict[str, Any], str, str]:
    """Return a plan's record, valid by its schema, its Markdown, and its terminal text."""
    places = ("--migration-json", "out/plan.json", "--migration-summary", "out/plan.md")
    text = plan_of(suite.run(*arguments, PLAN, *places))
    record: dict[str, Any] = json.loads((suite.path / "out/plan.json").read_text("utf-8"))
    validator("plan").validate(record)
    return record, (suite.path / "out/plan.md").read_text("utf-8"), text


def columns_of(markdown: str) -> list[int]:
    """Return how many cells each line of Markdown tables has, once for each table."""
    found = [re.sub(r"\\\|", "", line).count("|") for line in markdown.splitlines() if line.startswith("|")]
    return sorted(set(found))


def test_a_pilot_tells_how_many_rows_disagree(suite: Suite, serve: Serve) -> None:
    """After a run on a sample of twenty rows the plan for all of them rests on what those showed."""
    broken = [
        Rule(model=TARGET, contains=f"question {number:03}.", reply=Reply(text="no")) for number in range(0, 200, 4)
    ]
    bedrock = serve(*broken)
    suite.rows([row | {"question": f"question {place:03}."} for place, row in enumerate(golden(200))])
    suite.tests(ROWS_AND_GATE)
    suite.migrate("--migration-sample", "20")
    called = len(bedrock.asked)
    wrong = suite.migration["metrics"]["exact_match"]["flips"]["broke"]
    models = ("--source-model", SOURCE, "--target-model", TARGET, "--prompt-strategy", "identity")
    record, markdown, text = written(suite, *models)
    assert len(bedrock.asked) == called
    (migration,) = record["migrations"]
    (metric,) = migration["metrics"]
    share = wrong / 20
    assert 0 < share < 1
    upper = wilson(round(share * 20), 20, confidence=0.6).high
    assert (metric["basis"], metric["n"], migration["rows"]) == ("pilot", 20, 200)
    assert [each["assumed"] for each in metric["margins"]] == ["seen", "upper"]
    assert [each["value"] for each in metric["margins"]] == pytest.approx([share, upper])
    assert [each["margin"] for each in metric["margins"]] == pytest.approx(
        [smallest_margin(200, share), smallest_margin(200, upper)]
    )
    said = f"from a pilot of 20 rows: {share:.1%} of them in disagreement, at most {upper:.1%}"
    assert said in text
    assert said in markdown
    (gate,) = migration["gates"]
    assert gate["rows_needed"] == [rows_needed(0.3, share), rows_needed(0.3, upper)]


def test_few_rows_are_no_pilot(suite: Suite) -> None:
    """Nine rows with both sides' answers say too little; the source's variance is taken."""
    rows = [row | {"answer_target_llm": "yes" if place < 9 else None} for place, row in enumerate(golden(40))]
    suite.rows(rows, JSONL)
    suite.tests(ROWS_AND_GATE.replace("rows.csv", JSONL))
    record, _, text = written(suite, "--target-model", "recorded")
    assert record["migrations"][0]["metrics"][0]["basis"] == "source"
    assert "source mean 1.000, deviation 0.000 over 40 rows" in text


def test_margins_asked_are_read_from_the_gates(suite: Suite) -> None:
    """Each margin has the rows that it needs beside those there are, and what cannot be told is said."""
    suite.rows(golden(100, broken=range(10)))
    suite.tests(GATES)
    record, markdown, text = written(suite, "--target-model", "recorded")
    gates = {gate["nodeid"].rpartition("::")[2]: gate for gate in record["migrations"][0]["gates"]}
    seen, most = (each["value"] for each in record["migrations"][0]["metrics"][0]["margins"])
    assert seen == 0.1
    least, more = rows_needed(0.05, 0.1), rows_needed(0.05, most)
    assert gates["test_plain"]["rows_needed"] == [least, more]
    assert f"test_plain: a loss below 0.05 in exact_match needs about {least} to {more} rows, has 100: too few" in text
    assert (gates["test_named"]["value"], gates["test_named"]["rows"]) == (0.25, 100)
    assert re.search(
        r"test_named: a loss below 0\.25 in exact_match needs about \d+ to \d+ rows, has 100: enough", text
    )
    assert gates["test_slice[chat]"]["slice"] == {"column": "channel", "value": "chat"}
    assert gates["test_slice[email]"]["rows"] == 50
    assert "test_slice[chat]: a loss below 0.25 in exact_match where channel is chat needs about" in text
    assert "test_computed: a loss in exact_match; its margin is not a plain number in the test" in text
    assert "test_better: a gain above 0 in exact_match; rows prove no gain of a target that is as good" in text
    assert re.search(r"test_floor: a mean of at least 0\.8 in exact_match needs about \d+ rows, has 100: enough", text)
    assert "test_unlisted: a loss below 0.1 in token_f1; the marker does not name its metric" in text
    assert "test_impossible: a loss below 3 in exact_match; no such loss is possible in scores from 0 to 1" in text
    assert not {"test_cheaper", "test_skipped"} & set(gates)
    assert r"test_slice\[chat\]" in markdown
    assert f"| {least} to {more} | 100 | too few |" in markdown


@pytest.mark.parametrize("floor", ["0.9", "1"])
def test_a_floor_that_the_source_does_not_clear_is_named(suite: Suite, floor: str) -> None:
    """No number of rows shows for a target like the source what is not so of the source."""
    rows = golden(20)
    rows[0]["answer_source_llm"] = rows[1]["answer_source_llm"] = "no"
    suite.rows(rows)
    suite.tests(ROWS_AND_GATE.replace("non_inferior(margin=0.3)", f"at_least({floor})"))
    record, _, text = written(suite, "--target-model", "recorded")
    assert "the source's own mean of 0.900 is not above it" in text
    assert record["migrations"][0]["gates"][0]["rows_needed"] == []


def test_a_margin_that_the_source_cannot_lose_is_named(suite: Suite) -> None:
    """Where the source is hardly ever right, rows prove no margin that is wider than that."""
    rows = golden(20)
    for row in rows[1:]:
        row["answer_source_llm"] = row["answer_target_llm"] = "no"
    suite.rows(rows)
    suite.tests(f"""{ROWS_AND_GATE}
    def test_group(comparison):
        assert comparison.slice("channel", "chat")["exact_match"].non_inferior(margin=0.3)
    """)
    record, markdown, text = written(suite, "--target-model", "recorded")
    assert "test_gate: a loss below 0.3 in exact_match; the source's own mean of 0.050 has less than that" in text
    assert "test_group: a loss below 0.3 in exact_match where channel is chat needs about" in text
    assert "to be cautious), but the source has 0.050 to lose" in text
    assert "but the source has 0.050 to lose" in markdown
    assert record["migrations"][0]["gates"][0]["rows_needed"] == []


@pytest.mark.usefixtures("bedrock")
def test_the_record_has_calls_tokens_money_and_repeats(suite: Suite) -> None:
    """Both sides of each migration and the total are in JSON and Markdown; shared calls count once."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    suite.migrate("-k", "row and (r00 or r01 or r02 or r03 or r04)")
    options = ("--source-model", SOURCE, "--target-model", TARGET, "--target-model", OTHER_TARGET)
    record, markdown, text = written(suite, *options, "--prompt-strategy", "identity", "--migration-repeats", "3")
    first, second = record["migrations"]
    assert (first["sides"]["source"]["ref"], first["sides"]["target"]["ref"]) == (SOURCE, TARGET)
    source = first["sides"]["source"]
    assert (source["repeats"], source["calls"], source["kept"]) == (3, 31, 5)
    assert (source["input_tokens"], source["output_tokens"]) == (62, 31)
    assert 0 < source["usd_expected"] < source["usd_at_most"]
    assert second["sides"]["target"]["calls"] == 36
    assert record["total"]["calls"] == 31 + 31 + 36
    assert f"source {SOURCE}, 3 answers a row: 31 calls (about $" in text
    assert "62 in + 31 out tokens" in text
    assert f"| source | {SOURCE} | 12 | 3 | 31 | 5 | 62 | 31 | $" in markdown
    assert "| all, shared calls once |" in markdown
    assert columns_of(markdown) == [5, 7, 13]
    assert "No model was called." in markdown


def test_nothing_to_plan_is_written_too(suite: Suite) -> None:
    """Where no test is selected, the record is there and empty."""
    suite.rows(golden(1))
    suite.tests(ROWS_AND_GATE)
    record, markdown, _ = written(suite, "--target-model", "recorded", "-k", "nothing")
    assert (record["migrations"], record["total"]["calls"]) == ([], 0)
    assert markdown.startswith("## Plan: no selected test needs an answer\n")


def test_the_ini_file_and_a_job_summary_get_the_plan(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Places of the ini file and of GitHub are served; a report is declined in a line."""
    suite.ini("migration_json = plan.json\nmigration_summary = plan.md\nmigration_report = report.html\n")
    job: Path = suite.file("job.md", "before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(job))
    suite.rows(golden())
    suite.tests()
    result = suite.judge(PLAN)
    result.stdout.fnmatch_lines(["a plan has no HTML report; --migration-json and --migration-summary write it down"])
    markdown = (suite.path / "plan.md").read_text("utf-8")
    assert markdown.startswith("## Plan: triage\n")
    assert job.read_text("utf-8") == f"before\n{markdown}"
    validator("plan").validate(json.loads((suite.path / "plan.json").read_text("utf-8")))
    assert not (suite.path / "report.html").exists()


def test_a_plan_that_cannot_be_written_is_one_line(suite: Suite) -> None:
    """The plan is printed all the same, and the run says what went wrong."""
    suite.rows(golden())
    suite.tests()
    target = suite.path / "gone" / "plan.json"
    suite.file(
        "conftest.py", f"def pytest_collection_finish(session):\n    open({str(target.parent)!r}, 'w').close()\n"
    )
    result = suite.judge(PLAN, "--migration-json", str(target))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: llm-migrate: cannot write *plan.json: *"])
    result.stdout.fnmatch_lines(["triage: 20 rows"])


def test_weighted_rows_are_said_to_prove_less(suite: Suite, bedrock: Bedrock) -> None:
    """The figures count each row once; where the marker does not, the plan says so."""
    suite.rows([row | {"traffic": 3} for row in golden()])
    suite.tests(ROWS_AND_GATE.replace('slices=["channel"]', 'weight="traffic"'))
    record, markdown, text = written(suite, "--target-model", "recorded")
    said = "rows count by traffic: they prove less than these figures, for which each counts once"
    assert record["migrations"][0]["counted_by"] == ["traffic"]
    assert said in text
    assert f"- triage: {said}" in markdown
    assert bedrock.asked == []
