"""Gates on latency, tokens and cost."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.comparison import Counting
from pytest_llm_migrate.comparison.timing import Timing
from pytest_llm_migrate.domain import Answer, Ruling
from pytest_llm_migrate.errors import MarginError, NoValuesError
from tests.comparison.cases import THROTTLED, billed, case, compared, timed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import Case

SPREAD = [1 + number % 7 / 10 for number in range(50)]


def doubled(rows: int = 50) -> list[tuple[float | None, float | None]]:
    """Return latencies whose target takes twice as long."""
    return [(value, 2 * value) for value in SPREAD[:rows]]


@pytest.mark.parametrize(
    ("bar", "rows", "ruling", "words"),
    [
        (2.5, 50, Ruling.GO, "latency (mean) went from 1.29 s to 2.59 s (x2.00); at most x2.5 is shown."),
        (1.5, 50, Ruling.NO_GO, "latency (mean) went from 1.29 s to 2.59 s (x2.00); at most x1.5 is ruled out."),
        (
            2.5,
            4,
            Ruling.NOT_ENOUGH_EVIDENCE,
            (
                "latency (mean) went from 1.15 s to 2.30 s (x2.00); "
                "at most x2.5 is neither shown nor ruled out by 4 rows; "
                "mean takes 5 rows or more."
            ),
        ),
        (2.5, 0, Ruling.CANNOT_JUDGE, "There is nothing to judge: no row has a known latency on both sides."),
    ],
)
def test_ratio_at_most(bar: float, rows: int, ruling: Ruling, words: str) -> None:
    """At most so many times the source's: shown, refuted, open, or nothing to judge by."""
    verdict = compared(timed(doubled(rows))).latency.ratio_at_most(bar)
    assert (verdict.ruling, verdict.statement) == (ruling, words)
    assert verdict.gate == f"latency.mean.ratio_at_most({bar:g})"


def test_an_open_ratio_says_how_many_rows_settle_it() -> None:
    """Where the mean is below the bar and the rows spread, more of them would do."""
    pairs = [(1.0, 0.5 if number % 2 else 1.6) for number in range(20)]
    verdict = compared(timed(pairs)).latency.ratio_at_most(1.2)
    assert verdict.ruling is Ruling.NOT_ENOUGH_EVIDENCE
    more = verdict.figures["more_rows"]
    assert more > 0
    settled = f"about {more} more rows like these would make it a GO, at an unknown cost."
    assert verdict.statement.endswith(f"by 20 rows; {settled}")


def test_too_few_rows_for_a_percentile_promise_no_go() -> None:
    """Ten slow rows do not hear that more of them would make it a GO: only that a 95th percentile takes 59."""
    verdict = compared(timed([(1.0, 5.0)] * 10)).latency.p95.ratio_at_most(1.2)
    assert verdict.ruling is Ruling.NOT_ENOUGH_EVIDENCE
    assert verdict.statement.endswith("is neither shown nor ruled out by 10 rows; p95 takes 59 rows or more.")
    assert (verdict.figures["more_rows"], verdict.figures["high"]) == (49, None)


@pytest.mark.parametrize(
    ("bar", "ruling", "words"),
    [
        (3.0, Ruling.GO, "The target's latency (p50) is 2.60 s; at most 3.00 s is shown."),
        (2.0, Ruling.NO_GO, "The target's latency (p50) is 2.60 s; at most 2.00 s is ruled out."),
    ],
)
def test_at_most_asks_the_target_alone(bar: float, ruling: Ruling, words: str) -> None:
    """A source that recorded no times does not keep a limit on the target's from being judged."""
    verdict = compared(timed([(None, target) for _, target in doubled()])).latency.p50.at_most(bar)
    assert (verdict.ruling, verdict.statement) == (ruling, words)
    assert verdict.figures["n"] == 50


def test_at_most_without_the_targets_values() -> None:
    """What the target did not measure cannot be judged."""
    verdict = compared(timed([(1.0, None)] * 3)).latency.at_most(1)
    assert verdict.ruling is Ruling.CANNOT_JUDGE
    assert verdict.statement == "There is nothing to judge: no row has a known latency on the target side."


