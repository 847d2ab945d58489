"""Tiers, capacity, inference profiles and monthly bills, from the price file to the report."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.errors import masked
from pytest_llm_migrate.models.endpoint import Reply
from tests.plugin.suite import ROWS_AND_GATE, SOURCE, TARGET, golden

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
COST_GATE = ROWS_AND_GATE.replace('["exact_match"].non_inferior(margin=0.3)', ".cost.ratio_at_most(0.6)")
PRICES = f"model,tier,input,output\n{SOURCE},,0,1000\n{TARGET},,0,500\n"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
PROVISIONED = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/a1b2c3d4e5f6"
PRICED = ("--migration-prices", "prices.csv")


@pytest.fixture
def priced(suite: Suite, serve: Serve) -> Suite:
    """A suite with a gate on its bill, on models whose every answer writes a thousand tokens."""
    suite.file("prices.csv", PRICES)
    suite.rows(golden())
    suite.tests(COST_GATE)
    serve(default=Reply(text="yes", output_tokens=1000))
    return suite


def ask(suite: Suite, target: str, *arguments: str) -> pytest.RunResult:
    """Run with another target, on the same prompt."""
    models = ("--source-model", SOURCE, "--target-model", target)
    return suite.run(*models, "--prompt-strategy", "identity", *PRICED, *arguments)


@PROCESSES
def test_a_missing_price_is_named_by_the_gate_and_the_report(priced: Suite, processes: tuple[str, ...]) -> None:
    """The gate on the bill cannot judge, and gate, warning, record and terminal all say which price is missing."""
    result = ask(priced, "us.amazon.nova-pro-v1:0", *processes)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    reason = "unpriced: no price for us.amazon.nova-pro-v1:0 in prices.csv"
    (gate,) = priced.migration["gates"]
    assert (gate["verdict"], gate["statement"]) == (
        "CANNOT JUDGE",
        f"There is nothing to judge: no row has a known cost on both sides. 20 target answers: {reason}.",
    )
    assert priced.migration["no_cost"] == {"source": {}, "target": {reason: 20}}
    assert f"20 of 20 target answers have no cost; {reason}" in priced.migration["warnings"]
    assert {line["target"]["no_cost"] for line in priced.lines} == {reason}
    result.stdout.fnmatch_lines(["*warning: 20 of 20 target answers have no cost; unpriced: no price for*"])
    result.stdout.fnmatch_lines(["*cost mean *$1.00 *unknown *unknown*"])


def test_provisioned_throughput_is_not_per_token(priced: Suite) -> None:
    """What is paid for by capacity has no cost a row, which is said as such and never as a missing price."""
    ask(priced, PROVISIONED)
    reason = f"not per token: {masked(PROVISIONED)} is paid for by capacity"
    assert priced.migration["verdict"] == "CANNOT JUDGE"
    assert priced.migration["no_cost"]["target"] == {reason: 20}
    assert "unpriced:" not in (priced.folder / "report.html").read_text("utf-8")


def test_a_kept_answer_is_priced_by_the_tier_it_was_served_in(suite: Suite) -> None:
    """The tier of a recorded answer chooses its price; without that line the answer is unpriced."""
    suite.file("conftest.py", SERVED_IN_FLEX)
    suite.file("prices.csv", PRICES.replace(TARGET, "flexible:x").replace(",,0,500", ",flex,0,250"))
    suite.rows(golden(5))
    suite.tests(COST_GATE)
    arguments = ("--target-model", "flexible:x", "--prompt-strategy", "identity")
    suite.run(*arguments, *PRICED)
    assert {line["target"]["cost"] for line in suite.lines} == {0.25}
    assert suite.migration["served"] == {"source": {}, "target": {"flex": 5}}
    suite.file("prices.csv", PRICES.replace(TARGET, "flexible:x"))
    suite.run(*arguments, *PRICED)
    reason = "unpriced: no price for tier 'flex' of flexible:x in prices.csv"
    assert suite.migration["no_cost"]["target"] == {reason: 5}


SERVED_IN_FLEX = """
from pytest_llm_migrate import Answer

class Model:
    concurrency = 1
    def __init__(self, name):
        self.ref = "flexible:" + name
        self.quota = self.ref
    def answer(self, request):
        return Answer(text="yes", input_tokens=5, output_tokens=1000, service_tier="flex")

class Flexible:
    scheme = "flexible"
    def connect(self, name):
        return Model(name)

def pytest_llm_migrate_models(config):
    return [Flexible()]
"""


def test_steps_of_a_pipeline_say_why_they_have_no_cost(priced: Suite) -> None:
    """A pipeline's bill is unknown for the reason of its first unpriced step."""
    priced.tests(
        """
        import pytest

        def pipeline(model, prompt, row):
            model.generate("first", step="one")
            return model.generate("second", step="two")

        @pytest.mark.migration("rows.csv", pipeline=pipeline)
        def test_gate(comparison):
            assert comparison.cost.at_most(1)
        """
    )
    priced.rows(golden(3))
    ask(priced, "us.amazon.nova-pro-v1:0")
    reason = "unpriced: no price for us.amazon.nova-pro-v1:0 in prices.csv"
    assert priced.migration["no_cost"]["target"] == {reason: 3}
    assert {step["no_cost"] for line in priced.lines for step in line["target"]["steps"]} == {reason}


