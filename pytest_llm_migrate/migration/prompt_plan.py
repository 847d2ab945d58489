"""What rewriting a prompt would take: texts, answers and judgements, what they cost, and the files it would write."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers import dearest_answer
from pytest_llm_migrate.domain import PairedMetric, Request, Turn
from pytest_llm_migrate.errors import masked
from pytest_llm_migrate.migration.judge_plan import judge_calls
from pytest_llm_migrate.migration.prompting import files_of, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.domain import Strategy, Takes
    from pytest_llm_migrate.migration.judging import DeskJudge
    from pytest_llm_migrate.migration.prompting import PromptMigration

_LONGEST_TEXT = 4096
"""Tokens of a text that the optimizer writes, unless the setting ``max_tokens`` says another number."""
_QUESTION = "\n" * 10_000
"""As long as what the optimizer is told beside the prompt: how to write one, its guidelines, what was wrong."""


def rewriting_plan(job: PromptMigration, strategy: Strategy, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what rewriting a prompt takes at most, and the state of the files that it would write; nothing is asked.

    Costs are US dollars at the source prompt's length, ``None`` where unknown; kept answers cost nothing in the end.
    """
    takes = strategy.takes(len(job.rows))
    answers = takes.answers + 2 * len(job.rows)  # the source prompt and the new one are tried out in any case
    each = job.try_out.dearest(job.prompt, job.rows)
    return {
        "prompt": job.name,
        "target": masked(job.target),
        "strategy": strategy.name,
        "optimizer": masked(job.optimizer.ref) if job.optimizer.ref else None,
        "texts": takes.texts,
        "services": takes.services,
        "answers": answers,
        "rows": len(job.rows),
        "texts_usd": _texts_usd(job, takes, settings),
        "usd": None if each is None else answers * each,
        "judges": [_judge_record(job, judge, answers) for judge in job.judges],
        "files": [{"path": job.shown(path), "state": state_of(job, path)} for path in files_of(job, strategy)],
    }


def _texts_usd(job: PromptMigration, takes: Takes, settings: Mapping[str, Any]) -> float | None:
    """Return what the optimizer's texts cost about; the target writes them where there is none and it may."""
    model = job.optimizer.model or job.try_out.model
    most = str(settings.get("max_tokens", _LONGEST_TEXT))
    asked = Request(
        turns=(Turn("user", f"{_QUESTION}{job.prompt.system or ''}{job.prompt.user}"),),
        inference={"max_tokens": int(most) if most.isdecimal() else _LONGEST_TEXT},
    )
    each = job.try_out.desk.prices.cost(model.ref, dearest_answer(asked))
    return None if each is None else takes.texts * each


def _judge_record(job: PromptMigration, judge: DeskJudge, answers: int) -> dict[str, Any]:
    """Return what a judge would be asked about so many answers, and what that cost by what it took earlier."""
    asking = [metric for metric in job.try_out.scorer.metrics if metric.name in judge.asked_by]
    seats = {metric.name: sum(metric.name in other.asked_by for other in job.judges) for metric in asking}
    calls = answers * sum(
        math.ceil(judge_calls(metric) / seats[metric.name]) for metric in asking if not isinstance(metric, PairedMetric)
    )
    typical = judge.typical()
    each = None if typical is None else judge.cost(typical)
    return {"ref": judge.shown, "calls": calls, "usd": None if each is None else calls * each}
