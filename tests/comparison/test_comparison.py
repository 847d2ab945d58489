"""All rows of a migration side by side."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.comparison import Comparison
from pytest_llm_migrate.domain import Answer
from pytest_llm_migrate.errors import NoSliceError, UnknownNameError
from tests.comparison.cases import THROTTLED, UNSCORED, case, compared, scored

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Verdict
    from tests.comparison.cases import Scored

SCORES = st.floats(0, 1) | st.just(UNSCORED) | st.just(THROTTLED)
TIMES = st.none() | st.floats(0, 1e9)
ANSWERS = st.builds(Answer, text=st.text(), latency=TIMES, cost=TIMES, input_tokens=st.none() | st.integers(0, 10**6))
CASES = st.lists(
    st.builds(
        case, st.integers(0, 99), SCORES, SCORES, answers=st.tuples(ANSWERS, ANSWERS), group=st.sampled_from([1, "a"])
    ),
    max_size=8,
)


def answering(*texts: str, stop_reason: str = "end_turn") -> Comparison:
    """Return rows whose target gave these answers."""
    return compared(
        [
            case(number, answers=(Answer(text="Yes."), Answer(text=text, stop_reason=stop_reason)))
            for number, text in enumerate(texts)
        ]
    )


def test_an_unknown_metric_is_named() -> None:
    """A slip in a metric's name gets the nearest right one."""
    comparison = Comparison([], metrics=("exact_match",))
    with pytest.raises(UnknownNameError, match=r"unknown metric 'exactmatch'\. Did you mean 'exact_match'\?"):
        comparison["exactmatch"]
    assert comparison["exact_match"] is comparison["exact_match"]


def test_slices_are_comparisons_of_their_rows() -> None:
    """A slice has the rows of one value, and its gates are watched like all others."""
    said: list[Verdict] = []
    cases = [case(1, channel="web"), case(2, 1.0, 0.0, channel="mail"), case(3, channel="web")]
    comparison = compared(cases, said, bounds={"m": (0.0, 2.0)})
    web = comparison.slice("channel", "web")
    assert [item.id for item in web.cases] == ["r1", "r3"]
    verdict = web["m"].non_inferior(1.5)
    assert said == [verdict]
    assert verdict.figures["n"] == len(web) == 2


@pytest.mark.parametrize("value", [None, 1, 2.5, True, "a", ["a", "b"], math.nan])
def test_any_value_can_be_a_slice(value: Any) -> None:
    """What a column holds names its slice, lists and missing numbers included."""
    comparison = compared([case(1, column=value), case(2, column=value), case(3, column="other")], slices=["column"])
    assert [item.id for item in comparison.slice("column", value).cases] == ["r1", "r2"]
    assert sorted((group["value"], group["rows"]) for group in comparison.to_record()["slice_metrics"]) == sorted(
        [(str(value), 2), ("other", 1)]
    )


def test_a_slice_without_rows_is_refused() -> None:
    """A value that no row has is an error that lists those there are; so is a column that no row has."""
    comparison = compared([case(1, channel="web"), case(2, channel="mail")])
    with pytest.raises(NoSliceError, match=r"channel == 'webb'\. Did you mean 'web'\? There are: mail, web\."):
        comparison.slice("channel", "webb")
    with pytest.raises(UnknownNameError, match=r"unknown column 'chanel'\. Did you mean 'channel'\?"):
        comparison.slice("chanel", "web")


def test_groups_come_by_column_and_value() -> None:
    """Every value of every slice column has its group, in a steady order."""
    cases = [case(1, channel="web", tier=2), case(2, channel="mail", tier=1)]
    groups = [
        (column, value, len(group)) for column, value, group in compared(cases, slices=["tier", "channel"]).groups()
    ]
    assert groups == [("tier", 1, 1), ("tier", 2, 1), ("channel", "mail", 1), ("channel", "web", 1)]