class Handler(BaseHTTPRequestHandler):
    """Knows one profile's model."""

    def do_GET(self) -> None:
        """Say it."""
        asked: list[str] = self.server.asked  # type: ignore[attr-defined]
        asked.append(self.path)
        models = [{"modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"}]
        body = json.dumps({"models": models}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a service that knows the profile was asked."""
    asked: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked = asked  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", f"http://127.0.0.1:{server.server_address[1]}")
        yield asked
        server.shutdown()


def test_a_profile_is_priced_as_its_model(priced: Suite, lookups: list[str]) -> None:
    """One look-up when the model is called; later runs, replays included, know it without asking."""
    priced.file("prices.csv", PRICES.replace(TARGET, "amazon.nova-lite-v1:0"))
    assert ask(priced, PROFILE).ret == pytest.ExitCode.OK
    assert {line["target"]["cost"] for line in priced.lines} == {0.5}
    assert len(lookups) == 1
    assert ask(priced, PROFILE, "--migration-answers", "replay").ret == pytest.ExitCode.OK
    assert priced.migration["no_cost"] == {"source": {}, "target": {}}
    assert len(lookups) == 1


def test_plain_ids_and_plans_look_nothing_up(priced: Suite, lookups: list[str]) -> None:
    """A model that says its name, and a plan, which calls no model, need no look-up."""
    assert ask(priced, TARGET).ret == pytest.ExitCode.OK
    result = ask(priced, PROFILE, "--migration-plan")
    result.stdout.fnmatch_lines(["* 20 calls (about 40 in tokens, cost unknown)*"])
    assert lookups == []


def test_a_profile_that_nobody_may_look_up_is_unpriced(
    priced: Suite, lookups: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run goes on, and the reason stands where the cost would."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", "http://127.0.0.1:9")
    assert ask(priced, PROFILE).ret == pytest.ExitCode.TESTS_FAILED
    ((reason, number),) = priced.migration["no_cost"]["target"].items()
    assert reason.startswith(f"unpriced: the model behind {masked(PROFILE)} is not known: GetInferenceProfile failed, ")
    assert (number, lookups) == (20, [])


def weighted(suite: Suite, weights: list[Any]) -> None:
    """Give rows weights and the recorded sides costs: the first row is dear, the others cheap."""
    rows = golden(len(weights))
    for row, weight in zip(rows, weights, strict=True):
        dear = 10 if row["sample_id"] == "r00" else 1
        row |= {"traffic": weight, "cost_source_llm": dear, "cost_target_llm": dear / 2}
    suite.rows(rows)
    suite.tests(ROWS_AND_GATE.replace("slices", 'weight="traffic", slices'))


@PROCESSES
def test_a_months_bill_follows_the_traffic(suite: Suite, processes: tuple[str, ...]) -> None:
    """Requests are spread over the rows by their weights; the bill is in the record, the terminal and the summary."""
    weighted(suite, [0, *[1] * 19])
    result = suite.judge("--migration-monthly-requests", "1000", *processes)
    bill = suite.migration["projection"]
    assert (bill["source_usd"], bill["target_usd"], bill["difference_usd"]) == (1000, 500, -500)
    assert bill["interval"] == [-500, -500]
    assert (bill["rows"], bill["weighted_by"]) == (19, "traffic")
    said = "1,000 requests a month, rows weighted by traffic: $1,000 becomes $500.00, "
    result.stdout.fnmatch_lines([f"*{said[:60]}*"])
    assert said.replace("$", r"\$") in (suite.folder / "summary.md").read_text("utf-8")


def test_an_ini_file_may_give_the_volume(suite: Suite) -> None:
    """The option is an ini option, too; without it there is no projection, and without weights rows count alike."""
    rows = [row | {"cost_source_llm": 2, "cost_target_llm": 1} for row in golden(6)]
    suite.rows(rows)
    suite.tests()
    suite.judge()
    without = suite.migration["projection"]
    suite.ini("migration_monthly_requests = 50\n")
    suite.judge()
    bill = suite.migration["projection"]
    assert (without, bill["source_usd"], bill["weighted_by"]) == (None, 100, None)


def test_an_unknown_cost_makes_the_bill_unknown(priced: Suite) -> None:
    """The bill is never reckoned from the rows whose cost happens to be known."""
    result = ask(priced, "us.amazon.nova-pro-v1:0", "--migration-monthly-requests", "1000")
    bill = priced.migration["projection"]
    assert (bill["source_usd"], bill["target_usd"], bill["unknown_rows"]) == (None, None, {"source": 0, "target": 20})
    result.stdout.fnmatch_lines(["*1,000 requests a month: cost unknown, 20 of 20 target answers have none*"])


@pytest.mark.parametrize("weight", ["-1", "many", "", "nan", "inf"])
def test_a_weight_that_is_none_is_named(suite: Suite, weight: str) -> None:
    """A row whose weight is negative or no number is an error with its line and column, before anything is judged."""
    weighted(suite, [1, 2, weight, 4])
    result = suite.judge()
    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*rows.csv:4, column 'traffic': * is no weight. Write a number of 0 or more*"])


@pytest.mark.parametrize("number", ["0", "-5", "1.5", "lots"])
def test_a_volume_is_a_whole_number(suite: Suite, number: str) -> None:
    """A wrong volume is a usage error that says what it takes."""
    result = suite.judge(f"--migration-monthly-requests={number}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--migration-monthly-requests: takes a whole number of at least 1, got '{number}'"])
