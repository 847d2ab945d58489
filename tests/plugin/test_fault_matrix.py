"""Every fault, over HTTP, for both ways to ask: named in the rows; nothing is lost, nothing is paid for twice."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import ExitStack
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_llm_migrate.models import client
from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from tests.plugin.suite import ROWS_ONLY, TARGET, Bedrock
from tests.report.packed import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_llm_migrate.models.endpoint import Answer
    from pytest_llm_migrate.models.endpoint.engines import Converse
    from tests.plugin.suite import Suite

STREAM, WHOLE = "ConverseStream", "Converse"
OPERATIONS = pytest.mark.parametrize("operation", [STREAM, WHOLE])
BOTH = frozenset({STREAM, WHOLE})
MOST_ATTEMPTS = 10
NO_STREAMING = Rule(
    operation=STREAM,
    fault=ScriptedFault(name="ValidationException", message="The model does not support streaming."),
)


class Danger(NamedTuple):
    """A fault as it is scripted, and the name that a row must say."""

    name: str
    kind: str
    fault: ScriptedFault
    operations: frozenset[str] = BOTH
    attempts: int = MOST_ATTEMPTS


def _danger(name: str, kind: str, fault: str, *operations: str, **more: Any) -> Danger:
    attempts = more.pop("attempts", MOST_ATTEMPTS)
    return Danger(name, kind, ScriptedFault(name=fault, **more), frozenset(operations) or BOTH, attempts)


DANGERS = (
    _danger("crowded", "throttled", "ThrottlingException"),
    _danger("crowded within", "throttled", "ThrottlingException", STREAM, after=1),
    _danger("cold", "model_not_ready", "ModelNotReadyException"),
    _danger("slow model", "timed_out", "ModelTimeoutException"),
    _danger("error 500", "server_error", "InternalServerException"),
    _danger("error 503", "server_error", "ServiceUnavailableException"),
    _danger("error 424", "server_error", "ModelErrorException"),
    _danger("error 500 within", "server_error", "InternalServerException", STREAM, after=1),
    _danger("broken within", "stream_broken", "ModelStreamErrorException", STREAM, after=1),
    _danger("reset within", "stream_broken", "reset_mid_stream", STREAM),
    _danger("no end", "stream_ended_early", "cut", STREAM),
    _danger("half a frame", "stream_ended_early", "cut_in_frame", STREAM),
    _danger("wrong sum", "bad_checksum", "bad_crc", STREAM),
    _danger("half a body", "truncated_body", "truncated_body", WHOLE),
    _danger("reset before", "connection_lost", "reset"),
    _danger("refused", "validation", "ValidationException", message="temperature must be at most 1", attempts=1),
    _danger(
        "too long",
        "context_too_long",
        "ValidationException",
        message="Input is too long for requested model.",
        attempts=1,
    ),
)
MALFORMED = "malformed always."


class Counting(Bedrock):
    """An endpoint that also notes by which operation it was asked."""

    def __init__(self, *rules: Rule) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        super().__init__(*rules)

    def converse(self, request: Converse) -> Answer:
        """Note a question with its operation, and answer it."""
        self.requests[request.operation, request.question] += 1
        return super().converse(request)


@pytest.fixture
def counted(credentials: pytest.MonkeyPatch) -> Iterator[Callable[..., Counting]]:
    """Starts endpoints by their rules."""
    with ExitStack() as endpoints:

        def start(*rules: Rule) -> Counting:
            bedrock = Counting(*rules)
            endpoints.enter_context(bedrock.endpoint)
            credentials.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock.endpoint.url)
            return bedrock

        yield start


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the waits between attempts as short as their jitter can make them, or nearly so."""
    monkeypatch.setattr("pytest_llm_migrate.answers.lane.random.random", lambda: 0.05)


def _rules(operation: str, dangers: Iterable[Danger]) -> list[Rule]:
    rules = [] if operation == STREAM else [NO_STREAMING]
    for danger in dangers:
        fault = danger.fault
        once = ScriptedFault(name=fault.name, message=fault.message, after=fault.after, times=1)
        rules.append(Rule(operation=operation, contains=f"{danger.name} once.", fault=once))
        rules.append(Rule(operation=operation, contains=f"{danger.name} always.", fault=fault))
    return rules


def _row(question: str) -> dict[str, Any]:
    return {
        "sample_id": question.rstrip("."),
        "question": question,
        "answer_source_llm": "yes",
        "answer_ground_truth": "yes",
    }


def _ask(suite: Suite, questions: Iterable[str], *arguments: str) -> pytest.RunResult:
    suite.rows([_row(question) for question in questions])
    suite.tests(ROWS_ONLY)
    return suite.run("--target-model", TARGET, "--prompt-strategy", "identity", *arguments)


