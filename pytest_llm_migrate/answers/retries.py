"""Which failures may pass, and how long to wait before a call is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import CallFailure

CROWDED = frozenset({"throttled", "model_not_ready"})
"""Kinds of failure that say: too many calls."""

UNCLEAR = frozenset(
    {
        "bad_checksum",
        "connection_lost",
        "malformed_output",
        "stream_broken",
        "stream_ended_early",
        "timed_out",
        "truncated_body",
    }
)
"""Kinds of failure after which nobody can tell whether the call was charged."""

PASSING = CROWDED | UNCLEAR | {"server_error"}
"""Kinds of failure that another attempt may not meet."""

LONGEST_WAIT = 20.0
LONGEST_REQUESTED_WAIT = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how soon a call is tried again.

    Attributes:
        attempts: Attempts in each round.
        rounds: Rounds; between two of them a call goes to the end of the queue.
        crowded: Bound of the first wait where the service is crowded, in seconds.
        elsewhere: Bound of the first wait after any other failure, in seconds.
        between_rounds: Seconds of rest at least before the next round.
    """

    attempts: int = 5
    rounds: int = 2
    crowded: float = 1.0
    elsewhere: float = 0.1
    between_rounds: float = 2.0

    def ends_round(self, sent: int) -> bool:
        """Tell whether a call has used all attempts of a round after ``sent`` attempts."""
        return sent % self.attempts == 0

    def wait(self, failure: CallFailure, sent: int, chance: float) -> float | None:
        """Return seconds to wait after the last of ``sent`` attempts, ``None`` where the failure stands.

        Full jitter (``chance`` lies in [0, 1)) over a bound that doubles with every attempt of a round, up to 20 s
        (Brooker, "Exponential Backoff And Jitter", AWS 2015), and never less than the service asks for; a wait of
        more than a minute that it asks for is not waited for.
        """
        asked = failure.retry_after or 0.0
        passes = failure.kind in PASSING and not failure.fatal and asked <= LONGEST_REQUESTED_WAIT
        if not passes or sent >= self.attempts * self.rounds:
            return None
        if self.ends_round(sent):
            return max(self.between_rounds, asked)
        first = self.crowded if failure.kind in CROWDED else self.elsewhere
        return max(chance * min(first * 2.0 ** (sent % self.attempts - 1), LONGEST_WAIT), asked)


STANDARD = Patience()


def cost_of_failure(failure: CallFailure) -> float | None:
    """Return what a call without an answer costs: nothing when it was refused, and nobody knows when it broke off."""
    return None if failure.kind in UNCLEAR else 0.0
