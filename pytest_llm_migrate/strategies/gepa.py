"""``gepa``: DSPy's GEPA has a model read what metrics found wanting, and rewrite the instruction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Takes
from pytest_llm_migrate.strategies.extra import check_dspy, dspy_runs
from pytest_llm_migrate.strategies.settings import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.domain import PromptTask, Rewrite


@dataclass(frozen=True, slots=True, kw_only=True)
class Gepa:
    """Rewrites the instruction with GEPA; examples stay as they are.

    Half of the dev rows is shown to the model that rewrites, the other half judges. It takes the settings ``calls``
    (answers scored, roughly), ``threads`` (answers asked for at a time), ``max_tokens`` (of a written instruction) and
    ``seed``.
    """

    calls: int = 100
    threads: int = 4
    max_tokens: int = 1024
    seed: int = 0
    name: str = "gepa"
    learns: bool = True
    settings: frozenset[str] = frozenset({"calls", "threads", "max_tokens", "seed"})
    tool: str = "dspy 3.4 GEPA"

    def configured(self, settings: Mapping[str, Any]) -> Gepa:
        """Return the strategy as the user set it."""
        return replace(
            self,
            calls=whole(settings, "calls", self.calls),
            threads=whole(settings, "threads", self.threads),
            max_tokens=whole(settings, "max_tokens", self.max_tokens),
            seed=whole(settings, "seed", self.seed, least=0),
        )

    def takes(self, rows: int) -> Takes:
        """Return the answers that are scored, one round more, and a text for each of them."""
        return Takes(texts=self.calls, answers=self.calls + 4 * rows)

    def check(self, target: str, settings: Mapping[str, Any], optimizer: str | None) -> None:  # noqa: ARG002 - the extra is all
        """Raise `MissingExtraError` where DSPy is not installed."""
        check_dspy(self.name)

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return the best program as a prompt, or the prompt as it was.

        Raises:
            MissingExtraError: DSPy is not installed.
            NoRewriteError: There are too few dev rows, or DSPy gave up.
            CallFailedError: A model will not answer.
        """
        rewrite: Rewrite = dspy_runs(self.name).run_gepa(task, self)
        return rewrite
