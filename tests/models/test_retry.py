"""Trying again: what is tried again, how often, and after how long."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.domain import Answer, Request, Turn
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models import Retrying
from pytest_llm_migrate.models.retry import PASSING

REQUEST = Request(turns=(Turn("user", "hello"),))


class Failing:
    """A model that raises each of its failures once, then answers."""

    ref = "acme:failing"
    concurrency = 7

    def __init__(self, *failures: CallFailedError) -> None:
        self.failures = list(failures)
        self.calls = 0

    def answer(self, request: Request) -> Answer:
        """Fail while there are failures left, then echo."""
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return Answer(text=request.turns[0].text, latency=0.25)


def retrying(model: Failing, *, attempts: int = 5, jitter: float = 1.0) -> tuple[Retrying, list[float]]:
    """Return the model wrapped, and the waits it will note instead of waiting."""
    waits: list[float] = []
    return Retrying(model, attempts=attempts, sleep=waits.append, jitter=lambda: jitter), waits


def failed(kind: str, retry_after: float | None = None) -> CallFailedError:
    """Return a failure of a kind."""
    return CallFailedError(kind, "no", retry_after=retry_after)


@pytest.mark.parametrize("kind", sorted(PASSING))
def test_passing_failure_is_tried_again(kind: str) -> None:
    """A failure that may pass costs another attempt, and the answer's latency is that attempt's own."""
    model = Failing(failed(kind))
    answer = retrying(model)[0].answer(REQUEST)
    assert (answer, model.calls) == (Answer(text="hello", latency=0.25), 2)


@pytest.mark.parametrize("kind", ["validation", "access_denied", "context_too_long", "unknown_model", "whatever"])
def test_lasting_failure_is_not_tried_again(kind: str) -> None:
    """A failure that another attempt would meet again is raised at once."""
    model = Failing(failed(kind))
    wrapped, waits = retrying(model)
    with pytest.raises(CallFailedError, match=kind):
        wrapped.answer(REQUEST)
    assert (model.calls, waits) == (1, [])


def test_attempts_are_bounded() -> None:
    """After the last attempt the last failure is raised, without another wait."""
    model = Failing(*(failed("throttled") for _ in range(9)))
    wrapped, waits = retrying(model)
    with pytest.raises(CallFailedError, match="throttled"):
        wrapped.answer(REQUEST)
    assert (model.calls, waits) == (5, [1.0, 2.0, 4.0, 8.0])


def test_single_attempt_never_waits() -> None:
    """With one attempt the wrapper changes nothing."""
    model = Failing(failed("throttled"))
    wrapped, waits = retrying(model, attempts=1)
    with pytest.raises(CallFailedError):
        wrapped.answer(REQUEST)
    assert (model.calls, waits) == (1, [])


def test_waits_grow_to_a_bound() -> None:
    """Waits double up to twenty seconds, and start lower where the service is not crowded."""
    crowded, crowded_waits = retrying(Failing(*(failed("throttled") for _ in range(6))), attempts=7)
    broken, broken_waits = retrying(Failing(*(failed("connection_lost") for _ in range(3))))
    crowded.answer(REQUEST)
    broken.answer(REQUEST)
    assert crowded_waits == [1.0, 2.0, 4.0, 8.0, 16.0, 20.0]
    assert broken_waits == pytest.approx([0.1, 0.2, 0.4])


def test_jitter_is_full() -> None:
    """A wait lies anywhere between nothing and its bound."""
    for jitter in (0.0, 0.25):
        wrapped, waits = retrying(Failing(failed("throttled"), failed("throttled")), jitter=jitter)
        wrapped.answer(REQUEST)
        assert waits == [jitter, 2 * jitter]


def test_requested_wait_is_kept() -> None:
    """The service's own wish is kept when it is longer than the wait would have been."""
    wrapped, waits = retrying(Failing(failed("throttled", 7.5), failed("throttled", 0.5)))
    wrapped.answer(REQUEST)
    assert waits == [7.5, 2.0]


def test_long_requested_wait_is_not_waited_for() -> None:
    """A service that asks for more than a minute gets no second attempt."""
    model = Failing(failed("throttled", 61.0))
    wrapped, waits = retrying(model)
    with pytest.raises(CallFailedError):
        wrapped.answer(REQUEST)
    assert (model.calls, waits) == (1, [])


def test_wrapper_is_the_model_within() -> None:
    """Reference and concurrency are those of the model within."""
    wrapped = retrying(Failing())[0]
    assert (wrapped.ref, wrapped.concurrency) == ("acme:failing", 7)
