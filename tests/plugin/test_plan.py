"""``--migration-plan``: rows, calls, money, minutes and the smallest provable margin, before anything is paid for."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from pytest_llm_migrate.report.plan import duration
from pytest_llm_migrate.stats import smallest_margin, smallest_margin_graded
from tests.plugin.suite import OTHER_TARGET, ROWS_ONLY, SOURCE, TARGET, collection_faults, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite

PLAN = "--migration-plan"
JSONL = "rows.jsonl"
GRADED = """
    import pytest
    from pytest_llm_migrate import metric

    @metric(bounds=(0, 10))
    def length(answer, row):
        return float(len(answer.text))

    @pytest.mark.migration("rows.csv", metrics=[length, "exact_match"])
    def test_gate(comparison):
        pass
"""


def plan_of(result: pytest.RunResult) -> str:
    """Return a plan's text on one line, after a look at its width."""
    start = next(number for number, line in enumerate(result.outlines) if "= llm migration plan =" in line)
    lines = list(takewhile(lambda line: line and not line.startswith("==="), result.outlines[start + 1 :]))
    assert max(map(len, lines)) <= 80
    return " ".join(line.strip() for line in lines)


def margins_in(text: str, name: str) -> list[float]:
    """Return the margins that a plan's entry begins with."""
    entry = text.partition(f"{name}: ")[2].partition(";")[0]
    return [float(found) for found in re.findall(r"\d\.\d{3}", entry)]


def test_calls_money_and_minutes(suite: Suite, serve: Serve) -> None:
    """After a first few calls the plan knows what the rest takes, and takes none of it."""
    bedrock = serve(default=Reply(text="yes", latency=0.2))
    suite.rows(golden(402))
    suite.tests(ROWS_ONLY)
    suite.migrate("-k", "r00 or r01")
    called = len(bedrock.asked)
    text = plan_of(suite.migrate(PLAN, "--migration-concurrency", "1"))
    assert text.startswith("triage: 402 rows")
    for side, ref in (("source", SOURCE), ("target", TARGET)):
        money = r"\(about \$0\.000\d+, at most \$\d\.\d+\)"
        assert re.search(
            rf"{side} {ref}: 400 calls {money}, 2 kept; about \d+ (?:s|min); \d+ in \+ 400 out tokens ", text
        )
    faster = plan_of(suite.migrate(PLAN, "--migration-concurrency", "40"))
    assert re.search(r"2 kept; about [23] s; ", faster)
    assert "2 kept; about 7 min" in plan_of(suite.migrate(PLAN, "--migration-rpm", "60"))
    assert len(bedrock.asked) == called


def test_time_is_unknown_until_a_first_call(suite: Suite, bedrock: Bedrock) -> None:
    """Where no answer of a model was ever timed, the plan does not guess; a recorded side takes none."""
    suite.rows(golden())
    suite.tests(ROWS_ONLY)
    text = plan_of(suite.run("--target-model", TARGET, "--prompt-strategy", "identity", PLAN))
    assert "source recorded: no call, 20 kept target" in text
    assert "0 kept; time unknown until a first call" in text
    assert bedrock.asked == []


@pytest.mark.parametrize(("model", "time"), [(TARGET, "about 5 s"), ("another", "time unknown until a first call")])
def test_columns_tell_the_time_of_the_model_they_name(suite: Suite, bedrock: Bedrock, model: str, time: str) -> None:
    """Latencies that the dataset carries count for the model that gave them, and for no other."""
    suite.rows([row | {"model_target_llm": model} for row in golden()])
    suite.tests(ROWS_ONLY)
    options = ("--target-model", TARGET, "--prompt-strategy", "identity", "--migration-concurrency", "2")
    assert f"0 kept; {time}" in plan_of(suite.run(*options, PLAN))
    assert bedrock.asked == []


def test_a_model_out_of_reach_still_has_a_plan(suite: Suite, bedrock: Bedrock, credentials: pytest.MonkeyPatch) -> None:
    """Without credentials the plan says why it knows no time, and all the rest."""
    suite.rows(golden())
    suite.tests(ROWS_ONLY)
    suite.migrate("-k", "r00")
    credentials.delenv("AWS_ACCESS_KEY_ID")
    options = ("--source-model", SOURCE, "--target-model", TARGET, "--prompt-strategy", "identity")
    text = plan_of(suite.run(*options, PLAN))
    assert "19 calls (at most $" in text
    assert "1 kept; time unknown as the model cannot be called: " in text
    assert len(bedrock.asked) == 2


def counts(bedrock: Bedrock) -> int:
    """Return how often an endpoint was asked to count tokens."""
    return [call.operation for call in bedrock.endpoint.calls].count("CountTokens")


