"""Suites for inner pytest runs on answers that the dataset carries."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy  # noqa: F401, ICN001 - an extension cannot be loaded again in an inner run of the same process
import pytest
import scipy.optimize  # noqa: F401 - likewise
import yaml  # noqa: F401 - likewise

if TYPE_CHECKING:
    from pathlib import Path

RECORDED = ("--target-model", "recorded")

DATASET = """\
sample_id,channel,question,expected,answer_source_llm,answer_target_llm,latency_source_llm,latency_target_llm
a,email,one,yes,yes,yes,1.0,0.5
b,email,two,yes,yes,no,1.0,0.5
c,chat,three,no,yes,no,1.0,0.5
d,chat,four,no,no,no,1.0,0.5
e,chat,five,no,no,no,1.0,0.5
"""

SUITE = """\
import pytest

pytestmark = pytest.mark.migration(dataset="rows.csv", prompt="ask.yaml", metrics=["exact_match"], slices=["channel"])

def test_row(case):
    assert case.target["exact_match"] >= case.source["exact_match"]

def test_gate(comparison):
    '''Holds within a margin.'''
    assert comparison["exact_match"].non_inferior(margin=0.9)
"""


@pytest.fixture(autouse=True)
def inner_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep inner runs free of other plugins' weight and of this machine's AWS settings."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:deepeval -p no:hypothesispytest")
    for name in os.environ:
        if name.startswith("AWS_") or name == "GITHUB_STEP_SUMMARY":
            monkeypatch.delenv(name)


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite of five rows that both sides have answers for: one broke, one was fixed."""
    pytester.makefile(".csv", rows=DATASET)
    pytester.makefile(".yaml", ask='name: ask\nuser: "Is it {{ question }}?"\n')
    pytester.makepyfile(test_use_case=SUITE)
    return pytester


def results_of(folder: Path) -> dict[str, Any]:
    """Return the newest run's ``results.json``."""
    newest = max(folder.glob(".llm-migrate/runs/*/results.json"), key=lambda path: path.stat().st_mtime_ns)
    found: dict[str, Any] = json.loads(newest.read_text("utf-8"))
    return found


def rows_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the newest run's ``rows.jsonl`` by row id."""
    newest = max(folder.glob(".llm-migrate/runs/*/rows.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    lines = [json.loads(line) for line in newest.read_text("utf-8").splitlines()]
    return {line["sample_id"]: line for line in lines}
