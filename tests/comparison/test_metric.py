"""Gates on scores: what they rule, and in which words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.comparison import Counting
from pytest_llm_migrate.domain import Ruling
from pytest_llm_migrate.errors import MarginError, NoFigureError, NoValuesError
from tests.comparison.cases import THROTTLED, UNSCORED, case, compared, scored

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from pytest_llm_migrate.domain import Verdict
    from tests.comparison.cases import Scored

Pairs = list[tuple["Scored", "Scored"]]
RIGHT: tuple[Scored, Scored] = (1.0, 1.0)
BROKE: tuple[Scored, Scored] = (1.0, 0.0)
FIXED: tuple[Scored, Scored] = (0.0, 1.0)
LOST: tuple[Scored, Scored] = (THROTTLED, 1.0)


@pytest.mark.parametrize(
    ("pairs", "ruling", "statement"),
    [
        (
            [RIGHT] * 100,
            Ruling.GO,
            "m went from 1.000 to 1.000 over 100 rows; a loss of 0.05 or more is ruled out.",
        ),
        (
            [RIGHT] * 60 + [BROKE] * 40,
            Ruling.NO_GO,
            "m went from 1.000 to 0.600 over 100 rows; it lost more than 0.05.",
        ),
        (
            [RIGHT] * 20,
            Ruling.NOT_ENOUGH_EVIDENCE,
            (
                "m went from 1.000 to 1.000 over 20 rows; these rows neither show nor rule out a loss of 0.05; "
                "about 32 more rows like these would make it a GO, at an unknown cost."
            ),
        ),
        (
            [RIGHT] * 18 + [BROKE] * 2,
            Ruling.NOT_ENOUGH_EVIDENCE,
            (
                "m went from 1.000 to 0.900 over 20 rows; these rows neither show nor rule out a loss of 0.05; "
                "more rows like these would not make it a GO."
            ),
        ),
        ([LOST], Ruling.CANNOT_JUDGE, "There is nothing to judge: no row has m scores on both sides."),
        ([], Ruling.CANNOT_JUDGE, "There is nothing to judge: no row has m scores on both sides."),
        (
            [RIGHT] * 96 + [LOST] * 4,
            Ruling.CANNOT_JUDGE,
            "4 of 100 rows lack m scores on a side, too many to judge: 2% are tolerated.",
        ),
    ],
)
def test_non_inferior(pairs: Pairs, ruling: Ruling, statement: str) -> None:
    """Not worse by the margin: shown, refuted, open with the rows it takes, or nothing to judge by."""
    verdict = compared(scored(pairs))["m"].non_inferior(margin=0.05)
    assert (verdict.ruling, verdict.statement) == (ruling, statement)
    assert bool(verdict) is (ruling is Ruling.GO)
    assert verdict.gate == "m.non_inferior(margin=0.05)"


@pytest.mark.parametrize(
    ("pairs", "margin", "ruling", "words"),
    [
        ([FIXED] * 50 + [RIGHT] * 50, 0.1, Ruling.GO, "a gain of more than 0.1 is shown."),
        ([FIXED] * 50 + [RIGHT] * 50, 0.0, Ruling.GO, "a gain is shown."),
        ([BROKE] * 50 + [RIGHT] * 50, 0.0, Ruling.NO_GO, "a gain is ruled out."),
        ([RIGHT] * 100, 0.1, Ruling.NO_GO, "a gain of more than 0.1 is ruled out."),
        (
            [RIGHT] * 100,
            0.0,
            Ruling.NOT_ENOUGH_EVIDENCE,
            "neither show nor rule out a gain; more rows like these would not make it a GO.",
        ),
        ([(UNSCORED, 1.0)] * 5, 0.0, Ruling.CANNOT_JUDGE, "no row has m scores on both sides."),
    ],
)
def test_superior(pairs: Pairs, margin: float, ruling: Ruling, words: str) -> None:
    """Better by more than the margin: shown, refuted, open, or nothing to judge by."""
    verdict = compared(scored(pairs))["m"].superior(margin)
    assert verdict.ruling is ruling
    assert verdict.statement.endswith(words)


@pytest.mark.parametrize(
    ("pairs", "ruling", "statement"),
    [
        ([(THROTTLED, 1.0)] * 100, Ruling.GO, "The target's mean m is 1.000; at least 0.9 is shown."),
        ([(1.0, 0.0)] * 100, Ruling.NO_GO, "The target's mean m is 0.000; it is below 0.9."),
        (
            [(1.0, 1.0)] * 10,
            Ruling.NOT_ENOUGH_EVIDENCE,
            (
                "The target's mean m is 1.000; these rows neither show nor rule out 0.9; "
                "about 15 more rows like these would make it a GO, at an unknown cost."
            ),
        ),
        (
            [(1.0, THROTTLED)] * 3,
            Ruling.CANNOT_JUDGE,
            "There is nothing to judge: no row has m scores on the target side.",
        ),
        (
            [(1.0, UNSCORED)] * 3 + [(1.0, 1.0)] * 7,
            Ruling.CANNOT_JUDGE,
            "3 of 10 rows lack m scores on the target side, too many to judge: 2% are tolerated.",
        ),
    ],
)
def test_at_least(pairs: Pairs, ruling: Ruling, statement: str) -> None:
    """The target's own mean, whatever became of the source."""
    verdict = compared(scored(pairs))["m"].at_least(0.9)
    assert (verdict.ruling, verdict.statement) == (ruling, statement)


