"""Metrics that take many answers at once, within a run, and what plans and budgets say of judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Rule
from tests.plugin.suite import golden
from tests.plugin.test_budget import PRICES
from tests.plugin.test_judges import JUDGE, JUDGED, scored

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite

BATCHED = """
    import pytest
    from pathlib import Path
    from pytest_llm_migrate import metric

    @metric(batch=True{settings})
    def lengths(answers, rows):
        with Path("sizes.txt").open("a") as file:
            file.write(f"{{len(answers)}}\\n")
        return [len(answer.text) / 10 for answer in answers]

    pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=[lengths])

    def test_gate(comparison):
        assert comparison["lengths"].source.mean == pytest.approx(0.3)
        assert comparison["lengths"].target.mean < 0.3
"""


def sizes(suite: Suite) -> list[int]:
    """Return how many answers each call was given."""
    return [int(line) for line in (suite.path / "sizes.txt").read_text("utf-8").split()]


@pytest.mark.parametrize(("settings", "calls"), [("", 1), (", kept=False", 2)], ids=["kept", "not-kept"])
def test_a_comparison_gives_many_rows_at_once(suite: Suite, settings: str, calls: int) -> None:
    """64 rows go together, equal answers once; each score is kept by itself, so that a second run asks nothing."""
    suite.rows(golden(70, broken=[1]))
    suite.tests(BATCHED.format(settings=settings))
    suite.judge().assert_outcomes(passed=1)
    assert len(sizes(suite)) == 2
    assert sum(sizes(suite)) <= 140
    assert sizes(suite)[0] >= 64
    suite.judge().assert_outcomes(passed=1)
    assert len(sizes(suite)) == 2 * calls


@pytest.fixture
def judged(suite: Suite, serve: Serve) -> Bedrock:
    """The endpoint of a suite of four rows whose judge gives 4 of 5."""
    suite.rows(golden(4))
    suite.tests(JUDGED)
    return serve(Rule(model=JUDGE, reply=scored(4)))


@pytest.mark.usefixtures("judged")
def test_a_plan_counts_what_judges_are_asked(suite: Suite) -> None:
    """Both sides of each row at most; nothing once their verdicts are kept, at the price of those that were given."""
    command = ("--judge-model", JUDGE)
    text = " ".join(suite.migrate(*command, "--migration-plan").stdout.str().split())
    assert f"judge {JUDGE}: at most 8 calls (cost unknown until a first verdict);" in text
    suite.migrate(*command).assert_outcomes(passed=5)
    text = " ".join(suite.migrate(*command, "--migration-plan").stdout.str().split())
    assert f"judge {JUDGE}: no call, every verdict is kept" in text
    suite.rows(golden(6))
    result = suite.migrate(*command, "--migration-plan")
    text = " ".join(result.stdout.str().split())
    assert f"judge {JUDGE}: at most 4 calls (about $" in text
    assert max(len(line) for line in result.outlines if line.startswith("  ")) <= 80


def test_a_budget_needs_the_judge_s_price(suite: Suite, judged: Bedrock) -> None:
    """A judge without a price is refused before any call; one whose verdicts are all kept is not."""
    suite.file("prices.csv", PRICES)
    command = ("--judge-model", JUDGE, "--migration-prices", "prices.csv")
    result = suite.migrate(*command, "--migration-max-cost", "10")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0].startswith(
        f"ERROR: llm-migrate: --migration-max-cost needs a price, and {JUDGE!r} has none."
    )
    assert not judged.asked
    suite.migrate(*command).assert_outcomes(passed=5)
    suite.migrate(*command, "--migration-max-cost", "10").assert_outcomes(passed=5)
