"""Strategies: ways to rewrite a prompt for a target model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.strategies.advpo import AdvancedPromptOptimization
from pytest_llm_migrate.strategies.bedrock_optimize import BedrockOptimize
from pytest_llm_migrate.strategies.few_shot import FewShot
from pytest_llm_migrate.strategies.gepa import Gepa
from pytest_llm_migrate.strategies.metaprompt import Metaprompt
from pytest_llm_migrate.strategies.mipro import Mipro
from pytest_llm_migrate.strategies.model_guidelines import ModelGuidelines
from pytest_llm_migrate.strategies.shorten import Shorten
from pytest_llm_migrate.strategies.sme_rules import SmeRules

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Strategy


def builtins() -> tuple[Strategy, ...]:
    """Return the strategies that come with the plugin."""
    return (
        AdvancedPromptOptimization(),
        BedrockOptimize(),
        Metaprompt(),
        ModelGuidelines(),
        FewShot(),
        Gepa(),
        Mipro(),
        Shorten(),
        SmeRules(),
    )
