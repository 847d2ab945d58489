"""``--migrate-prompts``: prompts are rewritten, tried out on the target, checked and filed; no test runs."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING

import pytest
import yaml
from jsonschema import Draft202012Validator

from pytest_llm_migrate.models.endpoint import Reply, Rule
from tests.plugin.suite import SOURCE, TARGET, golden

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

STRATEGIES = '''
from dataclasses import dataclass, replace

import pytest

from pytest_llm_migrate.domain import Rewrite, Takes


@dataclass(frozen=True)
class Wording:
    """Puts words before the source prompt."""

    name: str
    words: str
    learns: bool = False
    tool: str = "wording 1"

    def takes(self, rows):
        return Takes(texts=0, answers=0)

    def rewrite(self, task):
        user = task.template_of(self.words + task.prompt.user)
        return Rewrite(prompt=replace(task.prompt, user=user), notes=(f"{len(task.rows)} rows seen",))


@pytest.hookimpl
def pytest_llm_migrate_strategies(config):
    return [
        Wording("please", "Please: "),
        Wording("learned", "Please: ", learns=True),
        Wording("lossy", "Please. {# "),
        Wording("long", "Please:\\n" + "\\n".join(f"rule {n}" for n in range(90)) + "\\n"),
        Wording("leaky", "As in: a question that is long enough to be told again 03. "),
    ]
'''


@pytest.fixture
def strategies(suite: Suite, serve: Serve) -> Suite:
    """A suite of thirty rows, strategies of its own, and a target that is right only where it is asked politely."""
    suite.file("conftest.py", STRATEGIES)
    rows = golden(30)
    for row in rows:
        row["question"] = f"a question that is long enough to be told again {row['sample_id'][1:]}."
    suite.rows(rows)
    suite.tests()
    serve(Rule(model=TARGET, contains="Please", reply=Reply(text="yes")), default=Reply(text="no"))
    return suite


def rewrite(suite: Suite, strategy: str, *arguments: str) -> pytest.RunResult:
    """Rewrite the suite's prompt for the target."""
    return suite.run("--target-model", TARGET, f"--migrate-prompts={strategy}", *arguments)


def filed(suite: Suite, folder: str = "") -> dict[str, Any]:
    """Return the prompt file that was written for the target."""
    (path,) = [
        path for path in (suite.path / "prompts" / "triage" / folder).glob("*.yaml") if "source" not in path.name
    ]
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def test_a_prompt_is_rewritten_tried_out_and_filed(strategies: Suite) -> None:
    """The dev score before and after is said with the diff; the prompt is filed with where it came from."""
    result = rewrite(strategies, "please")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            f"triage for {TARGET}: please",
            "  dev score 0.000 -> 1.000 over 10 rows",
            "  10 rows seen",
            "*+user: *Please: *",
        ]
    )
    prompt = filed(strategies)
    assert prompt["user"] == "Please: {{ question }}"
    assert prompt["provenance"]["strategy"] == "please"
    assert prompt["provenance"]["dev_score"] == 1.0
    assert "dev_sha256" not in prompt["provenance"]
    assert filed(strategies, "variants/please") == prompt


def test_the_filed_prompt_is_the_one_that_is_judged(strategies: Suite) -> None:
    """After the prompts were migrated the gates send the target's own prompt."""
    rewrite(strategies, "please")
    result = strategies.run("--target-model", TARGET)
    assert result.ret == pytest.ExitCode.OK
    assert strategies.migration["target"]["prompt"]["strategy"] == "please"


def test_nothing_is_asked_twice(strategies: Suite, serve: Serve) -> None:
    """Rewriting again, and judging what was tried out, asks for nothing that is kept."""
    rewrite(strategies, "please")
    bedrock = serve(default=Reply(text="yes"))
    rewrite(strategies, "please")
    assert bedrock.asked == []


def test_a_prompt_edited_by_hand_is_not_written_over(strategies: Suite) -> None:
    """A hand edit is recognised by its hash; it takes --migration-force to lose it."""
    rewrite(strategies, "please")
    (path,) = (strategies.path / "prompts/triage").glob("us*.yaml")
    path.write_text(path.read_text("utf-8").replace("Please: ", "Please, please: "), encoding="utf-8")
    result = rewrite(strategies, "please")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*written or edited by hand and is not written over*--migration-force.*"])
    assert "Please, please" in filed(strategies)["user"]
    assert rewrite(strategies, "please", "--migration-force").ret == pytest.ExitCode.OK
    assert filed(strategies)["user"] == "Please: {{ question }}"


def test_a_prompt_written_by_hand_is_not_written_over(strategies: Suite) -> None:
    """A prompt that no strategy wrote is a person's, whatever its provenance names; the plan says so, too."""
    rewrite(strategies, "please")
    (path,) = (strategies.path / "prompts/triage").glob("us*.yaml")
    prompt = yaml.safe_load(path.read_text("utf-8"))
    prompt["provenance"] = {"strategy": "manual", "source_sha256": prompt["provenance"]["source_sha256"]}
    path.write_text(yaml.safe_dump(prompt | {"user": "Please! {{ question }}"}), encoding="utf-8")
    rewrite(strategies, "please", "--migration-plan").stdout.fnmatch_lines(["*prompt.yaml: written by hand"])
    result = rewrite(strategies, "please")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*written or edited by hand and is not written over*--migration-force.*"])
    assert filed(strategies)["user"] == "Please! {{ question }}"


