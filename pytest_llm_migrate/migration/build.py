"""From a marker's spec to a migration: the dataset is read, prompts found, metrics chosen, everything checked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers import Connection, read_recording, recording_path
from pytest_llm_migrate.datasets import load, sample, select
from pytest_llm_migrate.domain import ERROR_TOLERANCE, Dataset, side_column
from pytest_llm_migrate.errors import (
    ColumnRoleError,
    NoPromptError,
    NoRecordedAnswersError,
    NoTargetPromptError,
    WeightError,
    masked,
)
from pytest_llm_migrate.metrics import resolve
from pytest_llm_migrate.migration.migration import Migration, Terms
from pytest_llm_migrate.migration.pipelines import PipelineSide
from pytest_llm_migrate.migration.scoring import Bounded, Scorer
from pytest_llm_migrate.migration.settings import RECORDED
from pytest_llm_migrate.migration.sides import AskedSide, RecordedSide
from pytest_llm_migrate.prompts import Catalog, Prompt, RowPrompt, load_prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.answers import Desk
    from pytest_llm_migrate.domain import Case, Metric, Model, SideName
    from pytest_llm_migrate.migration.settings import Settings
    from pytest_llm_migrate.migration.sides import SideAnswers
    from pytest_llm_migrate.migration.spec import MigrationSpec

SAMPLE_SEED = 0
PIPELINE_THREADS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a side sends: a prompt for every row, and the strategy that chose it."""

    prompt: Prompt | RowPrompt | None
    strategy: str | None = None


@dataclass(slots=True, kw_only=True)
class Workshop:
    """What building a migration takes, once a process.

    Attributes:
        settings: The user's options.
        desk: Where answers are asked for.
        metrics: Every registered metric by name.
        connect: Makes a model of a reference.
        seen: Gets every case as it becomes known, with its migration's id and its row's place in the dataset.
    """

    settings: Settings
    desk: Desk
    metrics: Mapping[str, Metric]
    connect: Callable[[str], Model]
    seen: Callable[[str, Case, int], None]
    _datasets: dict[tuple[Any, ...], Dataset] = field(default_factory=dict)

    def build(self, spec: MigrationSpec, target_ref: str) -> Migration:
        """Return the migration of a spec to one target.

        Raises:
            MigrateError: Dataset, column, prompt or metric is not there or does not fit.
        """
        whole = self._dataset(spec)
        dataset = self._selected(spec, whole)
        metrics = resolve(spec.metrics, self.metrics)
        _check_columns(spec, dataset)
        _check_weights(spec, dataset)
        folder = (spec.folder / dataset.path).parent
        source = _attaching(source_of(spec, self.settings), folder)
        target = _attaching(target_of(spec, self.settings, target_ref, source), folder)
        terms = Terms(
            id=f"{spec.nodeid}::{spec.number}::{_told_apart(target_ref, self.settings.target_models)}",
            name=spec.name,
            nodeid=spec.nodeid,
            dataset=dataset,
            dataset_rows=len(whole),
            source=_described(self.settings.source_model, source, spec),
            target=_described(target_ref, target, spec),
            metrics=tuple(metric.name for metric in metrics),
            slices=spec.slices,
            bounds={metric.name: metric.bounds for metric in metrics if isinstance(metric, Bounded)},
            weight=spec.weight,
            cluster=spec.cluster,
            row_failures=spec.row_failures,
        )
        return Migration(
            terms=terms,
            source=self._side(spec, "source", self.settings.source_model, source, dataset),
            target=self._side(spec, "target", target_ref, target, dataset),
            source_prompt=source.prompt,
            target_prompt=target.prompt,
            scorer=Scorer(metrics=metrics, store=self.desk.store),
            seen=lambda case, place: self.seen(terms.id, case, place),
            latency_rows=self.settings.latency_rows,
            latency_cache=self.settings.latency_cache,
            error_tolerance=ERROR_TOLERANCE if (given := self.settings.error_tolerance) is None else given,
        )

    def _dataset(self, spec: MigrationSpec) -> Dataset:
        if isinstance(spec.dataset, Dataset):
            return spec.dataset
        path = spec.folder / spec.dataset
        columns = tuple(sorted((spec.columns or {}).items()))
        key = (path.resolve(), columns)
        if key not in self._datasets:
            self._datasets[key] = load(path, columns=spec.columns, shown=str(spec.dataset))
        return self._datasets[key]

    def _selected(self, spec: MigrationSpec, dataset: Dataset) -> Dataset:
        chosen = select(dataset, split=spec.split) if spec.split else dataset
        wanted = self.settings.sample
        return replace(chosen, rows=sample(chosen.rows, wanted, seed=SAMPLE_SEED)) if wanted else chosen

    def _side(self, spec: MigrationSpec, side: SideName, ref: str, sent: Sent, dataset: Dataset) -> SideAnswers:
        if ref == RECORDED:
            if side_column("answer", side) not in dataset.columns:
                raise NoRecordedAnswersError(dataset.path, side)
            return RecordedSide(side=side, prices=self.desk.prices)
        if isinstance(sent.prompt, Prompt):
            sent.prompt.check_columns(dataset.columns, where=f"{spec.nodeid}: {dataset.path}")
        elif spec.pipeline is None and "prompt_source_llm" not in dataset.columns:
            raise NoPromptError(spec.nodeid, dataset.path)
        model = Connection(ref=ref, connect=lambda: self.connect(ref))
        recorded = read_recording(recording_path(spec.folder, spec.suite, ref))
        repeats, origin = self.settings.repeats, origin_of(spec, dataset, sent)
        if spec.pipeline is None:
            prompt = sent.prompt or RowPrompt()
            return AskedSide(
                desk=self.desk, model=model, prompt=prompt, origin=origin, repeats=repeats, recorded=recorded
            )
        return PipelineSide(
            desk=self.desk,
            model=model,
            prompt=sent.prompt,
            pipeline=spec.pipeline,
            origin=origin,
            repeats=repeats,
            recorded=recorded,
            threads=self.settings.concurrency or PIPELINE_THREADS,
        )


