"""The options on prompts: which are used, and how they are rewritten."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llm_migrate.migration.settings import Settings

DEFAULT = "few-shot"
"""The strategy of ``--migrate-prompts`` without a name: it needs no model to write text."""

NAMES = (
    "advpo",
    "bedrock-optimize",
    "few-shot",
    "gepa",
    "metaprompt",
    "mipro",
    "model-guidelines",
    "shorten",
    "sme-rules",
)
"""The strategies that come with the plugin, for ``--help``: they themselves take time to import."""


def add_prompt_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """Declare the options on prompts."""
    group.addoption(
        "--prompt-strategy",
        metavar="NAME",
        help="The target's prompt: 'catalog' for the one filed for it, 'identity' for the source prompt as it is, or a "
        "strategy's name for what it wrote last (default: catalog)",
    )
    group.addoption(
        "--migration-against",
        metavar="NAME",
        help="Compare two prompts on the target's model: this one, 'identity', 'catalog' or a strategy's name, takes "
        "the source's place, and --prompt-strategy names the other. On rows exported from live traffic it is a shadow "
        "run: --migration-against names the prompt in production and --prompt-strategy the candidate; rows "
        "need no ground truth for metrics that read none: rules, judge:helpfulness, pairwise (default: off)",
    )
    group.addoption(
        "--migrate-prompts",
        metavar="NAME",
        nargs="?",
        const=DEFAULT,
        help="Rewrite the prompts of the selected tests for the targets by a strategy, by several in a row ('a+b') or "
        "by the one of several with the best dev score ('best-of:a,b'), file them in the catalog and "
        "run no test; with --migration-plan only say what that takes. "
        f"Strategies: {', '.join(NAMES)} (default: off; '{DEFAULT}' without a name)",
    )
    group.addoption(
        "--optimizer-model",
        metavar="REF",
        help="The model that writes prompts, for strategies that need one (default: none)",
    )
    group.addoption(
        "--strategy-option",
        metavar="KEY=VALUE",
        action="append",
        type=key_value,
        help="A setting of the strategy, such as trials=7; may be given several times; one that the strategy does not "
        "take is an error that lists those it does (default: none)",
    )
    group.addoption(
        "--migration-force",
        action="store_true",
        help="Write over prompts that were written or edited by hand (default: off)",
    )
    parser.addini("prompt_strategy", "Like --prompt-strategy")
    parser.addini("migration_against", "Like --migration-against")
    parser.addini("optimizer_model", "Like --optimizer-model")
    parser.addini("strategy_option", "Like --strategy-option; one a line", type="linelist")
    parser.addini("prompt_catalog", "The folder that holds prompts (default: 'prompts' beside each test file)")


def key_value(text: str) -> tuple[str, str]:
    """Read a setting: its name and what it is set to."""
    key, sign, value = text.partition("=")
    if not (key.strip() and sign):
        raise argparse.ArgumentTypeError(f"takes KEY=VALUE, got {text!r}")
    return key.strip(), value.strip()


def prompt_settings(config: pytest.Config) -> dict[str, Any]:
    """Return the settings on how prompts are rewritten, by name; raises `pytest.UsageError` for what is no setting."""
    given = config.getoption("strategy_option")
    return {
        "against": config.getoption("migration_against") or config.getini("migration_against") or None,
        "migrate_prompts": config.getoption("migrate_prompts"),
        "optimizer_model": config.getoption("optimizer_model") or config.getini("optimizer_model") or None,
        "strategy_options": tuple(given if given is not None else _of_ini(config.getini("strategy_option"))),
        "force": config.getoption("migration_force"),
    }


def refuse_lost_rewriting(settings: Settings) -> None:
    """Raise `pytest.UsageError` where prompts are to be rewritten and no strategy, or no target, is named."""
    if settings.migrate_prompts is None:
        return
    if not settings.migrate_prompts.strip():
        raise pytest.UsageError(
            f"--migrate-prompts= names no strategy: give one of {', '.join(NAMES)}, or leave '=' out for {DEFAULT!r}"
        )
    if not settings.target_models:
        raise pytest.UsageError(
            "--migrate-prompts rewrites prompts for a target, and there is none: name it with --target-model REF"
        )


def _of_ini(lines: Iterable[str]) -> list[tuple[str, str]]:
    try:
        return [key_value(line) for line in lines]
    except argparse.ArgumentTypeError as error:
        raise pytest.UsageError(f"ini option strategy_option {error}") from error
