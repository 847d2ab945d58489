"""From a marker's spec to a migration: the dataset is read, prompts found, metrics chosen, everything checked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers import Connection, DeskMeter, read_recording, recording_path
from pytest_llm_migrate.datasets import load, sample, select
from pytest_llm_migrate.domain import (
    ERROR_TOLERANCE,
    SIDES,
    Dataset,
    EmbeddingMetric,
    JudgedMetric,
    PairedMetric,
    RunLevel,
    side_column,
)
from pytest_llm_migrate.errors import (
    ColumnRoleError,
    MetricDefinitionError,
    NoJudgeError,
    NoPromptError,
    NoRecordedAnswersError,
    WeightError,
    masked,
)
from pytest_llm_migrate.metrics import resolve
from pytest_llm_migrate.metrics.direction import reading_of
from pytest_llm_migrate.migration.critical import critical_rows
from pytest_llm_migrate.migration.gold_audit import by_judges, by_truth
from pytest_llm_migrate.migration.grid import SAME_PROMPT, SOURCE_RECORDED, TARGET_RECORDED, Grid
from pytest_llm_migrate.migration.judging import DeskJudge
from pytest_llm_migrate.migration.migration import Migration, Terms
from pytest_llm_migrate.migration.pipelines import PipelineSide
from pytest_llm_migrate.migration.repeats import check_repeats
from pytest_llm_migrate.migration.reviewed import marked_of, people_of, preferred_of, strays_of, with_reviews
from pytest_llm_migrate.migration.run_level import is_run_only
from pytest_llm_migrate.migration.scoring import Bounded, Scorer
from pytest_llm_migrate.migration.sent import attaching, sides_of, untuned, variants_of
from pytest_llm_migrate.migration.settings import RECORDED
from pytest_llm_migrate.migration.sides import AskedSide, RecordedSide
from pytest_llm_migrate.migration.tuning import tuning_terms
from pytest_llm_migrate.prompts import Prompt, RowPrompt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pytest_llm_migrate.answers import Desk
    from pytest_llm_migrate.domain import Case, Metric, Model, Row, Side, SideName
    from pytest_llm_migrate.migration.sent import Sent
    from pytest_llm_migrate.migration.settings import Settings
    from pytest_llm_migrate.migration.sides import SideAnswers
    from pytest_llm_migrate.migration.spec import MigrationSpec

SAMPLE_SEED = 0
PIPELINE_THREADS = 16
_MODELS = 3
"""How many models of recorded answers are named."""


@dataclass(slots=True, kw_only=True)
class Workshop:
    """What building a migration takes, once a process.

    Attributes:
        settings: The user's options.
        desk: Where answers are asked for.
        metrics: Every registered metric by name.
        connect: Makes a model of a reference.
        seen: Gets every case as it becomes known, with its migration's id and its row's place in the dataset.
        exchanged: Gets a row's sides with exchanged prompts after its migration's id.
        check: Raises `MigrateError` for a reference that can be no model's.
    """

    settings: Settings
    desk: Desk
    metrics: Mapping[str, Metric]
    connect: Callable[[str], Model]
    seen: Callable[[str, Case, int], None]
    exchanged: Callable[[str, Row, Mapping[SideName, Side]], None] = lambda *_: None
    check: Callable[[str], object] = lambda _: None
    _datasets: dict[tuple[Any, ...], Dataset] = field(default_factory=dict)

    def build(self, spec: MigrationSpec, target_ref: str) -> Migration:
        """Return the migration of a spec to one target.

        Raises:
            MigrateError: Dataset, column, prompt or metric is not there or does not fit.
        """
        whole = self.dataset_of(spec)
        folder = (spec.folder / whole.path).parent
        source, target = (attaching(sent, folder) for sent in sides_of(spec, self.settings, target_ref))
        source_ref = self.settings.source_of(target_ref)
        dataset = self._selected(spec, untuned(spec, whole, source, target))
        judges: dict[str, DeskJudge] = {}
        named = resolve(spec.metrics, self.metrics)
        chosen = [read for metric in named for read in with_reviews(metric, spec.folder)]
        metrics = tuple(self.judged(metric, spec, judges) for metric in chosen if not is_run_only(metric))
        check_repeats(metrics, self.settings)
        _check_columns(spec, dataset)
        _check_weights(spec, dataset)
        lacking = self._lacking(target_ref, source, target)
        terms = Terms(
            id=f"{spec.nodeid}::{spec.number}::{_told_apart(target_ref, self.settings.target_models)}",
            name=spec.name,
            nodeid=spec.nodeid,
            dataset=replace(dataset, warnings=(*dataset.warnings, *strays_of(chosen, whole))),
            dataset_rows=len(whole),
            source=_described(source_ref, source, spec) | _recorded_models("source", source_ref, dataset),
            target=_described(target_ref, target, spec) | _recorded_models("target", target_ref, dataset),
            metrics=tuple(metric.name for metric in metrics),
            slices=spec.slices,
            judges=tuple(map(masked, judges)),
            paired=tuple(metric.name for metric in metrics if isinstance(metric, PairedMetric)),
            preferred=preferred_of(metrics),
            judged=by_judges(metrics),
            people=people_of(metrics, [row.sample_id for row in dataset.rows]),
            marked=marked_of(metrics, [row.sample_id for row in dataset.rows]),
            by_truth=by_truth(metrics),
            bounds={metric.name: metric.bounds for metric in metrics if isinstance(metric, Bounded)},
            directions={metric.name: said for metric in metrics if (said := reading_of(metric))},
            weight=spec.weight,
            cluster=spec.cluster,
            critical=spec.critical,
            critical_rows=critical_rows(spec.critical, dataset, spec.nodeid),
            row_failures=spec.row_failures,
            attribution=lacking,
            prompt_tuning=tuning_terms(target.prompt, metrics),
            variants=variants_of(spec, self.settings, target_ref),
        )
        scorer = Scorer(
            metrics=metrics,
            store=self.desk.store,
            may_ask=not self.settings.plan,
            looks_up=not self.settings.record,
        )
        scores_ahead = bool(judges) and self.desk.ahead is None and not self.settings.self_test
        return Migration(
            terms=terms,
            source=self._side(spec, "source", source_ref, source, dataset),
            target=self._target(spec, target_ref, target, dataset),
            source_prompt=source.prompt,
            target_prompt=target.prompt,
            scorer=scorer,
            judges=tuple(judges.values()),
            run_level=[metric for metric in chosen if isinstance(metric, RunLevel)],
            grid=Grid(
                cells=self._exchanged(spec, target_ref, source, target, dataset),
                scorer=scorer,
                seen=lambda row, sides: self.exchanged(terms.id, row, sides),
                in_parallel=scores_ahead,
            )
            if lacking in {"", SOURCE_RECORDED}
            else None,
            scores_ahead=scores_ahead,
            seen=lambda case, place: self.seen(terms.id, case, place),
            latency_rows=self.settings.latency_rows,
            latency_cache=self.settings.latency_cache,
            error_tolerance=ERROR_TOLERANCE if (given := self.settings.error_tolerance) is None else given,
        )

    def judged(self, metric: Metric, spec: MigrationSpec, judges: dict[str, DeskJudge]) -> Metric:
        """Return a metric with the judges that it asks, each noted by its reference, its embedding calls counted."""

        def judge_of(ref: str | None) -> DeskJudge:
            chosen = ref or self.settings.judge_model
            if chosen is None:
                raise NoJudgeError(metric.name)
            if chosen not in judges:
                self._check_judge(metric.name, chosen)
                judges[chosen] = DeskJudge(
                    desk=self.desk,
                    model=Connection(ref=chosen, connect=lambda: self.connect(chosen)),
                    origin=f"judge of {spec.number}",
                    recorded=read_recording(recording_path(spec.folder, spec.suite, chosen)),
                )
            judges[chosen].asked_by.add(metric.name)
            return judges[chosen]

        paid = (
            metric.metered_by(DeskMeter(self.desk, may_call=not self.settings.plan))
            if isinstance(metric, EmbeddingMetric)
            else metric
        )
        return paid.judged_by(judge_of) if isinstance(paid, JudgedMetric) else paid

    def _check_judge(self, metric: str, ref: str) -> None:
        """Raise for a judge that a metric names and nobody can ask: found before any call, not after them."""
        if ref == RECORDED:
            raise MetricDefinitionError(metric, "its judge cannot be 'recorded': it must be called")
        self.check(ref)

    def dataset_of(self, spec: MigrationSpec) -> Dataset:
        """Return the whole dataset that a spec names, read once."""
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

    def _target(self, spec: MigrationSpec, ref: str, sent: Sent, dataset: Dataset) -> SideAnswers:
        if self.settings.self_test:
            return RecordedSide(side="target", prices=self.desk.prices)  # never asked: repeats of the source stand in
        return self._side(spec, "target", ref, sent, dataset)

    def _lacking(self, target_ref: str, source: Sent, target: Sent) -> str | None:
        """Return what of the attribution grid cannot be had, ``None`` where it is not asked for."""
        if not self.settings.attribution or self.settings.self_test:
            return None
        if target_ref == RECORDED:
            return TARGET_RECORDED
        prompts = [sent.prompt for sent in (source, target) if isinstance(sent.prompt, Prompt)]
        if len({prompt.sha256 for prompt in prompts}) < len(SIDES):
            return SAME_PROMPT
        return SOURCE_RECORDED if self.settings.source_model == RECORDED else ""

    def _exchanged(
        self, spec: MigrationSpec, target_ref: str, source: Sent, target: Sent, dataset: Dataset
    ) -> dict[SideName, SideAnswers]:
        """Return each model's answers to the other side's prompt, by the model's side."""
        cells: dict[SideName, SideAnswers] = {}
        if self.settings.source_model != RECORDED:
            cells["source"] = self._side(spec, "source", self.settings.source_model, target, dataset)
        cells["target"] = self._side(spec, "target", target_ref, source, dataset)
        return cells

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


def _recorded_models(side: SideName, ref: str, dataset: Dataset) -> dict[str, str]:
    """Return which models gave a side's recorded answers, by the dataset's own column; nothing where it names none."""
    if ref != RECORDED:
        return {}
    named = {row.get(side_column("model", side)) for row in dataset.rows}
    found = sorted({masked(str(name)) for name in named if name})
    more = f" and {len(found) - _MODELS} more" if len(found) > _MODELS else ""
    return {"model": f"{', '.join(found[:_MODELS])}{more}"} if found else {}


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
