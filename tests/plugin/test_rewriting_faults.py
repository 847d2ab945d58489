"""Strategies that have a text written, over the wire: it comes back broken, wrapped, or looks like a template."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from pytest_llm_migrate.prompts import load_prompt
from tests.plugin.suite import TARGET, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite

WRITER = "anthropic.claude-sonnet-4-20250514-v1:0"
SOURCE_TEXT = "You sort the questions of a shop by their topic. Reply with yes or no, and that is all. {{ question }}"
GOOD = "Please sort the question of the customer, and reply with yes or no. {{question}}"
JINJA = 'Please sort it: {% raw %} {{ 7 * 7 }} {# {"a": {question}} {{ cycler.__init__.__globals__ }} and {{question}}'
GERMAN = "Bitte sortiere die Frage des Kunden und antworte mit ja oder nein, das ist alles: {{question}}"
JOB = "CreateAdvancedPromptOptimizationJob"
OPERATIONS = {"bedrock-optimize": "OptimizePrompt", "advpo": JOB, "metaprompt": None, "model-guidelines": None}
BY_SERVICE = {"bedrock-optimize", "advpo"}


@pytest.fixture
def triage(suite: Suite) -> Suite:
    """A suite of thirty rows with a prompt in plain English."""
    suite.rows(golden(30))
    suite.prompt(SOURCE_TEXT)
    suite.tests()
    return suite


@pytest.fixture
def writes(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Writes:
    """Endpoints whose services and models write a text."""
    return Writes(serve, monkeypatch)


class Writes:
    """Starts endpoints that write prompts."""

    def __init__(self, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
        self.serve, self.monkeypatch = serve, monkeypatch

    def __call__(self, strategy: str, text: str, fault: ScriptedFault | None = None) -> Bedrock:
        """Return the endpoint: a strategy's service or model writes the text, after a fault where there is one."""
        operation = OPERATIONS[strategy]
        reply = Reply(optimized=text) if operation else Reply(text=f"<Instructions>{text}</Instructions>")
        rule = Rule(operation=operation, model=None if operation else WRITER, fault=fault, reply=reply)
        bedrock = self.serve(rule, default=Reply(text="yes", optimized=text))
        for service in ("BEDROCK", "S3", "BEDROCK_AGENT_RUNTIME"):
            self.monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", bedrock.endpoint.url)
        return bedrock


def rewrite(suite: Suite, strategy: str) -> pytest.RunResult:
    """Rewrite the suite's prompt for the target."""
    options = ["--optimizer-model", WRITER] if strategy not in BY_SERVICE else []
    options += ["--strategy-option", "s3=s3://bucket/runs"] if strategy == "advpo" else []
    return suite.run("--target-model", TARGET, f"--migrate-prompts={strategy}", *options)


def sent(suite: Suite) -> str:
    """Return what the filed prompt sends for a row."""
    (path,) = (suite.path / "prompts/triage").glob("us*.yaml")
    return load_prompt(path).render({"question": "Q"}).turns[-1].text


@pytest.mark.parametrize("strategy", OPERATIONS)
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Please sort it.", "it lost the variable 'question'"),
        (" ", r"it is empty|are empty|there is no prompt"),
        (GERMAN, "it is in German, not in English"),
    ],
    ids=["lost-variable", "empty", "language"],
)
def test_what_cannot_be_used_is_not_filed(triage: Suite, writes: Writes, strategy: str, text: str, why: str) -> None:
    """The run fails with one sentence that names strategy and fault, and no file is written."""
    writes(strategy, text)
    result = rewrite(triage, strategy)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert f"{strategy} has no prompt for" in result.stdout.str()
    assert re.search(why, " ".join(result.outlines))
    assert not list((triage.path / "prompts/triage").glob("us*"))


@pytest.mark.parametrize("strategy", OPERATIONS)
@pytest.mark.parametrize(
    ("text", "shown"),
    [(json.dumps(GOOD), GOOD), (f"Human: {GOOD}\n\nAssistant:", GOOD), (JINJA, JINJA)],
    ids=["quoted", "roles", "braces"],
)
def test_what_can_be_used_is_filed_as_text(triage: Suite, writes: Writes, strategy: str, text: str, shown: str) -> None:
    """Quotes and roles come off; braces and tags are sent as they stand, and nothing of them runs."""
    writes(strategy, text)
    result = rewrite(triage, strategy)
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    assert sent(triage) == shown.replace("{{question}}", "Q").replace("{question}", "Q")