def test_the_detail_is_what_a_statistician_checks() -> None:
    """Rows, estimate, limits, bar, method, flips and the rows left out are all there, and in the figures."""
    verdict = compared(scored([RIGHT] * 97 + [BROKE, FIXED, LOST]))["m"].non_inferior(margin=0.05, confidence=0.975)
    assert verdict.detail.startswith("n=99, 1 without values; estimate +0.0000, one-sided 97.5% limits [-0.0")
    assert "; bar -0.05; tango score; broke 1, fixed 1; worst case of 1 missing row: limits [-0.0" in verdict.detail
    figures = verdict.figures
    assert (figures["kind"], figures["n"], figures["missing"], figures["metric"]) == ("non_inferior", 99, 1, "m")
    assert figures["low"] < figures["estimate"] == 0 < figures["high"]
    assert (figures["margin"], figures["bar"], figures["more_rows"]) == (0.05, -0.05, None)


def test_two_rows_in_a_hundred_may_be_missing() -> None:
    """A few lost rows are tolerated where they could not change the verdict."""
    verdict = compared(scored([RIGHT] * 98 + [LOST] * 2))["m"].non_inferior(margin=0.1)
    assert verdict.ruling is Ruling.GO


def test_every_verdict_is_reported() -> None:
    """Whatever a gate says, and of slices too, reaches the watch, in order."""
    said: list[Verdict] = []
    comparison = compared(scored([RIGHT] * 10), said)
    metric, empty = comparison["m"], compared([], said)
    given = [
        metric.non_inferior(0.9),
        metric.superior(),
        metric.at_least(0.5),
        comparison.latency.ratio_at_most(1.2),
        comparison.cost.p95.at_most(1),
        empty["m"].non_inferior(0.5),
        empty["m"].at_least(0.5),
    ]
    assert said == given


@pytest.mark.parametrize("margin", [0, -0.1, 1.5, float("nan")])
def test_a_margin_that_means_nothing_is_refused(margin: float) -> None:
    """A margin is a loss above 0 and up to the whole range."""
    with pytest.raises(MarginError, match=r"m\.non_inferior\(margin=.*\): takes a loss above 0 and up to 1, such as"):
        compared(scored([RIGHT]))["m"].non_inferior(margin)


@pytest.mark.parametrize("margin", [-0.1, 1, float("nan")])
def test_a_gain_that_means_nothing_is_refused(margin: float) -> None:
    """A gain is 0 or more, and less than the whole range."""
    with pytest.raises(MarginError, match="takes a gain of 0 or more, below 1"):
        compared(scored([RIGHT]))["m"].superior(margin)


@pytest.mark.parametrize("floor", [0, 90, float("nan")])
def test_a_floor_that_means_nothing_is_refused(floor: float) -> None:
    """A percentage in place of a share, and a floor that every mean reaches, are slips."""
    with pytest.raises(MarginError, match=r"m\.at_least\(.*\): takes a floor above 0 and up to 1"):
        compared(scored([RIGHT]))["m"].at_least(floor)


@pytest.mark.parametrize(
    ("margin", "meant"),
    [("3%", 0.03), ("0.03", 0.03), (3, 0.03), ("3 points", None), (True, None), (None, None), (-3, None), (300, None)],
)
def test_a_margin_in_per_cent_is_told_as_a_share(margin: Any, meant: float | None) -> None:
    """A percentage, or a number in a text, is refused with the number that was meant; else none is guessed."""
    with pytest.raises(MarginError, match=r"m\.non_inferior\(margin=.*\): takes a loss above 0") as caught:
        compared(scored([RIGHT]))["m"].non_inferior(margin)
    assert caught.value.meant == meant
    assert str(caught.value).endswith(f"such as 0.03. Did you mean {meant}?" if meant else "such as 0.03")