def test_answers_that_are_there_tell_what_others_cost(suite: Suite, bedrock: Bedrock) -> None:
    """From five kept answers on their tokens make the forecast, and no token is counted."""
    suite.rows(golden(105))
    suite.tests(ROWS_ONLY)
    suite.migrate("-k", "r01 or r02 or r03 or r04 or r05")
    text = plan_of(suite.migrate(PLAN, "-k", "not r100"))
    assert re.search(rf"source {SOURCE}: 99 calls \(about \$0\.000173, at most \$0\.\d+\), 5 kept", text)
    assert re.search(rf"target {TARGET}: 99 calls \(about \$0\.000035[67], at most \$0\.\d+\), 5 kept", text)
    assert (counts(bedrock), len(bedrock.asked)) == (0, 10)


@pytest.mark.usefixtures("bedrock")
def test_tokens_are_planned_where_there_is_no_price(suite: Suite) -> None:
    """A model without a price has its tokens in the plan, and the total of several migrations no cost."""
    suite.rows(golden(12))
    suite.tests(ROWS_ONLY)
    suite.file("prices.csv", f"model,input,output\n{SOURCE},1000,1000\n{OTHER_TARGET},1000,1000\n")
    options = ("--target-model", OTHER_TARGET, "--migration-prices", "prices.csv")
    suite.migrate(*options, "-k", "r00 or r01 or r02 or r03 or r04")
    text = plan_of(suite.migrate(PLAN, *options))
    assert f"target {TARGET}: 7 calls (about 14 in + 7 out tokens, cost unknown), 5 kept" in text
    assert f"target {OTHER_TARGET}: 7 calls (about $0.021, at most $" in text
    assert "answers of all 2 migrations: 21 calls (about 42 in + 21 out tokens, cost unknown)" in text


def test_tokens_are_counted_where_no_answer_tells(suite: Suite, bedrock: Bedrock) -> None:
    """Twenty requests a side are counted; before a first answer nobody knows what is written, and so what it costs."""
    suite.rows(golden(60))
    suite.tests(ROWS_ONLY)
    text = plan_of(suite.migrate(PLAN))
    assert f"source {SOURCE}: 60 calls (about 120 in tokens, at most $" in text
    assert f"target {TARGET}: 60 calls (about 120 in tokens, at most $" in text
    assert (counts(bedrock), bedrock.asked) == (40, [])


def test_a_service_that_cannot_count_is_asked_once_a_side(suite: Suite, serve: Serve) -> None:
    """What cannot be counted is unknown, and the plan keeps to what it costs at most."""
    refusal = ScriptedFault(name="AccessDeniedException")
    bedrock = serve(Rule(operation="CountTokens", fault=refusal))
    suite.rows(golden(60))
    suite.tests(ROWS_ONLY)
    text = plan_of(suite.migrate(PLAN))
    assert f"source {SOURCE}: 60 calls (at most $" in text
    assert f"target {TARGET}: 60 calls (at most $" in text
    assert counts(bedrock) == 3  # the target's profile is asked for after its model


def test_a_call_that_migrations_share_is_planned_once(suite: Suite, bedrock: Bedrock) -> None:
    """Two targets need the source's answers once, and the total says so."""
    suite.rows(golden(7))
    suite.tests(ROWS_ONLY)
    text = plan_of(suite.migrate(PLAN, "--target-model", OTHER_TARGET))
    assert text.count("7 calls (about 14 in tokens") == 4
    assert "answers of all 2 migrations: 21 calls (about 42 in tokens, at most $" in text
    assert text.endswith("shared calls counted once")
    assert bedrock.asked == []


@pytest.mark.usefixtures("bedrock")
def test_batch_jobs_have_their_price_and_no_minutes(suite: Suite) -> None:
    """What a job's answers cost is expected at the batch tier; how long AWS takes for it is not foretold."""
    suite.rows(golden(10))
    suite.tests(ROWS_ONLY)
    tiers = "".join(
        f"{ref},{tier},{price},0\n" for ref in (SOURCE, TARGET) for tier, price in (("", 1000), ("batch", 500))
    )
    suite.file("prices.csv", f"model,tier,input,output\n{tiers}")
    suite.migrate("-k", "r00 or r01 or r02 or r03 or r04")
    role = "arn:aws:iam::123456789012:role/batch"
    place = ("--migration-batch-s3", "s3://bucket/golden", "--migration-batch-role", role)
    options = (PLAN, "--migration-prices", "prices.csv")
    assert "5 calls (about $0.01, at most $" in plan_of(suite.migrate(*options))
    text = plan_of(suite.migrate(*options, "--migration-execution", "batch", *place))
    assert text.count("5 calls (about $0.005, at most $") == 2
    assert text.count("5 kept; time unknown in batch jobs") == 2


def test_right_or_wrong_rows_prove_by_disagreement(suite: Suite) -> None:
    """The margins of right/wrong rows are those of the statistics, never rounded down."""
    rows = golden(60)
    for row in rows:
        row["answer_source_llm"] = None
    suite.rows(rows, JSONL)
    suite.tests(ROWS_ONLY.replace("rows.csv", JSONL))
    text = plan_of(suite.judge(PLAN))
    assert "(95% confidence, 80% power, an equal target)" in text
    assert "of right/wrong rows in disagreement; no score is known yet" in text
    found = margins_in(text, "exact_match")[:3]
    exact = [smallest_margin(60, share) for share in (0, 0.1, 0.2)]
    assert all(margin <= said < margin + 0.001 for margin, said in zip(exact, found, strict=True))


