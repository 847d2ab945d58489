"""What the reports say of a latency pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.report import terminal_lines, write_report
from pytest_llm_migrate.report.figures import latency_sentences
from pytest_llm_migrate.report.markdown import summary_markdown
from tests.report.sample import sample
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from pathlib import Path

P50 = {"source": 42.0, "target": 55.5, "ratio": 1.32, "interval": None}
SPEED = {
    "unit": "tokens/s",
    "n": 48,
    "known": {"source": 48, "target": 48},
    "statistics": dict.fromkeys(("mean", "p50", "p90", "p95", "p99"), P50),
}
PASS: dict[str, Any] = {
    "rows": 50,
    "pairs": 48,
    "concurrency": 4,
    "order_seed": 0,
    "warm_up": 4,
    "cache_off": False,
    "cpu_of": "process",
    "excluded": {"source": {"other_side": 2}, "target": {"throttled": 2}},
    "latency_of": "service",
    "client_share": {"source": 0.003, "target": 0.0042},
    "heartbeat_p99": 0.0009,
    "cpu": 0.12,
    "valid": True,
    "why": None,
    "started": "2026-11-21T09:31:00+00:00",
    "ended": "2026-11-21T09:32:00+00:00",
    "run": "20261121-093012-1f3a",
    "kept": False,
    "samples": "latency.jsonl",
    "client_latency": None,
    "tokens_per_second": SPEED,
}


def timed(found: dict[str, Any] | None) -> dict[str, Any]:
    """Return a run whose first migration has this pass."""
    results, _ = sample(sizes=(12, 4, 3))
    results["migrations"][0]["latency_pass"] = found
    return results


@pytest.mark.parametrize("found", [PASS, PASS | {"cpu": None, "heartbeat_p99": None, "samples": None}, None])
def test_a_pass_fits_the_schema(found: dict[str, Any] | None) -> None:
    """A pass, one that could not be made, and none at all are valid."""
    validator("results").validate(timed(found))


@pytest.mark.parametrize("spoil", [{"valid": "yes"}, {"latency_of": "both"}, {"extra": 1}, {"excluded": {}}])
def test_a_spoiled_pass_does_not_fit(spoil: dict[str, Any]) -> None:
    """An unknown or mistyped part of a pass is refused."""
    assert not validator("results").is_valid(timed(PASS | spoil))


def test_a_pass_in_words() -> None:
    """Pairs, self-check, the client's share and the speed of tokens are told; an invalid or kept pass is called so."""
    first, second = latency_sentences({"latency_pass": PASS})
    assert first == ("latency pass: 48 of 50 pairs, up to 4 in flight; clock thread late by 0.9 ms; client CPU 12.0%")
    assert second == "client's share p50 3 ms -> 4.2 ms; output tokens a second p50 42 -> 55.5"
    assert latency_sentences({"latency_pass": PASS | {"valid": False}})[0].startswith("INVALID latency pass")
    assert "kept from 2026-11-21T09:32:00" in latency_sentences({"latency_pass": PASS | {"kept": True}})[0]
    assert latency_sentences({"latency_pass": None}) == []


def test_every_report_tells_of_the_pass(tmp_path: Path) -> None:
    """Terminal, Markdown and HTML say how latency was measured."""
    results = timed(PASS)
    write_report(tmp_path / "report.html", results, [])
    terminal = " ".join(line.text.strip() for line in terminal_lines(results))
    for text in (terminal, summary_markdown(results), (tmp_path / "report.html").read_text("utf-8")):
        assert "latency pass: 48 of 50 pairs, up to 4 in flight" in text
