"""A model that counts its calls, prices, and what a desk is asked."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llm_migrate.answers import Connection, Question
from pytest_llm_migrate.domain import Answer, Request, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llm_migrate.answers import Desk, Ticket
    from pytest_llm_migrate.domain import Outcome


def asking(text: str, **inference: object) -> Request:
    """Return a request of one user turn."""
    return Request(turns=(Turn("user", text),), inference=inference)


def questions(*texts: str) -> list[Question]:
    """Return a question for each text; the text is the row's id as well."""
    return [Question(sample_id=text, request=asking(text)) for text in texts]


def echo(request: Request) -> Answer:
    """Answer with the last turn's text."""
    return Answer(text=request.turns[-1].text, input_tokens=10, output_tokens=10)


def slow(request: Request) -> Answer:
    """Answer like `echo`, after a while."""
    time.sleep(0.02)
    return echo(request)


@dataclass(kw_only=True)
class FakeModel:
    """Answers as it is told to; remembers what it was asked and how many calls were in flight at once."""

    reply: Callable[[Request], Answer] = echo
    ref: str = "fake:model"
    concurrency: int = 4
    asked: list[str] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request) -> Answer:
        """Make one call."""
        with self._lock:
            self.asked.append(request.turns[-1].text)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return self.reply(request)
        finally:
            with self._lock:
                self._at_once -= 1

    @property
    def connection(self) -> Connection:
        """This model, as a desk takes it."""
        return Connection(ref=self.ref, connect=lambda: self)


@dataclass(kw_only=True)
class Held:
    """Replies that wait until they are released."""

    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    released: threading.Event = field(default_factory=threading.Event)

    def reply(self, request: Request) -> Answer:
        """Say that a call has begun, and wait."""
        self.begun.release()
        assert self.released.wait(timeout=20)
        return echo(request)

    def wait_for(self, calls: int) -> None:
        """Wait until so many calls have begun."""
        for _ in range(calls):
            assert self.begun.acquire(timeout=20)


@dataclass(frozen=True, kw_only=True)
class Prices:
    """One price for every token; ``None`` for no price."""

    per_token: float | None = None
    source: str = "a test"
    as_of: str | None = None

    def cost(self, model: str, answer: Answer) -> float | None:
        """Return US dollars for one answer."""
        tokens = (answer.input_tokens or 0) + (answer.output_tokens or 0)
        return None if self.per_token is None or model == "fake:unpriced" else self.per_token * tokens

    def why_no_cost(self, model: str, answer: Answer) -> str | None:
        """Return why there is no cost."""
        return f"unpriced: no price for {model} in {self.source}" if self.cost(model, answer) is None else None


def texts(outcomes: Sequence[Outcome]) -> list[str]:
    """Return answers' texts, and failures' kinds."""
    return [item.text if isinstance(item, Answer) else item.kind for item in outcomes]


def outcomes(tickets: Sequence[Ticket]) -> list[Outcome]:
    """Wait for every ticket's outcome, the first at first."""
    return [ticket.outcome() for ticket in tickets]


def ask(desk: Desk, model: FakeModel, *rows: str) -> list[str]:
    """Ask for rows and wait for what comes back."""
    return texts(outcomes(desk.ask(model.connection, questions(*rows), {})))


def held_up(desk: Desk, *rows: str) -> tuple[Held, FakeModel, list[Ticket]]:
    """Ask for rows of a model that makes one call at a time and is held in the first."""
    held = Held()
    model = FakeModel(reply=held.reply, concurrency=1)
    tickets = desk.ask(model.connection, questions(*rows), {})
    held.wait_for(calls=1)
    return held, model, tickets


def until(reached: Callable[[], bool], timeout: float = 10.0) -> None:
    """Wait until this is so."""
    deadline = time.monotonic() + timeout
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)
