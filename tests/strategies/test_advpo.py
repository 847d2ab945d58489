"""``advpo``: the job's input, the job over the wire, its results, and its file without AWS."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from pytest_llm_migrate.domain import Attachment, Row
from pytest_llm_migrate.errors import (
    CallFailedError,
    JobExportedError,
    MetricNotExportableError,
    NoRewriteError,
    StrategySettingError,
    UnknownNameError,
)
from pytest_llm_migrate.metrics import ExactMatch, builtins
from pytest_llm_migrate.models.endpoint import Endpoint, Reply, Rule, Script, ScriptedEngine, ScriptedFault
from pytest_llm_migrate.models.endpoint.batches import Batch
from pytest_llm_migrate.strategies.advpo import AdvancedPromptOptimization
from pytest_llm_migrate.strategies.aws import PASSING
from tests.strategies.conftest import SERVICES, TARGET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_llm_migrate.domain import PromptTask
    from tests.strategies.conftest import MakeTask, Serve

USER = "Sort by topic: {{ ticket }} ({{ channel }})"
OPTIMIZED = "Name the topic of {{ticket}}, which came by {{channel}}, in one word."
LAMBDA = "arn:aws:lambda:us-west-2:123456789012:function:score"
JOB = {"s3": "s3://bucket/runs", "poll": "1"}
LONG = "my parcel has not arrived since the fourth of May"


def rows(count: int = 3) -> list[Row]:
    """Return dev rows."""
    return [
        Row(
            sample_id=f"r{number}",
            values={"ticket": f"{LONG} {number}", "channel": ["mail", "chat"], "answer_ground_truth": "delivery"},
        )
        for number in range(count)
    ]


def task(make_task: MakeTask, count: int = 3, /, **settings: str) -> PromptTask:
    """Return a task with dev rows."""
    return make_task(USER, rows=rows(count), settings=settings, inference={"max_tokens": 9, "top_k": 3})


def strategy(sleep: Any = lambda _: None) -> AdvancedPromptOptimization:
    """Return the strategy without its pauses."""
    return AdvancedPromptOptimization(sleep=sleep)


@pytest.fixture
def objects(serve: Serve) -> Iterator[Any]:
    """A client of the endpoint's S3, on an endpoint that optimizes."""
    serve(default=Reply(optimized=OPTIMIZED))
    client: Any = boto3.client("s3")
    yield client
    client.close()


def stored(objects: Any) -> dict[str, str]:
    """Return what a job left in the bucket, by the end of its key."""
    keys = [item["Key"] for item in objects.list_objects_v2(Bucket="bucket")["Contents"]]
    found = {key: objects.get_object(Bucket="bucket", Key=key)["Body"].read().decode() for key in keys}
    assert all(key.startswith("runs/") for key in found)
    return {key.rpartition("/")[2]: text for key, text in found.items()}


def test_a_job_optimizes_the_prompt(make_task: MakeTask, objects: Any, said: list[str]) -> None:
    """Input goes to S3, the job is waited for, and its prompt is kept with the service's own scores as a note."""
    rewrite = strategy().rewrite(task(make_task, **JOB))
    assert rewrite.prompt.user == "Name the topic of {{ ticket }}, which came by {{ channel }}, in one word."
    assert rewrite.service_scores == (0.5, 0.75)
    billed, note = rewrite.notes
    assert billed == "The service bills the job's own tokens; no cost that is told here has them."
    assert note.startswith("The service's own figures, on the 3 samples that it optimized on: score 0.5 -> 0.75, input")
    assert said[1:] == ["job Completed"]
    record = json.loads(stored(objects)["input.jsonl"])
    assert record["version"] == "bedrock-2026-05-14"
    assert record["promptTemplate"] == "Sort by topic: {{ticket}} ({{channel}})"
    sample = record["evaluationSamples"][0]
    assert sample["inputVariables"] == [{"channel": "mail\n\nchat"}, {"ticket": f"{LONG} 0"}]
    assert sample["referenceResponse"] == "delivery"


