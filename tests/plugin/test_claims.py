"""Metrics of claims over the wire: how often the judge is asked for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedCall
from tests.plugin.suite import SOURCE, TARGET, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite

JUDGE = "anthropic.claude-sonnet-4-20250514-v1:0"
FACTUAL = '"answer_precision", "answer_recall", "answer_f1", "answer_correctness"'
RIGHT = "It was $1,577 million."
WRONG = "It was $9,999 million."
RULINGS = [(1, "", "kept"), (2, "two words too many", "broken")]


def suite_with(metrics: str, bar: str = "answer_f1") -> str:
    """Return a test file with these metrics."""
    return f"""
        import pytest

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=[{metrics}])
        def test_row(case):
            assert case.target["{bar}"] == 1
    """


def verdict(**arguments: Any) -> Reply:
    """Return a reply that calls the verdict's tool."""
    return Reply(text="", tool_calls=(ScriptedCall(name="verdict", arguments=arguments),))


def one(word: str) -> list[dict[str, Any]]:
    """Return a verdict on one claim."""
    return [{"number": 1, "reason": "", "verdict": word}]


@pytest.fixture
def asked(suite: Suite, serve: Serve) -> Bedrock:
    """Three rows with one claim each, of which the target gets the last one wrong."""
    suite.rows([{**row, "answer_ground_truth": "$1577.00", "content": "Capex: 1,577."} for row in golden(3)])
    wrong = verdict(answer_claims=one("unsupported"), reference_claims=one("missing"))
    right = verdict(answer_claims=one("supported"), reference_claims=one("covered"))
    return serve(
        Rule(model=SOURCE, reply=Reply(text=RIGHT)),
        Rule(model=TARGET, contains="question 02", reply=Reply(text=WRONG)),
        Rule(model=TARGET, reply=Reply(text=RIGHT)),
        Rule(model=JUDGE, contains="claims of the answer:\n```\n1. capex was 9,999", reply=wrong),
        Rule(model=JUDGE, contains="claims of the answer:", reply=right),
        Rule(model=JUDGE, contains="claims:\n```\n1. ", reply=verdict(claims=one("supported"))),
        Rule(model=JUDGE, contains="text:\n```\n$1577.00", reply=verdict(claims=["it was $1577.00"])),
        Rule(model=JUDGE, contains="9,999", reply=verdict(claims=["capex was 9,999"])),
        Rule(model=JUDGE, reply=verdict(claims=["capex was 1,577"])),
    )


@pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
def test_four_metrics_take_three_calls(suite: Suite, asked: Bedrock, processes: tuple[str, ...]) -> None:
    """Precision, recall, F1 and correctness share two decompositions and one classification, in however many threads.

    Equal answers of both sides share theirs, so that only a different answer asks for two more: 3 + 3 + 5.
    """
    suite.tests(suite_with(FACTUAL))
    suite.migrate("--judge-model", JUDGE, *processes).assert_outcomes(passed=2, failed=1)
    assert asked.repeated == []
    assert len(asked.questions(JUDGE)) == 3 + 3 + 5
    scores = [line["target"]["scores"] for line in suite.lines]
    shares = [[line[f"answer_{name}"] for name in ("precision", "recall", "f1")] for line in scores]
    assert shares == [[1, 1, 1], [1, 1, 1], [0, 0, 0]]
    assert 0.75 < scores[0]["answer_correctness"] < 1


def test_one_metric_alone_takes_as_many(suite: Suite, asked: Bedrock) -> None:
    """And the next metric of the same claims, in another run, takes none."""
    suite.tests(suite_with('"answer_f1"'))
    suite.migrate("--judge-model", JUDGE, "-k", "r00").assert_outcomes(passed=1)
    assert len(asked.questions(JUDGE)) == 3
    suite.tests(suite_with('"answer_correctness"', "answer_correctness").replace("== 1", "> 0.7"))
    suite.migrate("--judge-model", JUDGE, "-k", "r00").assert_outcomes(passed=1)
    assert len(asked.questions(JUDGE)) == 3


def test_grounding_shares_the_decompositions(suite: Suite, asked: Bedrock) -> None:
    """Faithfulness and context recall add one call each to the three of F1."""
    suite.tests(suite_with('"answer_f1", "faithfulness", "context_recall"'))
    suite.migrate("--judge-model", JUDGE, "-k", "r00").assert_outcomes(passed=1)
    assert len(asked.questions(JUDGE)) == 5
    assert suite.lines[0]["target"]["scores"] == {"answer_f1": 1, "faithfulness": 1, "context_recall": 1}


STYLE = """
    import pytest
    from pytest_llm_migrate import judged_rule, rule, style_guide

    guide = style_guide(
        rule("gives millions", lambda answer, row: "million" in answer.text),
        rule("mentions the ISIN", lambda answer, row: "ISIN" in answer.text),
        judged_rule("is polite", "Would a customer find this polite?"),
        judged_rule("is brief", "Could no word be left out?"),
    )

    @pytest.mark.migration("rows.csv", prompt="triage", metrics=[guide])
    def test_row(case):
        assert case.target["style_guide"] == 0.5
"""


@pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
def test_judged_rules_take_one_call(suite: Suite, serve: Serve, processes: tuple[str, ...]) -> None:
    """All judged rules of an answer are asked at once, and the reason in the rows names what is broken."""
    suite.rows(golden(3))
    suite.tests(STYLE)
    rules = [{"number": number, "reason": why, "verdict": word} for number, why, word in RULINGS]
    bedrock = serve(
        Rule(model=JUDGE, reply=verdict(rules=rules)),
        Rule(model=SOURCE, reply=Reply(text=RIGHT)),
        Rule(model=TARGET, reply=Reply(text=RIGHT)),
    )
    suite.migrate("--judge-model", JUDGE, *processes).assert_outcomes(passed=3)
    assert len(bedrock.questions(JUDGE)) == 3
    reasons = [line["target"]["reasons"]["style_guide"] for line in suite.lines]
    assert reasons == ["broke: mentions the ISIN; is brief (two words too many)"] * 3


def test_the_experts_guide_shares_the_claims(suite: Suite, asked: Bedrock) -> None:
    """By its name it has every rule: one call for the judged ones, and three that F1 shares."""
    suite.tests(suite_with('"style_guide", "answer_f1"'))
    suite.migrate("--judge-model", JUDGE, "-k", "r00").assert_outcomes(passed=1)
    assert len(asked.questions(JUDGE)) == 5
    failure = suite.lines[0]["target"]["failures"]["style_guide"]
    assert "'rules' is missing in the verdict" in failure