def test_a_sentence_has_amounts_as_people_read_them_and_its_detail_the_exact_ones() -> None:
    """Money of 1,000 rows by the mean, of one by a percentile; milliseconds below a second; tokens in their unit."""
    costs = compared(billed([(5.862e-05, 1.347e-05)] * 60)).cost
    verdict = costs.ratio_at_most(0.6)
    said = "cost (mean) went from $0.0586 to $0.0135 per 1,000 rows (x0.23); at most x0.6 is shown."
    assert verdict.statement == said
    assert "bar 0.6; source 5.862e-05, target 1.347e-05 USD;" in verdict.detail
    said = "The target's cost (p95) is $0.0000135 per row; at most $0.0000125 per row is ruled out."
    assert costs.p95.at_most(1.25e-05).statement == said
    said = "The target's cost (mean) is $0.0135 per 1,000 rows; at most $0.02 per 1,000 rows is shown."
    assert costs.at_most(2e-05).statement == said
    fast = compared(timed([(0.02505, 0.0084)] * 60)).latency
    assert fast.ratio_at_most(1).statement == "latency (mean) went from 25 ms to 8.4 ms (x0.34); at most x1 is shown."
    assert "source 0.02505, target 0.0084 s;" in fast.ratio_at_most(1).detail
    counted = Answer(text="", input_tokens=1200, output_tokens=34)
    tokens = compared([case(number, answers=(counted, counted)) for number in range(60)])
    said = "The target's output_tokens (mean) is 34 tokens; at most 2,000 tokens is shown."
    assert tokens.output_tokens.at_most(2000).statement == said


def test_a_source_of_zero_has_no_ratio() -> None:
    """Nothing can be a factor of nothing."""
    comparison = compared(timed([(0.0, 1.0)] * 10))
    verdict = comparison.latency.ratio_at_most(1.2)
    assert verdict.ruling is Ruling.CANNOT_JUDGE
    assert verdict.statement == "The source's latency (mean) is zero, so there is no ratio to judge."
    assert comparison.latency.mean.ratio is None
    with pytest.raises(NoValuesError, match="the ratio of latency"):
        comparison.latency.mean.interval()


@pytest.mark.parametrize("bar", [0, -1, math.nan, math.inf])
def test_a_factor_that_means_nothing_is_refused(bar: float) -> None:
    """A factor lies above 0 and has an end."""
    with pytest.raises(MarginError, match=r"latency\.p95\.ratio_at_most\(.*\): takes a factor above 0, such as 1\.2"):
        compared(timed(doubled())).latency.p95.ratio_at_most(bar)


@pytest.mark.parametrize("bar", [-1, math.nan, math.inf])
def test_a_bar_that_means_nothing_is_refused(bar: float) -> None:
    """A limit is 0 or more, in the quantity's own unit."""
    with pytest.raises(MarginError, match=r"cost\.mean\.at_most\(.*\): takes a bar of 0 or more, in USD"):
        compared(timed(doubled())).cost.at_most(bar)


def test_statistics_of_both_sides() -> None:
    """Each statistic has both sides' values, their ratio and its interval."""
    latency = compared(timed(doubled())).latency
    assert (latency.n, latency.rows, latency.unit) == (50, 50, "s")
    for statistic in (latency.p50, latency.p90, latency.p95, latency.p99):
        assert statistic.target == pytest.approx(2 * statistic.source)
        assert statistic.ratio == pytest.approx(2)
    low, high = latency.mean.interval(0.9)
    assert low == pytest.approx(2) == high


def test_tokens_include_those_of_a_prompt_cache() -> None:
    """What was read from and written to a cache was read; an unknown part makes the sum unknown."""
    cached = Answer(text="", input_tokens=10, output_tokens=5, cache_read_tokens=80, cache_write_tokens=5)
    plain = Answer(text="", input_tokens=95, output_tokens=5)
    comparison = compared([case(1, answers=(cached, plain)), case(2, answers=(plain, Answer(text="", input_tokens=1)))])
    assert (comparison.input_tokens.mean.source, comparison.input_tokens.mean.target) == (95, 48)
    assert (comparison.tokens.n, comparison.tokens.mean.source, comparison.tokens.mean.target) == (1, 100, 100)
    assert comparison.output_tokens.n == 1


def test_small_costs_are_not_rounded_to_nothing() -> None:
    """The detail of a gate on millionths of a dollar shows them."""
    answers = (Answer(text="", cost=0.00002), Answer(text="", cost=0.00001))
    verdict = compared([case(number, answers=answers) for number in range(5)]).cost.at_most(0.00005)
    assert verdict.ruling is Ruling.GO
    assert "estimate +1e-05, one-sided 95% limits [+1e-05, +1e-05]; bar 5e-05" in verdict.detail


def test_lost_rows_are_in_no_figure() -> None:
    """A row whose call failed counts as missing."""
    cases = [*timed(doubled()), case(99, THROTTLED)]
    verdict = compared(cases).latency.ratio_at_most(2.5)
    assert verdict.ruling is Ruling.GO
    assert verdict.detail.startswith("n=50, 1 without values; estimate +2.0000")


@pytest.mark.parametrize(
    "pairs", [[(0.0, 0.0)], [(5e-324, 1e99)] * 6, [(1.0, 2.0)], doubled(), [(None, 1.0)], [(None, None)]]
)
def test_records_are_json(pairs: list[tuple[float | None, float | None]]) -> None:
    """No statistic of any rows is infinite or not a number; without any value there is none."""
    record = compared(timed(pairs)).latency.to_record()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert (record is None) is (pairs[0][1] is None)