def test_the_same_job_is_not_started_twice(make_task: MakeTask, objects: Any) -> None:
    """A run that was killed finds the job that it started; another prompt or setting is another job."""
    for _ in range(2):
        strategy().rewrite(task(make_task, **JOB))
    strategy().rewrite(task(make_task, **JOB, criteria="short | polite"))
    keys = [item["Key"] for item in objects.list_objects_v2(Bucket="bucket")["Contents"]]
    assert len([key for key in keys if key.endswith("results.jsonl")]) == 2


def test_the_models_settings_go_with_the_job(make_task: MakeTask, objects: Any) -> None:
    """The target is asked with the prompt's own inference settings."""
    strategy().rewrite(task(make_task, **JOB))
    bedrock: Any = boto3.client("bedrock", region_name="us-west-2")
    key = next(k["Key"] for k in objects.list_objects_v2(Bucket="bucket")["Contents"] if "results" in k["Key"])
    job = bedrock.get_advanced_prompt_optimization_job(jobIdentifier=key.split("/")[-2])
    bedrock.close()
    assert job["modelConfigurations"] == [
        {"modelId": TARGET, "inferenceConfig": {"maxTokens": 9}, "additionalModelRequestFields": {"top_k": 3}}
    ]


@pytest.mark.parametrize(
    ("settings", "members"),
    [
        ({}, {}),
        ({"criteria": "short | polite "}, {"steeringCriteria": ["short", "polite"]}),
        (
            {"lambda_arn": LAMBDA, "metric": "token_f1"},
            {"evaluationMetricLambdaArn": LAMBDA, "customEvaluationMetricLabel": "token_f1"},
        ),
    ],
)
def test_the_service_judges_as_it_is_told(
    make_task: MakeTask, tmp_path: Path, settings: Mapping[str, str], members: Mapping[str, Any]
) -> None:
    """By its own judge, by criteria, or by a Lambda."""
    known = {metric.name: metric for metric in builtins()}
    asked = replace(task(make_task, export=str(tmp_path), **settings), metric_of=lambda name: known[name])
    with pytest.raises(JobExportedError, match="no job was started"):
        strategy().rewrite(asked)
    record = json.loads((tmp_path / "input.jsonl").read_text("utf-8"))
    plain = {"version", "templateId", "promptTemplate", "evaluationSamples"}
    assert {name: value for name, value in record.items() if name not in plain} == members


