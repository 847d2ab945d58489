"""Nothing secret in any file or on the screen: planted credentials are looked for in all that a run leaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import (
    Endpoint,
    InferenceProfile,
    Reply,
    Rule,
    Script,
    ScriptedEngine,
    ScriptedFault,
)
from tests.plugin.suite import ROWS_AND_GATE, golden

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

ACCOUNT = "918273645546"
OTHER_ACCOUNT = "827364554691"
ACCESS_KEY = "AKIAZ7PLANTEDKEY42QX"
SECRET_KEY = "pLaNtEd/sEcReT+kEyThAtNoBoDyMaYsEe12345"  # noqa: S105 - made up
SESSION_TOKEN = "FwoGZXIvYXdzE" + "pLaNtEdToKeN0123456789/+" * 12 + "=="
BEARER = "ABSKpLaNtEdBeArErToKeN0123456789abcdefghijklm"
SECRETS = {
    "account": ACCOUNT,
    "other account": OTHER_ACCOUNT,
    "access key": ACCESS_KEY,
    "secret key": SECRET_KEY,
    "session token": SESSION_TOKEN,
    "bearer token": BEARER,
}
SOURCE = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.anthropic.claude-3-haiku-20240307-v1:0"
TARGET = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/a1b2c3d4e5f6"
ELSEWHERE = f"arn:aws:bedrock:us-east-1:{OTHER_ACCOUNT}:application-inference-profile/a1b2c3d4e5f6"
ECHOES = (
    f"User: arn:aws:sts::{ACCOUNT}:assumed-role/dev/me is not allowed to call {TARGET}",
    f"bad header Authorization: Bearer {BEARER}",
    (
        f"{{'Authorization': 'AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20260101/us-east-1/bedrock/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature=0123456789abcdef'}}"
    ),
    f"The key {ACCESS_KEY} of account {ACCOUNT} is not known",
    f"x-amz-security-token: {SESSION_TOKEN}",
    f"the token '{SESSION_TOKEN}' is too long",
    f"The signature does not match. The Canonical String for this request was 'host:x {SESSION_TOKEN}'",
)
ARTEFACTS = ("--migration-json", "out/r.json", "--migration-report", "out/r.html", "--migration-summary", "out/r.md")
LOGGED = ("--junitxml", "out/junit.xml", "-o", "junit_logging=all", "--log-file", "out/run.log")


@pytest.fixture
def planted(suite: Suite, credentials: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Credentials that are looked for, a suite of a few rows, and a service that knows the target's profile."""
    credentials.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    credentials.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    credentials.setenv("AWS_SESSION_TOKEN", SESSION_TOKEN)
    suite.rows(golden(len(ECHOES) + 1))
    suite.tests(ROWS_AND_GATE)
    profile = InferenceProfile(id=TARGET, models=("amazon.nova-lite-v1:0",), kind="APPLICATION")
    with Endpoint(ScriptedEngine(Script(inference_profiles=(profile,)))) as control:
        credentials.setenv("AWS_ENDPOINT_URL_BEDROCK", control.url)
        yield credentials


def _echoing() -> list[Rule]:
    """Return rules for a service whose errors repeat what they were sent."""
    return [
        Rule(contains=f"question {number:02}.", fault=ScriptedFault(name="ValidationException", message=message))
        for number, message in enumerate(ECHOES)
    ]


def _migrate(suite: Suite, *arguments: str, targets: Iterable[str] = (TARGET,)) -> pytest.RunResult:
    """Run in a process of its own: what is logged there is all its own."""
    named = [option for target in targets for option in ("--target-model", target)]
    strategy = ("--prompt-strategy", "identity", "--migration-concurrency", "4")
    return suite.pytester.runpytest_subprocess("--source-model", SOURCE, *named, *strategy, *arguments)


def _found(suite: Suite, result: pytest.RunResult, *, without: str = "") -> Mapping[str, list[str]]:
    """Return every place that holds a secret, by the secret's name."""
    files = {
        path for path in suite.path.rglob("*") if path.is_file() and path.name not in {without, "stdout", "stderr"}
    }
    texts = {str(path.relative_to(suite.path)): path.read_bytes() for path in files}
    if not without:
        texts |= {"stdout": result.stdout.str().encode(), "stderr": result.stderr.str().encode()}
    names = {str(path.relative_to(suite.path)) for path in suite.path.rglob("*")}
    assert len(texts) >= 8
    return {
        secret: places
        for secret, value in SECRETS.items()
        if (places := sorted({name for name, text in texts.items() if value.encode() in text} | _named(names, value)))
    }