@pytest.mark.parametrize("strategy", OPERATIONS)
@pytest.mark.parametrize("name", ["ThrottlingException", "ServiceUnavailableException", "cut", "bad_crc", "reset"])
def test_what_passes_is_asked_again(triage: Suite, writes: Writes, strategy: str, name: str) -> None:
    """A throttled call, and a reply that breaks off or is garbled, are followed by another call."""
    writes(strategy, GOOD, ScriptedFault(name=name, times=1))
    result = rewrite(triage, strategy)
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    assert sent(triage) == GOOD.replace("{{question}}", "Q")


@pytest.mark.parametrize("strategy", sorted(BY_SERVICE))
@pytest.mark.parametrize(
    "name",
    [
        "AccessDeniedException",
        "ValidationException",
        "ResourceNotFoundException",
        "ServiceQuotaExceededException",
        "ConflictException",
        "ExpiredTokenException",
        "UnrecognizedClientException",
    ],
)
def test_what_does_not_pass_is_told_at_once(triage: Suite, writes: Writes, strategy: str, name: str) -> None:
    """What a service refuses, it refuses again: one call, and one line with its words."""
    bedrock = writes(strategy, GOOD, ScriptedFault(name=name, message="that will not do"))
    result = rewrite(triage, strategy)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = [line for line in result.outlines if "that will not do" in line]
    assert line.startswith(f"triage for {TARGET}: ")
    assert name.removesuffix("Exception") in line
    assert [call.operation for call in bedrock.endpoint.calls].count(str(OPERATIONS[strategy])) == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bad_crc", "bad_checksum: bedrock-optimize:amazon.nova-lite-v1:0: Checksum mismatch: expected"),
        ("reset", "connection_lost: bedrock-optimize:amazon.nova-lite-v1:0: "),
    ],
)
def test_a_stream_that_stays_broken_is_one_line(triage: Suite, writes: Writes, name: str, said: str) -> None:
    """What is wrong with the stream is named with the service, after all attempts."""
    bedrock = writes("bedrock-optimize", GOOD, ScriptedFault(name=name))
    result = rewrite(triage, "bedrock-optimize")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = [line for line in result.outlines if said in line]
    assert "Run it again: what was answered is kept" in line
    assert [call.operation for call in bedrock.endpoint.calls].count("OptimizePrompt") == 10
    assert not list((triage.path / "prompts/triage").glob("us*"))


def test_a_variable_that_the_model_made_up_is_told(triage: Suite, writes: Writes) -> None:
    """It is sent as the text that it is, which the user hears of."""
    writes("metaprompt", f"{GOOD} Be {{{{tone}}}} and {{$KIND}}.")
    result = rewrite(triage, "metaprompt")
    result.stdout.fnmatch_lines(["  warning: {{tone}}, {$KIND} are no variable of the prompt, and sent as text"])
    assert "{{tone}} and {$KIND}" in sent(triage)


def test_a_service_that_fails_is_named_with_the_way_on(triage: Suite, writes: Writes) -> None:
    """A stream that breaks off every time says whose it was, and that another run pays for nothing twice."""
    writes("bedrock-optimize", "")
    told = " ".join(rewrite(triage, "bedrock-optimize").outlines)
    assert "stream_ended_early: bedrock-optimize:amazon.nova-lite-v1:0: the reply ended before" in told
    assert "Run it again: what was answered is kept" in told
    assert "rewriting took 10 calls: no price is known" in told


def test_what_a_strategy_says_wraps(triage: Suite, writes: Writes) -> None:
    """The notes that a rewriting follows are named in lines that a terminal of eighty columns shows whole."""
    writes("model-guidelines", GOOD)
    lines = rewrite(triage, "model-guidelines").outlines
    said = lines[lines.index(next(line for line in lines if line.startswith("rewriting by"))) :]
    told = said[: said.index("  --- source")]
    assert max(map(len, told)) <= 80
    assert "prompting-text-understanding.html" in "".join(told)
