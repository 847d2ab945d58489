"""Records of a believable run: three migrations, about three hundred rows."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from tests.report.sample_rows import (
    gate,
    measured,
    metric,
    policy_row,
    prompt,
    statement,
    summary_row,
    triage_row,
)

SOURCE, TARGET = "anthropic.claude-3-haiku-20240307-v1:0", "us.amazon.nova-lite-v1:0"


def sample(seed: int = 7, sizes: tuple[int, int, int] = (160, 120, 24)) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the results of a run and its rows."""
    random_ = random.Random(seed)  # noqa: S311 - a sample, not a secret
    triage = [triage_row(number, random_) for number in range(1, sizes[0] + 1)]
    policy = [policy_row(number, random_) for number in range(1, sizes[1] + 1)]
    summary = [summary_row(number, random_) for number in range(1, sizes[2] + 1)]
    migrations = [triage_migration(triage), policy_migration(policy), summary_migration(summary)]
    return run_of(migrations), [*triage, *policy, *summary]


def run_of(migrations: list[dict[str, Any]], verdict: str | None = "NO-GO") -> dict[str, Any]:
    """Return the results of a run of these migrations."""
    return {
        "schema_version": 1,
        "run": {
            "id": "20261121-093012-1f3a",
            "started": "2026-11-21T09:30:12+00:00",
            "ended": "2026-11-21T09:41:57+00:00",
            "command": f"pytest tests/llm --target-model {TARGET}",
            "exit_status": 1,
            "git_commit": "5d1f0a7c9be24f9de1f14f6b1b8a3c77e0a4d2c1",
            "versions": {"pytest-llm-migrate": "0.1.0", "pytest": "9.2.0", "boto3": "1.42.7", "scipy": "1.17.0"},
        },
        "verdict": verdict,
        "prices": {"source": "genai-prices 0.2.1", "as_of": "2026-11-03"},
        "spending": {"calls": 304, "usd": 0.0138, "unpriced_calls": 24},
        "warnings": ["the source answers of 184 rows were recorded in production, not asked for in this run"],
        "sections": [],
        "migrations": migrations,
    }


