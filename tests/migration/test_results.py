"""The record of a run, from what was seen and what became of the tests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llm_migrate.answers import Paid, Spending
from pytest_llm_migrate.comparison import Scale
from pytest_llm_migrate.domain import Ruling
from pytest_llm_migrate.migration.results import (
    Seen,
    gate_record,
    heading,
    migration_record,
    row_records,
    run_record,
    spending_record,
)
from pytest_llm_migrate.migration.spool import case_record
from tests.migration.parts import case

TERMS: dict[str, Any] = {
    "id": "one",
    "name": "triage",
    "nodeid": "test_a.py",
    "metrics": ["m"],
    "slices": ["split"],
    "bounds": {"m": [0.0, 1.0]},
    "warnings": ["the encoding was guessed"],
}


def said(verdict: str) -> dict[str, Any]:
    """Return a verdict on record."""
    return {"verdict": verdict, "statement": f"It is {verdict}."}


def gate(outcome: str, *verdicts: str, message: str = "") -> dict[str, Any]:
    """Return a gate test that evaluated these verdicts."""
    return {
        "nodeid": "test_a.py::test_gate",
        "doc": "It holds.",
        "gate": True,
        "sample_id": None,
        "outcome": outcome,
        "message": message,
        "statements": [said(verdict) for verdict in verdicts],
        "checks": [],
    }


def row_test(sample_id: str, outcome: str, name: str = "test_row") -> dict[str, Any]:
    """Return a row test."""
    return gate(outcome) | {"nodeid": f"test_a.py::{name}[{sample_id}]", "gate": False, "sample_id": sample_id}


def seen_case(sample_id: str, place: int, migration: str = "one", **values: Any) -> dict[str, Any]:
    """Return the note of a case, with these scores and columns."""
    made = case(sample_id, **values, split="holdout")
    return {"type": "case", "migration": migration, "place": place, **case_record(made, ("split",))}


@pytest.mark.parametrize(
    ("outcome", "verdicts", "verdict", "statement"),
    [
        ("passed", ["GO"], "GO", "It is GO."),
        ("passed", ["GO", "GO"], "GO", "It is GO. It is GO."),
        ("passed", [], "GO", "the message"),
        ("xpassed", ["GO"], "GO", "It is GO."),
        ("failed", ["GO", "NOT ENOUGH EVIDENCE"], "NOT ENOUGH EVIDENCE", "It is NOT ENOUGH EVIDENCE."),
        ("failed", ["NOT ENOUGH EVIDENCE", "CANNOT JUDGE"], "CANNOT JUDGE", "It is CANNOT JUDGE."),
        ("failed", ["NO-GO", "CANNOT JUDGE"], "NO-GO", "It is NO-GO."),
        ("failed", [], "NO-GO", "the message"),
        ("failed", ["GO"], "NO-GO", "the message"),
        ("error", ["GO"], "CANNOT JUDGE", "the message"),
        ("skipped", [], None, "the message"),
        ("xfailed", ["NO-GO"], None, "the message"),
        ("not_run", [], None, "the message"),
    ],
)
def test_what_a_gate_says(outcome: str, verdicts: list[str], verdict: str | None, statement: str) -> None:
    """Passed is GO, failed the worst it evaluated, broken cannot judge; what was skipped says nothing."""
    record = gate_record(gate(outcome, *verdicts, message="the message"))
    assert (record["verdict"], record["statement"]) == (verdict, statement)
    assert [item["verdict"] for item in record["statements"]] == verdicts


def test_conditions_that_statements_share_are_said_once() -> None:
    """Two assertions on times, one sentence on how they were measured."""
    note = "Latencies were recorded."
    test = gate("passed", "GO", "GO")
    for item, bar in zip(test["statements"], ("p50", "p95"), strict=True):
        item |= {"statement": f"{bar} holds. {note}", "figures": {"conditions": note}}
    assert gate_record(test)["statement"] == f"p50 holds. p95 holds. {note}"


@pytest.mark.parametrize(
    ("ruling", "below", "failing", "sentence"),
    [
        (Ruling.GO, 0, 0, "GO by its gates."),
        (Ruling.GO, 2, 2, "GO by its gates; 2 rows below their bar fail the run."),
        (Ruling.GO, 1, 1, "GO by its gates; 1 row below its bar fails the run."),
        (Ruling.GO, 3, 1, "GO by its gates; 3 rows below their bar, 1 of which fails the run."),
        (Ruling.NO_GO, 3, 2, "NO-GO by its gates; 3 rows below their bar, 2 of which fail the run."),
        (Ruling.GO, 1, 0, "GO by its gates; 1 row below its bar is reported only."),
        (
            Ruling.NOT_ENOUGH_EVIDENCE,
            2,
            0,
            "NOT ENOUGH EVIDENCE by its gates; 2 rows below their bar are reported only.",
        ),
        (None, 0, 0, "No gate judged this migration."),
        (None, 2, 2, "No gate judged this migration; 2 rows below their bar."),
    ],
)
def test_the_heading_says_both_things(ruling: Ruling | None, below: int, failing: int, sentence: str) -> None:
    """What the gates say stands beside what the rows do to the run."""
    assert heading(ruling, below, failing=failing) == sentence


def test_a_row_counts_once_below_its_bar() -> None:
    """Two tests that fail on one row are one row below its bar."""
    tests = [row_test("r1", "failed"), row_test("r1", "failed", "test_other"), row_test("r2", "xfailed")]
    record = migration_record(TERMS, [], tests)
    assert (record["rows_below_bar"], record["row_tests"]["failed"], record["row_tests"]["xfailed"]) == (2, 2, 1)
    assert record["heading"] == "No gate judged this migration; 2 rows below their bar."


def test_a_migration_has_the_worst_verdict_of_its_gates() -> None:
    """One NO-GO outweighs any number of others; a silent gate is warned of."""
    tests = [gate("passed", "GO"), gate("failed", "NO-GO"), gate("failed", "CANNOT JUDGE"), gate("skipped")]
    record = migration_record(TERMS, [], tests)
    assert record["verdict"] == "NO-GO"
    assert record["warnings"] == [
        "the encoding was guessed",
        "gate test_a.py::test_gate gave no verdict: it was skipped",
    ]


def test_a_migration_without_gates_has_no_verdict() -> None:
    """Where nothing judged, the record says nothing, and is whole JSON all the same."""
    record = migration_record(TERMS, [], [])
    assert record["verdict"] is None
    json.dumps(record, allow_nan=False)


def test_a_migrations_figures_are_those_of_its_cases() -> None:
    """Metrics, slices of any column, errors and warnings come from the rows that were seen."""
    notes = [seen_case("r1", 0), seen_case("r2", 1, target=0.0), seen_case("r3", 2, target=None)]
    seen = Seen(notes)
    record = migration_record(TERMS, seen.cases["one"], [gate("passed", "GO")])
    assert (record["metrics"]["m"]["n"], record["metrics"]["m"]["delta"]) == (2, -0.5)
    assert [(group["value"], group["rows"]) for group in record["slice_metrics"]] == [("holdout", 3)]
    assert record["errors"]["kinds"]["target"] == {"throttled": 1}
    assert "1 of 3 target rows have no answer; they are in no mean" in record["warnings"]


def test_what_processes_saw_is_merged() -> None:
    """A row that two processes saw counts once, and rows come in the dataset's order."""
    used = {"type": "used", "migration": "one", "key": "k"}
    notes = [seen_case("r2", 1), {"type": "migration", **TERMS}, seen_case("r1", 0), used, seen_case("r2", 1)]
    seen = Seen(notes)
    assert [record["sample_id"] for record in seen.cases["one"]] == ["r1", "r2"]
    assert list(seen.migrations) == ["one"]
    assert [record["key"] for record in seen.used] == ["k"]


