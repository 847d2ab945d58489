"""Strategies that try prompts out, over the wire: ``few-shot``, ``mipro``, and strategies made of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pytest_llm_migrate.models.endpoint import Reply, Script, ScriptedEngine
from pytest_llm_migrate.plugin.prompt_options import NAMES
from pytest_llm_migrate.report.rewrites import variant_cells
from pytest_llm_migrate.strategies import builtins
from tests.plugin.suite import ROWS_AND_GATE, SOURCE, TARGET, Bedrock, golden

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.models.endpoint import Answer
    from pytest_llm_migrate.models.endpoint.engines import Converse
    from tests.plugin.suite import Suite

ANY = """
from dataclasses import dataclass

from pytest_llm_migrate.domain import Takes


@dataclass(frozen=True)
class Anything:
    name: str = "any"
    learns: bool = False
    tool: str = "any 1"

    def takes(self, rows):
        return Takes(texts=0, answers=0)

    def rewrite(self, task):
        raise NotImplementedError


def pytest_llm_migrate_strategies(config):
    return [Anything()]
"""
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:score"
FEW = ("--strategy-option", "trials=2", "--strategy-option", "examples=2")


class Imitator(Bedrock):
    """An endpoint whose target gives the answer of the first example that it is shown, and ``no`` without one."""

    def converse(self, request: Converse) -> Answer:
        """Answer as the example does."""
        shown = next((message.text for message in request.messages if message.role == "assistant"), "no")
        self.asked.append((request.model, request.question))
        return ScriptedEngine(Script(default=Reply(text=shown))).converse(request)


@pytest.fixture
def taught(suite: Suite, credentials: pytest.MonkeyPatch) -> Iterator[tuple[Suite, Bedrock]]:
    """A suite of thirty rows with one golden answer, and a target that imitates examples."""
    rows = golden(30)
    for row in rows:
        row["question"] = f"a question that is long enough to be told again {row['sample_id'][1:]}."
    suite.rows(rows)
    suite.tests()
    bedrock = Imitator()
    with bedrock.endpoint as endpoint:
        credentials.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", endpoint.url)
        yield suite, bedrock


def migrate(suite: Suite, strategy: str, *arguments: str) -> pytest.RunResult:
    """Rewrite the suite's prompt for the target."""
    return suite.run("--target-model", TARGET, f"--migrate-prompts={strategy}", *arguments)


def filed(suite: Suite, folder: str = "") -> dict[str, Any]:
    """Return the prompt that was written for the target."""
    (path,) = (suite.path / "prompts/triage" / folder).glob("us*.yaml")
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def test_few_shot_files_examples_and_says_on_which_rows_it_is_better(taught: tuple[Suite, Bedrock]) -> None:
    """The score counts rows that are no examples; the examples are golden rows, and the prompt declares dev rows."""
    suite, _ = taught
    result = migrate(suite, "few-shot", *FEW)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["  dev score 0.000 -> 1.000 over 8 rows", "  Examples: rows *"])
    prompt = filed(suite)
    assert [example["output"] for example in prompt["examples"]] == ["yes"] * 2
    assert prompt["provenance"]["strategy"] == "few-shot"
    assert prompt["provenance"]["dev_sha256"]
    assert filed(suite, "variants/few-shot") == prompt


def test_holdout_rows_alone_judge_a_prompt_with_examples(taught: tuple[Suite, Bedrock]) -> None:
    """After few-shot, gates judge rows that tuned nothing."""
    suite, _ = taught
    migrate(suite, "few-shot", *FEW)
    result = suite.run("--target-model", TARGET, "--source-model", "recorded", "--prompt-strategy", "few-shot")
    assert suite.migration["target"]["prompt"]["strategy"] == "few-shot"
    result.stdout.fnmatch_lines(["*20 of 30 rows of rows.csv*"])


