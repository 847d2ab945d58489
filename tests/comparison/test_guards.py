"""The guards beside the average: groups of rows that lost, and critical rows that broke."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.comparison import Counting
from pytest_llm_migrate.comparison.gates import Evidence, above
from pytest_llm_migrate.comparison.guards import Group, SliceGate, looks
from pytest_llm_migrate.domain import Ruling
from pytest_llm_migrate.errors import NoCriticalError
from tests.comparison.cases import THROTTLED, UNSCORED, Scored, case, compared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llm_migrate.comparison import Comparison
    from pytest_llm_migrate.domain import Case, Verdict

Pair = tuple[Scored, Scored]
Pairs = list[Pair]
RIGHT: Pair = (1.0, 1.0)
BROKE: Pair = (1.0, 0.0)
FIXED: Pair = (0.0, 1.0)
WRONG: Pair = (0.0, 0.0)


def grouped(groups: Mapping[str, Pairs]) -> list[Case]:
    """Return a row for every pair of scores, its group in the column ``channel``."""
    pairs = [(channel, pair) for channel, found in groups.items() for pair in found]
    return [case(number, *pair, channel=channel) for number, (channel, pair) in enumerate(pairs)]


def sliced(groups: Mapping[str, Pairs], **options: Any) -> Comparison:
    """Return the comparison of groups that are guarded."""
    return compared(grouped(groups), slices=("channel",), **options)


def guarded(pairs: Pairs, critical: Iterable[str], **options: Any) -> Comparison:
    """Return the comparison of rows some of which may not break."""
    cases = [case(number, *pair) for number, pair in enumerate(pairs)]
    return compared(cases, counting=Counting(critical=frozenset(critical)), **options)


HARMED = {"mail": [RIGHT] * 970, "chat": [RIGHT] * 15 + [BROKE] * 15}


def test_a_group_that_lost_turns_a_go() -> None:
    """The average hides it, the statement does not, and the detail has limits, level and groups."""
    assert compared(grouped(HARMED))["m"].non_inferior(0.05)
    verdict = sliced(HARMED)["m"].non_inferior(0.05)
    assert verdict.ruling is Ruling.NO_GO
    assert verdict.statement == (
        "m went from 1.000 to 0.985 over 1000 rows; a loss of 0.05 or more is ruled out, "
        "but in channel = 'chat' (30 rows) it lost more than 0.05."
    )
    assert verdict.detail.endswith(
        "; 1 of 2 groups NO-GO by Holm from 97.5% on: channel = 'chat' (30 rows) estimate -0.5000, "
        "one-sided 97.5% limits [-0.6685, -0.3297]"
    )


def test_every_group_is_on_record() -> None:
    """Column, value, rows, estimate and limits at the gate's own confidence, and what was ruled."""
    chat, mail = sliced(HARMED)["m"].non_inferior(0.05).to_record()["figures"]["slices"]
    alone = compared(grouped(HARMED)).slice("channel", "chat")["m"].non_inferior(0.05).figures
    assert chat == {
        "column": "channel",
        "value": "chat",
        "n": 30,
        "verdict": "NO-GO",
        "adjusted_confidence": 0.975,
        **{name: alone[name] for name in ("estimate", "low", "high")},
    }
    assert (mail["verdict"], mail["adjusted_confidence"]) == ("GO", None)


def test_groups_too_small_to_decide_change_nothing() -> None:
    """They are shown as NOT ENOUGH EVIDENCE beside a GO."""
    small = {"mail": [RIGHT] * 500, "fax": [BROKE], "chat": [BROKE, *[RIGHT] * 9]}
    verdict = sliced(small)["m"].non_inferior(0.05)
    found = {look["value"]: look["verdict"] for look in verdict.figures["slices"]}
    assert (verdict.ruling, found) == (
        Ruling.GO,
        {"mail": "GO", "fax": "NOT ENOUGH EVIDENCE", "chat": "NOT ENOUGH EVIDENCE"},
    )
    assert "but" not in verdict.statement


def test_a_group_without_scores_is_not_looked_at() -> None:
    """It neither counts among the groups nor shows."""
    verdict = sliced({"mail": [RIGHT] * 300, "fax": [(1.0, UNSCORED)]})["m"].non_inferior(0.05)
    assert [look["value"] for look in verdict.figures["slices"]] == ["mail"]


