"""How fast a quota may be used: found by trying, one step up where all is well, one down where it is crowded.

Additive increase and multiplicative decrease of calls in flight and of calls a second, as TCP does it (Chiu and
Jain, 1989), with the calls that the service took in the last seconds as the measure of what it gives. Values are frozen
and know no clock, so that every process on a store can go on where another one stopped.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

START_WINDOW = 8.0
LEAST_RATE = 0.2
BELOW_QUOTA = 0.97
"""Share of a quota given by the user that is used: just below it nothing is refused."""

_EPOCH_SECONDS, _LONGEST_EPOCH, _STORM_SECONDS, _EPOCH_CALLS = 1.0, 10.0, 0.25, 10
_SETTLE_SECONDS = 0.2  # after slowing down, what comes back still tells of the time before
_IDLE_SECONDS = 5.0
_BURST_SECONDS = 0.1
_TOLERATED = 0.03  # share of refused calls that changes nothing
_KEPT_RATE = 0.95  # of the rate at which calls were taken, after too many were refused
_KEPT_WINDOW, _LEAST_WINDOW = 0.7, 4.0
_LARGEST_CUT = 0.1
_LEAST_GROWTH, _MOST_GROWTH = 0.05, 0.5  # doubling with each epoch in which all is well
_TRIAL_CALLS, _STORM_CALLS = 80, 25
_ALIKE = (0.7, 1.4)  # refused and taken shares whose ratios lie between these differ by chance
_DEAF_SECONDS = 30.0
_TELLING = 0.1  # more refusals than usual by so much tell something
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What one model may be called by, over all processes on a store.

    Attributes:
        name: Under which name the service counts its calls: a model, and a region where there is one.
        in_flight: Calls in flight at most.
        per_minute: Calls a minute that the service gives, where the user knows it.
    """

    name: str
    in_flight: int
    per_minute: float | None = None

    @property
    def rate(self) -> float | None:
        """Calls a second at most, ``None`` where that has to be found out."""
        return None if self.per_minute is None else self.per_minute / 60 * BELOW_QUOTA


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Calls that ended: those the service took, those it was too crowded for, and the wait it asked for."""

    accepted: int = 0
    crowded: int = 0
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What is known of a quota; times are seconds since the epoch.

    Attributes:
        window: Calls in flight.
        rate: Calls a second; ``None`` while no limit was met.
        growing: No limit was met so far: the window grows with every accepted call.
        budget: Calls that the rate lets go now.
        filled: When the budget was reckoned.
        opens: No call goes out earlier.
        began: When the epoch under observation began.
        calls: Calls that went out in it.
        crowded: Calls that came back in it because the service was too crowded.
        tried: The rate and the window before calls were slowed down, until all is well, and the share of refused
            calls before the last time.
        deaf_until: Slowing down did not help lately: crowding as usual changes nothing until then.
        noise: The share of calls that is refused whatever the pace, until then.
        clean: Epochs in a row in which all was well.
    """

    window: float = START_WINDOW
    rate: float | None = None
    growing: bool = True
    budget: float = 1.0
    filled: float = 0.0
    opens: float = 0.0
    began: float = 0.0
    calls: int = 0
    crowded: int = 0
    tried: tuple[float | None, float, float] | None = None
    deaf_until: float = 0.0
    noise: float = 0.0
    clean: int = 0

    def room(self, now: float, in_flight: int, quota: Quota) -> int:
        """Return how many calls may go out now, 0 or more."""
        if now < self.opens:
            return 0
        room = int(min(self.window, quota.in_flight)) - in_flight
        if self._limit(quota) is not None:
            room = min(room, int(self._budget(now, quota)))
        return max(room, 0)

    def sent(self, now: float, calls: int, in_flight: int, quota: Quota) -> Pace:
        """Return the pace after calls went out; one that was idle observes from here on."""
        is_idle = not in_flight and now - self.filled > _IDLE_SECONDS
        pace = _observing(self, now) if is_idle else self
        counted = calls if now >= pace.began else 0
        return replace(pace, budget=self._budget(now, quota) - calls, filled=now, calls=pace.calls + counted)

    def seen(self, now: float, ended: Ended, quota: Quota) -> Pace:
        """Return the pace after calls ended."""
        opens = max(self.opens, now + min(ended.retry_after, _LONGEST_PAUSE)) if ended.retry_after else self.opens
        counted = ended.crowded if now >= self.began else 0
        pace = replace(self, crowded=self.crowded + counted, opens=opens)
        if now >= self.deaf_until and ended.crowded:
            pace = replace(pace, growing=False)
        if pace.growing:
            pace = replace(pace, window=min(pace.window + ended.accepted, quota.in_flight))
        return _judged(pace, now, quota) if _is_over(pace, now) else pace

    def to_record(self) -> dict[str, Any]:
        """Return the pace as JSON-ready builtins."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Pace:
        """Read back what `to_record` gave."""
        tried = record.pop("tried")
        return cls(**record, tried=tuple(tried) if tried else None)

    def _limit(self, quota: Quota) -> float | None:
        known = [rate for rate in (self.rate, quota.rate) if rate is not None]
        return min(known) if known else None

    def _budget(self, now: float, quota: Quota) -> float:
        rate = self._limit(quota)
        if rate is None:
            return 1.0
        return min(self.budget + max(now - self.filled, 0.0) * rate, max(1.0, rate * _BURST_SECONDS))


def _observing(pace: Pace, now: float) -> Pace:
    return replace(pace, began=now, calls=0, crowded=0)


def _is_over(pace: Pace, now: float) -> bool:
    lasted = now - pace.began
    if lasted >= _LONGEST_EPOCH:
        return True
    is_storm = pace.crowded >= _EPOCH_CALLS and lasted >= _STORM_SECONDS
    if pace.tried:
        is_worse = pace.crowded >= _STORM_CALLS and _share(pace) > pace.tried[2] + _TELLING
        return is_worse or (lasted >= _EPOCH_SECONDS and pace.calls >= _TRIAL_CALLS)
    return is_storm or (lasted >= _EPOCH_SECONDS and pace.calls >= _EPOCH_CALLS)


def _share(pace: Pace) -> float:
    return pace.crowded / max(pace.calls, pace.crowded, 1)


def _is_alike(share: float, other: float) -> bool:
    ratios = (share / other, (1 - share) / (1 - other)) if other < 1 else (share,)
    return all(_ALIKE[0] < ratio < _ALIKE[1] for ratio in ratios)


def _judged(pace: Pace, now: float, quota: Quota) -> Pace:
    share = _share(pace)
    if share <= _TOLERATED:
        return _faster(pace, now, quota)
    if now < pace.deaf_until and share < pace.noise + _TELLING:
        return _observing(pace, now)
    if pace.tried and pace.calls >= _EPOCH_CALLS and _is_alike(share, pace.tried[2]):
        # Fewer calls, and as large a share of them refused: waiting gains nothing, so it is given up.
        rate, window, _ = pace.tried
        given_up = replace(pace, rate=rate, window=window, growing=True, noise=share, deaf_until=now + _DEAF_SECONDS)
        return _observing(replace(given_up, tried=None), now)
    return _slower(pace, now, share)


def _slower(pace: Pace, now: float, share: float) -> Pace:
    lasted = now - pace.began
    # Refusals come at once: what went out and was not refused was taken, whether it has ended or not.
    sent, taken = pace.calls / lasted, max(pace.calls - pace.crowded, 0) / lasted
    noise = pace.noise if now < pace.deaf_until else 0.0
    slower = replace(
        pace,
        rate=max(_KEPT_RATE * taken / (1 - noise), _LARGEST_CUT * sent, LEAST_RATE),
        window=max(_LEAST_WINDOW, pace.window * _KEPT_WINDOW),
        tried=(*(pace.tried or (pace.rate, pace.window))[:2], share),
        clean=0,
    )
    return _observing(slower, now + _SETTLE_SECONDS)


def _faster(pace: Pace, now: float, quota: Quota) -> Pace:
    growth = 1 + min(_LEAST_GROWTH * 2.0**pace.clean, _MOST_GROWTH)
    is_used = pace.rate is not None and pace.calls > pace.rate * (now - pace.began) / 1.2
    faster = replace(
        pace,
        window=min(pace.window * growth + 1, quota.in_flight),
        rate=pace.rate * growth if pace.rate and is_used else pace.rate,
        tried=None,
        clean=min(pace.clean + 1, 10),
    )
    return _observing(faster, now)