def test_every_row_has_a_line() -> None:
    """A line holds both sides, the row's tests and its flips; a row that no test ran on has none."""
    cases = [case_record(case("r1", target=0.0)), case_record(case("r2", target=None))]
    lines = list(row_records("one", cases, [row_test("r1", "failed"), gate("passed")], {"m": Scale()}))
    assert [(line["sample_id"], line["flips"], len(line["tests"])) for line in lines] == [
        ("r1", {"m": "broke"}, 1),
        ("r2", {}, 0),
    ]
    assert lines[0]["tests"][0]["outcome"] == "failed"
    assert (lines[0]["schema_version"], lines[0]["migration"]) == (1, "one")
    assert lines[1]["target"] == {"error": {"kind": "throttled", "message": "slow"}}


def test_a_run_has_the_worst_verdict_of_its_migrations() -> None:
    """Several migrations make one verdict; one that nobody looked at is left out."""
    tests = {"one": [gate("passed", "GO")], "two": [gate("failed", "NOT ENOUGH EVIDENCE")]}
    seen = Seen([{"type": "migration", **TERMS, "id": name, "name": name} for name in ("one", "two", "idle")])
    record = run_record({"id": "run"}, seen, lambda name: tests.get(name, []), {"source": "a list", "as_of": None})
    assert record["verdict"] == "NOT ENOUGH EVIDENCE"
    assert [item["id"] for item in record["migrations"]] == ["one", "two"]
    assert (record["schema_version"], record["run"], record["prices"]["source"]) == (1, {"id": "run"}, "a list")


