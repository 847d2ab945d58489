"""Dev rows in two parts: those that may become examples, and those on which prompts are tried out."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import NoRewriteError, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.domain import PromptTask, Row

_WAY_OUT = "Take a strategy that does not learn from rows, or give more rows."


@dataclass(frozen=True, slots=True, kw_only=True)
class DevRows:
    """Dev rows, told apart: a row never judges a prompt that its own answer may stand in.

    Attributes:
        pool: Rows with a golden answer that may become examples: half of those.
        judging: The other rows: every prompt is tried out on the same ones.
    """

    pool: Sequence[Row]
    judging: Sequence[Row]


def dev_rows(task: PromptTask, strategy: str, seed: int) -> DevRows:
    """Return a task's rows in two parts, drawn by the seed; raises `NoRewriteError` where there are too few."""
    golden = [row for row in task.rows if example_output(row)]
    most = min(max(len(golden) // 2, 1), len(golden), len(task.rows) - 1)
    drawn = random.Random(seed).sample(golden, max(most, 0))  # noqa: S311 - no secret
    pool = {row.sample_id for row in drawn}
    if not pool:
        found = f"{counted(len(task.rows), 'dev row')}, {len(golden)} with a golden answer"
        raise NoRewriteError(strategy, task.target, f"{found}, are too few to learn from", _WAY_OUT)
    return DevRows(
        pool=[row for row in task.rows if row.sample_id in pool],
        judging=[row for row in task.rows if row.sample_id not in pool],
    )


def example_output(row: Row) -> str:
    """Return a row's golden answer as a model should write it, the first of several; empty where there is none."""
    golden = row.reference
    if isinstance(golden, (list, tuple)):
        golden = golden[0] if golden else None
    if golden is None or isinstance(golden, str):
        return (golden or "").strip()
    return json.dumps(golden, ensure_ascii=False, default=str)
