"""Embedding calls that metrics make: counted, priced where they can be, and paid from the budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from pytest_llm_migrate.metrics import EmbeddingSimilarity, JudgedStyleGuide, judged_rule, rule, style_guide
from pytest_llm_migrate.metrics import Rule as StyleRule
from pytest_llm_migrate.models.endpoint import Reply, Rule
from tests.plugin.suite import SOURCE, TARGET, golden

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Meter
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

MODEL = "amazon.titan-embed-text-v2:0"
EMBEDDED = """
    import pytest
    from pytest_llm_migrate.metrics import AnswerSimilarity, EmbeddingSimilarity

    class Embedder:
        ref = "an embedder"

        def __init__(self, meter=None):
            self.meter = meter

        def metered(self, meter):
            return Embedder(meter)

        def embed(self, texts):
            return self.meter.call("{model}", 1_000_000, lambda: ([[1.0, 0.5]] * len(texts), {tokens}))

    METRICS = [EmbeddingSimilarity(embedder=Embedder()), AnswerSimilarity(similarity=Embedder())]
    pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=METRICS)

    def test_row(case):
        assert case.target["embedding_similarity"] > 0.99
"""
PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])


@pytest.fixture
def embedded(suite: Suite, serve: Serve) -> Suite:
    """A suite of four rows whose target says what needs embeddings, which the source does not."""
    suite.rows(golden(4))
    suite.tests(EMBEDDED.format(model=MODEL, tokens=1_000_000))
    serve(Rule(model=TARGET, reply=Reply(text="a yes")))
    return suite


@PROCESSES
def test_embeddings_are_counted_and_priced(embedded: Suite, processes: tuple[str, ...]) -> None:
    """Each call is in the ledger with its tokens' price, and said apart from answers; kept scores cost nothing."""
    result = embedded.migrate(*processes)
    result.assert_outcomes(passed=4)
    calls = 8  # two metrics ask about each of four rows
    spent = embedded.results["spending"]["purposes"]["embedding"]
    assert spent == {"calls": calls, "usd": pytest.approx(calls * 0.02), "unpriced_calls": 0}
    assert f"of these: embeddings {calls} calls, $0.16" in " ".join(result.outlines)
    embedded.migrate(*processes).assert_outcomes(passed=4)
    assert embedded.results["spending"]["calls"] == 0


def test_embeddings_of_a_style_guides_rules_are_counted(embedded: Suite) -> None:
    """A rule that a metric with embeddings checks is paid for like the metric by itself."""
    guide = "METRICS = [style_guide(rule('on topic', EmbeddingSimilarity(embedder=Embedder())))]"
    text = EMBEDDED.format(model=MODEL, tokens=1_000_000)
    listed = next(line.strip() for line in text.splitlines() if "METRICS = " in line)
    text = text.replace(listed, guide).replace("EmbeddingSimilarity\n", "EmbeddingSimilarity, rule, style_guide\n")
    embedded.tests(text.replace('embedding_similarity"] > 0.99', 'style_guide"] >= 0'))
    embedded.migrate().assert_outcomes(passed=4)
    assert embedded.results["spending"]["purposes"]["embedding"]["calls"] == 4


def test_a_judged_guides_rules_are_metered_too() -> None:
    """The rules that ask a judge stay as they are, and each other one's calls go through the meter."""

    class Embedder:
        ref = "an embedder"

        def __init__(self, meter: object = None) -> None:
            self.meter = meter

        def metered(self, meter: object) -> Embedder:
            return Embedder(meter)

        def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
            return [[1.0]] * len(texts)

    polite, meter = judged_rule("is polite", "Is it polite?"), cast("Meter", object())
    guide = style_guide(rule("on topic", EmbeddingSimilarity(embedder=Embedder())), polite)
    assert isinstance(guide, JudgedStyleGuide)
    on_topic, left = guide.metered_by(meter).rules
    assert left is polite
    assert isinstance(on_topic, StyleRule)
    assert isinstance(on_topic.metric, EmbeddingSimilarity)
    assert cast(Embedder, on_topic.metric.embedder).meter is meter


def test_embeddings_without_a_price_say_so(embedded: Suite) -> None:
    """A model that no price list knows, and tokens that were not told, have no cost; zero is not claimed."""
    embedded.tests(EMBEDDED.format(model=MODEL, tokens=None))
    result = embedded.migrate()
    assert "of these: embeddings 8 calls, cost unknown" in " ".join(result.outlines)
    assert embedded.results["spending"]["unpriced_calls"] == 8


def test_a_budget_holds_for_embeddings(embedded: Suite) -> None:
    """Calls that could pass the budget are not made; the rows say what their scores lack."""
    free = "".join(f"{model},0,0\n" for model in (SOURCE, TARGET))
    embedded.file("prices.csv", f"model,input,output\n{free}{MODEL},1,0\n")
    embedded.migrate("--migration-prices", "prices.csv", "--migration-max-cost", "3")
    assert embedded.results["spending"]["purposes"]["embedding"] == {"calls": 3, "usd": 3.0, "unpriced_calls": 0}
    reasons = [why for line in embedded.lines for why in line["target"].get("failures", {}).values()]
    assert len(reasons) == 5
    assert all("the budget of --migration-max-cost is spent" in reason for reason in reasons)


def test_a_budget_needs_the_price_of_embeddings(embedded: Suite) -> None:
    """What they would cost is unknown, so they are not called."""
    embedded.tests(EMBEDDED.format(model="amazon.titan-embed-text-v9:0", tokens=1))
    embedded.migrate("--migration-max-cost", "3")
    assert "embedding" not in embedded.results["spending"]["purposes"]
    (reason, _) = embedded.lines[0]["target"]["failures"].values()
    assert "--migration-max-cost needs a price, and 'amazon.titan-embed-text-v9:0' has none" in reason


@pytest.mark.parametrize("option", ["--migration-plan", "--migration-answers=replay"])
def test_what_may_make_no_call_embeds_nothing(embedded: Suite, option: str) -> None:
    """A plan and a replay leave scores that are not kept to a run; in replay the rows say so."""
    embedded.rows([{**row, "answer_target_llm": "a yes"} for row in golden(4)])
    embedded.judge(option)
    if option != "--migration-plan":
        assert embedded.results["spending"]["purposes"] == {}
        reasons = [why for line in embedded.lines for why in line["target"]["failures"].values()]
        assert len(reasons) == 8
        assert all("the score is not kept, and --migration-answers replay makes no calls" in why for why in reasons)
    embedded.judge().assert_outcomes(passed=4)
    assert embedded.results["spending"]["purposes"]["embedding"]["calls"] == 8
    embedded.judge("--migration-answers=replay").assert_outcomes(passed=4)