def test_no_share_is_guessed_on_another_scale() -> None:
    """On a scale from 1 to 5 nobody knows what 30 means."""
    with pytest.raises(MarginError) as caught:
        compared(scored([(4.0, 4.5)]), bounds={"m": (1.0, 5.0)})["m"].non_inferior(30)
    assert caught.value.meant is None


@pytest.mark.parametrize("confidence", [95, 0.5, 1, "95%", float("nan")])
def test_a_confidence_that_means_nothing_is_refused(confidence: Any) -> None:
    """Every gate takes a confidence between a coin's toss and certainty, and says so in a line."""
    comparison = compared(scored([RIGHT] * 3))
    gates: list[Callable[..., Verdict]] = [
        comparison["m"].non_inferior,
        comparison["m"].at_least,
        comparison.latency.ratio_at_most,
        comparison.errors.at_most,
        comparison.cost.p95.at_most,
        comparison.judge("m").agreement,
    ]
    for gate in gates:
        with pytest.raises(
            MarginError, match=r"with confidence=.*: takes a confidence above 0\.5 and below 1"
        ) as caught:
            gate(0.5, confidence=confidence)
        assert caught.value.meant == (0.95 if confidence in {95, "95%"} else None)


@pytest.mark.parametrize("confidence", [95, 0, 1, "95%"])
def test_an_interval_takes_a_confidence(confidence: Any) -> None:
    """Both kinds of interval refuse what is none in one line."""
    comparison = compared(scored([RIGHT] * 3))
    for asked in (comparison["m"].interval, comparison.latency.p50.interval):
        with pytest.raises(MarginError, match=r"\.interval\(confidence=.*\): takes a confidence above 0 and below 1"):
            asked(confidence)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda found: found.latencey, "<comparison of 1 row> has no 'latencey'. Did you mean 'latency'?"),
        (lambda found: found["m"].noninferior, "<m of 1 row> has no 'noninferior'. Did you mean 'non_inferior'?"),
        (lambda found: found.latency.p950, "<latency of 1 row> has no 'p950'. Did you mean 'p95'?"),
        (lambda found: found.cost.mean.at_least, "<cost mean> has no 'at_least'. Did you mean 'at_most'?"),
        (lambda found: found.errors.ratio, "<errors: source 0, target 0> has no 'ratio'. There are: at_most, "),
    ],
)
def test_a_misspelt_figure_is_told_the_nearest(asked: Callable[[Any], object], said: str) -> None:
    """What a comparison does not have is an error in one line that names what it has."""
    with pytest.raises(NoFigureError) as caught:
        asked(compared(scored([RIGHT])))
    assert said in str(caught.value)
    assert not hasattr(compared([]), "latencey")


def test_other_bounds_carry_other_margins() -> None:
    """A metric from 1 to 5 takes margins and floors on its own scale."""
    metric = compared(scored([(4.0, 4.5)] * 200), bounds={"m": (1.0, 5.0)})["m"]
    assert metric.non_inferior(margin=2).ruling is Ruling.GO
    assert metric.at_least(4).ruling is Ruling.GO
    with pytest.raises(MarginError, match="up to 4"):
        metric.non_inferior(margin=4.5)


def test_figures_without_rows() -> None:
    """Without a pair of scores there is no mean, no difference and no interval."""
    metric = compared(scored([(UNSCORED, 1.0), LOST]))["m"]
    assert (metric.n, metric.source.mean, metric.target.mean, metric.delta) == (0, None, None, None)
    assert (metric.source.failures, metric.target.failures) == (1, 0)
    with pytest.raises(NoValuesError, match="no row has m on both sides, so there is nothing to compute"):
        metric.interval()


def test_means_are_over_rows_with_both_scores() -> None:
    """A row that lost a side is in neither mean."""
    metric = compared(scored([(1.0, 0.5), (0.5, 0.5), (UNSCORED, 0.0)]))["m"]
    assert (metric.n, metric.source.mean, metric.target.mean, metric.delta) == (2, 0.75, 0.5, -0.25)
    low, high = metric.interval(0.9)
    assert low < -0.25 < high


def test_rows_flip() -> None:
    """A right/wrong row breaks, is fixed, stays right or stays wrong; lost rows are in none."""
    flips = compared(scored([BROKE, FIXED, RIGHT, (0.0, 0.0), RIGHT, LOST])).flips["m"]
    assert (flips.broke, flips.fixed, flips.both_right, flips.both_wrong) == (("r0",), ("r1",), ("r2", "r4"), ("r3",))
    assert flips.counts() == {"broke": 1, "fixed": 1, "both right": 2, "both wrong": 1, "held": 0}


