"""An emulator of Bedrock that others wrote, as a peer: what this project takes for Bedrock's wire is not its own idea.

It runs where ``MINISTACK_PYTHON`` names the Python that has it installed (``requirements.txt`` beside this file): it
pins a botocore of its own, so it cannot share this environment.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from pytest_llm_migrate.domain import Request, Turn
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models.bedrock import BedrockModel
from pytest_llm_migrate.models.client import bedrock_client
from pytest_llm_migrate.models.lookups import ProfileModels, model_behind
from tests.plugin.suite import ROWS_ONLY, SOURCE, TARGET, Suite, golden

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llm_migrate.domain import Answer

PYTHON = os.environ.get("MINISTACK_PYTHON")
pytestmark = pytest.mark.skipif(not PYTHON, reason="MINISTACK_PYTHON names no Python with ministack installed")

NOVA = "amazon.nova-lite-v1:0"
ACCOUNT = "000000000000"
REQUEST = Request(turns=(Turn("user", "hello there"),), system="Be brief.", inference={"max_tokens": 20})
STARTING_SECONDS = 20.0

LOOPBACK_ONLY = """
import sys

def refuse(event, arguments):
    if event in ("socket.bind", "socket.connect") and isinstance(arguments[1], tuple):
        if arguments[1][0] not in ("127.0.0.1", "::1"):
            raise PermissionError(f"{event} {arguments[1]}")

sys.addaudithook(refuse)
from ministack.app import main
main()
"""
"""Starts the peer so that whatever it tries it neither is reached from, nor reaches, another machine."""


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running peer."""
    folder = tmp_path_factory.mktemp("ministack")
    port = _free_port()
    settings = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        # It removes containers of its own kind where it finds Docker.
        "DOCKER_HOST": "unix:///nonexistent",
        "LOG_LEVEL": "WARNING",
    }
    command = [str(PYTHON), "-c", LOOPBACK_ONLY]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=settings, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield _ready(process, f"http://127.0.0.1:{port}", folder / "log")
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(autouse=True)
def calls_go_to_the_peer(peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS settings under which boto3 calls the peer, and nobody else."""
    for name in os.environ:
        if name.startswith(("AWS_", "GITHUB_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL_BEDROCK"):
        monkeypatch.setenv(name, peer)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _ready(process: subprocess.Popen[bytes], url: str, log: Path) -> str:
    until = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=5):  # noqa: S310 - our own loopback
                return url
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"the peer did not start: {log.read_text('utf-8', 'replace')[-2000:]}", pytrace=False)


def _model(model_id: str) -> BedrockModel:
    return BedrockModel(model_id, model_id, bedrock_client(model_id, 1))


def _whole(model_id: str) -> Answer:
    model = _model(model_id)
    model._cannot_stream.set()
    return model.answer(REQUEST)


@pytest.mark.parametrize(
    "model_id",
    [
        NOVA,
        f"us.{NOVA}",
        f"arn:aws:bedrock:us-east-1::foundation-model/{NOVA}",
        f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.{NOVA}",
        f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/a1b2c3d4e5f6",
    ],
)
def test_both_ways_to_ask_are_understood(model_id: str) -> None:
    """A streamed and a whole reply of the peer, encoded by it, are read into the same answer."""
    streamed, whole = _model(model_id).answer(REQUEST), _whole(model_id)
    assert streamed.text == whole.text != ""
    assert (streamed.stop_reason, whole.stop_reason) == ("end_turn", "end_turn")
    assert (streamed.input_tokens, streamed.output_tokens) == (whole.input_tokens, whole.output_tokens)
    assert streamed.input_tokens
    assert streamed.ttft is not None
    assert 0 < streamed.ttft <= (streamed.latency or 0)
    assert streamed.server_latency is not None


def test_error_of_the_peer_has_a_name() -> None:
    """An error that says its code in the body alone is named all the same, and told without the account."""
    foreign = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{NOVA}"
    with pytest.raises(CallFailedError) as caught:
        _model(foreign).answer(REQUEST)
    assert (caught.value.kind, caught.value.fatal) == ("unknown_model", True)
    assert ":<account>:inference-profile/" in str(caught.value)


def test_missing_count_of_tokens_is_no_fault() -> None:
    """A service that counts no tokens leaves them unknown."""
    assert _model(NOVA).count_tokens(REQUEST) is None


def test_profiles_are_read(tmp_path: Path) -> None:
    """The model behind a profile is found in the peer's reply; one that it does not know is a reason, with its name."""
    bedrock: Any = boto3.client("bedrock")
    copied = {"copyFrom": f"arn:aws:bedrock:us-east-1::foundation-model/{NOVA}"}
    made = bedrock.create_inference_profile(inferenceProfileName="mine", modelSource=copied)
    profile_id = made["inferenceProfileArn"].rpartition("/")[2]
    assert model_behind(bedrock.get_inference_profile(inferenceProfileIdentifier=profile_id)) == (NOVA, "")
    gone = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/a1b2c3d4e5f6"
    found = ProfileModels(tmp_path / "profiles.json", may_ask=lambda _: True).model_of(gone)
    assert found.model_id is None
    assert found.reason.startswith("GetInferenceProfile failed, unknown_model: ")


def test_a_migration_runs_on_the_peer(pytester: pytest.Pytester) -> None:
    """Five rows of two sides are answered, once: the second run finds them all."""
    suite = Suite(pytester)
    suite.rows(golden(5))
    suite.tests(ROWS_ONLY.replace('case.target["exact_match"] == 1', 'case.target["exact_match"] == 0'))
    arguments = ("--source-model", SOURCE, "--target-model", TARGET, "--prompt-strategy", "identity")
    light = [part for name in ("deepeval", "asyncio", "repeat", "cacheprovider") for part in ("-p", f"no:{name}")]
    pytester.runpytest_subprocess(*arguments, *light).assert_outcomes(passed=5)
    spending = suite.results["spending"]
    assert (spending["calls"], spending["failed_calls"], spending["unpriced_calls"]) == (10, {}, 0)
    assert all(line[side]["text"].startswith("[ministack") for line in suite.lines for side in ("source", "target"))
    pytester.runpytest_subprocess(*arguments, *light).assert_outcomes(passed=5)
    assert suite.results["spending"]["calls"] == 0
