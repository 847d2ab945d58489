"""The strategies' table of a rewriting fits a terminal, whatever a strategy is called."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm_migrate.report.rewrites import rewrite_lines

LONG = "best-of:metaprompt+few-shot,model-guidelines+few-shot"
TRIAL = {"mean": 0.25, "rows": 40, "input_tokens": 1234, "output_tokens": 56, "cost": 0.0012}


def variant(strategy: str, *states: str) -> dict[str, Any]:
    """Return a strategy's prompt with wide figures."""
    figures = {"source_score": 0.25, "dev_score": 0.5, "input_tokens": 1234, "output_tokens": 56, "usd": 0.0000221}
    known = {name: name in states for name in ("filed", "tuned", "stale", "edited")}
    return {"strategy": strategy, **figures, "lines_added": 1234, "lines_removed": 122, **known}


def lines(*variants: dict[str, Any]) -> list[str]:
    """Return what the terminal shows of a rewriting, from the strategies' table on."""
    record = {
        "prompt": "triage",
        "target": "us.amazon.nova-lite-v1:0",
        "strategy": LONG,
        "before": TRIAL,
        "after": TRIAL,
        "notes": [],
        "files": ["prompts/triage/us.yaml"],
        "diff": [],
        "variants": variants,
    }
    found = list(rewrite_lines(record))
    (head,) = (place for place, line in enumerate(found) if line.startswith("  strategy "))
    return found[head:]


@pytest.mark.parametrize(
    "names", [("few-shot", "mipro"), ("bedrock-optimize", LONG), (LONG, LONG.replace(",", ",顧客の"))]
)
def test_the_table_fits_eighty_columns(names: tuple[str, ...]) -> None:
    """Names, figures and words are whole; no line is wider than the terminal."""
    found = lines(*(variant(name, "filed", "tuned", "edited") for name in names))
    assert max(map(len, found)) <= 78
    assert all(name in " ".join(found) for name in names)
    assert " ".join(found).count("0.250 -> 0.500  1,234  56   $0.0000221  +1234 -122") == len(names)


def test_a_name_too_long_for_its_column_has_a_line_of_its_own() -> None:
    """Its figures stand below it, in the columns of the others."""
    head, first, second, figures = lines(variant("few-shot", "filed"), variant(LONG))
    assert second == f"  {LONG}"
    assert first.index("0.250") == figures.index("0.250") == head.index("dev score")
    assert figures.endswith("kept")