def migration_of(name: str, rows: list[dict[str, Any]], gates: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return a migration's record over its rows."""
    below = sum(test["outcome"] == "failed" for row in rows for test in row["tests"])
    errors = {side: sum("error" in row[side] for row in rows) for side in ("source", "target")}
    metrics = sorted({name for row in rows for name in row["source"].get("scores", {})})
    ticket = f"{name}_migrated"
    made = {
        "id": name,
        "name": ticket,
        "nodeid": f"tests/llm/test_{name}.py",
        "source": {"ref": SOURCE, "prompt": prompt(name, "source", None, "You answer politely.", "{{ question }}")},
        "target": {"ref": TARGET, "prompt": prompt(name, "nova-lite", "rules", "## Task\nAnswer.", "{{ question }}")},
        "dataset": {"path": f"data/{name}.csv", "sha256": "9f" * 32, "rows": len(rows), "rows_in_file": len(rows) + 40},
        "slices": [],
        "bounds": {},
        "row_failures": "report",
        "gates": gates,
        "row_tests": {"passed": len(rows) - below - errors["target"], "failed": below, "error": errors["target"]},
        "rows_below_bar": below,
        "metrics": {item: metric(rows, item) for item in metrics},
        "slice_metrics": [],
        "latency": measured(rows, "latency", "s"),
        "ttft": measured(rows, "ttft", "s"),
        "tokens": measured(rows, "input_tokens", "tokens"),
        "input_tokens": measured(rows, "input_tokens", "tokens"),
        "output_tokens": measured(rows, "output_tokens", "tokens"),
        "cost": measured(rows, "cost", "USD"),
        "errors": {
            **errors,
            "kinds": {"source": {}, "target": {"throttled": errors["target"]} if errors["target"] else {}},
        },
        "stop_reasons": {
            side: dict(Counter(row[side]["stop_reason"] for row in rows if row[side].get("stop_reason")))
            for side in ("source", "target")
        },
        "truncated": {"source": 0, "target": sum(row["target"].get("stop_reason") == "max_tokens" for row in rows)},
        "refusals": {"source": 0, "target": 0},
        "cached": {side: sum(bool(row[side].get("cached")) for row in rows) for side in ("source", "target")},
        "no_cost": no_cost(rows),
        "served": {"source": {}, "target": {"default": len(rows) - errors["target"]}},
        "latency_pass": None,
        "projection": None,
        "warnings": [],
    }
    made["row_tests"] |= {"skipped": 0, "xfailed": 0, "xpassed": 0, "not_run": 0}
    return made | more


def no_cost(rows: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Return why answers of these rows have no cost, by side."""
    reasons = {side: [row[side]["no_cost"] for row in rows if "no_cost" in row[side]] for side in ("source", "target")}
    return {side: dict(Counter(found)) for side, found in reasons.items()}


def slices(rows: list[dict[str, Any]], column: str, metrics: list[str]) -> list[dict[str, Any]]:
    """Return the metrics of every group of a column."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["inputs"][column], []).append(row)
    return [
        {
            "column": column,
            "value": value,
            "rows": len(group),
            "metrics": {name: metric(group, name) for name in metrics},
        }
        for value, group in sorted(groups.items())
    ]


def triage_migration(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the migration that fails its quality gate and passes its economics."""
    test = "tests/llm/test_ticket_triage.py"
    n, ratios = len(rows), measured(rows, "latency", "s")
    assert ratios is not None
    ratio = ratios["statistics"]["p95"]["ratio"]
    found = metric(rows, "exact_match")
    low, high = found["interval"]
    quality = statement(
        "NO-GO",
        "exact_match.non_inferior(margin=0.03)",
        f"exact_match went from {found['source']['mean']:.3f} to {found['target']['mean']:.3f} over {n} rows; "
        "it lost more than 0.03.",
        "non_inferior",
        (found["delta"], low, min(high, -0.031), n),
        margin=0.03,
        bar=-0.03,
        metric="exact_match",
    )
    speed = statement(
        "GO",
        "latency.p95.ratio_at_most(1.2)",
        f"latency (p95) went from 1.08 s to 700 ms (x{ratio:.2f}); at most x1.2 is shown.",
        "ratio_at_most",
        (ratio, ratio * 0.88, ratio * 1.15, n),
        bar=1.2,
        quantity="latency",
        statistic="p95",
    )
    price = statement(
        "GO",
        "cost.mean.ratio_at_most(0.6)",
        "cost (mean) went from $0.0504 to $0.015 per 1,000 rows (x0.30); at most x0.6 is shown.",
        "ratio_at_most",
        (0.3, 0.28, 0.32, n),
        bar=0.6,
        quantity="cost",
        statistic="mean",
    )
    gates = [
        gate(f"{test}::test_routing_is_no_worse", "Routing holds within three points.", "failed", quality),
        gate(f"{test}::test_faster_and_cheaper", "Answers are no slower, and the bill is cut.", "passed", speed, price),
    ]
    prompts = {
        "source": {"ref": SOURCE, "prompt": prompt("triage", "source", None, TRIAGE_SYSTEM, "{{ ticket }}")},
        "target": {
            "ref": TARGET,
            "prompt": prompt("triage", "nova-lite", "rules", TRIAGE_MIGRATED, "<ticket>\n{{ ticket }}\n</ticket>"),
        },
    }
    made = migration_of("triage", rows, gates, verdict="NO-GO", slices=["channel"], **prompts)
    below = made["rows_below_bar"]
    heading = f"NO-GO by its gates; {below} rows below their bar are reported only."
    return made | {
        "name": "ticket_triage",
        "heading": heading,
        "slice_metrics": slices(rows, "channel", ["exact_match"]),
    }


def policy_migration(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the migration whose rows are too few to decide."""
    test = "tests/llm/test_policy_answers.py"
    found = metric(rows, "grounded")
    gates = [
        gate(
            f"{test}::test_answers_stay_grounded",
            "Answers stay grounded within two points.",
            "failed",
            statement(
                "NOT ENOUGH EVIDENCE",
                "grounded.non_inferior(margin=0.02)",
                f"grounded went from {found['source']['mean']:.3f} to {found['target']['mean']:.3f} over {found['n']} "
                "rows; these rows neither show nor rule out a loss of 0.02; about 310 more would make it a GO.",
                "non_inferior",
                (found["delta"], *found["interval"], found["n"]),
                margin=0.02,
                bar=-0.02,
                metric="grounded",
                more_rows=310,
            ),
        ),
        gate(f"{test}::test_bill_goes_down", "The bill goes down.", "skipped"),
    ]
    warnings = [
        f"{sum('error' in row['target'] for row in rows)} of {len(rows)} target rows have no answer",
        "gate tests/llm/test_policy_answers.py::test_bill_goes_down gave no verdict: it was skipped",
    ]
    made = migration_of("policy", rows, gates, verdict="NOT ENOUGH EVIDENCE", warnings=warnings, slices=["kind"])
    heading = f"NOT ENOUGH EVIDENCE by its gates; {made['rows_below_bar']} rows below their bar fail the run."
    sliced = slices(rows, "kind", ["grounded", "token_f1"])
    return made | {"name": "policy_answers", "heading": heading, "slice_metrics": sliced}


def summary_migration(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the migration that is safe, with unknown prices and too few rows for a tail."""
    found = metric(rows, "rouge_l")
    gates = [
        gate(
            "tests/llm/test_call_summaries.py::test_summaries_hold",
            "Summaries are good enough, whatever the source did.",
            "passed",
            statement(
                "GO",
                "rouge_l.at_least(0.5)",
                f"The target's mean rouge_l is {found['target']['mean']:.3f}; at least 0.5 is shown.",
                "at_least",
                (found["target"]["mean"], found["target"]["mean"] - 0.04, found["target"]["mean"] + 0.04, len(rows)),
                floor=0.5,
                metric="rouge_l",
            ),
        ),
    ]
    made = migration_of("summary", rows, gates, verdict="GO")
    heading = f"GO by its gates; {made['rows_below_bar']} rows below their bar are reported only."
    return made | {"name": "call_summaries", "heading": heading}


TRIAGE_SYSTEM = """You sort support tickets of an online shop for household electronics.
Answer with one word: billing, shipping, account or technical."""

TRIAGE_MIGRATED = """## Role
You sort support tickets of an online shop for household electronics.

## Rules
- Answer with exactly one word, in lower case, without a full stop.
- The word is one of: billing, shipping, account, technical.
- If a ticket fits two queues, choose the one the customer asks to act."""