def test_a_side_is_known_by_itself() -> None:
    """Where the other side has no value at all, there are figures of one side and no ratio."""
    latency = compared(timed([(None, 1.0), (None, 3.0)])).latency
    record = latency.to_record()
    assert record is not None
    assert (record["n"], record["known"]) == (0, {"source": 0, "target": 2})
    assert record["statistics"]["mean"] == {"source": None, "target": 2.0, "ratio": None, "interval": None}
    assert (latency.mean.target, latency.p50.target) == (2.0, 2.0)
    with pytest.raises(NoValuesError):
        _ = latency.mean.source
    with pytest.raises(NoValuesError):
        _ = latency.mean.ratio


def test_sides_known_in_different_rows_are_not_compared() -> None:
    """Values of different rows make no ratio, however many there are."""
    record = compared(timed([(1.0, None), (None, 3.0)])).latency.to_record()
    assert record is not None
    assert (record["n"], record["known"]) == (0, {"source": 1, "target": 1})
    assert record["statistics"]["p50"] == {"source": 1.0, "target": 3.0, "ratio": None, "interval": None}


def test_pairs_are_compared_over_their_own_rows() -> None:
    """Once a row has both, both sides' figures are over such rows, and the record says how many more there are."""
    record = compared(timed([(1.0, 2.0), (None, 30.0)])).latency.to_record()
    assert record is not None
    assert (record["n"], record["known"]) == (1, {"source": 1, "target": 2})
    assert record["statistics"]["mean"]["target"] == 2.0


def test_a_record_gives_intervals_where_rows_suffice() -> None:
    """Fifty rows give a 90th percentile an interval, and a 95th none."""
    record = compared(timed(doubled())).latency.to_record()
    assert record is not None
    assert record["statistics"]["p90"]["interval"] == pytest.approx([2, 2])
    assert record["statistics"]["p95"]["interval"] is None
    assert record["statistics"]["p95"]["ratio"] == pytest.approx(2)


def counted(pairs: Sequence[tuple[float | None, float | None]], **columns: list[Any]) -> list[Case]:
    """Return timed rows whose columns say how they count."""
    return [
        case(
            number,
            answers=(Answer(text="", latency=source), Answer(text="", latency=target)),
            **{name: values[number] for name, values in columns.items()},
        )
        for number, (source, target) in enumerate(pairs)
    ]


def test_weights_reach_every_figure_and_gate() -> None:
    """Rows that stand for most of the traffic decide, on both sides, their ratio, and what a gate says of it."""
    pairs = [(1 + number % 7 / 10, (2 if number % 2 else 0.5) * (1 + number % 7 / 10)) for number in range(70)]
    cases = counted(pairs, traffic=[1 if number % 2 else 99 for number in range(70)])
    latency = compared(cases, counting=Counting(weight="traffic")).latency
    assert latency.mean.ratio == pytest.approx(0.515)
    verdict = latency.ratio_at_most(0.8)
    assert verdict.ruling is Ruling.GO
    assert verdict.detail.startswith("n=70, worth 3")
    assert compared(cases).latency.ratio_at_most(0.8).ruling is Ruling.NO_GO
    assert latency.at_most(0.9).ruling is Ruling.GO


def test_copies_of_a_row_are_no_more_rows() -> None:
    """Four rows copied twenty times and told by their cluster stay four: no interval, whatever their number."""
    cases = counted(doubled(4) * 20, talk=[*range(4)] * 20)
    latency = compared(cases, counting=Counting(cluster="talk")).latency
    verdict = latency.ratio_at_most(2.5)
    assert verdict.ruling is Ruling.NOT_ENOUGH_EVIDENCE
    assert verdict.statement.endswith("by 80 rows; mean takes 5 rows or more that count once.")
    assert "clusters worth 5 rows that count once" in verdict.detail
    assert verdict.figures["more_rows"] > 0
    record = latency.to_record()
    assert record is not None
    assert record["statistics"]["mean"]["interval"] is None
    assert compared(cases).latency.ratio_at_most(2.5).ruling is Ruling.GO


def test_the_method_names_clusters() -> None:
    """A statistician reads that whole clusters were drawn, and what the rows are worth."""
    cases = counted([(value, 1.5 * value) for value in SPREAD], talk=[number // 2 for number in range(50)])
    detail = compared(cases, counting=Counting(cluster="talk")).latency.p50.ratio_at_most(2).detail
    assert detail.startswith("n=50, worth ")
    assert detail.endswith("cluster bootstrap of 3999 resamples")


def test_pairs_of_a_latency_pass_count_as_their_rows_do() -> None:
    """A pair has no columns of its own: its row's weight is found by its id."""
    pairs = timed([(1.0, 2.0 if number % 2 else 0.5) for number in range(60)])
    rows = counted([(9.0, 9.0)] * 60, traffic=[number % 2 for number in range(60)])
    comparison = compared(rows, counting=Counting(weight="traffic"), timing=lambda: Timing(pairs=pairs))
    assert comparison.latency.mean.ratio == pytest.approx(2)
