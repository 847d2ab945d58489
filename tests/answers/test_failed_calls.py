"""Calls that fail, budgets that are spent, and what a lane makes of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, cast

import pytest

from pytest_llm_migrate.answers import NOT_RUN, Question, printable
from pytest_llm_migrate.answers.lane import Lane
from pytest_llm_migrate.answers.pace import Quota
from pytest_llm_migrate.answers.retries import Patience
from pytest_llm_migrate.domain import Answer, CallFailure
from pytest_llm_migrate.errors import CallFailedError, UnpricedBudgetError
from tests.answers.asking import FakeModel, Held, ask, asking, echo, held_up, outcomes, questions, slow, texts, until

if TYPE_CHECKING:
    from pytest_llm_migrate.answers import Desk
    from pytest_llm_migrate.domain import Request
    from tests.answers.conftest import OpenDesk, OpenStore

NINE = Quota(name="fake:model", in_flight=9)
KEY = asking("a").key("fake:model")


def failing(kind: str, *, fatal: bool = False) -> FakeModel:
    """Return a model whose every call fails, one at a time."""

    def reply(_: Request) -> Answer:
        raise CallFailedError(kind, "no", fatal=fatal, way_out="Try later.")

    return FakeModel(reply=reply, concurrency=1)


def test_a_failed_call_is_made_again_when_it_is_asked_for_again(open_desk: OpenDesk) -> None:
    """A failure comes back as a value, with its way out; the next to ask makes a new call."""
    model = failing("throttled")
    desk = open_desk()
    assert outcomes(desk.ask(model.connection, questions("a"), {})) == [
        CallFailure(kind="throttled", message="no. Try later.")
    ]
    assert ask(desk, model, "a") == ["throttled"]
    assert len(model.asked) == 2


def test_a_fatal_failure_stops_the_rest(open_desk: OpenDesk) -> None:
    """After one fatal failure no call is made any more, and every row says why."""
    model = failing("access_denied", fatal=True)
    desk = open_desk()
    rows = [str(number) for number in range(50)]
    assert set(ask(desk, model, *rows)) == {"access_denied"}
    assert ask(desk, model, "later") == ["access_denied"]
    assert len(model.asked) == 1


def test_a_spent_budget_leaves_the_rest_not_run(open_desk: OpenDesk) -> None:
    """Rows beyond the budget are not called, and say so; those before it have their answers."""
    model = FakeModel(concurrency=1)
    desk = open_desk(max_cost=100.0, per_token=1.0)
    asked = [Question(sample_id=text, request=asking(text, max_tokens=20)) for text in "abcdefgh"]
    found = outcomes(desk.ask(model.connection, asked, {}))
    assert texts(found) == ["a", "b", "c", "d", *[NOT_RUN] * 4]
    assert "--migration-max-cost" in cast(CallFailure, found[-1]).message
    assert not cast(CallFailure, found[-1]).fatal
    assert (desk.store.spending().calls, desk.store.spending().usd) == (4, 80.0)


def test_parallel_calls_do_not_spend_a_budget_by_their_reserves(open_desk: OpenDesk) -> None:
    """Calls that end cheaper than they may let the rest go on: only money that is gone ends a run."""
    model = FakeModel(reply=slow, concurrency=4)
    desk = open_desk(max_cost=150.0, per_token=1.0)
    asked = [Question(sample_id=text, request=asking(text, max_tokens=50)) for text in "abcde"]
    assert texts(outcomes(desk.ask(model.connection, asked, {}))) == list("abcde")


def test_a_budget_needs_a_price(open_desk: OpenDesk) -> None:
    """Before any call, a model without a price is refused under a budget."""
    model = FakeModel(ref="fake:unpriced")
    with pytest.raises(UnpricedBudgetError, match="'fake:unpriced' has none"):
        open_desk(max_cost=1.0, per_token=1.0).ask(model.connection, questions("a"), {})
    assert model.asked == []


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("bad \ud800 value"), "ValueError: bad ? value"),
        (SystemExit(3), "SystemExit: 3"),
    ],
)
def test_a_models_own_fault_is_its_calls_failure(open_desk: OpenDesk, error: BaseException, message: str) -> None:
    """Whatever a plugin's model raises becomes this row's failure by name; the next row is called."""

    def reply(request: Request) -> Answer:
        if request.turns[-1].text == "a":
            raise error
        return echo(request)

    desk, model = open_desk(), FakeModel(reply=reply, concurrency=1)
    found = outcomes(desk.ask(model.connection, questions("a", "b"), {}))
    assert found[0] == CallFailure(kind="client_error", message=message)
    assert texts(found) == ["client_error", "b"]


@pytest.mark.parametrize(
    "answer", [None, "a text", Answer(text=cast(str, None)), Answer(text="a", cost=cast(float, 1j))]
)
def test_what_is_no_answer_is_a_failure(open_desk: OpenDesk, answer: object) -> None:
    """A model that returns what no file can hold fails that row, not the run."""
    model = FakeModel(reply=lambda _: cast(Answer, answer), concurrency=1)
    assert ask(open_desk(), model, "a", "b") == ["client_error", "client_error"]


QUICK = Patience(attempts=3, rounds=2, crowded=0.0, elsewhere=0.0, between_rounds=0.0)


def flaky(*failures: str) -> FakeModel:
    """Return a model that fails at "a" in these ways, one a call, and then answers."""
    left = list(failures)

    def reply(request: Request) -> Answer:
        if left and request.turns[-1].text == "a":
            raise CallFailedError(left.pop(0), "no")
        return echo(request)

    return FakeModel(reply=reply, concurrency=1)


def attempts(desk: Desk) -> list[tuple[str, int, str]]:
    """Return the ledger's key, number and outcome of every attempt."""
    with closing(sqlite3.connect(desk.store.path)) as database:
        return database.execute("SELECT key, number, outcome FROM attempts ORDER BY id").fetchall()


