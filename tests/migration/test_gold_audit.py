"""Gates with and without the rows whose ground truth is suspect."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm_migrate.domain import SIDES, Answer, Case, Row, Score, Side
from pytest_llm_migrate.metrics import ExactMatch, JsonValid, Pairwise, function_metric, judge_unit
from pytest_llm_migrate.migration.compared import comparison_of
from pytest_llm_migrate.migration.gold_audit import by_judges, by_truth, gold_audit
from pytest_llm_migrate.migration.spool import case_record

TERMS: dict[str, Any] = {"metrics": ["m"], "slices": ["channel"], "bounds": {}, "by_truth": ["m"], "judged": []}


def records(suspect: int, right: int, wrong: int = 0) -> list[dict[str, Any]]:
    """Return rows that both sides got wrong in the same words, rows that are right, and rows that broke."""
    kinds = [(0.0, 0.0)] * suspect + [(1.0, 1.0)] * right + [(1.0, 0.0)] * wrong
    return [case_record(_case(place, *scores), ["channel"]) for place, scores in enumerate(kinds)]


def _case(place: int, source_score: float, target_score: float) -> Case:
    source, target = (
        Side(name=name, sample_id=f"r{place}", outcome=Answer(text="billing"), scores={"m": Score(score)})
        for name, score in zip(SIDES, (source_score, target_score), strict=True)
    )
    values = {"answer_ground_truth": "shipping", "channel": "web" if place % 3 else "mail"}
    return Case(row=Row(sample_id=f"r{place}", values=values), source=source, target=target)


def gate_of(*verdicts: Any) -> list[dict[str, Any]]:
    """Return the record of a gate that said these."""
    return [{"nodeid": "test_x.py::test_gate", "statements": [verdict.to_record() for verdict in verdicts]}]


def test_every_gate_is_asked_again_without_the_suspects() -> None:
    """A floor that rows with wrong gold pull down is reached without them; the verdict itself stays."""
    cases = records(20, 100)
    whole = comparison_of(TERMS, cases)
    said = whole["m"].at_least(0.9), whole["m"].non_inferior(0.05), whole["m"].superior(0.01)
    audit = gold_audit(TERMS, cases, gate_of(*said), whole)
    assert [row["sample_id"] for row in audit["rows"]] == [f"r{place}" for place in range(20)]
    assert [(item["gate"], item["with"], item["without"]) for item in audit["verdicts"]] == [
        ("m.at_least(0.9)", "NO-GO", "GO"),
        ("m.non_inferior(margin=0.05)", "GO", "GO"),
        ("m.superior(margin=0.01)", "NOT ENOUGH EVIDENCE", "NOT ENOUGH EVIDENCE"),
    ]
    assert {item["rows"] for item in audit["verdicts"]} == {"all"}
    assert "is 1.000" in audit["verdicts"][0]["statement"]


def test_a_gate_on_a_group_is_asked_of_the_group_again() -> None:
    """The figures tell which rows a gate was asked of; gates on other things are left out."""
    cases = records(20, 100, 3)
    whole = comparison_of(TERMS, cases)
    said = whole.slice("channel", "mail")["m"].at_least(0.9), whole.refusals.at_most(0.1)
    [item] = gold_audit(TERMS, cases, gate_of(*said), whole)["verdicts"]
    assert (item["rows"], item["metric"], item["with"]) == ("channel = mail", "m", str(said[0].ruling))
    assert item["without"] != item["with"]


def test_a_group_of_nothing_but_suspects_has_no_verdict_left() -> None:
    """Without its rows there is nothing to ask."""
    cases = records(9, 0)
    whole = comparison_of(TERMS, cases)
    [item] = gold_audit(TERMS, cases, gate_of(whole["m"].at_least(0.9)), whole)["verdicts"]
    assert (item["without"], item["statement"]) == (None, "No row is left.")


def test_nothing_is_asked_again_without_a_suspect() -> None:
    """Where no ground truth is suspect there is nothing to show."""
    cases = records(0, 30)
    whole = comparison_of(TERMS, cases)
    assert gold_audit(TERMS, cases, gate_of(whole["m"].at_least(0.9)), whole) == {"rows": [], "verdicts": []}


def test_critical_rows_are_a_part_as_well() -> None:
    """A gate on the critical rows is known by its figures."""
    terms = TERMS | {"critical": "vip"}
    cases = [record | {"critical": place < 30} for place, record in enumerate(records(20, 100))]
    whole = comparison_of(terms, cases)
    [item] = gold_audit(terms, cases, gate_of(whole.critical["m"].at_least(0.5)), whole)["verdicts"]
    assert (item["rows"], item["with"], item["without"]) == ("critical", "NO-GO", "GO")


@pytest.mark.parametrize(
    ("metric", "is_by_truth", "is_by_judge"),
    [
        (ExactMatch(), True, False),
        (JsonValid(), False, False),
        (function_metric(lambda _answer, _row: 1.0, name="mine", version="1"), True, False),
        (judge_unit(), False, True),
        (Pairwise(), False, False),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_metrics_are_told_apart(metric: Any, is_by_truth: bool, is_by_judge: bool) -> None:  # noqa: FBT001 - a table
    """Some compare with the ground truth, some have an opinion, and some have neither."""
    assert bool(by_truth([metric])) is is_by_truth
    assert bool(by_judges([metric])) is is_by_judge
