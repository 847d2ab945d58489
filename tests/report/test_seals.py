"""When gates were sealed, in words."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm_migrate.report import summary_markdown, terminal_lines
from pytest_llm_migrate.report.seals import seal_sentence

AT = "2026-11-21T08:12:03.456+00:00"


@pytest.mark.parametrize(
    ("sealed", "calls", "said"),
    [
        ({"at": AT}, 3, "gates sealed at 08:12:03 UTC, before the first call"),
        ({"at": AT}, 0, "gates sealed at 08:12:03 UTC, no call was made"),
        ({"at": "2026-11-21T10:12:03+02:00"}, 3, "gates sealed at 08:12:03 UTC, before the first call"),
        (
            {"at": AT, "options": {"error_tolerance": 0.02, "undecided": "fail"}},
            3,
            "gates sealed at 08:12:03 UTC, before the first call",
        ),
        (
            {"at": AT, "options": {"error_tolerance": 0.1, "undecided": "warn"}},
            3,
            (
                "gates sealed at 08:12:03 UTC, before the first call, with 10.0% of rows allowed to be missing instead "
                "of 2.0%, with undecided gates that only warn"
            ),
        ),
        (None, 3, ""),
    ],
)
def test_the_sentence_has_the_time_and_what_came_after(sealed: dict[str, Any] | None, calls: int, said: str) -> None:
    """The time is in UTC, and a run without a call claims none; an unsealed run says nothing, anywhere."""
    spending: dict[str, Any] = {"calls": calls, "usd": 0.0, "unpriced_calls": 0}
    run = {"id": "run", "sealed": sealed}
    prices = {"source": "a list", "as_of": None}
    results: dict[str, Any] = {
        "run": run,
        "spending": spending,
        "verdict": None,
        "prices": prices,
        "migrations": [],
        "warnings": [],
    }
    assert seal_sentence(results) == said
    assert said in " ".join(line.text for line in terminal_lines(results))
    assert any("sealed" in line.text for line in terminal_lines(results)) is bool(said)
    assert ("sealed" in summary_markdown(results)) is bool(said)
