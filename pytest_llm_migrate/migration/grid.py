"""The attribution grid: each model is asked with the other's prompt, too, for migrations that a gate judges."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llm_migrate.migration.ahead import THREADS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.answers import Forecast
    from pytest_llm_migrate.domain import Row, Side, SideName
    from pytest_llm_migrate.migration.scoring import Scorer
    from pytest_llm_migrate.migration.sides import SideAnswers

Cells = dict["SideName", "Side"]
SAME_PROMPT = "There is nothing to attribute: both models are sent the same prompt."
TARGET_RECORDED = (
    "Nothing can be attributed: the target's answers are recorded, and it cannot be asked with another prompt."
)
SOURCE_RECORDED = (
    "The source's answers are recorded, and it cannot be asked with the migrated prompt: "
    "the target's part of the grid stands alone."
)
EXCHANGED: Mapping[SideName, str] = {"source": "source_with_migrated_prompt", "target": "target_with_source_prompt"}
"""What plans call the cells that a migration does not ask for anyway, by the side whose model is asked."""


@dataclass(slots=True, kw_only=True)
class Grid:
    """Both models with each other's prompts, as far as they can be asked.

    Attributes:
        cells: Each model's answers to the other side's prompt, by the model's side.
        scorer: Scores them like all answers.
        seen: Gets a row with its cells once they are scored.
        in_parallel: Whether rows are scored at once, as judges are waited for.
    """

    cells: Mapping[SideName, SideAnswers]
    scorer: Scorer
    seen: Callable[[Row, Cells], None]
    in_parallel: bool = False
    _taken: set[str] = field(default_factory=set)

    def prepare(self, rows: Sequence[Row]) -> None:
        """Raise `MigrateError` for what can be known to be wrong with these rows before any call."""
        for side in self.cells.values():
            side.prepare(rows)

    def begin(self, rows: Sequence[Row]) -> None:
        """Ask for these rows; returns at once."""
        self.prepare(rows)
        for side in self.cells.values():
            side.begin(rows)

    def expected(self) -> list[Forecast | None]:
        """Return what the calls that are prepared and not begun would take, ``None`` where nobody knows which."""
        return [side.expected() for side in self.cells.values()]

    def take(self, rows: Sequence[Row]) -> None:
        """Hand the scored cells of these rows to ``seen``, each row once, waiting for the answers."""
        new = [row for row in rows if row.sample_id not in self._taken]
        self.begin(new)
        self._taken.update(row.sample_id for row in new)
        if not self.in_parallel:
            for row in new:
                self.seen(row, self._scored(row))
            return
        with ThreadPoolExecutor(THREADS) as pool:
            for row, cells in zip(new, pool.map(self._scored, new), strict=True):
                self.seen(row, cells)

    def _scored(self, row: Row) -> Cells:
        return {name: self.scorer.side(name, row, side.outcomes(row)) for name, side in self.cells.items()}