def test_a_job_is_stopped_when_it_takes_too_long_or_is_broken_off(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    """Beyond ``minutes``, and on Ctrl-C, nothing goes on unseen."""
    serve()
    script = Script(default=Reply(optimized=OPTIMIZED), batch=Batch(duration=60))
    with Endpoint(ScriptedEngine(script)) as endpoint:
        for service in SERVICES:
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", endpoint.url)
        with pytest.raises(NoRewriteError, match=r"longer than 0\.05 minutes and was stopped.*minutes=N"):
            strategy().rewrite(task(make_task, **JOB, minutes="0.05"))
        with pytest.raises(KeyboardInterrupt):
            strategy(_interrupt).rewrite(task(make_task, **JOB, criteria="x"))
        stops = [call for call in endpoint.calls if call.operation == "StopAdvancedPromptOptimizationJob"]
        assert [call.outcome for call in stops] == ["ok", "ok"]


def _interrupt(_: float) -> None:
    raise KeyboardInterrupt


def test_a_failed_job_says_why(make_task: MakeTask, serve: Serve) -> None:
    """The service's own message is passed on."""
    serve()  # no optimized text
    with pytest.raises(NoRewriteError, match="the job is Failed: No prompt could be optimized"):
        strategy().rewrite(task(make_task, **JOB))


def test_throttling_is_retried_and_a_refusal_is_said(make_task: MakeTask, serve: Serve) -> None:
    """boto3 makes throttled calls again; a refusal is the service's own sentence."""
    operation = "CreateAdvancedPromptOptimizationJob"
    rule = Rule(operation=operation, fault=ScriptedFault(name="ThrottlingException", times=1))
    serve(rule, default=Reply(optimized=OPTIMIZED))
    assert strategy().rewrite(task(make_task, **JOB)).prompt.user
    serve(Rule(operation=operation, fault=ScriptedFault(name="AccessDeniedException", message="not allowed")))
    with pytest.raises(CallFailedError, match="access_denied: AccessDenied: not allowed"):
        strategy().rewrite(task(make_task, **JOB))


@pytest.mark.parametrize("operation", ["CreateAdvancedPromptOptimizationJob", "GetAdvancedPromptOptimizationJob"])
def test_a_reply_that_breaks_off_is_asked_for_again(make_task: MakeTask, serve: Serve, operation: str) -> None:
    """A body that ends early reads as an empty reply: the call is made again, and after some times given up."""
    serve(Rule(operation=operation, fault=ScriptedFault(name="cut", times=1)), default=Reply(optimized=OPTIMIZED))
    assert strategy().rewrite(task(make_task, **JOB)).prompt.user
    serve(Rule(operation=operation, fault=ScriptedFault(name="cut")), default=Reply(optimized=OPTIMIZED))
    with pytest.raises(CallFailedError) as caught:
        strategy().rewrite(task(make_task, **JOB))
    assert caught.value.kind in PASSING


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        ("{% if a %}{{ a }}{% endif %}", "Jinja2 expressions or blocks"),
        ("{{ a | upper }}", "Jinja2 expressions or blocks"),
        (" ".join(f"{{{{ v{number} }}}}" for number in range(21)), "has 21 variables, and a template takes 20"),
    ],
)
def test_a_prompt_beyond_the_services_limits_is_said(make_task: MakeTask, user: str, problem: str) -> None:
    """What the service would not fill is refused before a call."""
    values = {f"v{number}": "x" for number in range(21)} | {"a": "x"}
    row = Row(sample_id="r", values=values)
    with pytest.raises(NoRewriteError, match=problem):
        strategy().rewrite(make_task(user, rows=[row], settings=JOB))


def test_attachments_and_large_samples_are_said(make_task: MakeTask) -> None:
    """Files that the job would not see, and samples beyond 50 MB, are refused before a call."""
    found = task(make_task, **JOB)
    photo = Attachment(kind="image", path="photo")
    with pytest.raises(NoRewriteError, match="has attachments, which are not sent"):
        strategy().rewrite(replace(found, prompt=replace(found.prompt, attachments=(photo,))))
    large = Row(sample_id="r", values={"ticket": "x" * 53_000_000, "channel": "c"})
    with pytest.raises(NoRewriteError, match="bytes, and a job takes 52428800"):
        strategy().rewrite(replace(found, rows=[large]))


def test_separators_inside_texts_are_kept(make_task: MakeTask, tmp_path: Path) -> None:
    """Only line ends divide results: a separator of Unicode inside a prompt does not."""
    record = {"promptTemplateId": "triage", "promptOptimizationResults": [result(failureReason="a\u2028b")]}
    (tmp_path / "x.jsonl").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    assert strategy().rewrite(task(make_task, results=str(tmp_path / "x.jsonl"))).prompt.user


def test_no_rows_and_no_job_are_said(make_task: MakeTask) -> None:
    """A job needs samples, and a place for its files; a target must be a model of Bedrock."""
    with pytest.raises(NoRewriteError, match="no dev rows to optimize on"):
        strategy().rewrite(make_task(USER, settings=JOB))
    with pytest.raises(NoRewriteError, match=r"no job is set up\. Start a job with --strategy-option s3="):
        strategy().rewrite(task(make_task))
    with pytest.raises(NoRewriteError, match="no model or profile"):
        strategy().rewrite(make_task(USER, rows=rows(), settings=JOB, target="local:gemma3-270m"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("s3", "bucket/runs"), ("poll", "-1"), ("criteria", "a|b|c|d|e|f"), ("results", "nowhere.jsonl")],
)
def test_a_setting_of_another_form_is_said(make_task: MakeTask, name: str, value: str) -> None:
    """The option is named with what it takes."""
    with pytest.raises(StrategySettingError, match=f"--strategy-option {name} must be"):
        strategy().rewrite(task(make_task, **{**JOB, name: value}))


