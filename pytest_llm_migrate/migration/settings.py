"""What the user asked for, read once from the command line and the ini file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import BatchPlace

RECORDED = "recorded"
PROMPT_CHOICES = ("catalog", "identity")
"""What `prompt_strategy` may be besides the name of a strategy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A run's options; each is described in `plugin.options`, where it is declared."""

    source_model: str
    target_models: tuple[str, ...]
    judge_model: str | None
    prompt_strategy: str
    prompt_catalog: Path | None
    answers: str
    record: bool
    sample: int | None
    repeats: int
    max_cost: float | None
    concurrency: int | None
    latency_rows: int
    latency_cache: bool
    rpm: float | None
    prices: Path | None
    monthly_requests: int | None
    folder: Path
    report: Path | None
    json: Path | None
    summary: Path | None
    plan: bool
    batch: BatchPlace | None = None
    error_tolerance: float | None = None
    undecided: str = "fail"
    self_test: int | None = None
    stop_early: bool = False
    attribution: bool = False
    migrate_prompts: str | None = None
    optimizer_model: str | None = None
    strategy_options: tuple[tuple[str, str], ...] = ()
    force: bool = False
    against: str | None = None
    require_signoff: bool = False
    signoffs: Path = Path("signoffs")
    redact: bool = False
    run_by: str | None = None

    def source_of(self, target: str) -> str:
        """Return the source of a target: the source model, or the target itself where its prompts are compared."""
        return self.source_model if self.against is None else target

    @property
    def variant(self) -> str | None:
        """The strategy whose prompts are used, whichever is filed; ``None`` for those that are."""
        return None if self.prompt_strategy in PROMPT_CHOICES else self.prompt_strategy
