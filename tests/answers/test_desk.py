"""The desk and its lanes: what is asked, in which order, how often, and what comes back."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

from pytest_llm_migrate.answers import Connection, Mode, Question
from pytest_llm_migrate.answers.ledger import Closed, Wanted
from pytest_llm_migrate.answers.pace import Quota
from pytest_llm_migrate.domain import Answer, CallFailure
from tests.answers.asking import FakeModel, Held, ask, asking, echo, held_up, outcomes, questions, slow, texts, until

if TYPE_CHECKING:
    from tests.answers.conftest import OpenDesk, OpenStore

NINE = Quota(name="fake:model", in_flight=9)
KEY = asking("a").key("fake:model")
RECORDED = {KEY: ("a", Answer(text="recorded", cached=True))}


def test_answers_come_in_the_order_of_the_questions(open_desk: OpenDesk) -> None:
    """However calls overtake each other, each ticket gets its own answer; one call is made for each."""
    model = FakeModel()
    rows = [str(number) for number in range(40)]
    assert ask(open_desk(), model, *rows) == rows
    assert sorted(model.asked) == sorted(rows)


def test_calls_begin_in_the_order_of_the_questions(open_desk: OpenDesk) -> None:
    """With one call at a time, rows are called as they were asked for."""
    model = FakeModel(concurrency=1)
    tickets = open_desk().ask(model.connection, questions("c", "a", "b"), {})
    assert texts(outcomes(tickets)) == ["c", "a", "b"]
    assert model.asked == ["c", "a", "b"]


def test_calls_follow_each_other_at_once(open_desk: OpenDesk) -> None:
    """The call that ends makes room for the next, whether anybody waits or not."""
    model = FakeModel(concurrency=1)
    open_desk().ask(model.connection, questions(*"abcdef"), {})
    until(lambda: len(model.asked) == 6, timeout=0.9)


def test_what_is_waited_for_goes_ahead(open_desk: OpenDesk) -> None:
    """A row that a test waits for is called before the rows queued ahead of it."""
    held, model, tickets = held_up(open_desk(), "a", "b", "c", "d")
    with ThreadPoolExecutor() as threads:
        last = threads.submit(tickets[3].outcome)
        until(lambda: bool(tickets[3].job and tickets[3].job.urgent))
        held.released.set()
        assert last.result() == echo(asking("d"))
    outcomes(tickets)
    assert model.asked[:2] == ["a", "d"]


def test_many_waits_keep_their_order(open_desk: OpenDesk) -> None:
    """Where every row is waited for, they are called in the order in which the waits began."""
    held, model, tickets = held_up(open_desk(), "a", "b", "c", "d")
    with ThreadPoolExecutor() as threads:
        for ticket in tickets:
            threads.submit(ticket.outcome)
            until(lambda ticket=ticket: bool(ticket.job and ticket.job.urgent))  # type: ignore[misc]
        held.released.set()
    assert model.asked == ["a", "b", "c", "d"]


def test_the_limit_holds_over_desks(open_desk: OpenDesk) -> None:
    """Two desks on one store never have more calls in flight than the model's limit."""
    model = FakeModel(reply=slow, concurrency=3)
    with ThreadPoolExecutor() as threads:
        for desk, rows in ((open_desk(), "abcdef"), (open_desk(), "ghijkl")):
            threads.submit(ask, desk, model, *rows)
    assert sorted(model.asked) == list("abcdefghijkl")
    assert model.most_at_once <= 3


def test_a_given_concurrency_wins_over_the_models(open_desk: OpenDesk) -> None:
    """The user's number of calls in flight is used as it is."""
    held = Held()
    model = FakeModel(reply=held.reply, concurrency=1)
    tickets = open_desk(concurrency=3).ask(model.connection, questions(*"abcde"), {})
    held.wait_for(calls=3)
    held.released.set()
    outcomes(tickets)
    assert model.most_at_once == 3


def test_only_a_window_is_called_ahead(open_desk: OpenDesk) -> None:
    """Of many rows the first few are called; each row that was waited for lets one more begin."""
    model = FakeModel()
    tickets = open_desk(ahead=2).ask(model.connection, questions(*"abcdef"), {})
    until(lambda: len(model.asked) == 2)
    tickets[0].outcome()
    tickets[0].outcome()
    until(lambda: len(model.asked) == 3)
    time.sleep(0.1)
    assert sorted(model.asked) == ["a", "b", "c"]
    assert tickets[5].outcome() == echo(asking("f"))
    until(lambda: len(model.asked) == 5)
    assert sorted(model.asked) == ["a", "b", "c", "d", "f"]


