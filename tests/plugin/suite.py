"""A small suite in a folder of its own, run by an inner pytest, and what its runs leave."""

from __future__ import annotations

import csv
import json
from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.endpoint import Endpoint, Reply, Script, ScriptedEngine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pytest

    from pytest_llm_migrate.models.endpoint import Answer, Rule
    from pytest_llm_migrate.models.endpoint.engines import Converse

SOURCE = "anthropic.claude-3-haiku-20240307-v1:0"
TARGET = "us.amazon.nova-lite-v1:0"
NO_PASS = ("--migration-latency-rows", "0")
OTHER_TARGET = "us.amazon.nova-micro-v1:0"

ROWS_AND_GATE = """
    import pytest

    pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"], slices=["channel"])

    def test_row(case):
        '''The target may not break a row.'''
        assert case.target["exact_match"] >= case.source["exact_match"]

    def test_gate(comparison):
        '''Quality holds.'''
        assert comparison["exact_match"].non_inferior(margin=0.3)
"""
"""A row test and a gate on ``rows.csv``."""

ROWS_ONLY = """
    import pytest

    @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
    def test_row(case):
        assert case.target["exact_match"] == 1
"""
"""A row test on ``rows.csv``."""


def golden(count: int = 20, *, broken: Iterable[int] = ()) -> list[dict[str, Any]]:
    """Return rows ``r00``, ``r01``, ... that both sides got right, but for the target's answer to the broken ones."""
    return [
        {
            "sample_id": f"r{number:02}",
            "question": f"question {number:02}.",
            "channel": "email" if number % 2 else "chat",
            "answer_ground_truth": "yes",
            "answer_source_llm": "yes",
            "answer_target_llm": "no" if number in set(broken) else "yes",
            "latency_source_llm": 1.0,
            "latency_target_llm": 0.5,
        }
        for number in range(count)
    ]


class Suite:
    """Files of a use case, and the newest run of them."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.ini("")
        self.prompt()

    def ini(self, text: str) -> None:
        """Write the ini file; no row is asked for its latency alone unless a test says so."""
        plain = "addopts = --strict-markers -W error\nmigration_latency_rows = 0\n"
        self.file("pytest.ini", f"[pytest]\n{plain}{text}")

    def file(self, name: str, text: str) -> Path:
        """Write a text file below the suite's folder."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def prompt(self, user: str = "{{ question }}", name: str = "triage") -> None:
        """File a source prompt."""
        self.file(f"prompts/{name}/source.prompt.yaml", f"name: {name}\nuser: {json.dumps(user)}\n")

    def rows(self, rows: Iterable[Mapping[str, Any]], name: str = "rows.csv") -> Path:
        """Write a dataset, as CSV or JSON lines by its name."""
        found = list(rows)
        path = self.path / name
        if path.suffix == ".jsonl":
            return self.file(name, "".join(json.dumps(row) + "\n" for row in found))
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(found[0]))
            writer.writeheader()
            writer.writerows(found)
        return path

    def tests(self, text: str = ROWS_AND_GATE, name: str = "test_triage.py") -> None:
        """Write a test file."""
        lines = text.strip("\n").splitlines()
        margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        self.file(name, "\n".join(line[margin:] for line in lines) + "\n")

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in this process."""
        return self.pytester.runpytest_inprocess(*arguments)

    def judge(self, *arguments: str) -> pytest.RunResult:
        """Run pytest with both sides' answers taken from the dataset."""
        return self.run("--target-model", "recorded", *arguments)

    def migrate(self, *arguments: str) -> pytest.RunResult:
        """Run pytest with both sides' answers called for, on the source prompt."""
        both = ("--source-model", SOURCE, "--target-model", TARGET)
        return self.run(*both, "--prompt-strategy", "identity", "--migration-concurrency", "4", *arguments)

    @property
    def folder(self) -> Path:
        """The folder of the newest run."""
        return max((self.path / ".llm-migrate" / "runs").iterdir(), key=lambda path: path.stat().st_ctime_ns)

    @property
    def results(self) -> dict[str, Any]:
        """The newest run's ``results.json``."""
        found: dict[str, Any] = json.loads((self.folder / "results.json").read_text("utf-8"))
        return found

    @property
    def migration(self) -> dict[str, Any]:
        """The only migration of the newest run."""
        (found,) = self.results["migrations"]
        return dict(found)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The newest run's ``rows.jsonl``."""
        return [json.loads(line) for line in (self.folder / "rows.jsonl").read_text("utf-8").splitlines()]


class Bedrock:
    """An endpoint that answers ``yes`` unless its rules say otherwise, and counts what it is asked."""

    def __init__(self, *rules: Rule, default: Reply | None = None) -> None:
        self._engine = ScriptedEngine(Script(rules=rules, default=default or Reply(text="yes")))
        self.asked: list[tuple[str, str]] = []
        self.endpoint = Endpoint(self, scripted=self._engine)

    def converse(self, request: Converse) -> Answer:
        """Note a question and answer it."""
        self.asked.append((request.model, request.question))
        return self._engine.converse(request)

    def count_tokens(self, request: Converse) -> int:
        """Count a request's tokens."""
        return self._engine.count_tokens(request)

    def questions(self, model: str) -> list[str]:
        """Return what a model was asked, in alphabetical order."""
        return sorted(question for asked, question in self.asked if asked == model)

    @property
    def repeated(self) -> list[tuple[str, str]]:
        """What was asked more than once."""
        return [asked for asked, times in Counter(self.asked).items() if times > 1]


def collection_faults(result: pytest.RunResult) -> list[str]:
    """Return all that a run says of what it could not collect, line by line, without rulers."""
    lines = iter(result.outlines)
    for line in lines:
        if "= ERRORS =" in line:
            break
    return [line for line in takewhile(lambda line: not line.startswith("==="), lines) if not line.startswith("___")]


def paid(suite: Suite) -> tuple[int, float, int]:
    """Return the newest run's calls, US dollars, and calls without a known price."""
    spending = suite.results["spending"]
    return spending["calls"], spending["usd"], spending["unpriced_calls"]
