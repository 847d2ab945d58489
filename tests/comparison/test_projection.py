"""What a month of traffic would cost, and why that may be unknown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm_migrate.comparison import Counting
from pytest_llm_migrate.domain import Answer, Ruling
from tests.comparison.cases import THROTTLED, billed, case, compared

FLEX = "unpriced: no price for tier 'flex' of amazon.nova-lite-v1:0 in p.csv"
CAPACITY = "not per token: mine is paid for by capacity"

TRAFFIC = Counting(weight="traffic")


def test_a_bill_is_the_mean_times_the_requests() -> None:
    """Both sides, their difference and its interval are sums for so many requests."""
    costs = [(0.5 + number % 5, (0.5 + number % 5) / 2) for number in range(40)]
    record = compared(billed(costs)).projection(1000).to_record()
    assert (record["source_usd"], record["target_usd"]) == pytest.approx((2500, 1250))
    assert record["difference_usd"] == pytest.approx(-1250)
    low, high = record["interval"]
    assert low < -1250 < high < 0
    assert (record["requests"], record["rows"], record["weighted_by"]) == (1000, 40, None)
    assert record["unknown_rows"] == {"source": 0, "target": 0}
    assert record["method"] == "studentised bootstrap of 3999 resamples"


def test_weights_say_what_the_traffic_is_made_of() -> None:
    """A row that stands for nine tenths of the traffic makes nine tenths of the bill; texts are numbers, too."""
    cases = billed([(1.0, 0.5), (11.0, 5.5)], traffic=["9", 1])
    record = compared(cases, counting=TRAFFIC).projection(10).to_record()
    assert (record["source_usd"], record["target_usd"], record["weighted_by"]) == (20, 10, "traffic")
    assert record["interval"] is None
    assert record["method"] == "none: mean needs rows worth 5 rows that count once"


def test_rows_of_a_cluster_do_not_make_the_bill_surer() -> None:
    """Copies of a conversation are no more conversations: the bill's interval is that of one of each."""
    costs = [(0.5 + number % 5, (0.5 + number % 3) / 2) for number in range(30)]
    once = compared(billed(costs)).projection(1000).to_record()
    copies = billed(costs * 4, talk=[*range(30)] * 4)
    clustered = compared(copies, counting=Counting(cluster="talk")).projection(1000).to_record()
    assert clustered["interval"] == pytest.approx(once["interval"])
    assert clustered["method"] == "studentised cluster bootstrap of 3999 resamples"


def test_one_unknown_cost_makes_the_bill_unknown() -> None:
    """A cost that nobody knows is never left out of a sum, and counted."""
    cases = billed([(1.0, 1.0), (FLEX, 1.0), (FLEX, CAPACITY)])
    record = compared(cases).projection(10).to_record()
    assert record["unknown_rows"] == {"source": 2, "target": 1}
    names = ("source_usd", "target_usd", "difference_usd", "interval", "confidence", "method")
    assert {record[name] for name in names} == {None}


def test_rows_that_stand_for_nothing_or_failed_have_no_part() -> None:
    """A row without weight may have an unknown cost; one without an answer is in no mean."""
    cases = [*billed([(1.0, 2.0), (FLEX, 1.0)], traffic=[1, 0]), case(9, 1.0, THROTTLED, traffic=1)]
    record = compared(cases, counting=TRAFFIC).projection(10).to_record()
    assert (record["rows"], record["source_usd"], record["target_usd"]) == (1, 10, 20)


def test_nothing_to_project_is_unknown() -> None:
    """Without a row, without an answer or without any weight there is no bill."""
    for cases in ([], [case(1, THROTTLED)], billed([(1.0, 1.0)], traffic=[0])):
        record = compared(cases, counting=TRAFFIC if cases and not cases[0].source.failure else Counting()).projection(
            5
        )
        assert (record.rows, record.means) == (0, None)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.floats(0, 1e6) | st.just(FLEX), st.floats(0, 1e6), st.integers(0, 3))), st.integers(1))
def test_a_record_is_strict_json(rows: list[tuple[float | str, float, int]], requests: int) -> None:
    """Whatever the rows, the record holds numbers or nothing."""
    cases = billed([row[:2] for row in rows], traffic=[row[2] for row in rows])
    record = compared(cases, counting=TRAFFIC).projection(min(requests, 10**12)).to_record()
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_a_gate_on_unknown_costs_says_why() -> None:
    """CANNOT JUDGE, with every reason, how many answers have it, and on which side."""
    comparison = compared(billed([(1.0, FLEX)] * 3 + [(CAPACITY, FLEX)]))
    verdict = comparison.cost.ratio_at_most(0.5)
    assert verdict.ruling is Ruling.CANNOT_JUDGE
    assert verdict.statement == (
        "There is nothing to judge: no row has a known cost on both sides. "
        f"1 source answer: {CAPACITY}; 4 target answers: {FLEX}."
    )
    assert comparison.cost.at_most(0.5).statement == (
        f"There is nothing to judge: no row has a known cost on the target side. 4 target answers: {FLEX}."
    )


def test_a_few_unknown_costs_are_too_many_with_the_reason() -> None:
    """A gate that lacks too many rows says what those rows lack."""
    verdict = compared(billed([(1.0, 0.1)] * 10 + [(1.0, FLEX)])).cost.ratio_at_most(0.5)
    assert verdict.ruling is Ruling.CANNOT_JUDGE
    assert verdict.statement.endswith(f"too many to judge: 2% are tolerated. 1 target answer: {FLEX}.")


def test_reasons_are_warned_of_and_recorded() -> None:
    """Unpriced answers are warned of; all without a cost are counted by their reason, but for failed calls."""
    comparison = compared([*billed([(1.0, FLEX)] * 2 + [(1.0, CAPACITY)]), case(9, 1.0, THROTTLED)])
    assert comparison.warnings()[1:] == [
        f"2 of 4 target answers have no cost; {FLEX}",
    ]
    assert comparison.to_record()["no_cost"] == {"source": {}, "target": {FLEX: 2, CAPACITY: 1}}


def test_an_unknown_cost_that_nobody_was_asked_for_is_no_warning() -> None:
    """A recorded answer that says neither its cost nor its model has an unknown cost, and that is all."""
    comparison = compared([case(1)])
    assert comparison.warnings() == []
    assert comparison.to_record()["no_cost"] == {"source": {}, "target": {}}


def test_what_was_served_is_counted() -> None:
    """The tiers and latency modes that the service said it served are on record; a silent one said nothing."""
    served = [
        Answer(text="", service_tier="flex"),
        Answer(text="", service_tier="default", latency_mode="optimized"),
        Answer(text="", latency_mode="standard"),
        Answer(text=""),
    ]
    cases = [case(number, answers=(Answer(text=""), answer)) for number, answer in enumerate(served)]
    assert compared([*cases, case(9, 1.0, THROTTLED)]).to_record()["served"] == {
        "source": {},
        "target": {"flex": 1, "default, optimized": 1, "standard": 1},
    }
