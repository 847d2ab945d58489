"""What a latency pass brought: samples, those left out with the reason, and the record of the whole."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import SIDES, Answer
from pytest_llm_migrate.migration.watch import fault_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.domain import Outcome, SideName
    from pytest_llm_migrate.migration.watch import Watch

CACHE_HIT = "cache_hit"
NOT_TIMED = "not_timed"
OTHER_SIDE = "other_side"
"""Why a sample is left out that is right in itself: its pair's other one is not."""
_TIMES = ("latency", "ttft", "server_latency", "input_tokens", "output_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One timed call of a pass.

    Attributes:
        place: Its place in the order of the pass.
        pair: The pair it belongs to, from 0.
        side: Its side.
        sample_id: Its row.
        sent: When it went out, in seconds since the epoch; ``None`` for one that an interrupted pass left.
        outcome: What came of it.
        with_cache: It counts although it came out of a prompt cache.
    """

    place: int
    pair: int
    side: SideName
    sample_id: str
    sent: float | None
    outcome: Outcome
    with_cache: bool = False

    @property
    def reason(self) -> str | None:
        """Why its times do not count: a fault's name, `CACHE_HIT` or `NOT_TIMED`; ``None`` where they do."""
        if not isinstance(self.outcome, Answer):
            return self.outcome.kind
        if self.outcome.cache_read_tokens and not self.with_cache:
            return CACHE_HIT
        return NOT_TIMED if self.outcome.latency is None else None

    def to_record(self, excluded: str | None) -> dict[str, Any]:
        """Return the sample as JSON-ready builtins, without its text."""
        answer = self.outcome if isinstance(self.outcome, Answer) else Answer(text="")
        steps = [{name: getattr(step, name, None) for name in ("name", *_TIMES)} for step in answer.steps]
        return {
            "order": self.place,
            "pair": self.pair,
            "side": self.side,
            "sample_id": self.sample_id,
            "sent": self.sent,
            **{name: getattr(answer, name) for name in _TIMES},
            "steps": steps,
            "excluded": excluded,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Under which circumstances a pass was measured.

    Attributes:
        rows: Rows that were to be asked on both sides.
        concurrency: Calls in flight at most, over both sides.
        order_seed: Seed of the order.
        warm_up: Calls made and thrown away before.
        cache_off: Prompts have cache points, which were left out.
        cpu_of: ``process``, or ``client threads`` where the models run in the same process.
        started: When the pass began, ISO 8601.
    """

    rows: int
    concurrency: int
    order_seed: int
    warm_up: int
    cache_off: bool
    cpu_of: str
    started: str


def pass_record(
    circumstances: Circumstances, samples: Sequence[Sample], watch: Watch | None, unmeasured: str = ""
) -> dict[str, Any]:
    """Return the record of a pass, its samples included; ``unmeasured`` says why there was none."""
    said = _excluded(samples)
    kept = [item for item in samples if said[item.place] is None and isinstance(item.outcome, Answer)]
    ttfts = [item.outcome.ttft for item in kept if isinstance(item.outcome, Answer) and item.outcome.ttft is not None]
    lag, cpu = (watch.lag, watch.cpu) if watch else (None, None)
    why = unmeasured or fault_of(cpu or 0.0, lag or 0.0, statistics.median(ttfts) if ttfts else None)
    return {
        **asdict(circumstances),
        "pairs": len(kept) // 2,
        "excluded": {side: _counted(samples, said, side) for side in SIDES},
        "latency_of": "service" if _is_timed_by_service(kept) else "client",
        "client_share": {side: _client_share(kept, side) for side in SIDES},
        "heartbeat_p99": lag,
        "cpu": cpu,
        "valid": not why,
        "why": why or None,
        "ended": iso(dt.datetime.now(tz=dt.UTC).timestamp()),
        "samples": [item.to_record(said[item.place]) for item in sorted(samples, key=lambda item: item.place)],
    }


def iso(seconds: float) -> str:
    """Return a moment as ISO 8601."""
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).isoformat(timespec="seconds")


def _excluded(samples: Sequence[Sample]) -> dict[int, str | None]:
    """Return by place why a sample is left out; the other one of its pair is left out with it."""
    sound = Counter(item.pair for item in samples if item.reason is None)
    return {item.place: item.reason or (None if sound[item.pair] == len(SIDES) else OTHER_SIDE) for item in samples}


def _counted(samples: Sequence[Sample], said: Mapping[int, str | None], side: SideName) -> dict[str, int]:
    return dict(Counter(why for item in samples if item.side == side and (why := said[item.place])))


def _is_timed_by_service(samples: Sequence[Sample]) -> bool:
    return bool(samples) and all(getattr(item.outcome, "server_latency", None) for item in samples)


def _client_share(samples: Sequence[Sample], side: SideName) -> float | None:
    """Return the median of a side's seconds between what the client and the service measured."""
    found = [item.outcome for item in samples if item.side == side and isinstance(item.outcome, Answer)]
    shares = [item.latency - item.server_latency for item in found if item.latency and item.server_latency]
    return statistics.median(shares) if shares else None
