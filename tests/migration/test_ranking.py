"""Several targets side by side: ranks, the Pareto front, and claims that allow for the choice of a leader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Answer, Case, Score, Side
from pytest_llm_migrate.migration.ranking import Standing, beaten_by, rankings
from pytest_llm_migrate.migration.results import migration_record
from pytest_llm_migrate.migration.spool import case_record
from pytest_llm_migrate.stats import holm, mcnemar_exact, paired_difference, sign_test
from tests.migration.parts import row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import SideName

ROWS = 40
RIGHT = [1.0] * ROWS
TERMS: dict[str, Any] = {
    "name": "triage",
    "nodeid": "test_a.py",
    "metrics": ["m"],
    "slices": [],
    "bounds": {"m": [0.0, 1.0]},
    "warnings": [],
}


def wrong(*places: int) -> list[float]:
    """Return scores that are right but in these places."""
    return [0.0 if place in places else 1.0 for place in range(ROWS)]


def scored(name: SideName, place: int, score: float, **known: Any) -> Side:
    """Return a side with one score."""
    answer = Answer(text="a", **known)
    return Side(name=name, sample_id=f"r{place}", outcome=answer, scores={"m": Score(score)})


class Targets:
    """Targets of one use case, added one by one."""

    def __init__(self, source: Sequence[float], **terms: Any) -> None:
        self.source, self.terms = source, TERMS | terms
        self.migrations: list[dict[str, Any]] = []
        self.cases: dict[str, list[dict[str, Any]]] = {}

    def add(self, ref: str, scores: Sequence[float | None], **known: Any) -> Targets:
        """Add a target that got these scores; ``None`` is a row that the target was not asked about."""
        cases = [
            Case(
                row=row(f"r{place}", weight=2),
                source=scored("source", place, before, **known),
                target=scored("target", place, after, **known),
            )
            for place, (before, after) in enumerate(zip(self.source, scores, strict=True))
            if after is not None
        ]
        self.cases[ref] = [case_record(case, ("weight",)) for case in cases]
        terms = self.terms | {"id": ref, "target": {"ref": ref}}
        self.migrations.append(migration_record(terms, self.cases[ref], []))
        return self

    @property
    def ranking(self) -> dict[str, Any]:
        """The ranking of the use case."""
        (found,) = rankings(self.migrations, self.cases)
        return found


def test_the_best_in_the_first_metric_leads_and_equals_share_a_rank() -> None:
    """Targets are ranked by their change against the source, not in the order they were given in."""
    found = Targets(wrong(0)).add("low", wrong(0, 1)).add("a", wrong(3)).add("top", RIGHT).add("b", wrong(4)).ranking
    assert [(item["ref"], item["rank"]) for item in found["targets"]] == [("top", 1), ("a", 2), ("b", 2), ("low", 4)]
    assert (found["leader"], found["metric"], found["test"]) == ("top", "m", "mcnemar exact")
    assert found["statements"][0] == "Ranked by the change of mean m against the source."


def test_intervals_hold_for_all_targets_together() -> None:
    """Of two targets each has its interval at 97.5%, which is wider than the one of its own migration."""
    targets = Targets(RIGHT).add("a", wrong(1, 2)).add("b", wrong(1, 2, 3))
    found = targets.ranking
    assert found["confidence"] == pytest.approx(0.975)
    expected = paired_difference(RIGHT, wrong(1, 2), confidence=0.975)
    assert found["targets"][0]["metrics"]["m"]["interval"] == pytest.approx([expected.low, expected.high])
    assert expected.low < targets.migrations[0]["metrics"]["m"]["interval"][0]


def test_a_leader_by_a_row_is_not_shown_to_be_better() -> None:
    """One row more is luck, and the ranking says so."""
    found = Targets(RIGHT).add("x", wrong(1)).add("y", wrong(2, 3)).ranking
    assert found["against"] == [
        {"ref": "y", "n": ROWS, "delta": pytest.approx(1 / ROWS), "p": 1.0, "p_holm": 1.0, "shown": False}
    ]
    assert "The leader x is not shown to be better than y (adjusted p 1)." in found["statements"]
    assert "Shown to be better than the source: no target." in found["statements"]


def test_the_leader_is_tested_against_all_that_could_have_led() -> None:
    """P-values against the leader are adjusted over all pairs of targets, those against the source over targets."""
    source, worst, middle = wrong(*range(20)), wrong(*range(19)), wrong(*range(9))
    found = Targets(source).add("worst", worst).add("best", RIGHT).add("middle", middle).ranking
    pairs = {"middle": mcnemar_exact(0, 9), "worst": mcnemar_exact(0, 19)}
    adjusted = holm([pairs["middle"], pairs["worst"], mcnemar_exact(0, 10)])
    assert [item["ref"] for item in found["against"]] == ["middle", "worst"]
    assert [item["p_holm"] for item in found["against"]] == pytest.approx(adjusted[:2])
    assert all(item["shown"] for item in found["against"])
    sources = holm([sign_test(0, 20), sign_test(0, 11), sign_test(0, 1)])
    assert [item["p_better_holm"] for item in found["targets"]] == pytest.approx(sources)
    assert found["statements"][-1].startswith("Shown to be better than the source: best (adjusted p < 0.001), middle (")
    assert "worst" not in found["statements"][-1]


def test_graded_scores_are_compared_by_signed_ranks() -> None:
    """Where one score lies between right and wrong, sizes count."""
    found = Targets([0.5] * ROWS).add("x", [0.9] * ROWS).add("y", [0.6] * ROWS).ranking
    assert found["test"] == "wilcoxon signed-rank"
    assert found["against"][0]["shown"]


@pytest.mark.parametrize("terms", [{"weight": "weight"}, {"cluster": "weight"}])
def test_weighted_and_clustered_rows_are_not_tested(terms: dict[str, str]) -> None:
    """No test here allows for them: p-values are unknown, ranks and intervals are not."""
    found = Targets(RIGHT, **terms).add("x", wrong(1)).add("y", wrong(*range(20))).ranking
    assert [item["rank"] for item in found["targets"]] == [1, 2]
    assert (found["test"], found["against"][0]["p"], found["targets"][0]["p_better_holm"]) == (None, None, None)
    assert "No target is tested against another: rows are weighted or in clusters." in found["statements"]


def test_only_rows_that_both_have_are_compared() -> None:
    """A target that skipped its hard rows leads by nothing on the rows that both answered."""
    source = wrong(0, 1, 2)
    lucky = [None, None, None, *RIGHT[3:]]
    found = Targets(source).add("lucky", lucky).add("y", wrong(0, 1, 2)).ranking
    assert (found["against"][0]["n"], found["against"][0]["delta"]) == (ROWS - 3, 0)


def test_an_unknown_dimension_is_never_zero() -> None:
    """A target without a price is not comparable, and beats no other; one that is unknown of all is left out."""
    targets = Targets(RIGHT).add("priced", wrong(1), cost=0.1).add("dear", wrong(1, 2), cost=0.2).add("free?", RIGHT)
    found = targets.ranking
    said = {item["ref"]: (item["pareto"], item["beaten_by"]) for item in found["targets"]}
    assert said == {"free?": ("not comparable", []), "priced": ("front", []), "dear": ("beaten", ["priced"])}
    assert "The Pareto front leaves out what is unknown of all targets: latency." in found["statements"]
    assert "free? is not comparable: its cost is unknown." in found["statements"]


def test_without_scored_rows_there_is_no_rank() -> None:
    """Targets of which no row is scored on both sides have no leader, and the ranking says why."""
    found = Targets(RIGHT).add("x", [None] * ROWS).add("y", [None] * ROWS).ranking
    assert (found["leader"], [item["rank"] for item in found["targets"]], found["against"]) == (None, [None, None], [])
    assert found["statements"][0] == "The targets have no rank: no row is scored on both sides."


def test_an_invalid_latency_pass_is_no_latency() -> None:
    """Times that are not to be trusted are unknown."""
    targets = Targets(RIGHT).add("x", RIGHT, latency=1.0).add("y", RIGHT, latency=2.0)
    assert [item["latency"]["p50"] for item in targets.ranking["targets"]] == [1.0, 2.0]
    targets.migrations[0]["latency_pass"] = {"valid": False}
    assert [item["latency"]["p50"] for item in targets.ranking["targets"]] == [None, 2.0]


def test_use_cases_are_told_apart() -> None:
    """One target is no field, and targets of two use cases are not compared."""
    one = Targets(RIGHT).add("x", RIGHT)
    other = Targets(RIGHT, name="other").add("y", RIGHT)
    assert rankings(one.migrations + other.migrations, one.cases | other.cases) == []


VALUES = st.one_of(st.none(), st.integers(min_value=0, max_value=3).map(float))
STANDINGS = st.lists(st.builds(Standing, quality=VALUES, latency=VALUES, cost=VALUES), min_size=1, max_size=6)


@given(STANDINGS)
def test_the_front_is_what_nobody_beats(standings: list[Standing]) -> None:
    """Among comparable targets some are on the front, nobody beats itself, and no two beat each other."""
    beaten = beaten_by(standings)
    known = [place for place, others in enumerate(beaten) if others is not None]
    assert not known or any(beaten[place] == [] for place in known)
    assert all(set(others or ()) <= set(known) - {place} for place, others in enumerate(beaten))
    assert not any(place in (beaten[other] or ()) for place, others in enumerate(beaten) for other in others or ())


def test_better_is_higher_quality_lower_latency_and_lower_cost() -> None:
    """A target is beaten in every dimension's own direction, and never by its equal."""
    base = Standing(quality=0.5, latency=1.0, cost=1.0)
    better = [Standing(quality=0.6, latency=1, cost=1), Standing(quality=0.5, latency=0.9, cost=1)]
    better.append(Standing(quality=0.5, latency=1, cost=0.9))
    assert [beaten_by([base, other]) for other in better] == [[[1], []]] * 3
    assert beaten_by([base, base]) == [[], []]
    assert beaten_by([base, Standing(quality=0.6, latency=1.1, cost=1)]) == [[], []]
