"""``mipro`` and ``gepa`` over the wire: what the model proposes comes broken, wrapped, or looks like a template."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from pytest_llm_migrate.prompts import load_prompt
from tests.plugin.suite import TARGET, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite

WRITER = "anthropic.claude-sonnet-4-20250514-v1:0"
HEAD = "You sort the questions of a shop by their topic. Reply with yes or no, and that is all."
GOOD = "Please sort the question of the customer, and reply with yes or no."
JINJA = 'Please sort it, as {"a": {other}} {% raw %} {{ 7 * 7 }} {# {{ cycler.__init__.__globals__ }} and {{tone}}.'
GERMAN = "Bitte sortiere die Frage des Kunden und antworte mit ja oder nein, und das ist dann auch schon alles."
SETTINGS = {"mipro": ("candidates=2", "trials=2", "bootstrapped=0", "labeled=0"), "gepa": ("calls=30",)}
both = pytest.mark.parametrize("strategy", SETTINGS)


@pytest.fixture
def shop(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite of thirty rows with a prompt in plain English."""
    monkeypatch.setenv("HOME", str(suite.path))
    suite.rows(golden(30))
    suite.prompt(f"{HEAD} {{{{ question }}}}")
    suite.tests()
    return suite


def proposes(serve: Serve, text: str, fault: ScriptedFault | None = None) -> Bedrock:
    """Serve a model that proposes a text, after a fault where there is one, and a target that is right if asked so."""
    kindly = [Rule(model=TARGET, contains=word, reply=Reply(text="yes")) for word in ("Please", "Bitte")]
    return serve(Rule(model=WRITER, reply=Reply(text=text), fault=fault), *kindly, default=Reply(text="no"))


def optimize(suite: Suite, strategy: str) -> pytest.RunResult:
    """Have an optimizer of DSPy search for a better instruction."""
    settings = [part for setting in SETTINGS[strategy] for part in ("--strategy-option", setting)]
    asked = ("--target-model", TARGET, f"--migrate-prompts={strategy}", "--optimizer-model", WRITER)
    return suite.run(*asked, *settings)


def sent(suite: Suite) -> str:
    """Return what the filed prompt sends for a row."""
    (path,) = (suite.path / "prompts/triage").glob("us*.yaml")
    return load_prompt(path).render({"question": "Q"}).turns[-1].text


@both
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (GOOD, f"{GOOD} Q"),
        (json.dumps(GOOD), f"{GOOD} Q"),
        (f"```\n{GOOD}\n```", f"{GOOD} Q"),
        (f"Human: {GOOD}\n\nAssistant:", f"{GOOD} Q"),
        (JINJA, f"{JINJA} Q"),
        (f"{GOOD} {{{{question}}}}", f"{GOOD} Q Q"),
    ],
    ids=["no-variable", "quoted", "fenced", "roles", "braces", "variable"],
)
def test_an_instruction_is_filed_as_text(shop: Suite, serve: Serve, strategy: str, text: str, shown: str) -> None:
    """Wrappings come off, nothing that looks like Jinja runs, and the variable behind the instruction is not lost."""
    proposes(serve, text)
    result = optimize(shop, strategy)
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    result.stdout.fnmatch_lines(["  dev score 0.000 -> 1.000 over 10 rows"])
    assert sent(shop) == shown


@both
@pytest.mark.parametrize("text", [" ", '{"new_instruction": '], ids=["empty", "broken-off"])
def test_what_is_no_better_leaves_the_prompt_as_it_is(shop: Suite, serve: Serve, strategy: str, text: str) -> None:
    """A proposal that is empty, broken off or of no use is never filed as the instruction."""
    proposes(serve, text)
    result = optimize(shop, strategy)
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    assert "original prompt: it stays" in " ".join(" ".join(result.outlines).split())
    assert sent(shop) == f"{HEAD} Q"


@both
def test_another_language_is_not_filed(shop: Suite, serve: Serve, strategy: str) -> None:
    """An instruction that scores better and is in German fails the run with the diff."""
    proposes(serve, GERMAN)
    result = optimize(shop, strategy)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*is not filed: it is in German, not in English.*", "+user: Bitte *"])
    assert not list((shop.path / "prompts/triage").glob("us*"))


@both
@pytest.mark.parametrize("name", ["ThrottlingException", "cut"])
def test_what_passes_is_asked_again(shop: Suite, serve: Serve, strategy: str, name: str) -> None:
    """A throttled call and a reply that breaks off are followed by another call."""
    proposes(serve, GOOD, ScriptedFault(name=name, times=1))
    result = optimize(shop, strategy)
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    assert sent(shop) == f"{GOOD} Q"


@both
def test_a_model_that_may_not_be_asked_is_an_error(shop: Suite, serve: Serve, strategy: str) -> None:
    """It ends the search at its first call, is told once, and is no search that found nothing better."""
    bedrock = proposes(serve, GOOD, ScriptedFault(name="AccessDeniedException"))
    result = optimize(shop, strategy)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert " ".join(result.outlines).count("access_denied: ") == 1
    assert len(bedrock.questions(WRITER)) == 1
    assert not list((shop.path / "prompts/triage").glob("us*"))