def test_a_job_sees_a_hundred_rows_at_most(make_task: MakeTask, objects: Any) -> None:
    """More dev rows are drawn from, the same ones each time, and a note says so."""
    rewrite = strategy().rewrite(task(make_task, 150, **JOB))
    record = json.loads(stored(objects)["input.jsonl"])
    assert len(record["evaluationSamples"]) == 100
    assert "those of 150 dev rows were drawn" in rewrite.notes[-1]


def result(**changes: Any) -> dict[str, Any]:
    """Return one model's result as the service writes it."""
    plain = {
        "status": "SUCCESS",
        "modelId": "amazon.nova-lite-v1:0",
        "optimizedPromptTemplate": OPTIMIZED,
        "originalPromptMetrics": {"averageScore": 0.463, "averageInputTokens": 589.0},
        "optimizedPromptMetrics": {"averageScore": 0.79, "averageInputTokens": 1181.0},
        "dataset": [{}] * 20,
    }
    return {**plain, **changes}


def results_file(path: Path, *results: Mapping[str, Any], template: str = "triage", text: str = "other") -> str:
    """Write a results file of one template and return its path."""
    record = {"promptTemplateId": template, "promptTemplate": text, "promptOptimizationResults": results}
    (path / "results.jsonl").write_text(json.dumps(record) + "\n\n", encoding="utf-8")
    return str(path / "results.jsonl")


def test_a_results_file_needs_no_aws(make_task: MakeTask, tmp_path: Path) -> None:
    """The prompt for the target is found among several models, by its base model, with its own scores and growth."""
    path = results_file(tmp_path, result(modelId="amazon.nova-pro-v1:0", optimizedPromptTemplate="no"), result())
    rewrite = strategy().rewrite(task(make_task, results=path))
    assert rewrite.prompt.user.startswith("Name the topic of {{ ticket }}")
    (note,) = rewrite.notes
    assert note.endswith("on the 20 samples that it optimized on: score 0.463 -> 0.79, input tokens 589 -> 1181.")


def test_a_template_of_another_name_counts_by_its_text(make_task: MakeTask, tmp_path: Path) -> None:
    """A job that was started by hand may name the template otherwise."""
    path = results_file(tmp_path, result(), template="t1", text="Sort by topic: {{ticket}}\n({{channel}})")
    assert strategy().rewrite(task(make_task, results=path)).prompt.user


@pytest.mark.parametrize(
    ("changes", "template", "why"),
    [
        ({}, "t1", r"no prompt 'triage' for it \(prompts: t1; this one's models: none\)"),
        ({"modelId": "amazon.nova-pro-v1:0"}, "triage", "this one's models: amazon.nova-pro-v1:0"),
        ({"status": "FAILED", "failureReason": "bad judge"}, "triage", "the service failed: bad judge"),
        ({"optimizedPromptTemplate": " "}, "triage", "'SUCCESS' and there is no prompt"),
        ({"optimizedPromptTemplate": "Sort {{ticket}}"}, "triage", "it lost the variable 'channel'"),
    ],
)
def test_results_that_cannot_be_used_are_said(
    make_task: MakeTask, tmp_path: Path, changes: dict[str, Any], template: str, why: str
) -> None:
    """Another prompt's or model's results, a failure, an empty prompt or a lost variable is an error."""
    path = results_file(tmp_path, result(**changes), template=template)
    with pytest.raises(NoRewriteError, match=why):
        strategy().rewrite(task(make_task, results=path))


@pytest.mark.parametrize("line", ["[]", '{"cut'])
def test_a_file_that_is_no_results_is_said(make_task: MakeTask, tmp_path: Path, line: str) -> None:
    """The line that is no JSON object is named."""
    (tmp_path / "x.jsonl").write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(NoRewriteError, match="line 2 of the results is no JSON object"):
        strategy().rewrite(task(make_task, results=str(tmp_path / "x.jsonl")))


