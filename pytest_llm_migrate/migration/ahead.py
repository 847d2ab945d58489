"""Scoring ahead of the tests: judges are asked about a row as soon as its answers are there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from pytest_llm_migrate.domain import Row, Side

THREADS = 64
"""Rows that are scored at once: most of them wait for an answer or for a judge."""


class ScoringAhead:
    """Scores rows in the background, in the order in which they are begun.

    Args:
        score: Returns both sides of a row with their scores, waiting for its answers.
    """

    def __init__(self, score: Callable[[Row], tuple[Side, Side]]) -> None:
        self._score = score
        self._pool: ThreadPoolExecutor | None = None
        self._begun: dict[str, Future[tuple[Side, Side]]] = {}

    def begin(self, rows: Sequence[Row]) -> None:
        """Score these rows as their answers arrive; returns at once."""
        if self._pool is None and rows:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="llm-migrate-scoring")
        for row in rows:
            if self._pool and row.sample_id not in self._begun:
                self._begun[row.sample_id] = self._pool.submit(self._score, row)

    def sides(self, row: Row) -> tuple[Side, Side]:
        """Return both sides of a row, waiting for them if they were begun, scoring them now if not."""
        begun = self._begun.pop(row.sample_id, None)
        return begun.result() if begun else self._score(row)

    def leave(self) -> None:
        """Begin no further row; those at work end when their answers do."""
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
