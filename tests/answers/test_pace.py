"""Pacing: a quota is found, kept to, shared and forgotten about when it was none."""

from __future__ import annotations

import heapq
import json
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.answers.pace import Ended, Pace, Quota

LATENCY = 0.2
TICK = 0.01


@dataclass(kw_only=True)
class Service:
    """A service of a token bucket, or of refusals by chance, on a clock of its own."""

    per_second: float = 1e9
    burst: float = 20.0
    refused: float = 0.0
    accepted: int = 0
    crowded: int = 0
    now: float = 1000.0
    _tokens: float = 0.0
    _chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - a test's chance
    _running: list[tuple[float, bool]] = field(default_factory=list)

    def run(self, calls: int, quota: Quota, pace: Pace | None = None) -> tuple[float, Pace]:
        """Have calls accepted, refused ones tried again; return the seconds it took and the pace in the end."""
        pace, began = pace or Pace(), self.now
        self._tokens = self.burst
        while self.accepted < calls:
            ended = self._ended()
            if ended.accepted or ended.crowded:
                pace = pace.seen(self.now, ended, quota)
            wanted = calls - self.accepted - len(self._running)
            going = min(pace.room(self.now, len(self._running), quota), max(wanted, 0))
            pace = pace.sent(self.now, going, len(self._running), quota) if going else pace
            for _ in range(going):
                self._take()
            self.now += TICK
            self._tokens = min(self._tokens + TICK * self.per_second, self.burst)
        return self.now - began, pace

    def _take(self) -> None:
        is_accepted = self._tokens >= 1 and self._chance.random() >= self.refused
        self._tokens -= is_accepted
        heapq.heappush(self._running, (self.now + (LATENCY if is_accepted else 0.01), is_accepted))

    def _ended(self) -> Ended:
        accepted = crowded = 0
        while self._running and self._running[0][0] <= self.now:
            _, is_accepted = heapq.heappop(self._running)
            accepted, crowded = accepted + is_accepted, crowded + (not is_accepted)
        self.accepted, self.crowded = self.accepted + accepted, self.crowded + crowded
        return Ended(accepted=accepted, crowded=crowded)


def test_without_a_limit_the_window_opens_at_once() -> None:
    """From a few calls in flight to all that are allowed takes a few round trips."""
    took, pace = Service(burst=1e9).run(2000, Quota(name="m", in_flight=64))
    assert took < 1.15 * 2000 * LATENCY / 64
    assert (pace.window, pace.rate) == (64, None)


def test_an_unknown_quota_is_found() -> None:
    """Calls settle just below what the service gives, and few are refused on the way."""
    service = Service(per_second=100)
    took, _ = service.run(1000, Quota(name="m", in_flight=64))
    assert took < 1.3 * 10
    assert service.crowded < 250


def test_what_was_found_is_kept_for_the_next_calls() -> None:
    """A pace that was learned starts without a storm of refusals."""
    service = Service(per_second=100)
    _, pace = service.run(1000, Quota(name="m", in_flight=64))
    service.accepted = service.crowded = 0
    service.run(500, Quota(name="m", in_flight=64), pace)
    assert service.crowded < 100


def test_a_given_quota_is_kept_to() -> None:
    """Just below the quota nothing is refused, and next to no time is lost."""
    service = Service(per_second=100)
    took, _ = service.run(1000, Quota(name="m", in_flight=64, per_minute=6000))
    assert took < 1.1 * 10
    assert service.crowded == 0


@pytest.mark.parametrize("refused", [0.05, 0.2, 0.5])
def test_refusals_that_waiting_does_not_help_are_lived_with(refused: float) -> None:
    """Where a share is refused whatever the pace, calls go on at full width but for half a minute of doubt."""
    service = Service(refused=refused, burst=1e9)
    took, _ = service.run(6000, Quota(name="m", in_flight=64))
    assert took < 6000 * LATENCY / 64 / (1 - refused) + 30


def test_a_quota_far_below_the_width_is_found_too() -> None:
    """Ten calls a second are found although sixty-four are allowed in flight."""
    service = Service(per_second=10, burst=10)
    took, _ = service.run(300, Quota(name="m", in_flight=64))
    assert took < 1.5 * 30


def test_a_requested_wait_closes_the_quota() -> None:
    """Nothing goes out until the wait is over, and then calls go on."""
    quota = Quota(name="m", in_flight=8)
    pace = Pace().sent(100.0, 8, 0, quota).seen(100.1, Ended(crowded=1, retry_after=5.0), quota)
    assert pace.room(105.0, 0, quota) == 0
    assert pace.room(105.2, 0, quota) > 0


@given(
    st.lists(st.tuples(st.floats(0, 30), st.integers(0, 50), st.integers(0, 50), st.floats(0, 90)), max_size=60),
    st.integers(1, 64),
    st.one_of(st.none(), st.floats(1, 60_000)),
)
def test_a_pace_never_shuts_for_good(
    history: list[tuple[float, int, int, float]], in_flight: int, per_minute: float | None
) -> None:
    """Whatever was seen, room stays within the quota, and within minutes an idle quota has room again."""
    quota, pace, now = Quota(name="m", in_flight=in_flight, per_minute=per_minute), Pace(), 1000.0
    for seconds, accepted, crowded, retry_after in history:
        now += seconds
        room = pace.room(now, 0, quota)
        assert 0 <= room <= in_flight
        pace = pace.sent(now, room, 0, quota)
        pace = pace.seen(now + 0.1, Ended(accepted=accepted, crowded=crowded, retry_after=retry_after), quota)
    assert pace.room(now + 200.0, 0, quota) >= 1


@given(st.integers(0, 100), st.integers(0, 100), st.floats(1, 100))
def test_a_pace_survives_being_written_down(accepted: int, crowded: int, seconds: float) -> None:
    """What one process learned another reads back unchanged."""
    quota = Quota(name="m", in_flight=16)
    pace = Pace().sent(50.0, 8, 0, quota)
    pace = pace.seen(50.0 + seconds, Ended(accepted=accepted, crowded=crowded), quota)
    assert Pace.from_record(json.loads(json.dumps(pace.to_record()))) == pace


@pytest.mark.parametrize("per_minute", [None, 60.0])
def test_one_call_may_always_be_tried(per_minute: float | None) -> None:
    """A new quota has room for a first call."""
    assert Pace().room(1000.0, 0, Quota(name="m", in_flight=1, per_minute=per_minute)) == 1
