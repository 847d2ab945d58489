"""The commands ``serve`` and ``fetch-models``, as a user runs them."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import signal
import socket
import subprocess
import sys
from dataclasses import fields
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from pytest_llm_migrate.__main__ import main
from pytest_llm_migrate.models.endpoint import (
    Batch,
    FoundationModel,
    InferenceProfile,
    Quota,
    Reply,
    Rule,
    Script,
    ScriptedCall,
    ScriptedFault,
)
from pytest_llm_migrate.models.local import CATALOG, fetching, serving
from pytest_llm_migrate.models.local.fetching import ProgressLine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# A process that a shell started in the background ignores Ctrl-C unless it asks for it again.
SERVE = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from pytest_llm_migrate.__main__ import main; sys.exit(main(['serve', *sys.argv[1:]]))"
)


class Terminal(io.StringIO):
    """Text that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def interrupted() -> None:
    """Press Ctrl-C."""
    raise KeyboardInterrupt


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the user's cache be an empty folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_serve_answers_by_a_script_until_ctrl_c(tmp_path: Path) -> None:
    """It says where, and how to point boto3 there; calls are answered and logged; Ctrl-C ends it cleanly."""
    script, log = tmp_path / "script.yaml", tmp_path / "calls.jsonl"
    script.write_text("rules: [{contains: hi, text: hello}]", encoding="utf-8")
    command = [sys.executable, "-c", SERVE, "--port", "0", "--script", str(script), "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout
        lines = "".join(server.stdout.readline() for _ in range(5))
        url = re.fullmatch(
            rf"serving {script} on (http://127\.0\.0\.1:\d+) \(Ctrl-C stops\); for boto3, with any region and "
            r"credentials:\nexport AWS_ENDPOINT_URL_BEDROCK_RUNTIME=\1\nexport AWS_ENDPOINT_URL_BEDROCK=\1\n"
            r"export AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME=\1\nexport AWS_ENDPOINT_URL_S3=\1\n",
            lines,
        )
        assert url, lines
        body = json.dumps({"messages": [{"role": "user", "content": [{"text": "hi"}]}]})
        connection = HTTPConnection(urlsplit(url[1]).netloc, timeout=10)
        connection.request("POST", "/model/m/converse", body)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        logged = [json.loads(entry)["outcome"] for entry in log.read_text(encoding="utf-8").splitlines()]
        server.send_signal(signal.SIGINT)
        rest, errors = server.communicate(timeout=10)
    assert answer["output"]["message"]["content"] == [{"text": "hello"}]
    assert (logged, rest, errors, server.returncode) == (["ok"], "", "", 0)


def test_serving_a_script_needs_no_library_for_models(tmp_path: Path) -> None:
    """A script is served without the library of the local models, and without boto3, being loaded."""
    script = tmp_path / "script.yaml"
    script.write_text("{}", encoding="utf-8")
    code = (
        "import sys; from pytest_llm_migrate.__main__ import main\n"
        "from pytest_llm_migrate.models.local import serving\n"
        "serving.wait_for_interrupt = lambda: sys.exit('xllamacpp' in sys.modules or 'boto3' in sys.modules)\n"
        "main(['serve', '--port', '0', '--script', sys.argv[1]])"
    )
    assert subprocess.run([sys.executable, "-c", code, str(script)], check=False, capture_output=True).returncode == 0


def test_help_of_serve_names_every_key_of_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    """What a script can say is in the command's help."""
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    said = set(re.findall(r"\w+", capsys.readouterr().out))
    kinds = (Script, Rule, Reply, ScriptedFault, ScriptedCall, Quota, Batch, FoundationModel, InferenceProfile)
    keys = {item.name for kind in kinds for item in fields(kind)} - {"reply"}
    assert keys - said == set()


def test_serve_names_the_local_models(
    weights_cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a script the fetched models are served, under their names."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(weights_cache.parent.parent))
    monkeypatch.setattr(serving, "wait_for_interrupt", interrupted)
    assert main(["serve", "--port", "0"]) == 0
    assert capsys.readouterr().out.startswith("serving smollm2-135m and gemma3-270m on http://127.0.0.1:")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["serve"], "the weights of 'smollm2-135m' are not in "),
        (["serve", "--script", "none.yaml"], "none.yaml: cannot be read"),
        (["serve", "--script", "SCRIPT", "--log", "none/calls.jsonl"], "cannot write the log of calls to none"),
        (["serve", "--script", "SCRIPT", "--port", "PORT"], "Give another --port (0 picks a free one)"),
        (["fetch-models", "smollm"], "Known: gemma3-270m, smollm2-135m."),
    ],
    ids=["no weights", "no script", "no folder", "taken port", "unknown model"],
)
def test_what_a_user_can_mend_is_one_sentence(
    empty_cache: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    """A command that cannot work ends with 1 and says why on stderr, without a traceback."""
    script = empty_cache / "script.yaml"
    script.write_text("{}", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as holder:
        known = {"SCRIPT": str(script), "PORT": str(holder.getsockname()[1])}
        assert main([known.get(argument, argument) for argument in arguments]) == 1
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert error.startswith("llm-migrate: ")
    assert reason in error


def test_serve_without_the_library_names_the_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Local models without xllamacpp are refused at once, with what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert main(["serve"]) == 1
    assert "pip install 'pytest-llm-migrate[local]'" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["server"], ["serve", "--port", "x"]])
def test_wrong_command_shows_the_usage(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """A command line that cannot be read ends with 2, as such programs do."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m pytest_llm_migrate" in capsys.readouterr().err


@pytest.mark.parametrize("names", [[], ["gemma3-270m"]], ids=["all", "one"])
def test_fetched_models_are_named_with_place_and_licence(
    empty_cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    """Each model that was asked for, or all, gets a line with its file and its terms."""

    def fetch(name: str, cache: Path, progress: Callable[[str, int, int], object]) -> Path:
        progress(name, 1, 1)
        return cache / name

    monkeypatch.setattr(fetching, "fetch", fetch)
    assert main(["fetch-models", *names]) == 0
    lines = capsys.readouterr().out.splitlines()
    folder = empty_cache / "pytest-llm-migrate" / "models"
    assert [line for line in lines if "licence" in line] == [
        f"{name}: {folder / name} (licence: {CATALOG[name].licence})" for name in names or CATALOG
    ]


def test_progress_on_a_terminal_is_one_changing_line() -> None:
    """The line is written over until all is there."""
    out = Terminal()
    show = ProgressLine(out)
    for done in (0, 10_000_000, 93_000_000):
        show("tiny", done, 93_000_000)
    assert out.getvalue() == "\rtiny: 0 of 93 MB\rtiny: 10 of 93 MB\rtiny: 93 of 93 MB\n"


def test_progress_elsewhere_is_a_line_now_and_then() -> None:
    """A log gets at most a line for every quarter."""
    out = io.StringIO()
    show = ProgressLine(out)
    for percent in (0, 3, 24, 26, 30, 80, 99, 100):
        show("tiny", percent * 1_000_000, 100_000_000)
    assert re.findall(r"(\d+) of 100 MB\n", out.getvalue()) == ["0", "26", "80", "100"]
