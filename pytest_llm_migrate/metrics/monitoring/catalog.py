"""The monitoring metrics that ``monitor:*`` stands for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_llm_migrate.metrics.monitoring.attacks import Jailbreak, PromptInjection
from pytest_llm_migrate.metrics.monitoring.language import Language
from pytest_llm_migrate.metrics.monitoring.personal import PersonalData
from pytest_llm_migrate.metrics.monitoring.refusal import Refusal
from pytest_llm_migrate.metrics.monitoring.repeated import RepeatedAnswers
from pytest_llm_migrate.metrics.monitoring.tone import Sentiment, ToxicWords
from pytest_llm_migrate.metrics.monitoring.toxicity import Toxicity, is_installed
from pytest_llm_migrate.metrics.monitoring.wording import Length, Readability, Repetition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llm_migrate.domain import Metric


OF_EXTRAS: Mapping[str, Callable[[], Metric]] = {
    "monitor:toxicity": Toxicity,
    "monitor:prompt_toxicity": partial(Toxicity, name="monitor:prompt_toxicity", of="prompt"),
}
"""What makes a metric that takes an extra, by its name."""


def monitors() -> tuple[Metric, ...]:
    """Return every monitoring metric with its default settings: those of answers, of the run, then of prompts.

    One that takes an extra is among them where that is installed.
    """
    answers = (Readability(), Repetition(), Length(), Language(), Sentiment(), Refusal(), ToxicWords(), PersonalData())
    prompts = (
        Length(name="monitor:prompt_length", of="prompt"),
        ToxicWords(name="monitor:prompt_toxic_words", of="prompt"),
        PersonalData(name="monitor:prompt_pii", of="prompt"),
    )
    toxicity = [make() for make in OF_EXTRAS.values()] if is_installed() else []
    return (*answers, RepeatedAnswers(), PromptInjection(), Jailbreak(), *prompts, *toxicity)