def test_graded_rows_flip_by_half_of_the_scale() -> None:
    """Where a score is between right and wrong, only a change of more than half of the scale is a flip."""
    pairs: Pairs = [(1.0, 0.4), (0.2, 0.8), (0.9, 0.4), (0.4, 0.6), (0.0, 0.0), (1.0, 1.0), (0.2, THROTTLED)]
    flips = compared(scored(pairs)).flips["m"]
    assert (flips.broke, flips.fixed, flips.held) == (("r0",), ("r1",), ("r2", "r3", "r4", "r5"))
    assert flips.counts() == {"broke": 1, "fixed": 1, "both right": 0, "both wrong": 0, "held": 4}


def test_a_metrics_own_bounds_are_its_scale() -> None:
    """One to five is right/wrong where every score is one or five, and graded where one is between."""
    bounds = {"m": (1.0, 5.0)}
    right_or_wrong = compared(scored([(5.0, 1.0), (5.0, 5.0), (1.0, 1.0)]), bounds=bounds).flips["m"]
    assert (right_or_wrong.broke, right_or_wrong.both_right, right_or_wrong.both_wrong) == (("r0",), ("r1",), ("r2",))
    graded = compared(scored([(5.0, 2.5), (5.0, 3.0), (1.0, 1.0)]), bounds=bounds).flips["m"]
    assert (graded.broke, graded.held) == (("r0",), ("r1", "r2"))


def test_a_slice_flips_as_its_whole_does() -> None:
    """A group that happens to hold whole scores alone is graded where the metric grades other rows."""
    cases = [case(0, 1.0, 1.0, group="a"), case(1, 0.3, 0.4, group="b")]
    whole = compared(cases, slices=["group"])
    assert [part["m"].flips.counts()["held"] for _, _, part in whole.groups()] == [1, 1]
    assert whole.slice("group", "a")["m"].flips.both_right == ()


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30), st.randoms())
def test_the_order_of_rows_does_not_matter(pairs: list[tuple[float, float]], chance: random.Random) -> None:
    """Processes see rows in different orders, and say the same to the last digit."""
    shuffled = chance.sample(pairs, len(pairs))
    one, two = compared(scored(pairs))["m"], compared(scored(shuffled))["m"]
    assert (one.delta, one.source, one.target, one.estimate()) == (two.delta, two.source, two.target, two.estimate())
    assert one.non_inferior(0.1) == two.non_inferior(0.1)


@given(
    st.lists(st.tuples(st.floats(0, 1) | st.just(UNSCORED), st.floats(0, 1) | st.just(THROTTLED)), max_size=12),
    st.floats(0, 1, exclude_min=True),
)
def test_verdicts_are_json_whatever_the_scores(pairs: Pairs, margin: float) -> None:
    """No verdict raises, and none holds what JSON cannot."""
    metric = compared(scored(pairs))["m"]
    for verdict in (metric.non_inferior(margin), metric.superior(), metric.at_least(margin)):
        assert json.loads(json.dumps(verdict.to_record(), allow_nan=False))["verdict"] == verdict.ruling


def test_weights_say_what_the_mean_is_of() -> None:
    """A row that stands for most of the traffic decides the means, and the evidence is worth fewer rows."""
    cases = [case(number, 1.0, 0.0 if number == 0 else 1.0, w=9 if number == 0 else 1) for number in range(40)]
    metric = compared(cases, counting=Counting(weight="w"))["m"]
    assert (metric.source.mean, metric.target.mean, metric.delta) == (1.0, 39 / 48, -9 / 48)
    found = metric.non_inferior(0.5)
    assert 1 <= found.figures["effective_n"] <= 48**2 / (81 + 39)
    assert f"n=40, worth {found.figures['effective_n']:.0f} rows that count once" in found.detail


def test_rows_of_a_cluster_are_less_evidence() -> None:
    """Ten copies of each row, in clusters, are no GO where ten times the rows alone would be one."""
    pairs = [(1.0, 1.0)] * 40
    alone = [case(number, *pair) for number, pair in enumerate(pairs * 10)]
    copies = [case(number, *pair, group=number % 40) for number, pair in enumerate(pairs * 10)]
    assert compared(alone)["m"].non_inferior(0.05)
    assert not compared(copies, counting=Counting(cluster="group"))["m"].non_inferior(0.05)
