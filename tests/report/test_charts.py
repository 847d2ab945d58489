"""What charts say."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.report.charts import charts_of, quantile, target_chart
from pytest_llm_migrate.report.gathered import BINS, Gathered, Sample
from tests.report.sample import sample
from tests.report.several import several_targets


def gathered_of(migration: dict[str, Any], rows: list[dict[str, Any]]) -> Gathered:
    """Return what is gathered of a migration's rows."""
    found = Gathered.of(migration)
    for row in rows:
        if row["migration"] == migration["id"]:
            found.add(row)
    return found


def test_a_migration_has_latencies_and_changes() -> None:
    """Each chart says its n, what is kept, and has its figures as a table; right or wrong has no histogram."""
    results, rows = sample()
    triage, policy, _ = results["migrations"]
    [latency] = charts_of(triage, gathered_of(triage, rows))
    assert [name for name, _ in latency.lines] == ["source", "target"]
    assert "n: 160 source and 160 target answers" in latency.note
    assert "Kept answers (160 source, 80 target)" in latency.note
    assert (latency.x[0].text, latency.x[0].place) == ("0 ms", 0)
    assert latency.cells[2][0] == "50.0%"
    names = [chart.title for chart in charts_of(policy, gathered_of(policy, rows))]
    assert names[1:] == ["grounded: by how much rows changed", "token_f1: by how much rows changed"]


def test_a_histogram_counts_every_row_with_both_scores() -> None:
    """Bars add up to n, begin at zero, and the middle one is that of no change."""
    results, rows = sample()
    policy = results["migrations"][1]
    chart = charts_of(policy, gathered_of(policy, rows))[1]
    n = policy["metrics"]["grounded"]["n"]
    assert sum(int(number) for _, number in chart.cells) == n
    assert f"n: {n} rows with both scores" in chart.note
    assert chart.y[0].text == "0"
    fell, same, rose = (int(number) for number in re.findall(r"\d+", chart.text))
    assert fell + same + rose == n
    assert all(mark.y + mark.height == 170 for mark in chart.marks)


def test_a_latency_pass_is_not_what_rows_show() -> None:
    """Where figures come from a latency pass, the chart says that its times do not."""
    results, rows = sample(sizes=(20, 1, 1))
    triage = results["migrations"][0]
    assert "not the latency pass" not in charts_of(triage, gathered_of(triage, rows))[0].note
    passed = {**triage, "latency_pass": {"valid": True}}
    assert "not the latency pass" in charts_of(passed, gathered_of(triage, rows))[0].note


def test_without_times_there_is_no_chart_of_them() -> None:
    """Nothing is drawn of what is unknown."""
    triage = sample(sizes=(20, 1, 1))[0]["migrations"][0]
    assert charts_of(triage, gathered_of(triage, [])) == []


def point(at: str, verdict: str, estimate: float) -> dict[str, Any]:
    """Return what a gate said in a run."""
    limits = {"low": estimate - 0.1, "high": None, "bar": -0.03, "n": 40}
    return {"run": at, "at": f"{at}T09:00:00+00:00", "verdict": verdict, "estimate": estimate, **limits}


def test_earlier_runs_are_drawn_from_the_second_on() -> None:
    """A gate that ran once has no history; later its runs stand in their order, with verdict and limits."""
    triage = sample(sizes=(20, 1, 1))[0]["migrations"][0]
    record = {"nodeid": "t", "gate": "m.non_inferior(margin=0.03)", "kind": "non_inferior", "metric": "exact_match"}
    seen = [point("2026-11-01", "GO", 0.1), point("2026-11-02", "NO-GO", -0.2)]
    assert charts_of({**triage, "history": [{**record, "points": seen[:1]}]}, gathered_of(triage, [])) == []
    [chart] = charts_of({**triage, "history": [{**record, "points": seen}]}, gathered_of(triage, []))
    assert chart.text == "From GO at +10.0 pp to NO-GO at -20.0 pp."
    assert [mark.kind for mark in chart.marks] == ["point go", "point no"]
    assert chart.marks[0].y < chart.marks[1].y
    assert chart.cells[1][:4] == ["02 Nov 09:00, 2026-11-02", "NO-GO", "-20.0 pp", "[-30.0 pp, no limit]"]


def test_targets_are_placed_by_cost_and_quality() -> None:
    """Two priced targets make a chart that begins at no cost; one alone does not."""
    results, _ = several_targets()
    ranking, migration = results["rankings"][0], results["migrations"][0]
    assert target_chart(ranking, migration) is None
    for number, target in enumerate(ranking["targets"], 1):
        target["cost"] = {"mean": 0.001 * number, "ratio": None}
    chart = target_chart(ranking, migration)
    assert chart is not None
    assert (chart.x[0].text, chart.x[0].place) == ("$0", 0)
    assert chart.marks[0].x * 2 == chart.marks[1].x
    assert len(chart.cells) == 2


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0, 1))
def test_a_quantile_is_a_value_that_enough_do_not_exceed(values: list[float], share: float) -> None:
    """At least the share of all values are at most the quantile."""
    found = quantile(sorted(values), share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6


def test_a_sample_stays_small() -> None:
    """Of many values some are kept, drawn evenly and the same each time; how many were seen is known."""
    samples = [Sample(), Sample()]
    for sample_ in samples:
        for value in range(20_000):
            sample_.add(value)
    one, other = samples
    assert (len(one.values), one.seen) == (5000, 20_000)
    assert one.values == other.values
    assert 9000 < sum(one.values) / 5000 < 11_000


@given(st.floats(0, 1), st.floats(0, 1))
def test_every_change_has_its_bin(was: float, now: float) -> None:
    """A change falls into one bin: the middle for none, below it for a loss, above it for a gain."""
    found = Gathered(spans={"m": 1.0}, changes={"m": [0] * BINS})
    found.add({"source": {"scores": {"m": was}}, "target": {"scores": {"m": now}}})
    place = found.changes["m"].index(1)
    assert sum(found.changes["m"]) == 1
    assert (place <= BINS // 2) if now <= was else (place >= BINS // 2)