def test_a_run_without_gates_has_no_verdict() -> None:
    """Rows alone make no verdict."""
    seen = Seen([{"type": "migration", **TERMS}, seen_case("r1", 0)])
    assert run_record({}, seen, lambda _: [], {})["verdict"] is None


def test_costs_are_projected_by_the_weights_of_the_terms() -> None:
    """A number of requests makes a bill, from costs as the rows' weights spread them; none makes no bill."""
    cases = [seen_case(name, place, traffic=weight) for place, (name, weight) in enumerate([("r1", "3"), ("r2", 1)])]
    for note, cost in zip(cases, (1.0, 5.0), strict=True):
        note["source"] |= {"cost": cost}
        note["target"] |= {"cost": cost / 2}
    seen = Seen([{"type": "migration", **TERMS, "weight": "traffic"}, *cases])
    bill = run_record({}, seen, lambda _: [], {}, 100)["migrations"][0]["projection"]
    assert (bill["source_usd"], bill["target_usd"], bill["weighted_by"]) == (200, 100, "traffic")
    assert run_record({}, seen, lambda _: [], {})["migrations"][0]["projection"] is None


def foreseen(calls: int = 10, expected: float | None = 2.0) -> dict[str, Any]:
    """Return the note of a forecast."""
    return {"type": "forecast", "calls": calls, "usd_expected": expected, "usd_at_most": 9.0}


def test_the_earliest_of_equal_forecasts_counts() -> None:
    """A process that began late found answers that others had called for: the greatest forecast is the run's."""
    assert Seen([foreseen(8), foreseen(10), foreseen(9)]).forecast == {
        "calls": 10,
        "usd_expected": 2.0,
        "usd_at_most": 9.0,
    }
    assert Seen([]).forecast is None


@pytest.mark.parametrize(
    ("expected", "answers", "error"),
    [
        (2.0, Paid(10, 3.0), 0.5),
        (2.0, Paid(12, 1.0), -0.5),
        (None, Paid(10, 3.0), None),
        (0.0, Paid(10, 3.0), None),
        (2.0, Paid(9, 1.5), None),
        (2.0, Paid(10, 3.0, 1), None),
        (2.0, None, None),
    ],
)
def test_a_forecast_is_held_against_what_answers_cost(
    expected: float | None, answers: Paid | None, error: float | None
) -> None:
    """Judges do not count; fewer calls, or answers of unknown price, cannot tell how far off it was."""
    purposes = {"judge": Paid(5, 7.0, 2)} | ({"answer": answers} if answers else {})
    spent = Spending(calls=15, usd=10.0, unpriced_calls=2, purposes=purposes)
    record = spending_record(spent, Seen([foreseen(expected=expected)]).forecast)
    assert record["forecast"] == {"calls": 10, "usd_expected": expected, "usd_at_most": 9.0, "usd_error": error}
    assert spending_record(spent, None) == spent.to_record() | {"judge_forecast": [], "forecast": None}
