"""The JSON Schemas of what a run leaves."""

from __future__ import annotations

import copy
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from tests.report.hostile import hostile_run
from tests.report.sample import sample

if TYPE_CHECKING:
    from collections.abc import Callable


def validator(name: str) -> Draft202012Validator:
    """Return the validator of a schema in the package."""
    path = resources.files("pytest_llm_migrate.report") / "schemas" / f"{name}.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_records_fit_their_schemas() -> None:
    """A believable run and a hostile one are valid, row by row."""
    for results, rows in (sample(sizes=(12, 40, 3)), hostile_run()):
        validator("results").validate(results)
        for row in rows:
            validator("rows").validate(row)


SPOILED_RESULTS: list[Callable[[dict[str, Any]], object]] = [
    lambda results: results.pop("verdict"),
    lambda results: results.update(verdict="MAYBE"),
    lambda results: results.update(schema_version=2),
    lambda results: results.update(extra=1),
    lambda results: results.update(sections=[{"title": "x", "html": "<b>"}]),
    lambda results: results["run"].update(exit_status="1"),
    lambda results: results["spending"].update(forecast={"calls": 3, "usd_expected": 0.1}),
    lambda results: results["migrations"][0]["dataset"].update(sha256="abc"),
    lambda results: results["migrations"][0]["gates"][0].update(outcome="broken"),
    lambda results: results["migrations"][0]["metrics"]["exact_match"].update(interval=[0.1]),
    lambda results: results["migrations"][0]["metrics"]["exact_match"].update(delta="-3"),
    lambda results: results["migrations"][0]["latency"].update(unit="ms"),
    lambda results: results["migrations"][0]["row_tests"].pop("failed"),
]
SPOILED_ROWS: list[Callable[[dict[str, Any]], object]] = [
    lambda row: row.pop("flips"),
    lambda row: row.update(flips={"exact_match": "worse"}),
    lambda row: row.update(extra=1),
    lambda row: row["source"].update(error={"kind": "x", "message": "y"}),
    lambda row: row["source"].update(latency=-1),
    lambda row: row["target"].update(scores={"exact_match": "1"}),
    lambda row: row["tests"][0]["checks"][0].update(operator="is"),
]


@pytest.mark.parametrize("spoil", SPOILED_RESULTS)
def test_a_spoiled_run_does_not_fit(spoil: Callable[[dict[str, Any]], object]) -> None:
    """A missing, unknown or mistyped part of results.json is refused."""
    results = copy.deepcopy(sample(sizes=(3, 1, 1))[0])
    spoil(results)
    assert not validator("results").is_valid(results)


@pytest.mark.parametrize("spoil", SPOILED_ROWS)
def test_a_spoiled_row_does_not_fit(spoil: Callable[[dict[str, Any]], object]) -> None:
    """A missing, unknown or mistyped part of a row is refused."""
    row = copy.deepcopy(sample(sizes=(3, 1, 1))[1][0])
    spoil(row)
    assert not validator("rows").is_valid(row)
