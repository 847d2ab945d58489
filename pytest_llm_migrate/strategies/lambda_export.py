"""A metric as the Lambda that scores for the service: one file of the standard library, or this package's metric."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import (
    Answer,
    EmbeddingMetric,
    JudgedMetric,
    PairedMetric,
    Row,
    ScoreFailure,
    SidedMetric,
)
from pytest_llm_migrate.errors import MetricNotExportableError
from pytest_llm_migrate.strategies.lambda_function import METRICS
from pytest_llm_migrate.strategies.lambda_scores import gold_value
from pytest_llm_migrate.strategies.python_source import PACKAGE, Source, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llm_migrate.domain import Metric, Score

HANDLER, REQUIREMENTS = "lambda_function.py", "requirements.txt"
_DISTRIBUTION = PACKAGE.replace("_", "-")
_EXTRAS = {
    f"{PACKAGE}.metrics.deepeval": "deepeval",
    f"{PACKAGE}.metrics.monitoring.toxicity": "toxicity",
    f"{PACKAGE}.models.local.minilm": "minilm",
}
"""Extras by the module that needs them."""
_TRIED = 20
"""Rows that a metric is tried on before it is written down."""
_GOLD = "answer_ground_truth"


def lambda_files(metric: Metric, rows: Sequence[Row]) -> dict[str, str]:
    """Return the files of a Lambda that scores as the metric does, by name.

    Raises:
        MetricNotExportableError: A judge gives its scores, it needs more than an answer and a ground truth, or code
            of the user's own is part of it.
    """
    _check_kind(metric)
    if _is_plain(metric) and all(_is_text(row.reference) for row in rows):
        text = Path(__file__).with_name(HANDLER).read_text("utf-8")
        return {HANDLER: text.replace('METRIC = "exact_match"', f'METRIC = "{metric.name}"')}
    source = Source()
    try:
        made = source.of(metric)
    except ValueError as error:
        raise MetricNotExportableError(metric.name, str(error)) from error
    as_json = any(not isinstance(row.reference, str | None) for row in rows)
    _check_rows(metric, rows, as_json=as_json)
    template = Path(__file__).with_name("lambda_handler.txt").read_text("utf-8")
    imports = "\n".join(f"from {module} import {name}" for module, name in sorted(source.imports))
    handler = template.replace("{imports}", imports).replace("{as_json}", str(as_json)).replace("{metric}", made)
    return {HANDLER: handler, REQUIREMENTS: _requirement(module for module, _ in source.imports)}


def sent_gold(reference: Any) -> str:
    """Return a ground truth as the text that the service is given and passes on."""
    return reference if isinstance(reference, str) else json.dumps(reference, ensure_ascii=False)


def _check_kind(metric: Metric) -> None:
    if isinstance(metric, JudgedMetric):
        raise MetricNotExportableError(metric.name, "a judge gives its scores, and the service brings its own")
    if isinstance(metric, PairedMetric):
        raise MetricNotExportableError(metric.name, "it compares two answers, and the service passes one")
    if isinstance(metric, SidedMetric) or getattr(metric, "run_only", False):
        raise MetricNotExportableError(metric.name, "it does not score an answer by its text")


def _is_plain(metric: Metric) -> bool:
    """Return whether the file that needs the standard library alone has the metric with just these settings."""
    own = type(metric).__module__.partition(".")[0] == PACKAGE
    return metric.name in METRICS and own and not settings_of(metric)


def _is_text(truth: Any) -> bool:
    items = truth if isinstance(truth, (list, tuple)) else [truth]
    return all(item is None or isinstance(item, str) for item in items)


class _Watched(Mapping[str, Any]):
    """A row's values that note which of them are read."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values_, self.read = values, set[str]()

    def __getitem__(self, name: str) -> Any:
        found = self.values_[name]
        if found is not None:
            self.read.add(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def _check_rows(metric: Metric, rows: Sequence[Row], *, as_json: bool) -> None:
    found: list[Score | ScoreFailure] = []
    for row in rows[:_TRIED]:
        watched = _Watched(row.values)
        tried = Row(sample_id=row.sample_id, values=watched)
        found += [metric.score(Answer(text=text), tried) for text in _texts(metric, row)]
        more = sorted(watched.read - {_GOLD})
        if more:
            named = ", ".join(map(repr, more))
            raise MetricNotExportableError(metric.name, f"it reads {named}, and the service passes no such thing")
    for row in rows:
        if row.reference is not None and gold_value(sent_gold(row.reference), golds_are_json=as_json) != row.reference:
            fault = f"row {row.sample_id}'s ground truth is a text that reads as JSON, beside others that are no texts"
            raise MetricNotExportableError(metric.name, fault)
    failures = [result.reason for result in found if isinstance(result, ScoreFailure)]
    if found and len(failures) == len(found):
        raise MetricNotExportableError(metric.name, f"an answer's text is not enough for a score: {failures[0]}")


def _texts(metric: Metric, row: Row) -> Iterator[str]:
    """Yield answers to try a metric with: the expected one, and any text unless that might ask a model for vectors."""
    if row.reference is not None:
        yield sent_gold(row.reference)
    if row.reference is None or not isinstance(metric, EmbeddingMetric):
        yield from (value for name, value in row.values.items() if isinstance(value, str) and name != _GOLD)


def _requirement(modules: Iterator[str]) -> str:
    wanted = {extra for module in modules for start, extra in _EXTRAS.items() if module.startswith(start)}
    extras = f"[{','.join(sorted(wanted))}]" if wanted else ""
    return f"{_DISTRIBUTION}{extras}=={version(_DISTRIBUTION)}\n"