@pytest.mark.parametrize("lost", [THROTTLED, UNSCORED])
@pytest.mark.parametrize("seen", [0, 10])
def test_a_group_that_its_missing_rows_could_lose_takes_a_go_away(lost: Scored, seen: int) -> None:
    """The average stays a GO at worst, and the group is no NO-GO without them: NOT ENOUGH EVIDENCE, with it named."""
    groups: dict[str, Pairs] = {"mail": [RIGHT] * 970, "fax": [RIGHT] * seen + [(1.0, lost)] * 12}
    assert compared(grouped(groups))["m"].non_inferior(0.05)
    for verdict, words in (
        (sliced(groups)["m"].non_inferior(0.05), "it lost more than 0.05"),
        (sliced(groups)["m"].at_least(0.9), "it is below 0.9"),
    ):
        assert verdict.ruling is Ruling.NOT_ENOUGH_EVIDENCE
        assert verdict.statement.endswith(
            f", but rows without scores could mean that in channel = 'fax' (12 of them) {words}."
        )
        assert verdict.detail.endswith("; NO-GO with rows without scores at their worst: 1 group")


def test_missing_rows_that_could_lose_no_group_change_nothing() -> None:
    """One of many cannot, nor can rows that were wrong before, which the target could not break."""
    few: tuple[Pairs, Pairs] = ([(1.0, UNSCORED)], [(0.0, UNSCORED)] * 12)
    for missing in few:
        groups: dict[str, Pairs] = {"mail": [RIGHT] * 970, "fax": [*([RIGHT] * 100), *missing]}
        verdict = sliced(groups)["m"].non_inferior(0.05)
        assert (verdict.ruling, verdict.detail.count("at their worst")) == (Ruling.GO, 0)


def test_missing_rows_are_no_matter_where_a_group_lost() -> None:
    """A NO-GO names the groups that lost, whatever else could have."""
    verdict = sliced({**HARMED, "fax": [(1.0, UNSCORED)] * 12})["m"].non_inferior(0.05)
    assert verdict.ruling is Ruling.NO_GO
    assert "rows without scores could mean" not in verdict.statement


def test_a_lost_group_ends_hope_for_more_rows() -> None:
    """An open gate whose group lost is a NO-GO, and nothing is said of rows that would make it a GO."""
    verdict = sliced({"mail": [RIGHT] * 40, "chat": [BROKE] * 6})["m"].non_inferior(0.2)
    assert verdict.ruling is Ruling.NO_GO
    assert verdict.statement.endswith(
        "nor rule out a loss of 0.2, but in channel = 'chat' (6 rows) it lost more than 0.2."
    )
    assert verdict.figures["more_rows"] is None


def test_a_gain_needs_no_gain_in_every_group() -> None:
    """Under a gate on a gain a group is NO-GO only where it surely lost."""
    gain: dict[str, Pairs] = {"mail": [FIXED] * 90 + [RIGHT] * 400, "same": [RIGHT] * 60}
    assert sliced(gain)["m"].superior()
    lost = sliced({**gain, "chat": [BROKE] * 12 + [RIGHT] * 18})["m"].superior()
    assert lost.statement.endswith("a gain is shown, but in channel = 'chat' (30 rows) it lost.")


def test_a_floor_holds_in_every_group() -> None:
    """A group that is surely below the floor is named."""
    low: dict[str, Pairs] = {"mail": [RIGHT] * 970, "chat": [WRONG] * 20}
    verdict = sliced(low)["m"].at_least(0.9)
    assert verdict.ruling is Ruling.NO_GO
    assert verdict.statement.endswith("at least 0.9 is shown, but in channel = 'chat' (20 rows) it is below 0.9.")


def test_three_groups_are_named() -> None:
    """The others are counted."""
    many: dict[str, Pairs] = {"mail": [RIGHT] * 5000, **{f"c{number}": [BROKE] * 20 for number in range(5)}}
    said = sliced(many)["m"].non_inferior(0.05).statement
    assert (
        "in channel = 'c0' (20 rows), channel = 'c1' (20 rows), channel = 'c2' (20 rows) and 2 more groups it" in said
    )


def test_rows_without_a_value_are_a_group() -> None:
    """The statement says that the column is empty there."""
    cases = [case(number, *(BROKE if number < 9 else RIGHT), part=None if number < 9 else "a") for number in range(900)]
    said = compared(cases, slices=("part",))["m"].non_inferior(0.05).statement
    assert said.endswith("but in empty part (9 rows) it lost more than 0.05.")


def test_a_slice_has_no_further_slices() -> None:
    """A gate on a slice looks at its rows as a whole."""
    part = sliced(HARMED).slice("channel", "mail")
    assert "slices" not in part["m"].non_inferior(0.05).figures


