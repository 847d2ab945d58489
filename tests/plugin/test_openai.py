"""Migrations to an OpenAI-compatible server, from the command line to the run's files."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.models.chat_events import chunk, completed, streamed, sure
from tests.models.scripted_http import served_json, serving
from tests.plugin.suite import ROWS_ONLY, golden

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.models.scripted_http import Asked, ScriptedServer, Served
    from tests.plugin.suite import Suite

KEY = "sk-planted-0123456789abcdef"
TARGET = ("--target-model", "openai:tiny", "--prompt-strategy", "identity", "--migration-concurrency", "4")
PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])


def answered(asked: Asked) -> Served:
    """Return ``yes``, but refuse one question with a message that repeats the key."""
    if "question 03." in asked.body["messages"][-1]["content"]:
        return served_json({"error": {"message": f"not with key {KEY}", "code": "odd"}}, 400)
    if asked.body.get("logprobs"):
        return streamed([sure("yes", -math.log(2), -math.log(8)), chunk(finish="stop")])
    return completed("yes")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A server that is the only one that the package knows."""
    with serving(answered) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield server


def files_with(folder: Path, *texts: str) -> list[str]:
    """Return the files below a folder that hold any of some texts."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path.name for path in files if any(text.encode() in path.read_bytes() for text in texts)]


@PROCESSES
def test_rows_are_answered_once_and_nothing_secret_is_kept(
    suite: Suite, server: ScriptedServer, processes: tuple[str, ...]
) -> None:
    """Each answer is called for once, its record says what was measured, and no file holds the key or a header."""
    suite.rows(golden(8))
    suite.tests(ROWS_ONLY)
    result = suite.run(*TARGET, *processes)
    result.assert_outcomes(passed=7, errors=1)
    asked = Counter(request.body["messages"][-1]["content"] for request in server.asked)
    assert asked.pop("question 03.") <= 2  # a failure is no answer: each process may have asked for itself
    assert asked == {f"question {number:02}.": 1 for number in range(8) if number != 3}
    lines = {line["sample_id"]: line["target"] for line in suite.lines}
    assert lines["r03"] == {"error": {"kind": "validation", "message": "not with key <key>"}}
    first = lines["r00"]
    assert (first["text"], first["stop_reason"]) == ("yes", "end_turn")
    assert (first["input_tokens"], first["output_tokens"]) == (10, 4)
    assert 0 < first["ttft"] <= first["latency"]
    assert KEY not in result.stdout.str() + result.stderr.str()
    assert files_with(suite.path, KEY, "Bearer") == []


@pytest.mark.usefixtures("server")
def test_answers_with_log_probabilities_have_a_perplexity(suite: Suite) -> None:
    """The prompt asks for them; an answer without any, as the dataset's are, fails and says how it would get them."""
    suite.rows(golden(2))
    suite.file(
        "prompts/triage/source.prompt.yaml", "name: triage\nuser: '{{ question }}'\ninference: {logprobs: true}\n"
    )
    suite.tests(ROWS_ONLY.replace('metrics=["exact_match"]', 'metrics=["exact_match", "perplexity"]'))
    suite.run(*TARGET).assert_outcomes(passed=2)
    line = suite.lines[0]
    assert line["target"]["mean_logprob"] == pytest.approx(-math.log(4))
    assert line["target"]["scores"] == {"exact_match": 1.0, "perplexity": pytest.approx(0.25)}
    assert line["target"]["reasons"] == {"perplexity": "perplexity 4"}
    assert "Ask for them with 'logprobs: true'" in line["source"]["failures"]["perplexity"]


def test_missing_key_stops_before_a_call(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key the run ends with one sentence that says what to set."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    suite.rows(golden(2))
    suite.tests(ROWS_ONLY)
    result = suite.run(*TARGET)
    assert result.ret != pytest.ExitCode.OK
    said = "*cannot connect to 'openai:tiny': there is no API key. Set OPENAI_API_KEY, to any text for a server*"
    (result.stdout if "cannot connect" in result.stdout.str() else result.stderr).fnmatch_lines([said])
