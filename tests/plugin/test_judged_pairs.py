"""Judges that compare both answers, and several judges at once, over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule
from tests.plugin.suite import TARGET, golden
from tests.plugin.test_judges import JUDGE, OTHER_JUDGE, by_judge, scored, verdict
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

PAIRED = """
    import pytest

    pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["pairwise"])

    def test_gate(comparison):
        assert comparison["pairwise"].non_inferior(margin=0.9)
"""


def won(winner: str) -> Reply:
    """Return a well-formed comparison."""
    return verdict(reasoning="it is complete", winner=winner)


def test_a_jury_shows_every_vote(suite: Suite, serve: Serve) -> None:
    """Two judges make one score, with their spread."""
    suite.rows(golden(4))
    judged = serve(Rule(model=JUDGE, reply=scored(4)), Rule(model=OTHER_JUDGE, reply=scored(5)))
    suite.tests(f"""
        import pytest
        from pytest_llm_migrate.metrics import Jury, judge_likert

        jury = Jury(of=judge_likert(), judges=(None, "{OTHER_JUDGE}"))

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=[jury])
        def test_row(case):
            assert case.target["jury:judge_likert"] == 0.875
    """)
    by_judge(suite).assert_outcomes(passed=4)
    assert (len(judged.questions(JUDGE)), len(judged.questions(OTHER_JUDGE))) == (4, 4)
    reason = suite.lines[0]["target"]["reasons"]["jury:judge_likert"]
    assert reason.startswith("mean of 2 votes, spread 0.25: anthropic.claude")
    assert suite.migration["judges"] == [JUDGE, OTHER_JUDGE]


def test_a_pair_is_compared_in_both_orders(suite: Suite, serve: Serve) -> None:
    """A win counts where it survives the swap; where the order decides it is a tie; equal answers are not compared."""
    suite.rows(golden(4))
    suite.tests(PAIRED)
    bedrock = serve(
        Rule(model=TARGET, contains="question 03", reply=Reply(text="yes")),
        Rule(model=TARGET, reply=Reply(text="yes, and fully so")),
        Rule(model=JUDGE, contains="question 00", reply=won("A")),
        Rule(model=JUDGE, contains="question 01", reply=won("tie")),
        Rule(model=JUDGE, matches=r"answer A:\n```\nyes\n", reply=won("B")),
        Rule(model=JUDGE, reply=won("A")),
    )
    result = by_judge(suite)
    assert len(bedrock.questions(JUDGE)) == 6
    scores = [(line["source"]["scores"]["pairwise"], line["target"]["scores"]["pairwise"]) for line in suite.lines]
    assert scores == [(0.5, 0.5), (0.5, 0.5), (0.0, 1.0), (0.5, 0.5)]
    reasons = [line["target"]["reasons"]["pairwise"].partition(":")[0] for line in suite.lines]
    assert reasons == [
        "order decides",
        "a tie in both orders",
        "the target wins in both orders",
        "the answers are equal",
    ]
    validator("results").validate(suite.results)
    found = suite.migration["pairwise"]["pairwise"]
    assert (found["wins"], found["ties"], found["losses"], found["compared"]) == (1, 3, 0, 3)
    assert found["order_decides"]["value"] == pytest.approx(1 / 3)
    result.stdout.fnmatch_lines(["*pairwise: target 1 wins, 3 ties, 0 losses;*"])


def test_a_pair_whose_judge_fails_has_no_score_on_either_side(suite: Suite, serve: Serve) -> None:
    """Half a comparison is none."""
    suite.rows(golden(1))
    suite.tests(PAIRED)
    serve(
        Rule(model=TARGET, reply=Reply(text="no")),
        Rule(model=JUDGE, matches=r"answer A:\n```\nyes\n", reply=won("B")),
        Rule(model=JUDGE, reply=won("neither")),
    )
    by_judge(suite)
    line = suite.lines[0]
    assert line["source"]["failures"] == line["target"]["failures"]
    assert "winner is 'neither', not 'A' or 'B' or 'tie'" in line["target"]["failures"]["pairwise"]
    assert suite.migration["pairwise"]["pairwise"]["missing"] == 1


def test_repeats_keep_their_flips_and_a_reason(suite: Suite, serve: Serve) -> None:
    """Every pair of repeats is compared; how often the order decided counts all of them, and a row tells why."""
    suite.rows(golden(2))
    suite.tests(PAIRED)
    bedrock = serve(
        Rule(model=TARGET, reply=Reply(text="yes, and fully so")),
        Rule(model=JUDGE, contains="question 00", reply=won("A")),
        Rule(model=JUDGE, matches=r"answer A:\n```\nyes\n", reply=won("B")),
        Rule(model=JUDGE, reply=won("A")),
    )
    by_judge(suite, "--migration-repeats", "3")
    assert len(bedrock.questions(JUDGE)) == 4  # equal pairs of answers are asked about once
    found = suite.migration["pairwise"]["pairwise"]
    assert (found["wins"], found["ties"], found["order_decides"]["value"]) == (1, 1, 0.5)
    flipped, won_by = (line["target"]["reasons"]["pairwise"] for line in suite.lines)
    assert flipped.startswith("order decides in 3 of 3 repeats; mean of 3 repeats: 0.5, 0.5, 0.5; repeat 1: order")
    assert won_by.startswith("mean of 3 repeats: 1, 1, 1; repeat 1: the target wins in both orders: source first:")