@pytest.mark.parametrize(
    ("highs", "lost"),
    [
        ([-0.06, -0.06, 0.1], 2),
        ([-0.06, 0.1, 0.1], 1),
        ([0.1, 0.1, 0.1], 0),
    ],
)
def test_levels_step_down(highs: list[float], lost: int) -> None:
    """Of three groups the first is tested at 1 - alpha/3, what is left at 1 - alpha/(3 - those set apart)."""
    asked: list[tuple[int, float]] = []

    def look(place: int, confidence: float) -> Evidence:
        asked.append((place, round(confidence, 6)))
        return Evidence(estimate=-0.5, low=-1, high=highs[place], confidence=confidence, n=9, method="")

    gate = SliceGate(
        look=lambda metric, confidence: look(int(metric.name), confidence),
        at_worst=lambda *_: None,
        rule=lambda seen: above(seen, -0.05),
        lost="it lost",
        confidence=0.95,
    )
    metrics = [replaced_name(compared([case(0)])["m"], str(place)) for place in range(3)]
    found = looks([Group("c", place, metric) for place, metric in enumerate(metrics)], gate)
    assert sum(look.ruling is Ruling.NO_GO for look in found) == lost
    adjusted = {confidence for _, confidence in asked if confidence != 0.95}
    assert adjusted == ({round(1 - 0.05 / 3, 6)} if lost else set())


def replaced_name(metric: Any, name: str) -> Any:
    """Return a metric under another name."""
    metric.name = name
    return metric


def test_a_later_step_is_easier() -> None:
    """With one group set apart, a second is ruled on at 1 - alpha of the rest."""
    limits = {"worst": {0.95: -0.5, 0.975: -0.4}, "next": {0.95: -0.06, 0.975: 0.0}}

    def look(metric: Any, confidence: float) -> Evidence:
        high = limits[metric.name][round(confidence, 6)]
        return Evidence(estimate=-0.5, low=-1, high=high, confidence=confidence, n=9, method="")

    gate = SliceGate(
        look=look, at_worst=lambda *_: None, rule=lambda seen: above(seen, -0.05), lost="", confidence=0.95
    )
    metrics = [replaced_name(compared([case(0)])["m"], name) for name in limits]
    found = looks([Group("c", metric.name, metric) for metric in metrics], gate)
    assert [look.adjusted and round(look.adjusted.confidence, 6) for look in found] == [0.975, 0.95]


@given(st.lists(st.sampled_from([RIGHT, BROKE, FIXED, WRONG]), min_size=1, max_size=60), st.randoms())
def test_guards_make_no_verdict_better(pairs: Pairs, chance: Any) -> None:
    """Groups and critical rows can only take a GO away, in whatever order the rows are."""
    cases = [case(number, *pair, part=number % 3) for number, pair in enumerate(pairs)]
    plain = compared(cases)["m"].non_inferior(0.3)
    counting = Counting(critical=frozenset({"r0"}))
    found = compared(cases, slices=("part",), counting=counting)["m"].non_inferior(0.3)
    chance.shuffle(cases)
    again = compared(cases, slices=("part",), counting=counting)["m"].non_inferior(0.3)
    assert found.ruling is plain.ruling or found.ruling is Ruling.NO_GO
    assert (again.ruling, again.figures["slices"]) == (found.ruling, found.figures["slices"])


def test_one_broken_critical_row_is_a_no_go() -> None:
    """Whatever the mean says, in every gate on scores, with the row named."""
    comparison = guarded([RIGHT] * 999 + [BROKE], ["r0", "r999"])
    for verdict in (comparison["m"].non_inferior(0.05), comparison["m"].at_least(0.9)):
        assert verdict.ruling is Ruling.NO_GO
        assert verdict.statement.endswith("but 1 of 2 critical rows broke: 'r999'.")
        assert verdict.detail.endswith("; critical rows: 2, 1 broke, 0 right before and without a score")
        assert verdict.figures["critical"] == {"rows": 2, "broke": ["r999"], "unseen": []}


def test_other_rows_may_break() -> None:
    """A broken row that is not critical, and a critical row that was wrong before, take no GO away."""
    verdict = guarded([RIGHT] * 500 + [BROKE, WRONG], ["r0", "r501"])["m"].non_inferior(0.05)
    assert verdict.ruling is Ruling.GO
    assert "critical" not in verdict.statement


def test_three_broken_rows_are_named() -> None:
    """The others are counted."""
    said = guarded([BROKE] * 5 + [RIGHT] * 900, ["r0", "r1", "r2", "r3", "r4"])["m"].non_inferior(0.05).statement
    assert said.endswith("but 5 of 5 critical rows broke: 'r0', 'r1', 'r2' and 2 more rows.")


