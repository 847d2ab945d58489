"""``--migrate-prompts`` with strategies that have a model or a service of AWS write the prompt."""

from __future__ import annotations

import json
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from tests.plugin.suite import TARGET, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

WRITER = "anthropic.claude-sonnet-4-20250514-v1:0"
WRITTEN = "Please answer yes or no. {{question}}"
POLITE = Rule(model=TARGET, contains="Please", reply=Reply(text="yes"))

GUIDE = """
    import pytest

    from pytest_llm_migrate.metrics import rule, style_guide

    def is_polite(answer, row):
        return answer.text == "yes", f"{answer.text} to {row['question']}"

    POLITE = rule("ends politely", is_polite, instruction="End with {thanks}.")
    GUIDE = style_guide(POLITE, rule("is short", lambda answer, row: len(answer.text) < 9))

    @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match", GUIDE])
    def test_row(case):
        assert case.target["style_guide"] == 1
"""

RULES = ["Keep to these rules:", "- End with {thanks}.", "", "{{ question }}"]


@pytest.fixture
def triage(suite: Suite) -> Suite:
    """A suite of thirty rows whose target is right only where it is asked politely."""
    suite.rows(golden(30))
    suite.tests()
    return suite


def rewrite(suite: Suite, strategy: str, *arguments: str) -> pytest.RunResult:
    """Rewrite the suite's prompt for the target."""
    return suite.run("--target-model", TARGET, f"--migrate-prompts={strategy}", *arguments)


def filed(suite: Suite) -> dict[str, Any]:
    """Return the prompt file that was written for the target."""
    (path,) = (suite.path / "prompts/triage").glob("us*.yaml")
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def assert_written(suite: Suite, result: pytest.RunResult, strategy: str) -> None:
    """Assert that the written prompt is filed, and that it is the one that scored after and is judged later."""
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    result.stdout.fnmatch_lines([f"triage for {TARGET}: {strategy}", "  dev score 0.000 -> 1.000 over *"])
    prompt = filed(suite)
    assert prompt["user"] == "Please answer yes or no. {{ question }}"
    assert prompt["provenance"]["strategy"] == strategy
    assert suite.run("--target-model", TARGET).ret == pytest.ExitCode.OK
    assert suite.migration["target"]["prompt"]["strategy"] == strategy


@pytest.mark.parametrize("strategy", ["metaprompt", "model-guidelines"])
def test_a_model_writes_the_prompt(triage: Suite, serve: Serve, strategy: str) -> None:
    """The optimizer model's prompt is filed under its name, and scored and judged as it was written."""
    written = Rule(model=WRITER, reply=Reply(text=f"<Instructions>{WRITTEN}</Instructions>"))
    serve(written, POLITE, default=Reply(text="no"))
    result = rewrite(triage, strategy, "--optimizer-model", WRITER)
    assert_written(triage, result, strategy)
    assert filed(triage)["provenance"]["model"] == WRITER


def test_a_model_that_loses_the_variable_twice_files_nothing(triage: Suite, serve: Serve) -> None:
    """The run fails with one sentence, and no file is written."""
    bedrock = serve(Rule(model=WRITER, reply=Reply(text="<Instructions>Please.</Instructions>")))
    result = rewrite(triage, "metaprompt", "--optimizer-model", WRITER)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*metaprompt has no prompt for*it lost the variable 'question'*"])
    assert len(bedrock.questions(WRITER)) == 2
    assert not list((triage.path / "prompts/triage").glob("us*"))


