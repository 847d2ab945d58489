"""Metrics that watch answers and prompts: cheap, reported beside the others, and gated only where a gate asks."""

from pytest_llm_migrate.metrics.monitoring.attacks import Jailbreak, PromptInjection
from pytest_llm_migrate.metrics.monitoring.catalog import OF_EXTRAS, monitors
from pytest_llm_migrate.metrics.monitoring.language import Language, language_of
from pytest_llm_migrate.metrics.monitoring.personal import PersonalData
from pytest_llm_migrate.metrics.monitoring.refusal import Refusal
from pytest_llm_migrate.metrics.monitoring.repeated import RepeatedAnswers
from pytest_llm_migrate.metrics.monitoring.tone import Sentiment, ToxicWords
from pytest_llm_migrate.metrics.monitoring.toxicity import Toxicity
from pytest_llm_migrate.metrics.monitoring.watching import Monitor
from pytest_llm_migrate.metrics.monitoring.wording import Length, Readability, Repetition

__all__ = [
    "OF_EXTRAS",
    "Jailbreak",
    "Language",
    "Length",
    "Monitor",
    "PersonalData",
    "PromptInjection",
    "Readability",
    "Refusal",
    "RepeatedAnswers",
    "Repetition",
    "Sentiment",
    "ToxicWords",
    "Toxicity",
    "language_of",
    "monitors",
]