def test_known_source_answers_tell_what_a_metric_can_prove(suite: Suite) -> None:
    """Scored without a call, the source's answers give its mean and the margin by their variance."""
    rows = golden(40)
    for row in rows[:10]:
        row["answer_source_llm"] = "no way"
    suite.rows([row | {"answer_target_llm": "yes" if place < 9 else None} for place, row in enumerate(rows)], JSONL)
    suite.tests(GRADED.replace("rows.csv", JSONL))
    text = plan_of(suite.judge(PLAN))
    assert "exact_match: " in text
    assert "; source mean 0.750, deviation 0.433 over 40 rows" in text
    assert "; source mean 3.750, deviation 1.299 over 40 rows" in text
    assert "if both sides' scores correlate by 0.5, " in text
    for name, sd, span in (("exact_match", 0.4330, 1), ("length", 0.1299, 10)):
        likely, unrelated = margins_in(text, name)
        assert likely == pytest.approx(span * smallest_margin_graded(40, sd), abs=0.002)
        assert unrelated == pytest.approx(span * smallest_margin_graded(40, sd * 2**0.5), abs=0.002)


def test_only_rows_with_a_source_answer_are_scored(suite: Suite, bedrock: Bedrock) -> None:
    """What is stored of the source so far counts, and the plan says how many rows that are."""
    suite.rows(golden())
    suite.tests(ROWS_ONLY)
    assert "source mean" not in plan_of(suite.migrate(PLAN))
    suite.migrate("-k", "r00 or r01 or r02")
    assert "; source mean 1.000, deviation 0.000 over 3 rows" in plan_of(suite.migrate(PLAN))
    assert len(bedrock.asked) == 6


def test_a_plan_needs_no_workers(suite: Suite) -> None:
    """Under ``-n`` the plan is printed all the same, once."""
    suite.rows(golden())
    suite.tests()
    result = suite.judge(PLAN, "-n2")
    assert result.ret == pytest.ExitCode.OK
    assert result.outlines.count("triage: 20 rows") == 1


def test_a_pipeline_makes_at_least_a_call_a_row(suite: Suite, bedrock: Bedrock) -> None:
    """How many calls a pipeline makes is known when it runs; the plan says so."""
    suite.rows(golden(3))
    suite.tests("""
        import pytest

        def one_step(model, prompt, row):
            return model.generate(row["question"], step="only")

        @pytest.mark.migration("rows.csv", pipeline=one_step)
        def test_row(case):
            pass
    """)
    suite.migrate("--migration-record", "-k", "r00")
    text = plan_of(suite.migrate(PLAN))
    assert f"target {TARGET}: at least 3 calls (cost unknown), 0 kept; about 1 s" in text
    assert len(bedrock.asked) == 2


def test_long_names_are_wrapped(suite: Suite) -> None:
    """An ARN that is wider than the terminal is broken, not the layout."""
    arn = f"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/{'x' * 40}"
    suite.rows(golden(1))
    suite.tests(ROWS_ONLY)
    text = plan_of(suite.run("--target-model", arn, "--prompt-strategy", "identity", PLAN))
    assert "triage: 1 row source" in text
    assert "1 call (cost unknown)" in text


def test_nothing_selected_is_said(suite: Suite) -> None:
    """A plan of no test says that there is nothing to plan."""
    suite.rows(golden(1))
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", metrics=["exact_match"])
        @pytest.mark.skip
        def test_row(case):
            pass
    """)
    result = suite.judge(PLAN)
    assert plan_of(result) == "no selected test needs an answer"
    assert result.ret == pytest.ExitCode.OK


def test_a_wrong_file_is_one_line(suite: Suite, bedrock: Bedrock) -> None:
    """What would stop the run stops its plan in the same words."""
    suite.rows(golden(2))
    suite.tests(ROWS_ONLY)
    suite.file("recordings/test_triage/us.amazon.nova-lite-v1-0.jsonl", "{}\n")
    result = suite.migrate(PLAN)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    (fault,) = collection_faults(result)
    assert "us.amazon.nova-lite-v1-0.jsonl:1: not a recorded answer" in fault
    assert bedrock.asked == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (5400, "1 h 30 min"), (7200, "2 h")],
)
def test_durations_are_said_as_people_do(seconds: float, text: str) -> None:
    """Seconds up to a minute and a half, minutes up to an hour and a half, hours beyond; never too few."""
    assert duration(seconds) == text


def test_a_plan_needs_a_terminal(suite: Suite) -> None:
    """Where nothing can be printed, the plan is refused."""
    suite.rows(golden(1))
    suite.tests(ROWS_ONLY)
    assert suite.judge(PLAN, "-p", "no:terminal").ret == pytest.ExitCode.USAGE_ERROR