def test_bedrock_writes_the_prompt(triage: Suite, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """OptimizePrompt's text, quoted as JSON, is filed unwrapped, and scored and judged as it was written."""
    bedrock = serve(POLITE, default=Reply(text="no", optimized=json.dumps(WRITTEN)))
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", bedrock.endpoint.url)
    assert_written(triage, rewrite(triage, "bedrock-optimize"), "bedrock-optimize")


def test_what_bedrock_wrote_is_kept(triage: Suite, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that fails at first is asked again; what it gave is not asked for twice."""
    fault = ScriptedFault(name="InternalServerException", after=1, times=2)
    bedrock = serve(Rule(operation="OptimizePrompt", fault=fault, reply=Reply(optimized=WRITTEN)), POLITE)
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", bedrock.endpoint.url)
    first = rewrite(triage, "bedrock-optimize")
    assert first.ret == pytest.ExitCode.OK, first.stdout.str()
    calls = [call for call in bedrock.endpoint.calls if call.operation == "OptimizePrompt"]
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", "http://127.0.0.1:9")
    again = rewrite(triage, "bedrock-optimize", "--migration-answers", "replay")
    assert again.ret == pytest.ExitCode.OK, again.stdout.str()
    assert len(calls) == 3
    assert filed(triage)["user"] == "Please answer yes or no. {{ question }}"


def test_a_kept_text_that_cannot_be_used_is_asked_for_anew(
    triage: Suite, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the service wrote is kept even where it lost a variable; the way out that is named asks it again."""
    for text, arguments, status in [
        ("Please.", (), pytest.ExitCode.TESTS_FAILED),
        (WRITTEN, (), pytest.ExitCode.TESTS_FAILED),
        (WRITTEN, ("--migration-answers", "fresh"), pytest.ExitCode.OK),
    ]:
        bedrock = serve(POLITE, default=Reply(text="no", optimized=text))
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", bedrock.endpoint.url)
        result = rewrite(triage, "bedrock-optimize", *arguments)
        assert result.ret == status
        if status:
            result.stdout.fnmatch_lines(["*it lost the variable 'question'. Ask anew with --migration-answers fresh,*"])
    assert filed(triage)["user"] == "Please answer yes or no. {{ question }}"


def test_a_budget_needs_the_services_price(triage: Suite, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service without a price is not called on a budget that nobody could keep."""
    bedrock = serve(POLITE, default=Reply(text="no", optimized=WRITTEN))
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", bedrock.endpoint.url)
    result = rewrite(triage, "bedrock-optimize", "--migration-max-cost", "1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["*--migration-max-cost needs a price, and 'bedrock-optimize:amazon.nova-lite-v1:0' has*"]
    )
    assert not [call for call in bedrock.endpoint.calls if call.operation == "OptimizePrompt"]


def test_a_region_that_does_not_optimize_is_one_sentence(
    triage: Suite, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails with the region, the service's words and the alternatives."""
    fault = ScriptedFault(name="ValidationException", message="Unsupported model.")
    bedrock = serve(Rule(operation="OptimizePrompt", fault=fault, reply=Reply(optimized="x")))
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", bedrock.endpoint.url)
    result = rewrite(triage, "bedrock-optimize")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*in us-east-1, Validation: Unsupported model.*take metaprompt or model-guidelines*"])


@pytest.mark.parametrize("way", ["job", "results"])
def test_a_job_writes_the_prompt(triage: Suite, serve: Serve, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """The prompt of a job, or of its results file, is filed with the dev rows that tuned it; holdout rows judge it."""
    bedrock = serve(POLITE, default=Reply(text="no", optimized=WRITTEN))
    for service in ("BEDROCK", "S3"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", bedrock.endpoint.url)
    option = "s3=s3://bucket/runs"
    if way == "results":
        result: dict[str, Any] = {"status": "SUCCESS", "modelId": TARGET, "optimizedPromptTemplate": WRITTEN}
        result |= {"originalPromptMetrics": {"averageScore": 0.5}, "optimizedPromptMetrics": {"averageScore": 0.75}}
        record = {"promptTemplateId": "triage", "promptOptimizationResults": [result]}
        option = f"results={triage.file('results.jsonl', json.dumps(record))}"
    assert_written(triage, rewrite(triage, "advpo", "--strategy-option", option), "advpo")
    provenance = filed(triage)["provenance"]
    assert provenance["dev_sha256"]
    assert (provenance["service_source_score"], provenance["service_score"]) == (0.5, 0.75)
    assert triage.migration["dataset"]["rows"] == 20


def test_broken_rules_of_the_style_guide_are_said_to_the_target(triage: Suite, serve: Serve) -> None:
    """What asks for the rule that answers break is filed, nothing of one that they keep, and nothing of any row."""
    triage.tests(GUIDE)
    serve(Rule(model=TARGET, contains="- End with {thanks}.", reply=Reply(text="yes")), default=Reply(text="no"))
    result = rewrite(triage, "sme-rules")
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    result.stdout.fnmatch_lines(
        ["  dev score 0.250 -> 1.000 over 10 rows", "  1 rule added, score 0.250 -> 1.000 over*"]
    )
    assert filed(triage)["user"].splitlines() == RULES
    assert triage.run("--target-model", TARGET).ret == pytest.ExitCode.OK
    assert triage.migration["target"]["prompt"]["strategy"] == "sme-rules"


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ("bedrock-optimize", "unknown for 1 request to a service, $*"),
        ("advpo", "unknown for 1 request to a service, $*"),
        ("metaprompt", f"$0.* for 2 texts of {WRITER}, $*"),
        ("metaprompt+bedrock-optimize", f"unknown for 1 request to a service, $*2 texts of {WRITER}*"),
        ("few-shot", "$0.* for 110 answers of the target"),
        ("sme-rules", "$0.* for 40 answers of the target"),
        ("shorten", "$0.* for 40 answers of the target"),
        ("best-of:shorten,sme-rules", "$0.* for 90 answers of the target"),
        ("mipro", f"$* texts of {WRITER}, $* for * answers of the target"),
        ("gepa", f"$* texts of {WRITER}, $* for * answers of the target"),
    ],
)
def test_a_plan_says_what_each_strategy_costs(triage: Suite, serve: Serve, strategy: str, said: str) -> None:
    """The optimizer's texts and the target's answers have a price; a service's is unknown, and never nothing."""
    bedrock = serve()
    result = rewrite(triage, strategy, "--optimizer-model", WRITER, "--migration-plan")
    assert result.ret == pytest.ExitCode.OK
    told = " ".join(line.strip() for line in result.outlines)
    assert fnmatch(told, f"*cost, at the source prompt's length: {said}*"), told
    assert bedrock.asked == []


def test_a_plan_says_that_there_is_no_optimizer(triage: Suite) -> None:
    """A strategy whose texts a model writes names the option."""
    result = rewrite(triage, "model-guidelines", "--migration-plan")
    result.stdout.fnmatch_lines(["  2 texts of the optimizer (there is no --optimizer-model), 20 answers*"])


def test_a_plan_reckons_with_judges(triage: Suite) -> None:
    """Every answer that is tried out is judged; what a judge costs that was never asked is unknown."""
    triage.tests(GUIDE.replace("GUIDE]", "'faithfulness']"))
    result = rewrite(triage, "metaprompt", "--judge-model", WRITER, "--migration-plan")
    told = " ".join(line.strip() for line in result.outlines)
    assert fnmatch(told, f"*unknown for 40 calls of the judge {WRITER}*"), told


def test_what_a_service_took_has_no_price(triage: Suite, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call of OptimizePrompt is told as one without a known price."""
    bedrock = serve(POLITE, default=Reply(text="no", optimized=WRITTEN))
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", bedrock.endpoint.url)
    rewrite(triage, "bedrock-optimize").stdout.fnmatch_lines(
        ["rewriting took 21 calls: $0.0*, and 1 call without a known price"]
    )
