"""What both sides of a migration send: prompts found by the user's choice, and the rows that may judge them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.datasets import split_of
from pytest_llm_migrate.errors import (
    NoPromptsToCompareError,
    NoTargetPromptError,
    SamePromptsError,
    TunedRowsError,
)
from pytest_llm_migrate.migration.settings import RECORDED
from pytest_llm_migrate.migration.variants import variant_records
from pytest_llm_migrate.prompts import Catalog, Prompt, RowPrompt, load_prompt

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Dataset
    from pytest_llm_migrate.migration.settings import Settings
    from pytest_llm_migrate.migration.spec import MigrationSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a side sends: a prompt for every row, and the strategy that chose it."""

    prompt: Prompt | RowPrompt | None
    strategy: str | None = None


def source_of(spec: MigrationSpec, settings: Settings) -> Sent:
    """Return what the source side sends; a recorded source sends nothing, but its prompt is shown if there is one."""
    if spec.prompt is None:
        return Sent(prompt=RowPrompt() if spec.pipeline is None else None)
    if isinstance(spec.prompt, Prompt):
        return Sent(prompt=spec.prompt)
    if _is_file(spec.prompt):
        return Sent(prompt=load_prompt(spec.folder / str(spec.prompt)))
    return Sent(prompt=catalog_of(spec, settings).source(str(spec.prompt)))


def target_of(spec: MigrationSpec, settings: Settings, ref: str, source: Sent) -> Sent:
    """Return what the target side sends by the prompt strategy; a row's own prompt is sent as it is."""
    is_as_it_is = settings.prompt_strategy == "identity" or settings.migrate_prompts
    if is_as_it_is or ref == RECORDED or not isinstance(source.prompt, Prompt):
        return Sent(prompt=source.prompt, strategy="identity")
    if isinstance(spec.prompt, Prompt) or _is_file(spec.prompt):
        raise NoTargetPromptError(source.prompt.name, ref, source.prompt.place, [])
    prompt = catalog_of(spec, settings).for_target(str(spec.prompt), ref, settings.variant)
    strategy = prompt.provenance.strategy if prompt.provenance else None
    return Sent(prompt=prompt, strategy=strategy or "catalog")


def sides_of(spec: MigrationSpec, settings: Settings, ref: str) -> tuple[Sent, Sent]:
    """Return what both sides send: the source prompt and the target's, or two prompts of the target's model.

    Raises:
        SamePromptsError: The two prompts to compare are one.
    """
    source = source_of(spec, settings)
    target = target_of(spec, settings, ref, source)
    if settings.against is None or settings.migrate_prompts:
        return source, target
    against = target_of(spec, replace(settings, prompt_strategy=settings.against), ref, source)
    prompts = (against.prompt, target.prompt)
    if not all(isinstance(prompt, Prompt) for prompt in prompts):
        raise NoPromptsToCompareError(spec.nodeid)
    if len({prompt.sha256 for prompt in prompts if isinstance(prompt, Prompt)}) == 1:
        raise SamePromptsError(spec.nodeid, settings.against, settings.prompt_strategy)
    return against, target


def untuned(spec: MigrationSpec, dataset: Dataset, *sides: Sent) -> Dataset:
    """Return the rows that may judge all sides' prompts: the holdout rows alone where dev rows tuned one of them.

    Raises:
        TunedRowsError: The marker's split would judge a prompt by rows that tuned it, or which did is not known.
    """
    judging = [{row.sample_id for row in _judging(spec, dataset, sent).rows} for sent in sides]
    rows = [row for row in dataset.rows if all(row.sample_id in ids for ids in judging)]
    return dataset if len(rows) == len(dataset.rows) else replace(dataset, rows=rows)


def _judging(spec: MigrationSpec, dataset: Dataset, sent: Sent) -> Dataset:
    if not isinstance(sent.prompt, Prompt) or (provenance := sent.prompt.provenance) is None:
        return dataset
    if provenance.dev_sha256 is None:
        return dataset
    split = split_of(dataset, strata=spec.slices, cluster=spec.cluster, judged=spec.split)
    place = sent.prompt.place
    if split.dev_sha256 != provenance.dev_sha256:
        raise TunedRowsError(place, f"the rows of {dataset.path} that tuned it are not those that would today")
    if spec.split and spec.split in {row.get("split") for row in split.dev}:
        raise TunedRowsError(place, f"the rows of split {spec.split!r} tuned it and may not judge it")
    tuned = {row.sample_id for row in split.dev}
    rows = split.holdout if spec.split is None else [row for row in dataset.rows if row.sample_id not in tuned]
    return replace(dataset, rows=rows)


def attaching(sent: Sent, folder: Path) -> Sent:
    """Return what is sent with the folder that its attachments lie in."""
    # Where files lie is known to the dataset alone: a prompt is filed for any.
    if not isinstance(sent.prompt, Prompt) or not sent.prompt.attachments:
        return sent
    return replace(sent, prompt=replace(sent.prompt, dataset_folder=folder))


def variants_of(spec: MigrationSpec, settings: Settings, ref: str) -> list[dict[str, Any]]:
    """Return what strategies wrote of a catalog's prompt for a target, for the record."""
    if not isinstance(spec.prompt, str) or _is_file(spec.prompt) or ref == RECORDED:
        return []
    return variant_records(catalog_of(spec, settings), spec.prompt, ref)


def _is_file(prompt: object) -> bool:
    return isinstance(prompt, Path) or (isinstance(prompt, str) and prompt.endswith((".yaml", ".yml")))


def catalog_of(spec: MigrationSpec, settings: Settings) -> Catalog:
    """Return the catalog that a spec's prompt is in."""
    return Catalog(settings.prompt_catalog or spec.folder / "prompts")
