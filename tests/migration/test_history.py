"""What gates said in earlier runs."""

from __future__ import annotations

from typing import Any

from pytest_llm_migrate.migration.history import MOST_POINTS, add_history


def run_of(number: int, estimate: float | None, **figures: Any) -> dict[str, Any]:
    """Return the record of a run with one gate."""
    said = {
        "kind": "non_inferior",
        "metric": "em",
        "margin": 0.03,
        "estimate": estimate,
        "low": -0.1,
        "n": 9,
        **figures,
    }
    statement = {"verdict": "GO", "gate": "em.non_inferior(margin=0.03)", "figures": said}
    migration = {"id": "m", "gates": [{"nodeid": "t.py::test_holds", "statements": [statement]}]}
    run = {"id": f"r{number}", "started": f"2026-11-{number:02d}T09:00:00+00:00"}
    return {"run": run, "migrations": [migration]}


def runs_of(results: dict[str, Any]) -> list[str]:
    """Return the runs in the history of the only gate."""
    [series] = results["migrations"][0]["history"]
    return [point["run"] for point in series["points"]]


def test_the_oldest_run_comes_first_and_this_one_last() -> None:
    """A point has date, verdict, estimate, limits and bar; damaged records are passed over."""
    now = run_of(3, 0.02)
    add_history(now, [run_of(2, -0.01), {"migrations": 3}, {}, run_of(1, 0.0)])
    assert runs_of(now) == ["r1", "r2", "r3"]
    [series] = now["migrations"][0]["history"]
    assert (series["gate"], series["metric"]) == ("em.non_inferior(margin=0.03)", "em")
    assert series["points"][1] == {
        "run": "r2",
        "at": "2026-11-02T09:00:00+00:00",
        "verdict": "GO",
        "estimate": -0.01,
        "low": -0.1,
        "high": None,
        "bar": -0.03,
        "n": 9,
    }


def test_only_what_is_the_same_is_put_side_by_side() -> None:
    """A run in which the gate asked about another metric, or had no estimate, is left out; the newest are kept."""
    now = run_of(9, 0.02)
    add_history(now, [run_of(8, 0.1, metric="other"), run_of(7, None), run_of(6, 0.1)])
    assert runs_of(now) == ["r6", "r9"]
    many = run_of(30, 0.02)
    add_history(many, [run_of(number, 0.1) for number in range(29, 1, -1)])
    assert len(runs_of(many)) == MOST_POINTS
    assert runs_of(many)[-1] == "r30"


def test_earlier_runs_are_not_read_for_nothing() -> None:
    """Without a gate that has an estimate no earlier record is asked for."""
    earlier = iter([run_of(1, 0.1)])
    now = run_of(2, None)
    add_history(now, earlier)
    assert now["migrations"][0]["history"] == []
    assert next(earlier)["run"]["id"] == "r1"