def _ledger(suite: Suite) -> list[list[str]]:
    """Return the outcomes of every row's attempts, in order."""
    with sqlite3.connect(suite.path / ".llm-migrate" / "answers.sqlite") as database:
        found = database.execute("SELECT key, outcome FROM attempts ORDER BY key, number").fetchall()
    by_key: dict[str, list[str]] = {}
    for key, outcome in found:
        by_key.setdefault(key, []).append(outcome)
    return sorted(by_key.values())


@OPERATIONS
@pytest.mark.usefixtures("quick_retries")
def test_every_fault_has_its_name(suite: Suite, counted: Callable[..., Counting], operation: str) -> None:
    """A fault that passes costs a row an attempt, one that stays errs it by name, and the ledger has every request."""
    dangers = [danger for danger in DANGERS if operation in danger.operations]
    passing = [danger for danger in dangers if danger.attempts > 1]
    malformed = Rule(
        operation=operation, contains=MALFORMED, reply=Reply(text="", stop_reason="malformed_model_output")
    )
    bedrock = counted(*_rules(operation, dangers), malformed)
    once = [f"{danger.name} once." for danger in passing]
    always = {f"{danger.name} always.": danger for danger in dangers}
    result = _ask(suite, [*once, *always, MALFORMED], "--migration-concurrency", "32")
    result.assert_outcomes(passed=len(once), errors=len(always) + 1)

    kinds = {question: danger.kind for question, danger in always.items()} | {MALFORMED: "malformed_output"}
    targets = {line["sample_id"] + ".": line["target"] for line in suite.lines}
    assert {question: targets[question]["text"] for question in once} == dict.fromkeys(once, "yes")
    assert {question: targets[question].get("error", {}).get("kind") for question in kinds} == kinds
    assert all("scores" not in targets[question] for question in kinds)

    requests = {question: count for (asked_by, question), count in bedrock.requests.items() if asked_by == operation}
    most = {question: danger.attempts for question, danger in always.items()} | {MALFORMED: MOST_ATTEMPTS}
    assert requests == dict.fromkeys(once, 2) | most
    recovered = [[danger.kind, "answered"] for danger in passing]
    assert _ledger(suite) == sorted(recovered + [[kind] * most[question] for question, kind in kinds.items()])
    assert suite.results["spending"]["calls"] == sum(requests.values())
    assert suite.migration["errors"]["kinds"]["target"] == Counter(kinds.values())
    (rows,) = rows_of((suite.folder / "report.html").read_text("utf-8"))
    assert {row["id"] + ".": row["T"]["e"].partition(":")[0] for row in rows if row["T"]["e"]} == kinds


