"""What costs, projections and served tiers look like, and what stands where a cost is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.report import summary_markdown, terminal_lines, write_report
from pytest_llm_migrate.report.figures import served_sentence, unknown_quantities
from pytest_llm_migrate.report.money import projection_sentence, scoring_sentence
from pytest_llm_migrate.report.numbers import usd_change
from tests.report.packed import rows_of
from tests.report.sample import run_of, sample
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from pathlib import Path

FLEX = "unpriced: no price for tier 'flex' of amazon.nova-lite-v1:0 in prices.csv"
CAPACITY = "not per token: arn:aws:bedrock:us-east-1:1:provisioned-model/a is paid for by capacity"
PROJECTION: dict[str, Any] = {
    "requests": 1_000_000,
    "rows": 160,
    "unknown_rows": {"source": 0, "target": 0},
    "source_usd": 120.0,
    "target_usd": 45.0,
    "difference_usd": -75.0,
    "interval": [-80.0, -70.0],
    "confidence": 0.95,
    "method": "bootstrap of 3999 resamples",
    "weighted_by": "traffic",
}
UNKNOWN: dict[str, Any] = dict.fromkeys(
    ("source_usd", "target_usd", "difference_usd", "interval", "confidence", "method", "weighted_by")
)
SENTENCE = (
    "1,000,000 requests a month, rows weighted by traffic: $120.00 becomes $45.00, "
    "a change of -$75.00 [-$80.00, -$70.00]"
)


def run(**more: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a run of one migration with these parts, and its rows."""
    results, rows = sample(sizes=(12, 1, 1))
    migration = {**results["migrations"][0], **more}
    return run_of([migration]), [row for row in rows if row["migration"] == migration["id"]]


@pytest.mark.parametrize(
    ("value", "text"), [(-75.0, "-$75.00"), (0.5, "+$0.50"), (0.0, "$0.00"), (1240, "+$1,240"), (None, "unknown")]
)
def test_a_change_of_money_has_its_sign(value: float | None, text: str) -> None:
    """A bill that grows is told from one that shrinks."""
    assert usd_change(value) == text


@pytest.mark.parametrize(
    ("projection", "sentence"),
    [
        (None, ""),
        (PROJECTION, SENTENCE),
        (
            PROJECTION | {"interval": None, "weighted_by": None, "requests": 1},
            "1 request a month: $120.00 becomes $45.00, a change of -$75.00, interval unknown",
        ),
        (
            PROJECTION | UNKNOWN | {"unknown_rows": {"source": 0, "target": 12}},
            "1,000,000 requests a month: cost unknown, 12 of 160 target answers have none",
        ),
        (
            PROJECTION | UNKNOWN | {"unknown_rows": {"source": 3, "target": 12}},
            "1,000,000 requests a month: cost unknown, 3 of 160 source and 12 of 160 target answers have none",
        ),
        (PROJECTION | UNKNOWN | {"rows": 0}, "1,000,000 requests a month: cost unknown, no row has both answers"),
    ],
)
def test_a_projection_is_a_sentence(projection: dict[str, Any] | None, sentence: str) -> None:
    """Volume, weights, both bills and the change with its interval; or how many answers keep them unknown."""
    assert projection_sentence({"projection": projection}) == sentence


@pytest.mark.parametrize("projection", [PROJECTION, PROJECTION | UNKNOWN, None])
def test_a_projection_fits_the_schema(projection: dict[str, Any] | None) -> None:
    """Known, unknown or not asked for; sums below zero and other parts are refused."""
    results, _ = run(projection=projection, weight="traffic", no_cost={"source": {}, "target": {FLEX: 12}})
    validator("results").validate(results)
    results["migrations"][0]["projection"] = PROJECTION | {"source_usd": -1}
    assert not validator("results").is_valid(results)