def test_the_prompt_that_was_judged_stands_with_its_holdout_score(taught: tuple[Suite, Bedrock]) -> None:
    """Also where another strategy's was filed since; that one was judged by no row of this run."""
    suite, _ = taught
    migrate(suite, "few-shot", *FEW)
    migrate(suite, "shorten")
    suite.run("--target-model", TARGET, "--source-model", "recorded", "--prompt-strategy", "few-shot")
    found = {
        variant["strategy"]: dict(variant_cells(variant, suite.migration)) for variant in suite.migration["variants"]
    }
    told = {name: (cells["Dev score"], cells["Holdout score"], cells["State"]) for name, cells in found.items()}
    assert told == {
        "few-shot": ("0.000 → 1.000", "1.000", "tuned by dev rows, judged here"),
        "shorten": ("0.000 → 0.000", "-", "filed"),
    }


def test_mipro_files_the_instruction_and_the_examples_it_found(
    taught: tuple[Suite, Bedrock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DSPy searches over the wire; what it asked is kept, so that a second search asks the target nothing."""
    suite, bedrock = taught
    monkeypatch.setenv("HOME", str(suite.path))
    few = ("--optimizer-model", SOURCE, "--strategy-option", "candidates=3", "--strategy-option", "trials=3")
    result = migrate(suite, "mipro", *few)
    assert result.ret == pytest.ExitCode.OK, result.outlines
    result.stdout.fnmatch_lines(["  dev score 0.000 -> 1.000 over *", "  The best program, rendered: *"])
    prompt = filed(suite)
    assert prompt["examples"]
    assert prompt["provenance"]["tool"].startswith("dspy")
    assert not (suite.path / ".dspy_cache").exists()
    asked = len(bedrock.asked)
    migrate(suite, "mipro", *few)
    assert asked > 0
    assert len(bedrock.asked) == asked


def test_strategies_made_of_others_are_filed_under_a_name_that_files_can_have(taught: tuple[Suite, Bedrock]) -> None:
    """The name that was given is the name to judge by, whatever its signs."""
    suite, _ = taught
    result = migrate(suite, "best-of:few-shot,shorten+sme-rules", *FEW)
    assert result.ret == pytest.ExitCode.OK, result.outlines
    result.stdout.fnmatch_lines(
        [f"triage for {TARGET}: best-of:few-shot,shorten+sme-rules", "*Best on 8 dev rows: few-shot*"]
    )
    assert filed(suite, "variants/best-of=few-shot,shorten+sme-rules") == filed(suite)
    judged = suite.run("--target-model", TARGET, "--prompt-strategy", "best-of:few-shot,shorten+sme-rules")
    assert judged.ret != pytest.ExitCode.USAGE_ERROR
    assert suite.migration["target"]["prompt"]["strategy"] == "best-of:few-shot,shorten+sme-rules"


@pytest.mark.parametrize(
    ("strategy", "option", "said"),
    [
        ("few-shot", "trials=-1", "trials must be a whole number from 1"),
        ("shorten+mipro", "candidates=many", "candidates must be a whole number from 2"),
        ("few-shot+shortn", "trials=1", "id you mean 'shorten'"),
        (
            "few-shot",
            "trails=7",
            "--strategy-option trails: few-shot takes no such setting. Did you mean 'trials'? Its settings are",
        ),
        ("shorten", "trials=7", "shorten takes no such setting. It has no settings of its own; every strategy takes"),
        ("few-shot+sme-rules", "rule=7", "Did you mean 'rules'? Its settings are examples, rules, seed, trials;"),
        ("best-of:few-shot,shorten", "forbidden=no", "Did you mean 'forbid'?"),
    ],
)
def test_what_cannot_run_is_a_usage_error_before_anything_is_asked(
    taught: tuple[Suite, Bedrock], strategy: str, option: str, said: str
) -> None:
    """A setting that would run nothing, and a name that nobody knows, end the run at once."""
    suite, bedrock = taught
    result = migrate(suite, strategy, "--strategy-option", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in " ".join([*result.outlines, *result.errlines])
    assert bedrock.asked == []


@pytest.mark.parametrize(
    ("strategy", "options", "said"),
    [
        ("few-shot+advpo", ["s3=bucket"], "--strategy-option s3 must be a place such as s3://BUCKET/PREFIX"),
        ("few-shot+advpo", ["results=none.jsonl"], "--strategy-option results must be a file of results"),
        (
            "few-shot+advpo",
            ["export=job", "metric=exactmatch"],
            "--strategy-option metric: unknown metric 'exactmatch'. Did you mean 'exact_match'?",
        ),
        ("best-of:few-shot,advpo", ["export=job", "metric=judge_unit"], "a judge gives its scores, and the service"),
        ("advpo", ["s3=s3://bucket/p", f"lambda_arn={LAMBDA}"], "lambda_arn must be beside metric=NAME"),
        ("few-shot+model-guidelines", ["guidelines=nowhere"], "--strategy-option guidelines must be a folder of files"),
        ("best-of:few-shot, few-shot", [], "--migrate-prompts: 'best-of:few-shot, few-shot' names 'few-shot' twice"),
    ],
)
def test_a_wrong_setting_of_any_part_is_told_before_the_first_begins(
    taught: tuple[Suite, Bedrock], strategy: str, options: list[str], said: str
) -> None:
    """Nothing is paid for on the way to a mistake in an option."""
    suite, bedrock = taught
    given = [part for option in options for part in ("--strategy-option", option)]
    result = migrate(suite, strategy, "--optimizer-model", TARGET, *given)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in " ".join([*result.outlines, *result.errlines])
    assert bedrock.asked == []
    assert not (suite.path / "job").exists()


def test_an_optimizer_that_does_not_exist_is_a_usage_error(taught: tuple[Suite, Bedrock]) -> None:
    """The sentence names the option, and the models there are."""
    suite, bedrock = taught
    result = migrate(suite, "few-shot+metaprompt", "--optimizer-model", "local:nope")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--optimizer-model: unknown local model 'nope'. Known: *"])
    assert bedrock.asked == []


@pytest.mark.parametrize(("metric", "files"), [("exact_match", 2), ("numeric_match", 3)])
def test_an_export_is_a_success(taught: tuple[Suite, Bedrock], metric: str, files: int) -> None:
    """What was written and how it goes on is said; nothing is asked, nothing is filed, and nothing failed."""
    suite, bedrock = taught
    suite.rows([{**row, "answer_ground_truth": "7"} for row in golden(30)])
    result = migrate(suite, "advpo", "--strategy-option", "export=job", "--strategy-option", f"metric={metric}")
    assert result.ret == pytest.ExitCode.OK
    said = " ".join(" ".join(result.outlines).split())
    assert f"triage for {TARGET}: advpo wrote the job's input.jsonl" in said
    assert "no job was started, and no prompt is filed. Next: deploy lambda_function.py as a Lambda" in said
    assert len(list((suite.path / "job").iterdir())) == files
    assert bedrock.asked == []
    assert not (suite.path / "prompts" / "triage" / "variants").exists()


def test_a_plan_reckons_with_the_settings(taught: tuple[Suite, Bedrock]) -> None:
    """More trials are more answers."""
    suite, bedrock = taught
    few, more = (migrate(suite, "few-shot", "--migration-plan", "--strategy-option", f"trials={n}") for n in (1, 9))
    few.stdout.fnmatch_lines(["  40 answers of the target, at most*"])
    more.stdout.fnmatch_lines(["*120 answers of the target, at most*"])
    assert bedrock.asked == []


@pytest.mark.parametrize("strategy", ["shorten", "best-of:few-shot,shorten", "shorten+sme-rules"])
def test_the_ini_file_may_set_what_another_strategy_takes(taught: tuple[Suite, Bedrock], strategy: str) -> None:
    """Settings that several strategies share stand in the ini file, and each reads its own."""
    suite, _ = taught
    suite.ini("strategy_option =\n    trials=2\n    candidates=3\n    rules=2\n")
    assert migrate(suite, strategy, "--migration-plan").ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    ("strategy", "option"),
    [
        ("few-shot", "forbid=sorry"),
        ("few-shot+sme-rules", "rules=2"),
        ("best-of:few-shot,sme-rules", "rules=2"),
        ("any", "thing=2"),
        ("few-shot+any", "thing=2"),
    ],
)
def test_a_setting_of_one_part_is_a_setting_of_the_whole(
    taught: tuple[Suite, Bedrock], strategy: str, option: str
) -> None:
    """The command line takes the settings of every part; a strategy that does not name its own takes any."""
    suite, _ = taught
    suite.file("conftest.py", ANY)
    assert migrate(suite, strategy, "--migration-plan", "--strategy-option", option).ret == pytest.ExitCode.OK


@pytest.mark.parametrize("path", ["tests/llm", "test_triage.py", "test_triage.py::test_gate"])
def test_a_path_is_no_strategy(taught: tuple[Suite, Bedrock], path: str) -> None:
    """Without a name the option takes the path behind it: the error shows how to write it."""
    suite, _ = taught
    result = suite.run("--target-model", TARGET, "--migrate-prompts", path)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        f"--migrate-prompts took {path!r}, a path, as the strategy's name. Write --migrate-prompts=NAME ahead of it: "
        f"--migrate-prompts=few-shot {path}" in result.stderr.str()
    )


def test_help_names_every_strategy() -> None:
    """What --help lists is what comes with the plugin."""
    assert sorted(strategy.name for strategy in builtins()) == list(NAMES)


def test_what_a_later_part_lacks_ends_the_run_before_the_first(taught: tuple[Suite, Bedrock]) -> None:
    """A chain that ends in a strategy without its model pays for no search ahead of it."""
    suite, bedrock = taught
    result = migrate(suite, "few-shot+metaprompt")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "metaprompt has a model write the prompt, and there is none. Give --optimizer-model" in result.stderr.str()
    assert bedrock.asked == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--target-model", TARGET, "--migrate-prompts="], "names no strategy: give one of advpo, *'few-shot'"),
        (["--migrate-prompts=few-shot"], "there is none: name it with --target-model REF"),
    ],
)
def test_rewriting_nothing_is_no_run(taught: tuple[Suite, Bedrock], options: list[str], said: str) -> None:
    """An empty name must not run the tests and pay for them, and without a target nothing is skipped in silence."""
    suite, bedrock = taught
    result = suite.run(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--migrate-prompts*{said}*"])
    assert bedrock.asked == []


def test_a_split_column_of_other_words_is_told(taught: tuple[Suite, Bedrock]) -> None:
    """Rows of words of one's own are drawn from alike, which nobody may take for the column's own split."""
    suite, _ = taught
    suite.rows([row | {"split": "spring" if place % 2 else "autumn"} for place, row in enumerate(golden(30))])
    told = " ".join(line.strip() for line in migrate(suite, "few-shot", *FEW).outlines)
    assert "warning: the column split says 'autumn', 'spring', which name neither dev nor holdout rows: dev" in told
    assert "In the column split 'dev', 'train', 'validation' name dev rows, which tune, and 'holdout', 'test'" in told


@pytest.mark.parametrize(("tuning", "judging"), [("train", "test"), ("validation", "holdout"), ("spring", "autumn")])
def test_rows_that_the_marker_has_judged_never_tune(taught: tuple[Suite, Bedrock], tuning: str, judging: str) -> None:
    """Whatever the words: dev rows are others than those that judge, and the prompt is judged by all of these."""
    suite, bedrock = taught
    suite.rows([row | {"split": tuning if place % 2 else judging} for place, row in enumerate(golden(30))])
    suite.tests(ROWS_AND_GATE.replace("slices", f'split="{judging}", slices'))
    assert migrate(suite, "few-shot", *FEW).ret == pytest.ExitCode.OK
    assert not [question for _, question in bedrock.asked if int(question.rpartition(" ")[2][:2]) % 2 == 0]
    suite.run("--target-model", TARGET, "-k", "gate")
    assert suite.migration["dataset"]["rows"] == 15


def test_rows_that_tune_may_not_judge(taught: tuple[Suite, Bedrock]) -> None:
    """A marker that has tuning rows judge is refused before anything is asked."""
    suite, bedrock = taught
    suite.rows([row | {"split": "train" if place % 2 else "test"} for place, row in enumerate(golden(30))])
    suite.tests(ROWS_AND_GATE.replace("slices", 'split="train", slices'))
    result = migrate(suite, "few-shot")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*test_triage.py: the rows of split 'train' judge the prompt and would tune it. In the column split 'dev', *"]
    )
    assert bedrock.asked == []
