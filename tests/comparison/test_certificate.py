"""Judges held against people."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.comparison import Comparison, Counting
from pytest_llm_migrate.comparison.counting import EACH_ONCE
from pytest_llm_migrate.comparison.judging import Judging
from pytest_llm_migrate.domain import Answer, Case, Row, Ruling, Score, Side
from pytest_llm_migrate.errors import MarginError, UnknownNameError
from pytest_llm_migrate.stats import Undefined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llm_migrate.domain import SideName, Verdict

JUDGED = Judging(judged=["m"], people={"human_score": None})
UNHELD = "The judge behind it was not held against people."


def _side(name: SideName, sample_id: str, judge: float, people: float | None) -> Side:
    scores = {"m": Score(judge)} | ({} if people is None else {"human_score": Score(people)})
    return Side(name=name, sample_id=sample_id, outcome=Answer(text="a"), scores=scores)


def rated(
    pairs: Iterable[tuple[float, float | None]], said: list[Verdict] | None = None, judging: Judging = JUDGED
) -> Comparison:
    """Return rows of one judge's and one person's score of both answers."""
    cases = []
    for number, (judge, people) in enumerate(pairs):
        sides = [_side(name, f"r{number}", judge, people) for name in ("source", "target")]
        cases.append(Case(row=Row(sample_id=f"r{number}", values={}), source=sides[0], target=sides[1]))
    watch: Callable[[Verdict], None] = said.append if said is not None else lambda _: None
    return Comparison(cases, metrics=["m", "human_score"], judging=judging, watch=watch, tolerance=1.0)


def agreeing(rows: int, wrong: int = 0) -> list[tuple[float, float | None]]:
    """Return rows of which half are good, and a judge that is wrong about some."""
    truth = [float(number % 2) for number in range(rows)]
    return [(1 - value if number < wrong else value, value) for number, value in enumerate(truth)]


def test_a_judge_that_agrees_is_shown_to() -> None:
    """GO names the statistic, the answers and the rows, and the gate is written as a test has it."""
    said: list[Verdict] = []
    verdict = rated(agreeing(100, 4), said).judge("m").agreement(at_least=0.6)
    assert said == [verdict]
    assert verdict.ruling is Ruling.GO
    assert verdict.gate == "judge(m).agreement(0.6, human_score, kappa)"
    assert verdict.statement == (
        "m agrees with people by a kappa of 0.92 over 200 answers of 100 rows; at least 0.6 is shown."
    )
    assert "people call 50% good, its judges call 50% good; rows are the units that vary" in verdict.detail


THREADS = Counting(cluster="thread")


def threads(seed: int, *, rows: int = 5, of: int = 24) -> list[Case]:
    """Return rows of threads; in a few of these a judge takes all for good that people call bad, or the reverse."""
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    cases = []
    for thread in range(of):
        truth, wrong = draw.random() < 0.5, draw.random() < 0.2
        for number in range(rows):
            scores = float(truth != wrong), float(truth)
            sample_id = f"t{thread}-{number}"
            sides = [_side(name, sample_id, *scores) for name in ("source", "target")]
            row = Row(sample_id=sample_id, values={"thread": thread})
            cases.append(Case(row=row, source=sides[0], target=sides[1]))
    return cases


def held(cases: list[Case], counting: Counting = EACH_ONCE) -> Comparison:
    """Return these rows, with what belongs together."""
    return Comparison(cases, metrics=["m", "human_score"], judging=JUDGED, counting=counting, tolerance=1.0)


WHATEVER = ("kappa", "quadratic", "spearman", "true_positive_rate", "true_negative_rate")


@pytest.mark.parametrize("name", WHATEVER)
def test_rows_of_a_thread_are_not_independent(name: str) -> None:
    """Every interval of a certificate is wider by threads than by rows; its value is the same."""
    cases = threads(3)
    ((alone,), (together,)) = (
        held(cases, counting).to_record()["certificates"]["m"] for counting in (EACH_ONCE, THREADS)
    )
    assert (alone["cluster"], alone["clusters"], together["cluster"], together["clusters"]) == (None, 120, "thread", 24)
    assert alone[name]["value"] == together[name]["value"]
    widths = [found[name]["interval"][1] - found[name]["interval"][0] for found in (alone, together)]
    assert widths[1] > 1.5 * widths[0]


def test_intervals_by_threads_hold_what_they_promise() -> None:
    """Of 150 draws of 24 threads the one-sided 95 % limit lies above the truth in 7 % at most; by rows in far more."""
    truth = 0.6  # half of all good, and four of five judged right
    above = {EACH_ONCE: 0, THREADS: 0}
    for seed in range(150):
        cases = threads(seed, rows=3)
        for counting in above:
            found = held(cases, counting).judge("m").certificate().statistic("kappa", 0.9)
            above[counting] += not isinstance(found, Undefined) and found.low > truth
    assert above[THREADS] <= 0.07 * 150
    assert above[EACH_ONCE] > 2 * max(above[THREADS], 0.05 * 150)


def test_a_judge_of_few_threads_is_not_shown_to_agree() -> None:
    """A judge that is right in 40 rows of 4 threads is right 4 times; the gate says what varies."""
    cases = threads(3, rows=10, of=4)
    judged = [replace(case, source=_said(case, "source"), target=_said(case, "target")) for case in cases]
    alone, together = (held(judged, counting).judge("m").agreement(0.6) for counting in (EACH_ONCE, THREADS))
    assert (alone.ruling, together.ruling) == (Ruling.GO, Ruling.NOT_ENOUGH_EVIDENCE)
    assert alone.detail.endswith("rows are the units that vary")
    assert together.detail.endswith("4 clusters by thread are the units that vary")


def _said(case: Case, name: SideName) -> Side:
    good = float(case.row["thread"]) % 2
    return _side(name, case.id, good, good)


def test_a_judge_that_disagrees_is_refused() -> None:
    """NO-GO where the upper limit lies below the bar."""
    verdict = rated(agreeing(100, 45)).judge("m").agreement(at_least=0.6)
    assert verdict.ruling is Ruling.NO_GO
    assert verdict.statement.endswith("it is below 0.6.")


def test_few_answers_do_not_decide() -> None:
    """They say about how many more would."""
    verdict = rated(agreeing(8)).judge("m").agreement(at_least=0.6)
    assert verdict.ruling is Ruling.NOT_ENOUGH_EVIDENCE
    more = verdict.figures["more_answers"]
    assert more > 0
    assert f"about {more} more answers scored by people would show it if they agree alike" in verdict.statement


def test_both_answers_of_a_row_are_not_two_rows() -> None:
    """Answers that are judged alike row by row have the interval of half as many."""
    found = rated(agreeing(60, 6)).judge("m").certificate().statistic("kappa", 0.9)
    assert not isinstance(found, Undefined)
    assert found.n == 120
    assert found.effective_n is not None
    assert found.effective_n <= 61


@pytest.mark.parametrize("kind", ["kappa", "quadratic", "spearman"])
def test_every_kind_rules(kind: str) -> None:
    """Graded scores are ranked, weighed by distance, or cut at the middle."""
    draw = random.Random(7)  # noqa: S311 - not for secrets
    pairs = [(min(max(value + draw.uniform(-0.1, 0.1), 0), 1), value) for value in (draw.random() for _ in range(150))]
    assert rated(pairs).judge("m").agreement(0.6, kind=kind)  # type: ignore[arg-type]


def test_without_both_scores_there_is_nothing_to_judge() -> None:
    """No agreement is made up."""
    verdict = rated([(1.0, None)] * 5).judge("m").agreement(0.6)
    assert verdict.ruling is Ruling.CANNOT_JUDGE
    assert verdict.statement == "There is nothing to judge: no answer has a score of m and one of human_score."


def test_a_judge_that_always_says_the_same_is_not_known() -> None:
    """Kappa has no value there, however often it is right."""
    verdict = rated([(1.0, float(number > 2)) for number in range(50)]).judge("m").agreement(0.6)
    assert verdict.ruling is Ruling.NOT_ENOUGH_EVIDENCE
    assert "is not known over 100 answers of 50 rows: the second rater gave 'good' alone" in verdict.statement


def test_what_cannot_be_asked_is_said() -> None:
    """Names and bars that mean nothing are errors."""
    judge = rated(agreeing(10)).judge("m")
    with pytest.raises(MarginError, match="an agreement above 0 and up to 1"):
        judge.agreement(at_least=1.5)
    with pytest.raises(UnknownNameError, match="unknown kind of agreement 'alpha'"):
        judge.agreement(0.6, kind="alpha")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="unknown metric 'human'"):
        judge.agreement(0.6, human="human")


def test_a_gate_says_that_nobody_held_its_judge_against_people() -> None:
    """The ruling stays what it is."""
    nobody = rated([(1.0, None)] * 100)["m"].non_inferior(margin=0.1)
    unknown = rated([(1.0, None)] * 100, judging=Judging(judged=["m"]))["m"].non_inferior(margin=0.1)
    alone = rated([(1.0, None)] * 100, judging=Judging())["m"].non_inferior(margin=0.1)
    assert [verdict.ruling for verdict in (nobody, unknown, alone)] == [Ruling.GO] * 3
    assert nobody.statement == unknown.statement == f"{alone.statement} {UNHELD}"


def test_a_gate_says_how_little_its_judge_agrees() -> None:
    """Kappa with its interval; a judge that is shown to agree is not spoken of."""
    weak, shown = (rated(agreeing(100, wrong))["m"].at_least(0.1).statement for wrong in (30, 2))
    assert "The judge behind it is not shown to agree with people: kappa 0.40 (" in weak
    assert "over 200 answers, 0.6 is wanted." in weak
    assert "judge" not in shown


def test_people_s_own_gates_have_no_judge() -> None:
    """A gate on what people say stands for itself."""
    assert "judge" not in rated(agreeing(100, 50))["human_score"].at_least(0.1).statement


def test_the_record_has_every_figure() -> None:
    """Base rates, both kappas, ranks, the rates of a yes/no judge, and people among themselves."""
    people = {"raters": 2, "answers": 9, "alpha": {"value": 0.8, "interval": [0.5, 0.9], "why": ""}}
    judging = Judging(judged=["m"], people={"human_score": people})
    ((found,),) = rated(agreeing(100, 4), judging=judging).to_record()["certificates"].values()
    assert (found["human"], found["answers"], found["rows"], found["caution"]) == ("human_score", 200, 100, "")
    assert (found["observed"], found["good_by_people"], found["good_by_judge"]) == (0.96, 0.5, 0.5)
    assert found["kappa"]["value"] == pytest.approx(0.92)
    assert found["true_positive_rate"]["value"] == found["true_negative_rate"]["value"] == pytest.approx(0.96)
    assert found["among_people"] == people


def test_a_difference_is_corrected_where_enough_rows_were_scored() -> None:
    """A judge that sees no change is put right by people who saw one."""
    cases = rated(agreeing(200)).cases
    held = [
        Case(
            row=case.row,
            source=case.source,
            target=_side("target", case.id, float(case.source.scores["m"]), 0.0 if number < 80 else None),  # type: ignore[arg-type]
        )
        for number, case in enumerate(cases)
    ]
    compared = Comparison(held, metrics=["m", "human_score"], judging=JUDGED)
    found = compared["m"].corrected()
    assert not isinstance(found, Undefined)
    assert compared["m"].delta == 0
    assert found.value == pytest.approx(-0.5)
    assert found.low < -0.5 < found.high < -0.3
    ((record,),) = compared.to_record()["corrected"].values()
    assert (record["human"], record["labelled"], record["value"]) == ("human_score", 80, found.value)


def test_few_labelled_rows_correct_nothing() -> None:
    """The reason says how many it takes."""
    compared = rated(agreeing(29))
    assert compared["m"].corrected() == Undefined(reason="29 rows have people's scores on both sides, 30 are needed")
    assert compared.to_record()["corrected"]["m"] == [
        {
            "human": "human_score",
            "labelled": None,
            "method": None,
            "confidence": 0.95,
            "value": None,
            "interval": None,
            "why": "29 rows have people's scores on both sides, 30 are needed",
        }
    ]