def _named(names: Iterable[str], value: str) -> set[str]:
    return {f"name of {name}" for name in names if value in name}


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
def test_a_good_run_leaves_no_secret(suite: Suite, serve: Serve, processes: tuple[str, ...]) -> None:
    """Reports, records, recordings, store, logs and screen name no key and no account; only the service is told."""
    router = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.amazon.nova-lite-v1:0"
    bedrock = serve(default=Reply(text="yes", invoked_model=router))
    arguments = ("--migration-record", *ARTEFACTS, *LOGGED, "-v", *processes)
    result = _migrate(suite, *arguments)
    result.assert_outcomes(passed=len(ECHOES) + 2)
    assert _found(suite, result) == {}
    assert {model for model, _ in bedrock.asked} == {SOURCE, TARGET}
    assert suite.migration["target"]["ref"] == TARGET.replace(ACCOUNT, "<account>")
    assert suite.results["spending"]["unpriced_calls"] == 0


@pytest.mark.usefixtures("planted")
def test_recordings_are_found_without_an_account(suite: Suite, serve: Serve) -> None:
    """A recording is named after its model without the account, and found by who names the model in full."""
    bedrock = serve()
    models = ("--source-model", SOURCE, "--target-model", TARGET, "--prompt-strategy", "identity")
    suite.run(*models, "--migration-record").assert_outcomes(passed=len(ECHOES) + 2)
    asked = len(bedrock.asked)
    assert len(list((suite.path / "recordings").rglob("*-account-*.jsonl"))) == 2
    known = json.loads((suite.path / ".llm-migrate" / "profiles.json").read_text("utf-8"))
    assert known == {TARGET.replace(ACCOUNT, "<account>"): "amazon.nova-lite-v1:0"}
    replay = ("--migration-answers", "replay", "--migration-dir", "elsewhere")
    result = suite.run(*models, *replay)
    result.assert_outcomes(passed=len(ECHOES) + 2)
    assert len(bedrock.asked) == asked
    assert _found(suite, result) == {}


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
def test_errors_repeat_no_secret(suite: Suite, serve: Serve, processes: tuple[str, ...]) -> None:
    """A service that sends back headers, keys and accounts in its errors is not quoted with them."""
    serve(*_echoing())
    result = _migrate(suite, *ARTEFACTS, *LOGGED, "-rA", "--showlocals", *processes)
    assert result.parseoutcomes()["errors"] == len(ECHOES)
    assert _found(suite, result) == {}
    assert "User: arn:aws:sts::<account>:assumed-role/dev/me" in suite.lines[0]["target"]["error"]["message"]


def test_an_api_key_is_not_told(suite: Suite, serve: Serve, planted: pytest.MonkeyPatch) -> None:
    """A run with an API key that boto3 will not send in the clear says why, without the key."""
    planted.setenv("AWS_BEARER_TOKEN_BEDROCK", BEARER)
    bedrock = serve()
    result = _migrate(suite, *ARTEFACTS, *LOGGED)
    result.stdout.fnmatch_lines(["!* llm-migrate: wrong_endpoint: *Bearer authorization requires an HTTPS endpoint*"])
    assert bedrock.asked == []
    assert _found(suite, result) == {}


@pytest.mark.usefixtures("planted")
def test_one_resource_in_two_accounts_is_two_targets(suite: Suite, serve: Serve) -> None:
    """Targets that differ in their account alone are judged apart, though it is written nowhere."""
    serve(Rule(model=ELSEWHERE, reply=Reply(text="no")), default=Reply(text="yes"))
    result = _migrate(suite, *ARTEFACTS, *LOGGED, "-v", targets=(TARGET, ELSEWHERE))
    assert _found(suite, result) == {}
    assert [migration["verdict"] for migration in suite.results["migrations"]] == ["GO", "NO-GO"]


@pytest.mark.usefixtures("planted")
def test_a_broken_command_names_no_account(suite: Suite, serve: Serve) -> None:
    """What ends a run before any call names the model without its account."""
    serve()
    replayed = _migrate(suite, "--migration-answers", "replay")
    assert replayed.ret == pytest.ExitCode.USAGE_ERROR
    unpriced = _migrate(suite, "--migration-max-cost", "1", targets=(ELSEWHERE,))
    assert unpriced.ret == pytest.ExitCode.USAGE_ERROR
    for result in (replayed, unpriced):
        assert "<account>" in result.stderr.str()
        assert _found(suite, result) == {}


@pytest.mark.usefixtures("planted")
def test_no_log_level_reaches_the_records(suite: Suite, serve: Serve) -> None:
    """What botocore writes to the user's own log at level DEBUG stays there, and even there the secret key is not."""
    serve(*_echoing())
    result = _migrate(suite, *ARTEFACTS, "--log-file", "out/run.log", "--log-level", "DEBUG")
    assert "Authorization" in (suite.path / "out" / "run.log").read_text("utf-8")
    assert _found(suite, result, without="run.log") == {}
    assert SECRET_KEY not in (suite.path / "out" / "run.log").read_text("utf-8")
