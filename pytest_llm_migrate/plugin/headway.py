"""How far a run is, by what all its processes know and what the ledger says."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers import USE_CASE
from pytest_llm_migrate.report.numbers import count, usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pytest_llm_migrate.answers import Forecast, Spending

SUFFIX = ".headway"
"""How the files end in which processes tell each other how far they are."""
_MINUTE = 60
"""Seconds, and minutes of an hour."""
_LONG = 90
"""Seconds that are better said in minutes, and minutes that are better said in hours."""


@dataclass(slots=True, kw_only=True)
class Headway:
    """How far one process is.

    Attributes:
        rows: Rows that the selected tests need, once a migration.
        calls: Calls that their answers take, ``None`` when unknown.
        usd: US dollars that these calls are expected to cost, ``None`` when unknown.
        done: Rows that are answered and scored: a bit for each place in the dataset, by migration.
    """

    rows: int = 0
    calls: int | None = None
    usd: float | None = None
    done: dict[str, int] = field(default_factory=dict)

    def expect(self, rows: int, forecast: Forecast | None) -> None:
        """Note what lies ahead: the number of rows, and their calls where these are known."""
        self.rows = rows
        if forecast:
            self.calls, self.usd = forecast.calls, forecast.expected_cost

    def row(self, migration: str, place: int) -> None:
        """Note that a row is answered and scored."""
        self.done[migration] = self.done.get(migration, 0) | 1 << place

    def publish(self, path: Path) -> None:
        """Write this down for other processes, who never see half of it."""
        record = {"rows": self.rows, "calls": self.calls, "usd": self.usd}
        done = {name: f"{bits:x}" for name, bits in list(self.done.items())}
        with suppress(OSError):  # a disk that is full is said where answers are kept
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".new").write_text(json.dumps({**record, "done": done}), encoding="utf-8")
            path.with_suffix(".new").replace(path)


def published(folder: Path) -> Iterator[Headway]:
    """Yield what other processes have written down."""
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(OSError, ValueError):
            record: dict[str, Any] = json.loads(path.read_text("utf-8"))
            done = {name: int(bits, 16) for name, bits in record.pop("done").items()}
            yield Headway(**record, done=done)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is.

    Attributes:
        rows: Rows in all.
        done: Rows that are answered and scored.
        in_flight: Calls that have gone out and not come back.
        throttled: Calls that the service had no room for.
        spent: US dollars of calls with a known price.
        unpriced: Whether there are others.
        projected: US dollars that the run is expected to come to, ``None`` when unknown.
        seconds: Seconds until it ends at this rate, ``None`` when unknown.
    """

    rows: int
    done: int
    in_flight: int
    throttled: int
    spent: float
    unpriced: bool
    projected: float | None
    seconds: float | None

    @property
    def has_begun(self) -> bool:
        """Whether there is anything to tell of."""
        return bool(self.rows or self.in_flight or self.spent or self.unpriced)

    def line(self, columns: int | None = None) -> str:
        """Return this in a line; in one of limited width what matters least is left out."""
        parts = {
            "rows": f"{count(self.done)}/{count(self.rows)} rows" if self.rows else "",
            "out": f"{count(self.in_flight)} in flight" if self.spent or self.in_flight or self.unpriced else "",
            "throttled": f"{count(self.throttled)} throttled" if self.throttled else "",
            "cost": self._cost(),
            "left": f"{_span(self.seconds)} left" if self.seconds is not None else "",
        }
        for dropped in ("", "throttled", "out", "left"):
            parts.pop(dropped, "")
            line = f"llm-migrate: {', '.join(filter(None, parts.values()))}"
            if columns is None or len(line) <= columns:
                break
        return line

    def _cost(self) -> str:
        if not (self.spent or self.unpriced):
            return ""
        spent = f"{'at least ' if self.unpriced else ''}{usd(self.spent)}"
        return spent if self.projected is None else f"{spent} of ~{usd(self.projected)}"


def progress(known: Iterable[Headway], spent: Spending, elapsed: float) -> Progress:
    """Return how far a run is after so many seconds, by what its processes know and what the ledger says."""
    work = _Work.of(list(known), spent)
    return Progress(
        rows=work.rows,
        done=work.done,
        in_flight=spent.in_flight,
        throttled=sum(lane.throttled for lane in spent.traffic),
        spent=spent.usd,
        unpriced=bool(spent.unpriced_calls),
        projected=None if spent.unpriced_calls else work.projected(spent),
        seconds=work.seconds(elapsed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What is done and what is left: ``left`` are answers to be called for, ``None`` when unknown."""

    rows: int
    done: int
    answered: int
    left: int | None
    usd: float | None

    @classmethod
    def of(cls, found: Sequence[Headway], spent: Spending) -> _Work:
        places: dict[str, int] = {}
        for each in found:
            for name, bits in list(each.done.items()):
                places[name] = places.get(name, 0) | bits
        # A process that came late finds calls made by the others.
        first = max(found, key=lambda each: -1 if each.calls is None else each.calls, default=Headway())
        answered = sum(lane.answers for lane in spent.traffic if lane.purpose == USE_CASE)
        rows = max((each.rows for each in found), default=0)
        return cls(
            rows=rows,
            done=min(rows, sum(bits.bit_count() for bits in places.values())),
            answered=answered,
            left=None if first.calls is None else max(0, first.calls - answered),
            usd=first.usd,
        )

    def projected(self, spent: Spending) -> float | None:
        """Return US dollars in all: answers by their mean so far, what judges cost by the rows that are done."""
        if self.left is None or (not self.left and self.done == self.rows):
            return None
        if not self.answered:
            return self.usd or None
        answers = spent.purposes[USE_CASE].usd / self.answered * self.left
        judged = spent.purposes["judge"].usd if "judge" in spent.purposes else 0.0
        return spent.usd + answers + (judged / self.done * (self.rows - self.done) if self.done else 0.0)

    def seconds(self, elapsed: float) -> float | None:
        """Return seconds until answers are there and rows are done, whichever takes longer at the rate so far."""
        shares = [(self.done, self.rows - self.done), (self.answered, self.left or 0)]
        left = [elapsed * more / done for done, more in shares if done and more]
        # Without an answer yet, nobody knows how long one takes.
        return max(left) if left and (self.answered or not self.left) else None


def _span(seconds: float) -> str:
    if seconds < _LONG:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    return f"{minutes} min" if minutes < _LONG else f"{minutes // _MINUTE} h {minutes % _MINUTE} min"