def test_a_failure_that_may_pass_is_tried_again(open_desk: OpenDesk) -> None:
    """Every attempt has its own line in the ledger, and the answer is the last one's."""
    desk, model = open_desk(patience=QUICK), flaky("throttled", "stream_broken")
    assert ask(desk, model, "a") == ["a"]
    assert attempts(desk) == [(KEY, 1, "throttled"), (KEY, 2, "stream_broken"), (KEY, 3, "answered")]


def test_attempts_are_bounded(open_desk: OpenDesk) -> None:
    """A call that fails in every attempt of every round fails by the name of the last fault."""
    desk, model = open_desk(patience=QUICK), failing("server_error")
    assert ask(desk, model, "a") == ["server_error"]
    assert [number for _, number, _ in attempts(desk)] == [1, 2, 3, 4, 5, 6]


def test_a_call_out_of_attempts_goes_behind_the_others(open_desk: OpenDesk) -> None:
    """The rows behind it are not held up, and it gets a last round after them."""
    desk, model = open_desk(patience=QUICK), flaky(*["server_error"] * 3)
    tickets = desk.ask(model.connection, questions(*"abcdefgh"), {})
    until(lambda: all(ticket.is_there for ticket in tickets))
    assert texts(outcomes(tickets)) == list("abcdefgh")
    assert model.asked.index("h") > 2 + model.asked.index("a", 2)
    assert (model.asked.count("a"), model.asked[-1]) == (4, "a")


def test_a_call_beyond_its_deadline_is_given_up(open_store: OpenStore) -> None:
    """A model that never comes back does not hold up its row, nor the rows behind it; a late answer is kept."""
    held, asked = Held(), iter("x")
    model = FakeModel(reply=lambda request: held.reply(request) if next(asked, None) else echo(request), concurrency=1)
    store = open_store()
    lane = Lane(
        model,
        store,
        quota=NINE,
        reserve=lambda _: None,
        price=lambda _: None,
        patience=Patience(attempts=1, rounds=1),
        deadline=0.05,
    )
    jobs = lane.add({text: asking(text) for text in "ab"})
    failure = lane.wait(jobs["a"])
    assert failure == CallFailure(kind="timed_out", message="no end after 0.05 seconds")
    assert lane.wait(jobs["b"]) == echo(asking("b"))
    held.released.set()
    until(lambda: "a" in store.find(["a"]))


def test_a_desk_that_closes_keeps_what_comes_back(open_desk: OpenDesk) -> None:
    """Calls in flight are waited for and kept, the others are never made, and nobody is left waiting."""
    desk = open_desk()
    held, model, tickets = held_up(desk, "a", "b")
    assert desk.close(0.05) == 1
    held.released.set()
    assert desk.close(10) == 0
    assert texts(outcomes(tickets)) == ["a", "not_called"]
    assert model.asked == ["a"]
    assert list(desk.store.find([KEY])) == [KEY]


def test_surrogates_are_scrubbed(open_desk: OpenDesk) -> None:
    """A lone half of a character, which no file takes, becomes a question mark."""
    model = FakeModel(reply=lambda _: Answer(text="caf\ud83d é"))
    assert ask(open_desk(), model, "a") == ["caf? é"]
    assert printable("plain") == "plain"


def test_a_broken_store_ends_the_waiting(open_desk: OpenDesk) -> None:
    """When the store fails, what came back is handed out, every other row says why, and nobody waits for ever."""
    desk = open_desk()
    held, model, tickets = held_up(desk, "a", "b")
    later = desk.ask(model.connection, questions("c"), {})
    desk.store.close()
    held.released.set()
    assert texts(outcomes([*tickets, *later])) == ["a", "store", "store"]