def test_equal_questions_share_a_call(open_desk: OpenDesk) -> None:
    """Two rows that send the same get the same answer of one call."""
    model = FakeModel()
    assert ask(open_desk(), model, "a", "b", "a") == ["a", "b", "a"]
    assert sorted(model.asked) == ["a", "b"]


def test_repeats_are_calls_of_their_own(open_desk: OpenDesk) -> None:
    """The same request is called once a repeat."""
    model = FakeModel()
    asked = [Question(sample_id="a", request=asking("a"), repeat=repeat) for repeat in range(3)]
    outcomes(open_desk().ask(model.connection, asked, {}))
    assert model.asked == ["a", "a", "a"]


def test_a_question_asked_again_in_flight_shares_the_call(open_desk: OpenDesk) -> None:
    """Whoever asks for what is being called gets that call's answer, even a failure."""
    desk = open_desk()
    held, model, first = held_up(desk, "a", "b")
    again = desk.ask(model.connection, questions("b", "a"), {})
    held.released.set()
    assert texts(outcomes([*first, *again])) == ["a", "b", "b", "a"]
    assert model.asked == ["a", "b"]


def test_many_threads_asking_at_once_make_one_call_each(open_desk: OpenDesk) -> None:
    """A desk that no lane has been opened on yet can be asked by many threads."""
    model = FakeModel(reply=slow, concurrency=4)
    desk, together = open_desk(), threading.Barrier(8)

    def one(_: int) -> list[str]:
        together.wait()
        return ask(desk, model, *"abcd")

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(one, range(8))) == [list("abcd")] * 8
    assert sorted(model.asked) == list("abcd")


def test_a_kept_answer_is_not_called_for(open_desk: OpenDesk) -> None:
    """A later desk finds what an earlier one was answered, and connects to nothing."""
    ask(open_desk(), FakeModel(), "a")
    ticket = open_desk().ask(Connection(ref="fake:model", connect=_refused), questions("a"), {})[0]
    assert ticket.is_there
    assert cast(Answer, ticket.outcome()).cached


def test_an_answer_that_came_meanwhile_is_not_called_for(open_desk: OpenDesk, open_store: OpenStore) -> None:
    """While another process calls for a row, this one waits and takes its answer."""
    other, model = open_store(), FakeModel()
    granted = other.take(model.ref, NINE, [Wanted(key=KEY)])
    ticket = open_desk().ask(model.connection, questions("a"), {})[0]
    time.sleep(0.12)
    assert not ticket.is_there
    theirs = Closed(id=granted.call[KEY], key=KEY, outcome=Answer(text="theirs"), cost=None)
    other.take(model.ref, NINE, [], [theirs])
    assert texts([ticket.outcome()]) == ["theirs"]
    assert model.asked == []


def test_a_call_that_failed_elsewhere_is_made_here(open_desk: OpenDesk, open_store: OpenStore) -> None:
    """Another process's failure is its own: this one calls."""
    other, model = open_store(), FakeModel()
    granted = other.take(model.ref, NINE, [Wanted(key=KEY)])
    ticket = open_desk().ask(model.connection, questions("a"), {})[0]
    failure = CallFailure(kind="throttled", message="slow down")
    other.take(model.ref, NINE, [], [Closed(id=granted.call[KEY], key=KEY, outcome=failure, cost=0.0)])
    assert texts([ticket.outcome()]) == ["a"]


def test_fresh_asks_for_what_is_recorded(open_desk: OpenDesk) -> None:
    """Recordings do not count in a fresh run; in any other they come before what is stored."""
    model = FakeModel()
    tickets = open_desk(Mode.FRESH).ask(model.connection, questions("a"), RECORDED)
    assert texts(outcomes(tickets)) == ["a"]
    tickets = open_desk().ask(model.connection, questions("a"), RECORDED)
    assert texts(outcomes(tickets)) == ["recorded"]


def _refused() -> FakeModel:
    raise AssertionError("nothing may be connected to")