def test_a_plan_says_what_is_wrong_with_a_file(strategies: Suite) -> None:
    """A damaged file is named in one line and fails the plan; nothing is written."""
    rewrite(strategies, "please")
    (path,) = (strategies.path / "prompts/triage").glob("us*.yaml")
    path.write_text("user: [", encoding="utf-8")
    result = rewrite(strategies, "please", "--migration-plan")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"triage for {TARGET}: *us.*.prompt.yaml:*: not YAML*"])


def test_a_plan_names_what_would_be_written_and_asks_nothing(strategies: Suite, serve: Serve) -> None:
    """With --migration-plan the state of each file is said, and no model is called."""
    bedrock = serve()
    result = rewrite(strategies, "please", "--migration-plan")
    result.stdout.fnmatch_lines(
        [
            f"triage for {TARGET}: please",
            "  20 answers of the target, at most; tried out on 10 rows",
            "  cost, at the source prompt's length: $0.0* for 20 answers of the target",
            "  triage/us.amazon.nova-lite-v1-0.prompt.yaml: new",
            "  triage/variants/please/us.amazon.nova-lite-v1-0.prompt.yaml: new",
        ]
    )
    assert bedrock.asked == []
    assert not list((strategies.path / "prompts/triage").glob("us*"))


@pytest.mark.parametrize(
    ("strategy", "why"),
    [("leaky", "it holds 'question' of row 'r03', which may not tune it"), ("plaese", "did you mean 'please'")],
)
def test_what_may_not_be_filed_is_said(strategies: Suite, strategy: str, why: str) -> None:
    """A prompt that fails a check is not filed, and the sentence says which; so is a strategy that nobody has."""
    result = rewrite(strategies, strategy)
    assert result.ret != pytest.ExitCode.OK
    assert why.lower() in " ".join([*result.outlines, *result.errlines]).lower()
    assert not list((strategies.path / "prompts/triage").glob("us*"))


def test_what_a_model_writes_is_never_run(strategies: Suite) -> None:
    """An open comment of Jinja2 in a strategy's text is text: the variable behind it survives."""
    assert rewrite(strategies, "lossy").ret == pytest.ExitCode.OK
    (path,) = (strategies.path / "prompts/triage").glob("us*.yaml")
    assert_renders(path)


def assert_renders(path: Path) -> None:
    """Assert that a prompt renders with its variable."""
    from pytest_llm_migrate.prompts import load_prompt  # noqa: PLC0415 - the room is loaded once for all

    assert load_prompt(path).render({"question": "Q"}).turns[-1].text == "Please. {# Q"


def test_tuned_prompts_are_judged_by_holdout_rows_alone(strategies: Suite) -> None:
    """Once rows tuned a prompt, gates and row tests see the other rows only, and the record says so."""
    rewrite(strategies, "learned")
    assert filed(strategies)["provenance"]["dev_sha256"]
    strategies.run("--source-model", SOURCE, "--target-model", TARGET)
    assert strategies.migration["dataset"]["rows"] == 20
    assert strategies.migration["dataset"]["rows_in_file"] == 30


def test_too_few_rows_to_tune_and_judge_are_said(strategies: Suite) -> None:
    """A strategy that learns needs rows that it does not see."""
    strategies.rows(golden(8))
    result = rewrite(strategies, "learned")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*rows.csv: 2 dev and 6 holdout rows are too few*"])


def validated(record: dict[str, Any]) -> dict[str, Any]:
    """Return what a rewriting wrote down, after its schema."""
    path = resources.files("pytest_llm_migrate.report") / "schemas" / "prompts.schema.json"
    Draft202012Validator(json.loads(path.read_text(encoding="utf-8"))).validate(record)
    return record


def test_what_became_of_prompts_is_written_down(strategies: Suite) -> None:
    """The run's folder, --migration-json and --migration-summary have scores, tokens, cost, files and the diff."""
    rewrite(strategies, "please", "--migration-json", "out/p.json", "--migration-summary", "out/p.md")
    record = validated(json.loads((strategies.folder / "prompts.json").read_text("utf-8")))
    assert record == json.loads((strategies.path / "out/p.json").read_text("utf-8"))
    (found,) = record["prompts"]
    assert (found["before"]["mean"], found["after"]["mean"], found["after"]["rows"]) == (0, 1, 10)
    assert found["after"]["cost"] > 0
    summary = (strategies.path / "out/p.md").read_text("utf-8")
    assert "| 0.000 → 1.000 |" in summary
    assert "    +user: 'Please: {{ question }}'" in summary


