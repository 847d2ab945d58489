"""``mipro``: DSPy's MIPROv2 proposes instructions and examples, and searches for the best pair of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Takes
from pytest_llm_migrate.strategies.extra import check_dspy, dspy_runs
from pytest_llm_migrate.strategies.settings import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.domain import PromptTask, Rewrite

_LOOKS = 11
"""Texts at most in which MIPROv2 describes the rows, before it describes the program and proposes."""
_TEXTS_EACH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Mipro:
    """Searches instructions and examples with MIPROv2; the defaults are those of the published migrations to Nova.

    Half of the dev rows may become examples, the other half judges. It takes the settings ``candidates`` (instructions
    and sets of examples), ``trials`` (pairs of them), ``bootstrapped`` (examples at most that the target answered right
    itself), ``labeled`` (examples at most with golden answers), ``minibatch`` (rows a trial; 0 for all), ``full_every``
    (trials between scorings on all rows), ``threads`` (answers asked for at a time), ``max_tokens`` (of a text about
    instructions) and ``seed``.
    """

    candidates: int = 5
    trials: int = 7
    bootstrapped: int = 2
    labeled: int = 2
    minibatch: int = 10
    full_every: int = 5
    threads: int = 4
    max_tokens: int = 1024
    seed: int = 9
    name: str = "mipro"
    learns: bool = True
    settings: frozenset[str] = frozenset(
        {"candidates", "trials", "bootstrapped", "labeled", "minibatch", "full_every", "threads", "max_tokens", "seed"}
    )
    tool: str = "dspy 3.4 MIPROv2"

    def configured(self, settings: Mapping[str, Any]) -> Mipro:
        """Return the strategy as the user set it."""
        return replace(
            self,
            candidates=whole(settings, "candidates", self.candidates, least=2),
            trials=whole(settings, "trials", self.trials),
            bootstrapped=whole(settings, "bootstrapped", self.bootstrapped, least=0),
            labeled=whole(settings, "labeled", self.labeled, least=0),
            minibatch=whole(settings, "minibatch", self.minibatch, least=0),
            full_every=whole(settings, "full_every", self.full_every),
            threads=whole(settings, "threads", self.threads),
            max_tokens=whole(settings, "max_tokens", self.max_tokens),
            seed=whole(settings, "seed", self.seed),
        )

    def takes(self, rows: int) -> Takes:
        """Return the texts and answers of all candidates and trials, each trial on all rows."""
        texts = _LOOKS + _TEXTS_EACH * self.candidates
        return Takes(texts=texts, answers=rows * (self.candidates + 2 * self.trials + 3))

    def check(self, target: str, settings: Mapping[str, Any], optimizer: str | None) -> None:  # noqa: ARG002 - the extra is all
        """Raise `MissingExtraError` where DSPy is not installed."""
        check_dspy(self.name)

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return the best program as a prompt, its instruction and its examples, or the prompt as it was.

        Raises:
            MissingExtraError: DSPy is not installed.
            NoRewriteError: There are too few dev rows, or DSPy gave up.
            CallFailedError: A model will not answer.
        """
        rewrite: Rewrite = dspy_runs(self.name).run_mipro(task, self)
        return rewrite