def test_errors_and_cut_answers_are_counted_and_said() -> None:
    """What is in no mean, and answers that were cut off, are counted by side and warned of."""
    cut = Answer(text="and then", stop_reason="max_tokens")
    cases = [case(1, THROTTLED), case(2, 1.0, UNSCORED, answers=(Answer(text=""), cut)), case(3)]
    comparison = compared(cases)
    assert comparison.errors.to_record() == {"source": 1, "target": 0}
    assert comparison.truncated.to_record() == {"source": 0, "target": 1}
    assert comparison.warnings() == [
        "1 of 3 source rows have no answer; they are in no mean",
        "1 of 3 target answers were cut off at their token limit",
        "m could not score 1 answer; they are in no mean. Row r2 says why",
    ]
    assert comparison.to_record()["errors"] == {
        "source": 1,
        "target": 0,
        "kinds": {"source": {"throttled": 1}, "target": {}},
    }


def test_a_clean_comparison_warns_of_nothing() -> None:
    """With every row answered and scored there is nothing to know beforehand."""
    assert compared(scored([(1.0, 1.0)])).warnings() == []


@pytest.mark.parametrize(
    "text",
    [
        "I cannot help with that.",
        "I can't do this.",
        "I can\u2019t do this.",
        "I'm unable to answer.",
        "I am not able to say.",
        "Sorry, but no.",
        "I\u2019m sorry, but I must decline.",
        "I am sorry but no.",
        "\n As an AI language model, ...",
    ],
)
def test_refusals_in_english_are_counted(text: str) -> None:
    """An answer that opens with a refusal is one, with either apostrophe."""
    assert answering(text).refusals.to_record() == {"source": 0, "target": 1}


@pytest.mark.parametrize(
    "text", ["", "Sorry to hear that! Press reset.", "I can do that.", "As an aid, ...", "He said: I cannot"]
)
def test_other_answers_are_no_refusals(text: str) -> None:
    """Words of a refusal in another place or sense do not count."""
    assert answering(text).refusals.target == 0


def test_a_guardrail_is_a_refusal() -> None:
    """An answer that a filter stopped counts, whatever it says."""
    assert answering("Hello", stop_reason="guardrail_intervened").refusals.target == 1


@pytest.mark.parametrize(
    "pairs",
    [[], [(1.0, 1.0)], [(0.5, 0.5)] * 30, [(THROTTLED, THROTTLED)] * 3, [(UNSCORED, UNSCORED)] * 3],
    ids=["no row", "one row", "all equal", "all calls failed", "all metrics failed"],
)
def test_a_record_is_json_however_little_there_is(pairs: list[tuple[Scored, Scored]]) -> None:
    """Rows or none, the record is whole and strict JSON."""
    record = compared(scored(pairs), slices=["group"]).to_record()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    found = record["metrics"]["m"]
    assert (found["interval"] is None) is (found["n"] == 0)
    assert sum(found["flips"].values()) == found["n"]


def test_kept_answers_are_counted() -> None:
    """How many answers were not called for in this run is on record."""
    cases = [case(1, answers=(Answer(text="", cached=True), Answer(text="")))]
    assert compared(cases).to_record()["cached"] == {"source": 1, "target": 0}


@given(CASES)
def test_a_record_never_raises(cases: list[Any]) -> None:
    """Any scores, failures, times and texts make a record of strict JSON."""
    record = compared(cases, slices=["group"]).to_record()
    json.dumps(record, allow_nan=False)
    assert record["metrics"]["m"]["n"] <= len(cases)


def test_a_comparison_says_how_large_it_is() -> None:
    """In a debugger every part names itself."""
    comparison = compared(scored([(1.0, 1.0)]))
    parts = [repr(part) for part in (comparison, comparison["m"], comparison.latency, comparison.latency.p95)]
    assert parts == ["<comparison of 1 row>", "<m of 1 row>", "<latency of 1 row>", "<latency p95>"]
