"""From a marker's spec to a prompt that is to be rewritten: rows, models and metrics are found as for judging it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.answers import Connection, read_recording, recording_path
from pytest_llm_migrate.datasets import split_of, words_said
from pytest_llm_migrate.domain import is_monitor
from pytest_llm_migrate.errors import JudgedRowsTuneError, TooFewRowsToSplitError
from pytest_llm_migrate.metrics import resolve
from pytest_llm_migrate.migration.prompting import Optimizer, PromptMigration, as_prompt
from pytest_llm_migrate.migration.scoring import Scorer
from pytest_llm_migrate.migration.sent import attaching, catalog_of, source_of
from pytest_llm_migrate.migration.tryouts import TryOuts
from pytest_llm_migrate.prompts import Prompt

if TYPE_CHECKING:
    from pytest_llm_migrate.datasets import Split
    from pytest_llm_migrate.domain import Dataset, PromptText, Strategy
    from pytest_llm_migrate.migration.build import Workshop
    from pytest_llm_migrate.migration.judging import DeskJudge
    from pytest_llm_migrate.migration.spec import MigrationSpec


def prompt_migration(
    workshop: Workshop, spec: MigrationSpec, target: str, strategy: Strategy
) -> PromptMigration | None:
    """Return what rewriting a spec's prompt for a target takes, ``None`` where its prompt is not the catalog's.

    Raises:
        TooFewRowsToSplitError: The strategy learns from rows, and there are too few to judge it by others.
        JudgedRowsTuneError: The strategy learns from rows, and from those that the marker has judge it.
        MigrateError: Dataset, prompt or metric is not there or does not fit.
    """
    settings = workshop.settings
    if not isinstance(spec.prompt, str) or spec.prompt.endswith((".yaml", ".yml")):
        return None
    dataset = workshop.dataset_of(spec)
    source = attaching(source_of(spec, settings), (spec.folder / dataset.path).parent).prompt
    if not isinstance(source, Prompt):
        return None
    source.check_columns(dataset.columns, where=f"{spec.nodeid}: {dataset.path}")
    judges: dict[str, DeskJudge] = {}
    given = {metric.name: metric for metric in resolve(spec.metrics, workshop.metrics)}
    metrics = tuple(workshop.judged(metric, spec, judges) for name, metric in given.items() if not is_monitor(name))

    def prompt_of(text: PromptText) -> Prompt:
        return as_prompt(text, name=source.name, target=target, folder=source.dataset_folder)

    def connection(ref: str) -> Connection:
        return Connection(ref=ref, connect=lambda: workshop.connect(ref))

    split = _split(dataset, spec, strategy)
    return PromptMigration(
        name=spec.prompt,
        catalog=catalog_of(spec, settings),
        prompt=source,
        source=settings.source_model,
        target=target,
        split=split,
        rows=split.dev if split else dataset.rows,
        try_out=TryOuts(
            desk=workshop.desk,
            model=connection(target),
            scorer=Scorer(metrics=metrics, store=workshop.desk.store),
            prompt_of=prompt_of,
            recorded=read_recording(recording_path(spec.folder, spec.suite, target)),
            judges=tuple(judges.values()),
        ),
        optimizer=Optimizer(
            desk=workshop.desk, model=connection(settings.optimizer_model) if settings.optimizer_model else None
        ),
        judges=tuple(judges.values()),
        metric_of=lambda name: resolve([name], {**workshop.metrics, **given})[0],
    )


def _split(dataset: Dataset, spec: MigrationSpec, strategy: Strategy) -> Split | None:
    try:
        split = split_of(dataset, strata=spec.slices, cluster=spec.cluster, judged=spec.split)
    except TooFewRowsToSplitError:
        if strategy.learns:
            raise
        return None
    if strategy.learns and spec.split is not None and any(row.get("split") == spec.split for row in split.dev):
        raise JudgedRowsTuneError(spec.nodeid, spec.split, words_said())
    return split