def test_samples_in_the_prompt_are_declared(make_task: MakeTask, tmp_path: Path) -> None:
    """The service puts samples into prompts as examples: those rows are declared, and a note names them."""
    path = results_file(tmp_path, result(optimizedPromptTemplate=f"Such as: {LONG} 1. {OPTIMIZED}"))
    rewrite = strategy().rewrite(task(make_task, results=path))
    assert rewrite.examples_from == ("r1",)
    assert rewrite.notes[-1] == "The service put texts of the dev rows r1 into the prompt."


def test_a_metric_is_exported_as_the_services_lambda(make_task: MakeTask, tmp_path: Path) -> None:
    """The Lambda goes with the input, has the migration's own settings, and the sentence says how it goes on."""
    found = replace(
        task(make_task, export=str(tmp_path / "job"), metric="topic"),
        metric_of=lambda name: ExactMatch(name=name, case=True),
    )
    written = (
        r"wrote the job's input.jsonl, lambda_function.py and requirements.txt to .*no job was started.*lambda_arn=ARN"
    )
    with pytest.raises(JobExportedError, match=written):
        strategy().rewrite(found)
    handler: dict[str, Any] = {}
    exec((tmp_path / "job" / "lambda_function.py").read_text("utf-8"), handler)  # noqa: S102 - our own file
    event = {"preds": ["delivery", "Delivery", None], "golds": ["delivery", "delivery", "x"]}
    assert handler["lambda_handler"](event, None) == {"score": pytest.approx(1 / 3), "scores": [1.0, 0.0, 0.0]}


def test_a_metric_without_a_lambda_is_refused_before_anything_is_asked(make_task: MakeTask, tmp_path: Path) -> None:
    """A judge's metric is none, and neither is a name that nobody has; the service has a judge of its own."""
    asked = task(make_task, export=str(tmp_path), metric="judge_unit")
    known = {metric.name: metric for metric in builtins()}
    with pytest.raises(MetricNotExportableError, match="a judge gives its scores, and the service brings its own"):
        strategy().foresee(replace(asked, metric_of=lambda name: known[name]))
    with pytest.raises(UnknownNameError, match="--strategy-option metric: unknown metric 'judge_unit'"):
        strategy().foresee(asked)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lambda_arn": "arn:l", "metric": "x"}, "lambda_arn must be an ARN such as arn:aws:lambda"),
        ({"lambda_arn": LAMBDA}, "lambda_arn must be beside metric=NAME"),
        ({"metric": "token_f1"}, "metric must be beside export=FOLDER.*or lambda_arn=ARN"),
        ({"s3": "bucket"}, "s3 must be a place such as s3://BUCKET/PREFIX"),
        ({"results": "nowhere.jsonl"}, "results must be a file of results that can be read"),
        ({"criteria": "a|b|c|d|e|f"}, "criteria must be at most 5 texts"),
        ({"poll": "0"}, "poll must be a number above 0"),
    ],
)
def test_settings_are_checked_before_anything_is_asked(given: Mapping[str, str], said: str) -> None:
    """Whatever comes ahead of the job, a wrong setting is told first."""
    with pytest.raises(StrategySettingError, match=said):
        strategy().check(TARGET, {**JOB, **given}, None)


def test_an_export_that_cannot_be_written_is_said(make_task: MakeTask, tmp_path: Path) -> None:
    """A folder that is a file is named."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StrategySettingError, match="export must be a folder that can be written"):
        strategy().rewrite(task(make_task, export=str(tmp_path / "file")))


def test_what_it_takes_and_what_it_is() -> None:
    """It learns from dev rows: holdout rows alone may judge its prompt."""
    assert (strategy().takes(9).services, strategy().learns) == (1, True)
    assert strategy().tool.startswith("Advanced Prompt Optimization, boto3 1.")
