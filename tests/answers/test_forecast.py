"""The desk where nothing is called: replay and forecasts; and what an answer costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_llm_migrate.answers import Connection, Mode, Question
from pytest_llm_migrate.domain import Answer
from pytest_llm_migrate.errors import CallFailedError, MissingRecordingError
from tests.answers.asking import FakeModel, asking, questions, texts

if TYPE_CHECKING:
    from pytest_llm_migrate.answers import Desk
    from pytest_llm_migrate.domain import Request
    from tests.answers.conftest import OpenDesk

RECORDED = {asking("a").key("fake:model"): ("a", Answer(text="recorded", cached=True))}


def ask(desk: Desk, model: FakeModel, *rows: str) -> list[str]:
    """Ask for rows and wait for what comes back."""
    return texts([ticket.outcome() for ticket in desk.ask(model.connection, questions(*rows), {})])


def test_replay_never_calls(open_desk: OpenDesk) -> None:
    """In replay a recorded answer is used, and a row without one is an error that says what to do."""
    desk, connection = open_desk(Mode.REPLAY), Connection(ref="fake:model", connect=_refused)
    assert texts([desk.ask(connection, questions("a"), RECORDED)[0].outcome()]) == ["recorded"]
    with pytest.raises(MissingRecordingError) as caught:
        desk.ask(connection, questions("a", "b", "c"), RECORDED)
    assert str(caught.value) == (
        "--migration-answers replay: no recording for row 'b' and 1 more on fake:model (none was ever made). "
        "Run once with --migration-answers auto --migration-record."
    )


def test_replay_tells_a_changed_row_from_a_new_one(open_desk: OpenDesk) -> None:
    """A row that was recorded under another key has changed since."""
    changed = [Question(sample_id="a", request=asking("a", temperature=0.5))]
    with pytest.raises(MissingRecordingError, match=r"row 'a' on fake:model \(its row, prompt or settings changed"):
        open_desk(Mode.REPLAY).ask(FakeModel().connection, changed, RECORDED)


def test_replay_uses_what_is_stored(open_desk: OpenDesk) -> None:
    """An answer of this machine's store will do, too."""
    ask(open_desk(), FakeModel(), "a")
    assert ask(open_desk(Mode.REPLAY), FakeModel(), "a") == ["a"]


def test_a_forecast_calls_nothing(open_desk: OpenDesk) -> None:
    """What is kept, what is to be called and what that may cost is said without connecting."""
    ask(open_desk(), FakeModel(), "a")
    connection = Connection(ref="fake:model", connect=_refused)
    asked = [Question(sample_id=text, request=asking(text, max_tokens=100)) for text in "bcb"]
    forecast = open_desk(per_token=1.0).forecast(connection, [*questions("a"), *asked], {})
    assert (forecast.calls, forecast.kept) == (2, 1)
    assert forecast.cost == 2 * (100 + 16)
    assert open_desk().forecast(connection, asked, {}).cost is None
    assert open_desk().forecast(connection, questions("a"), {}).cost == 0


def test_a_forecast_reckons_with_scripts_of_many_bytes(open_desk: OpenDesk) -> None:
    """A text whose characters are tokens each is not taken for half as long as it is."""
    connection = Connection(ref="fake:model", connect=_refused)
    asked = [Question(sample_id="a", request=asking("語" * 100, max_tokens=0))]
    cost = open_desk(per_token=1.0).forecast(connection, asked, {}).cost
    assert cost is not None
    assert cost >= 100


def test_a_stated_cost_is_kept(open_desk: OpenDesk) -> None:
    """A record's own cost wins over the list, and its own model over the reference."""
    desk = open_desk(per_token=1.0)
    assert desk.priced("fake:model", Answer(text="", output_tokens=1, cost=7.0)).cost == 7.0
    assert desk.priced("fake:model", Answer(text="", output_tokens=1, model="fake:unpriced")).cost is None


def _throttled(_: Request) -> NoReturn:
    raise CallFailedError("throttled", "no", way_out="Try later.")


def _refused() -> FakeModel:
    raise AssertionError("nothing may be connected to")
