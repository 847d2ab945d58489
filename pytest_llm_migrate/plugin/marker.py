"""The marker ``migration(...)``: read, checked, and made a spec."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Dataset, PromptText
from pytest_llm_migrate.errors import MarkerError
from pytest_llm_migrate.migration.spec import MigrationSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

_OPTIONS = frozenset(
    {"prompt", "metrics", "slices", "columns", "pipeline", "split", "row_failures", "weight", "cluster", "critical"}
)


def arguments_of(mark: pytest.Mark, nodeid: str) -> dict[str, Any]:
    """Return a marker's arguments by name; raises `MarkerError` where they cannot be told apart."""
    if len(mark.args) > 1:
        raise MarkerError(nodeid, f"takes one positional argument, the dataset; got {len(mark.args)}")
    if mark.args and "dataset" in mark.kwargs:
        raise MarkerError(nodeid, "got the dataset twice")
    positional = {"dataset": mark.args[0]} if mark.args else {}
    return {**positional, **mark.kwargs}


def spec_of(arguments: Mapping[str, Any], path: Path, nodeid: str, number: int) -> MigrationSpec:
    """Return what a marker on a test of this file asks for; ``number`` counts the file's different markers from 0.

    Raises:
        MarkerError: The marker's arguments are not those of the signature.
    """
    given = dict(arguments)
    dataset = given.pop("dataset", None)
    if dataset is None:
        raise MarkerError(nodeid, "needs a dataset: migration('data/golden.csv', ...)")
    if not isinstance(dataset, (str, Path, Dataset)):
        raise MarkerError(nodeid, f"takes the dataset as a path or a Dataset, got {dataset!r}")
    unknown = sorted(set(given) - _OPTIONS)
    if unknown:
        raise MarkerError.unknown(nodeid, unknown[0], _OPTIONS)
    _check(nodeid, given)
    return MigrationSpec(dataset=dataset, folder=path.parent, nodeid=nodeid, suite=path.stem, number=number, **given)


def _check(nodeid: str, given: dict[str, Any]) -> None:
    if given.get("row_failures", "fail") not in ("fail", "report"):
        raise MarkerError(nodeid, f"row_failures takes 'fail' or 'report', got {given['row_failures']!r}")
    for name in ("metrics", "slices"):
        value = given.get(name, ())
        if isinstance(value, str) or not isinstance(value, (list, tuple)):
            raise MarkerError(nodeid, f"{name} takes a list, got {value!r}")
        given[name] = tuple(value)
    if not all(isinstance(name, str) for name in given["slices"]):
        raise MarkerError(nodeid, f"slices takes names of columns, got {given['slices']!r}")
    if not isinstance(given.get("prompt"), (str, Path, PromptText, type(None))):
        raise MarkerError(nodeid, f"prompt takes a name, a path or a Prompt, got {given['prompt']!r}")
    columns = given.get("columns")
    if columns is not None and not isinstance(columns, dict):
        raise MarkerError(nodeid, f"columns takes {{canonical name: column in the file}}, got {columns!r}")
    pipeline = given.get("pipeline")
    if pipeline is not None and not callable(pipeline):
        raise MarkerError(nodeid, f"pipeline takes a function f(model, prompt, row), got {pipeline!r}")
    for name in ("split", "weight", "cluster", "critical"):
        if not isinstance(given.get(name), (str, type(None))):
            raise MarkerError(nodeid, f"{name} takes a text, got {given[name]!r}")