@pytest.mark.parametrize("lost", [THROTTLED, UNSCORED])
def test_a_critical_row_without_a_score_takes_a_go_away(lost: Scored) -> None:
    """Whether it broke is not known: NOT ENOUGH EVIDENCE, with the row named."""
    pairs: Pairs = [RIGHT] * 500
    assert guarded([*pairs, (1.0, lost)], ["r0"])["m"].non_inferior(0.05).ruling is Ruling.GO
    verdict = guarded([*pairs, (1.0, lost)], ["r0", "r500"])["m"].non_inferior(0.05)
    assert verdict.ruling is Ruling.NOT_ENOUGH_EVIDENCE
    assert verdict.statement.endswith(
        "but the target has no score on 1 of 2 critical rows that the source got right: 'r500'."
    )
    assert guarded([*pairs, (0.0, lost)], ["r500"])["m"].non_inferior(0.05).ruling is Ruling.GO


def test_a_broken_critical_row_is_a_no_go_where_nothing_can_be_judged() -> None:
    """Too few scores to judge by do not hide it."""
    lacking: Pairs = [(1.0, UNSCORED)] * 50
    verdict = guarded([BROKE, *lacking], ["r0"])["m"].non_inferior(0.05)
    assert verdict.ruling is Ruling.NO_GO
    assert verdict.statement.endswith(
        "50 of 51 rows lack m scores on a side, too many to judge: 2% are tolerated, "
        "but 1 of 1 critical row broke: 'r0'."
    )


def test_a_graded_metric_breaks_by_half_of_its_scale() -> None:
    """As its flips do."""
    pairs: Pairs = [(0.9, 0.9)] * 900
    assert guarded([*pairs, (0.9, 0.5)], ["r900"])["m"].non_inferior(0.1).ruling is Ruling.GO
    assert guarded([*pairs, (0.9, 0.3)], ["r900"])["m"].non_inferior(0.1).ruling is Ruling.NO_GO


def test_a_slice_keeps_its_critical_rows() -> None:
    """A gate on a slice is guarded by the critical rows in it, and by no others."""
    cases = grouped({"mail": [RIGHT] * 400, "chat": [RIGHT] * 400 + [BROKE]})
    comparison = compared(cases, slices=("channel",), counting=Counting(critical=frozenset({"r0", "r800"})))
    assert comparison.slice("channel", "mail")["m"].non_inferior(0.05).ruling is Ruling.GO
    assert comparison.slice("channel", "chat")["m"].non_inferior(0.05).ruling is Ruling.NO_GO


def test_both_guards_speak_in_one_sentence() -> None:
    """A lost group and a broken row are joined."""
    critical = Counting(critical=frozenset({"r999"}))
    said = sliced(HARMED, counting=critical)["m"].non_inferior(0.05).statement
    assert said.endswith(
        "but in channel = 'chat' (30 rows) it lost more than 0.05, and 1 of 1 critical row broke: 'r999'."
    )


def test_critical_rows_are_a_comparison() -> None:
    """They can be judged by themselves; where none are named, asking for them says how."""
    comparison = guarded([RIGHT, BROKE, RIGHT], ["r1", "r2"])
    assert [case.id for case in comparison.critical.cases] == ["r1", "r2"]
    assert comparison.critical.flips["m"].broke == ("r1",)
    with pytest.raises(NoCriticalError, match=r"no row is critical: name the rows .* with the marker's critical="):
        _ = compared([case(0)]).critical


def test_critical_rows_are_counted_on_record() -> None:
    """How many there are, broke, or have no score, by metric; nothing where none are named."""
    record = guarded([RIGHT, BROKE, (1.0, UNSCORED)], ["r0", "r1", "r2"]).to_record()
    assert record["critical_rows"] == {"rows": 3, "broke": {"m": 1}, "unseen": {"m": 1}}
    assert compared([case(0)]).to_record()["critical_rows"] is None


def test_a_guard_without_a_row_warns() -> None:
    """Critical rows that are none of these rows guard nothing, which is said."""
    warning = "no row is critical: the marker's critical= guards nothing"
    assert warning in guarded([RIGHT], []).warnings()
    assert warning not in guarded([RIGHT], ["r0"]).warnings()


def test_a_guarded_verdict_is_said_once_and_strict_json() -> None:
    """What watches gets the verdict as it is returned; groups' own evidence is no verdict."""
    said: list[Verdict] = []
    verdict = sliced({"mail": [RIGHT], "chat": [RIGHT]}, said=said)["m"].non_inferior(0.05)
    assert said == [verdict]
    json.dumps(verdict.to_record(), allow_nan=False)