def test_a_prompt_that_is_not_filed_is_written_down(strategies: Suite) -> None:
    """What failed, and why, stands in the record and in the summary."""
    rewrite(strategies, "leaky", "--migration-summary", "p.md")
    (failed,) = validated(json.loads((strategies.folder / "prompts.json").read_text("utf-8")))["failed"]
    assert "which may not tune it" in failed["why"]
    assert "❌ triage for" in (strategies.path / "p.md").read_text("utf-8")


def test_strategies_stand_beside_each_other(strategies: Suite) -> None:
    """The second strategy is shown with the first, best dev score first, and in the report of a run that judges."""
    rewrite(strategies, "learned")
    result = rewrite(strategies, "lossy")
    result.stdout.fnmatch_lines(
        [
            "  strategy  dev score       in  out  cost a row * lines  state",
            "  learned   0.000 -> 1.000  12  1    $0.*  +1 -1  tuned by dev rows",
            "  lossy     0.000 -> 1.000  13  1    $0.*  +1 -1  filed",
        ]
    )
    assert filed(strategies)["provenance"]["source_score"] == 0
    strategies.run("--target-model", TARGET)
    found = {item["strategy"]: item for item in strategies.migration["variants"]}
    assert (found["lossy"]["filed"], found["learned"]["filed"]) == (True, False)
    page = (strategies.folder / "report.html").read_text("utf-8")
    assert "Prompts that strategies wrote for this target" in page
    assert '<td data-label="Dev score">0.000 → 1.000</td>' in page
    assert '<td data-label="Lines changed">+1 -1</td>' in page


def test_the_filed_prompt_stands_with_its_holdout_score(strategies: Suite) -> None:
    """Rows that did not tune it have judged it; the strategies' table of the report has both scores."""
    rewrite(strategies, "learned")
    strategies.run("--target-model", TARGET)
    page = (strategies.folder / "report.html").read_text("utf-8")
    assert '<td data-label="Holdout score">1.000</td>' in page


def test_a_summary_has_every_strategy_in_one_table(strategies: Suite) -> None:
    """Scores, tokens, cost and lines of what was written before stand under what is written now."""
    rewrite(strategies, "learned")
    rewrite(strategies, "lossy", "--migration-summary", "p.md")
    rows = [line for line in (strategies.path / "p.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    assert rows[0].count("|") == rows[2].count("|") == rows[3].count("|")
    assert rows[3].startswith("|  |  | learned | 0.000 → 1.000 | 12 | 1 | $0.")


def test_a_long_diff_is_cut_and_says_so(strategies: Suite) -> None:
    """The terminal shows sixty lines of a diff and names the command that shows all."""
    result = rewrite(strategies, "long", "--migration-summary", "p.md")
    result.stdout.fnmatch_lines(["*more lines: python -m pytest_llm_migrate prompts diff triage --for*"])
    assert "rule 89" not in result.stdout.str()
    assert "rule 89" in (strategies.path / "p.md").read_text("utf-8")


def test_forbidden_phrases_are_not_filed(strategies: Suite) -> None:
    """What --strategy-option forbid names may stand in no prompt."""
    result = rewrite(strategies, "please", "--strategy-option", "forbid=sorry|please")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "it holds 'please', which is forbidden" in result.stdout.str()
    assert not list((strategies.path / "prompts/triage").glob("us*"))


def test_growth_is_warned_of(strategies: Suite) -> None:
    """A prompt that makes a row read half as much more says so, and is filed."""
    result = rewrite(strategies, "long")
    result.stdout.re_match_lines([r".*warning: tokens read a row: [\d.]+ times what the source prompt takes"])
    assert result.ret == pytest.ExitCode.OK


def test_a_damaged_variant_is_no_fault_of_a_run(strategies: Suite) -> None:
    """A strategy's prompt that is not sent may be damaged."""
    rewrite(strategies, "please")
    (path,) = (strategies.path / "prompts/triage/variants/please").glob("*.yaml")
    path.write_text("user: [", encoding="utf-8")
    assert strategies.run("--target-model", TARGET).ret == pytest.ExitCode.OK
    assert strategies.migration["variants"] == []


def test_a_plan_of_answers_that_are_kept_still_has_a_price(strategies: Suite) -> None:
    """What is kept is no measure of what another prompt's answers cost."""
    rewrite(strategies, "please")
    result = rewrite(strategies, "please", "--migration-plan")
    result.stdout.re_match_lines([r"  cost, at the source prompt's length: \$0\.0\d+ for 20 answers of the target"])


def test_what_rewriting_took_is_told(strategies: Suite) -> None:
    """The last line and the record have the calls and what they cost, nothing where all answers were kept."""
    rewrite(strategies, "please").stdout.re_match_lines([r"rewriting took 20 calls: \$0\.0\d+"])
    again = rewrite(strategies, "please", "--migration-json", "p.json")
    assert "rewriting took" not in again.stdout.str()
    record = validated(json.loads((strategies.path / "p.json").read_text("utf-8")))
    assert record["spending"] == {"calls": 0, "usd": 0, "unpriced_calls": 0}
