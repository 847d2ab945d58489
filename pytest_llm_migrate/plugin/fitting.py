"""Options that change what others mean, or do not go together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.migration.settings import RECORDED
from pytest_llm_migrate.plugin.prompt_options import refuse_lost_rewriting

if TYPE_CHECKING:
    from pytest_llm_migrate.migration.settings import Settings

_LEAST_REPEATS = 2


def fitting(config: pytest.Config, settings: Settings) -> Settings:
    """Return settings that fit together; raises `pytest.UsageError` where they cannot."""
    refuse_lost_rewriting(settings)
    if settings.stop_early:
        _refuse_beside_stop_early(config, settings)
    if settings.against:
        _refuse_beside_against(settings)
    return _of_self_test(settings) if settings.self_test else settings


def _refuse_beside_against(settings: Settings) -> None:
    for option, is_on in (
        ("--migration-self-test", settings.self_test),
        ("--migration-attribution", settings.attribution),
    ):
        if is_on:
            raise pytest.UsageError(f"{option} takes a source model, and --migration-against has none: leave one out")
    if len(settings.target_models) > 1:
        raise pytest.UsageError(
            "--migration-against compares two prompts on one model: leave one --target-model, and run once for each"
        )
    if RECORDED in settings.target_models:
        raise pytest.UsageError(
            "--migration-against compares two prompts on the target's model, and recorded answers have no model to "
            "ask: name one with --target-model REF"
        )


def _refuse_beside_stop_early(config: pytest.Config, settings: Settings) -> None:
    for option, is_on in (
        ("--migration-self-test", settings.self_test),
        ("--migration-attribution", settings.attribution),
    ):
        if is_on:
            raise pytest.UsageError(f"{option} takes all rows, and --migration-stop-early does not: leave one out")
    if getattr(config.option, "tx", None) and not settings.plan:
        raise pytest.UsageError(
            "--migration-stop-early takes one process, since every gate looks at all rows so far: leave out -n, or "
            "give -n0"
        )


def _of_self_test(settings: Settings) -> Settings:
    """Return the settings of a source against itself: there is no target, and every row has repeats to draw from."""
    if settings.source_model == RECORDED:
        raise pytest.UsageError(
            "--migration-self-test compares answers of the source with other answers of it to the same rows, and the "
            "dataset has one a row: name the model with --source-model. With --migration-answers replay its kept "
            "repeats are compared and nothing is called"
        )
    return replace(
        settings,
        target_models=(settings.source_model,),
        prompt_strategy="identity",
        repeats=max(settings.repeats, _LEAST_REPEATS),
        latency_rows=0,
        attribution=False,
    )