def page(folder: Path, results: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """Return the HTML report."""
    write_report(folder / "report.html", results, rows)
    return (folder / "report.html").read_text(encoding="utf-8")


def test_a_projection_is_in_every_report(tmp_path: Path) -> None:
    """The terminal, the summary and the page all say it, once."""
    results, rows = run(projection=PROJECTION)
    shown = " ".join(line.text.strip() for line in terminal_lines(results, rows=rows))
    assert SENTENCE in shown
    summary = summary_markdown(results, rows).replace("\\", "")
    assert summary.count(f"- {SENTENCE}\n") == 1
    assert page(tmp_path, results, rows).count(f"{SENTENCE}.") == 1


def test_without_a_projection_nothing_is_said_of_one(tmp_path: Path) -> None:
    """Who did not ask for a month is told of none."""
    results, rows = run()
    texts = [summary_markdown(results, rows), page(tmp_path, results, rows)]
    texts += [line.text for line in terminal_lines(results, rows=rows)]
    assert not [text for text in texts if "a month" in text]


@pytest.mark.parametrize(
    ("reasons", "state"),
    [
        ({"source": {}, "target": {FLEX: 12}}, "unpriced"),
        ({"source": {CAPACITY: 12}, "target": {}}, "not per token"),
        ({"source": {CAPACITY: 12}, "target": {FLEX: 1, CAPACITY: 11}}, "not per token or unpriced"),
    ],
)
def test_an_unknown_cost_is_called_what_it_is(tmp_path: Path, reasons: dict[str, dict[str, int]], state: str) -> None:
    """What is paid for by capacity is not per token, and never unpriced; the reasons stand in the cost's section."""
    results, rows = run(cost=None, no_cost=reasons)
    assert unknown_quantities(results["migrations"][0]).endswith(f"cost ({state})")
    html = page(tmp_path, results, rows)
    assert f"<dt>cost of 1,000 rows</dt><dd>{state}<span>" in html
    for side, said in reasons.items():
        for reason, number in said.items():
            answers = f"{number} {side} answer{'' if number == 1 else 's'}"
            assert f"No cost: {answers}: {reason.replace(chr(39), '&#39;')}." in html


def test_a_row_says_what_its_cost_is(tmp_path: Path) -> None:
    """An answer without a cost is unpriced, or not per token, in its row."""
    results, rows = run()
    for row, reason in zip(rows, (FLEX, CAPACITY), strict=False):
        row["target"].pop("cost")
        row["target"]["no_cost"] = reason
        validator("rows").validate(row)
    took = "".join(row["T"]["w"] for found in rows_of(page(tmp_path, results, rows)) for row in found)
    assert took.count(" · unpriced · ") == 1
    assert took.count(" · not per token · ") == 1


def test_tiers_that_were_served_are_shown(tmp_path: Path) -> None:
    """What moved says in which tier and latency mode the service served each side."""
    served = {"source": {}, "target": {"flex": 1200, "default, optimized": 3}}
    results, rows = run(served=served)
    assert served_sentence({"served": served}, "target") == "flex (1,200), default, optimized (3)"
    assert '<th scope="row">served in tier</th><td></td><td>flex (1,200), default, optimized (3)</td>' in page(
        tmp_path, results, rows
    )


JUDGED: dict[str, Any] = {
    "calls": 50,
    "usd": 0.2,
    "unpriced_calls": 10,
    "purposes": {
        "answer": {"calls": 10, "usd": 0.0, "unpriced_calls": 10},
        "judge": {"calls": 40, "usd": 0.2, "unpriced_calls": 0},
    },
    "judge_forecast": [
        {"ref": "a judge", "calls": 44, "input_tokens": 9, "output_tokens": 9, "usd_expected": 0.22},
    ],
}


def test_what_judges_take_is_in_every_report(tmp_path: Path) -> None:
    """Their part of what was paid, and what was expected of them, stand beside the sum."""
    results, rows = run()
    results["spending"] |= JUDGED
    texts = [" ".join(line.text for line in terminal_lines(results, rows=rows))]
    texts += [summary_markdown(results, rows).replace("\\", ""), page(tmp_path, results, rows)]
    for text in texts:
        assert "f these: judges 40 calls, $0.20" in text
        assert "orecast of judges: a judge at most 44 calls, about $0.22" in text


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        ((0.2, 0), "$0.20"),
        ((0.2, 3), "$0.20 or more"),
        ((0.0, 40), "cost unknown"),
    ],
)
def test_a_judge_s_cost_is_unknown_only_where_its_own_calls_have_none(judge: tuple[float, int], said: str) -> None:
    """Answers without a price say nothing of a judge that has one."""
    purposes = {"judge": {"calls": 40, "usd": judge[0], "unpriced_calls": judge[1]}}
    assert scoring_sentence({"spending": JUDGED | {"purposes": purposes}}) == f"of these: judges 40 calls, {said}"
