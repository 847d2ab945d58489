"""What sides whose model can be called have in common: how their answers so far came about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.answers import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.answers import Desk, RecordedAnswer
    from pytest_llm_migrate.domain import Answer

IN_RECORDINGS = "were replayed from recordings"
IN_STORE = "were kept from earlier calls"


@dataclass(slots=True, kw_only=True)
class CallingSide(ABC):
    """A side whose answers are asked for, or recorded.

    Attributes:
        desk: Where its answers are asked for.
        recorded: Its recordings by key: the row, and the answer.
    """

    desk: Desk
    recorded: Mapping[str, tuple[str, Answer]]

    @abstractmethod
    def in_flight(self) -> int:
        """Return how many calls are in flight at once."""

    @abstractmethod
    def used(self) -> Sequence[RecordedAnswer]:
        """Return every answer that has arrived."""

    @property
    def may_call(self) -> bool:
        """Whether the model may be called: in a replay it may not."""
        return self.desk.mode is not Mode.REPLAY

    @property
    def is_live(self) -> bool:
        """Whether some answers so far come from calls of this command, be it from an earlier run of it."""
        return self.may_call and any(self._is_called(item) for item in self.used())

    def times_from(self) -> Sequence[str]:
        """Return under which conditions the answers so far were timed: recorded, kept or called."""
        used = self.used()
        called = [item for item in used if self._is_called(item)]
        said = [IN_RECORDINGS] if len(called) < len(used) else []
        said += [IN_STORE] if any(item.answer.cached for item in called) else []
        if not all(item.answer.cached for item in called):
            said.append(f"come from calls at up to {self.in_flight()} in flight")
        return said

    def kept_since(self) -> float | None:
        """Return when the oldest answer so far of an earlier run was made; recordings do not say when theirs were."""
        kept = [item.key for item in self.used() if item.answer.cached and item.key not in self.recorded]
        return self.desk.store.oldest(kept) if kept else None

    def _is_called(self, item: RecordedAnswer) -> bool:
        return self.desk.mode is Mode.FRESH or item.key not in self.recorded