@OPERATIONS
@pytest.mark.usefixtures("quick_retries")
def test_silence_has_its_name(
    suite: Suite, counted: Callable[..., Counting], monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """A service that takes a request and says nothing has timed out, once or for good."""
    monkeypatch.setattr(client, "READ_TIMEOUT", 0.4)
    silence = _danger("silence", "timed_out", "hang")
    bedrock = counted(*_rules(operation, [silence]))
    _ask(suite, ["silence once.", "silence always."]).assert_outcomes(passed=1, errors=1)
    assert bedrock.requests[operation, "silence once."] == 2
    assert bedrock.requests[operation, "silence always."] == MOST_ATTEMPTS
    assert _ledger(suite) == [["timed_out", "answered"], ["timed_out"] * MOST_ATTEMPTS]
    assert suite.lines[1]["target"]["error"]["kind"] == "timed_out"


@OPERATIONS
def test_what_ends_an_answer_early_is_an_answer(suite: Suite, counted: Callable[..., Counting], operation: str) -> None:
    """What a guardrail, a filter or a limit made of an answer is kept, counted by its stop reason, and asked once."""
    stops = ("guardrail_intervened", "content_filtered", "max_tokens", "model_context_window_exceeded")
    rules = [Rule(contains=stop, reply=Reply(text="Blocked.", stop_reason=stop)) for stop in stops]
    bedrock = counted(*_rules(operation, []), *rules)
    _ask(suite, [*stops, "plain."]).assert_outcomes(passed=1, failed=4)
    assert [line["target"]["stop_reason"] for line in suite.lines] == [*stops, "end_turn"]
    assert {question: bedrock.requests[operation, question] for question in stops} == dict.fromkeys(stops, 1)
    migration = suite.migration
    assert (migration["errors"]["target"], migration["refusals"]["target"], migration["truncated"]["target"]) == (
        0,
        2,
        2,
    )
    assert migration["stop_reasons"] == {"source": {}, "target": {**dict.fromkeys(stops, 1), "end_turn": 1}}


@OPERATIONS
def test_a_spent_budget_has_its_name(suite: Suite, counted: Callable[..., Counting], operation: str) -> None:
    """Rows that the budget leaves out say so, and cost no request."""
    suite.file("prices.csv", f"model,input,output\n{TARGET},0,1000\n")
    suite.file(
        "prompts/triage/source.prompt.yaml",
        "name: triage\nuser: '{{ question }}'\ninference: {max_tokens: 1000}\n",
    )
    bedrock = counted(*_rules(operation, []))
    budget = ("--migration-prices", "prices.csv", "--migration-max-cost", "0.5")
    _ask(suite, ["one.", "two."], *budget).assert_outcomes(skipped=2)
    assert bedrock.requests == {}
    assert [line["target"]["error"]["kind"] for line in suite.lines] == ["budget_spent"] * 2
    assert suite.migration["errors"]["kinds"]["target"] == {"budget_spent": 2}


HOPELESS = {
    "access": ("AccessDeniedException", "no access", "access_denied: no access. Allow bedrock:InvokeModel and *"),
    "bearer": ("AccessDeniedException", "Bearer Token has expired", "expired_token: *`aws sso login`*"),
    "token": ("ExpiredTokenException", "token is expired", "expired_token: *`aws sso login`*"),
    "keys": ("UnrecognizedClientException", "token is invalid", "bad_credentials: *`aws configure`*"),
    "model": ("ResourceNotFoundException", "no such model", "unknown_model: *`aws bedrock list-foundation-models`*"),
    "id": (
        "ValidationException",
        "The provided model identifier is invalid.",
        "unknown_model: *`aws bedrock list-foundation-models`*",
    ),
    "profile": (
        "ValidationException",
        "Invocation with on-demand throughput isn't supported.",
        "needs_inference_profile: *Name the inference profile*",
    ),
    "day": ("ThrottlingException", "Too many tokens per day, please wait.", "throttled: *Service Quotas*"),
    "endpoint": ("UnknownOperationException", "no such operation", "wrong_endpoint: *AWS_ENDPOINT_URL*"),
}
"""What every call would meet: the error's name, its message, and the sentence that ends the run."""


@OPERATIONS
@pytest.mark.parametrize(("name", "message", "said"), HOPELESS.values(), ids=HOPELESS)
def test_what_every_row_would_meet_ends_the_run(
    suite: Suite, counted: Callable[..., Counting], operation: str, name: str, message: str, said: str
) -> None:
    """No more requests than fit in flight are made, and one sentence says what to do."""
    rules = [*_rules(operation, []), Rule(operation=operation, fault=ScriptedFault(name=name, message=message))]
    bedrock = counted(*rules)
    result = _ask(suite, [f"{number}." for number in range(40)], "--migration-concurrency", "4")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"!* llm-migrate: {said}"])
    assert len([line for line in result.outlines if line.startswith("!") and "llm-migrate" in line]) == 1
    asked = sum(count for (asked_by, _), count in bedrock.requests.items() if asked_by == operation)
    assert 1 <= asked <= 4
    assert suite.results["spending"]["calls"] == asked
    assert set(suite.migration["errors"]["kinds"]["target"]) == {said.partition(":")[0]}


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:9", "wrong_endpoint: *127.0.0.1:9*AWS_ENDPOINT_URL*"),
        ("AWS_ACCESS_KEY_ID", None, "*Unable to locate credentials. Run `aws configure sso`*"),
        ("AWS_SECRET_ACCESS_KEY", None, "*Partial credentials*`aws configure sso`*"),
        ("AWS_DEFAULT_REGION", None, "*You must specify a region. Set AWS_DEFAULT_REGION*"),
        ("AWS_DEFAULT_REGION", "us east", "*us east*Set AWS_DEFAULT_REGION*"),
        ("AWS_PROFILE", "gone", "*profile (gone) could not be found*`aws configure sso`*"),
    ],
    ids=["nobody there", "no key", "half a key", "no region", "no such region", "no profile"],
)
def test_settings_that_reach_nobody_end_the_run(
    suite: Suite,
    counted: Callable[..., Counting],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str | None,
    said: str,
) -> None:
    """Without an address, a region or credentials nothing is sent, and one sentence says what to do."""
    bedrock = counted()
    if value is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, value)
    result = _ask(suite, [f"{number}." for number in range(40)], "--migration-concurrency", "4")
    assert result.ret in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.TESTS_FAILED}
    lines = [*result.outlines, *result.errlines]
    assert len([line for line in lines if fnmatch(line, f"*llm-migrate: {said}")]) == 1
    assert bedrock.requests == {}