def source_of(spec: MigrationSpec, settings: Settings) -> Sent:
    """Return what the source side sends; a recorded source sends nothing, but its prompt is shown if there is one."""
    if spec.prompt is None:
        return Sent(prompt=RowPrompt() if spec.pipeline is None else None)
    if isinstance(spec.prompt, Prompt):
        return Sent(prompt=spec.prompt)
    if _is_file(spec.prompt):
        return Sent(prompt=load_prompt(spec.folder / str(spec.prompt)))
    return Sent(prompt=_catalog(spec, settings).source(str(spec.prompt)))


def target_of(spec: MigrationSpec, settings: Settings, ref: str, source: Sent) -> Sent:
    """Return what the target side sends by the prompt strategy; a row's own prompt is sent as it is."""
    if settings.prompt_strategy == "identity" or ref == RECORDED or not isinstance(source.prompt, Prompt):
        return Sent(prompt=source.prompt, strategy="identity")
    if isinstance(spec.prompt, Prompt) or _is_file(spec.prompt):
        raise NoTargetPromptError(source.prompt.name, ref, source.prompt.place, [])
    prompt = _catalog(spec, settings).for_target(str(spec.prompt), ref)
    strategy = prompt.provenance.strategy if prompt.provenance else None
    return Sent(prompt=prompt, strategy=strategy or "catalog")


def _attaching(sent: Sent, folder: Path) -> Sent:
    # Where files lie is known to the dataset alone: a prompt is filed for any.
    if not isinstance(sent.prompt, Prompt) or not sent.prompt.attachments:
        return sent
    return replace(sent, prompt=replace(sent.prompt, dataset_folder=folder))


def origin_of(spec: MigrationSpec, dataset: Dataset, sent: Sent) -> str:
    """Return what asks for a side's answers, as recordings name it: a dataset with a prompt, a pipeline or both.

    It stays the same when either changes, so that what a changed one asks anew can take the place of the old.
    """
    prompt = "prompt_source_llm" if spec.pipeline is None else ""
    if isinstance(sent.prompt, Prompt):
        prompt = f"{sent.prompt.name}/{sent.prompt.path.name}" if sent.prompt.path else sent.prompt.name
    pipeline = getattr(spec.pipeline, "__qualname__", type(spec.pipeline).__name__) if spec.pipeline else ""
    path = _shown_path(spec.folder / dataset.path, spec.folder)
    return " ".join(part for part in (path, prompt, pipeline) if part)


def _is_file(prompt: object) -> bool:
    return isinstance(prompt, Path) or (isinstance(prompt, str) and prompt.endswith((".yaml", ".yml")))


def _catalog(spec: MigrationSpec, settings: Settings) -> Catalog:
    return Catalog(settings.prompt_catalog or spec.folder / "prompts")


def _described(ref: str, sent: Sent, spec: MigrationSpec) -> dict[str, Any]:
    prompt = sent.prompt
    if not isinstance(prompt, Prompt):
        return {"ref": masked(ref), "prompt": None}
    shown = {
        "name": prompt.name,
        "path": _shown_path(prompt.path, spec.folder),
        "sha256": prompt.sha256,
        "strategy": sent.strategy,
        "system": prompt.system,
        "user": prompt.user,
        "examples": [[example.input, example.output] for example in prompt.examples],
        "inference": dict(prompt.inference),
        "options": dict(prompt.options),
        "attachments": [item.to_record() for item in prompt.attachments],
    }
    return {"ref": masked(ref), "prompt": shown}


def _told_apart(ref: str, targets: Sequence[str]) -> str:
    """Return a target's reference without its account; those of several accounts that look alike get numbers."""
    alike = [target for target in targets if masked(target) == masked(ref)]
    return f"{masked(ref)}#{alike.index(ref) + 1}" if len(alike) > 1 else masked(ref)


def _shown_path(path: Path | None, folder: Path) -> str | None:
    # Seen from the test file: a report names no folder of the machine it was made on.
    if path is None:
        return None
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else path.name


def _check_columns(spec: MigrationSpec, dataset: Dataset) -> None:
    roles: Sequence[tuple[str, str | None]] = [
        *(("slices", name) for name in spec.slices),
        ("weight", spec.weight),
        ("cluster", spec.cluster),
    ]
    for role, column in roles:
        if column is not None and column not in dataset.columns:
            raise ColumnRoleError(spec.nodeid, role, column, dataset.path, dataset.columns)


def _check_weights(spec: MigrationSpec, dataset: Dataset) -> None:
    if spec.weight is None:
        return
    for row in dataset.rows:
        if not _is_weight(row.get(spec.weight)):
            raise WeightError(row.place or f"row {row.sample_id!r}", spec.weight, row.get(spec.weight))
    if dataset.rows and not any(float(row[spec.weight]) for row in dataset.rows):
        raise WeightError(str(dataset.path), spec.weight, 0)


def _is_weight(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and 0 <= float(value) < math.inf
    except (TypeError, ValueError):
        return False
