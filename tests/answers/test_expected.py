"""What calls are expected to take, by answers that are there, by counting, or not at all."""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_llm_migrate.answers import Connection, Forecast, Mode, together
from pytest_llm_migrate.answers.expected import FEWEST_ANSWERS, MOST_COUNTED, forecast_of, ratio_of, whole
from pytest_llm_migrate.domain import Answer, Request
from pytest_llm_migrate.errors import UnknownNameError
from tests.answers.asking import FakeModel, Prices, asking, questions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.answers.conftest import OpenDesk

PAIRS = st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)), min_size=1, max_size=30)
PARTS = st.lists(st.floats(0, 1e5), max_size=200)
DOLLAR = partial(Prices(per_token=1.0).cost, "fake:model")


def rows(*sizes: int) -> dict[str, Request]:
    """Return requests of so many bytes, which may write 100 tokens each, by a key each."""
    return {f"k{place}": asking("x" * size, max_tokens=100) for place, size in enumerate(sizes)}


def answers(asked: Mapping[str, Request], number: int, **tokens: int | None) -> dict[str, Answer]:
    """Return answers to the first few of them; an input of a quarter of the bytes unless something else is said."""
    return {
        key: Answer(text="", **{"input_tokens": len(request.turns[0].text) // 4, "output_tokens": 3} | tokens)  # type: ignore[arg-type]
        for key, request in list(asked.items())[:number]
    }


@given(PAIRS)
def test_a_ratio_lies_between_those_of_its_requests(pairs: list[tuple[int, int]]) -> None:
    """What is measured on all is no more than the greatest and no less than the least of their own ratios."""
    sizes, tokens = zip(*pairs, strict=True)
    ratio = ratio_of(sizes, tokens)
    own = [number / size for size, number in pairs]
    assert ratio is not None
    assert min(own) * (1 - 1e-9) <= ratio <= max(own) * (1 + 1e-9)
    assert ratio * sum(sizes) == pytest.approx(sum(tokens))


@given(PAIRS, st.integers(1, 9))
def test_a_ratio_knows_no_order_and_no_repetition(pairs: list[tuple[int, int]], times: int) -> None:
    """The same requests in another order, or each several times, have the same ratio."""
    sizes, tokens = zip(*pairs, strict=True)
    again = ratio_of([*reversed(sizes)] * times, [*reversed(tokens)] * times)
    assert again == pytest.approx(ratio_of(sizes, tokens))


def test_no_bytes_have_no_ratio() -> None:
    """Requests of files alone tell nothing of texts."""
    assert ratio_of([0, 0], [10, 20]) is ratio_of([], []) is None


@given(PARTS)
def test_whole_numbers_add_up_to_their_parts(parts: list[float]) -> None:
    """However small the parts, no sum of the first of them is more than a half off, and no number is negative."""
    numbers = list(whole(parts))
    assert len(numbers) == len(parts)
    assert all(number >= 0 for number in numbers)
    for given_so_far, exact in zip(accumulate(numbers), accumulate(parts), strict=True):
        assert abs(given_so_far - exact) <= 0.5


@given(
    st.lists(st.integers(4, 4000), min_size=FEWEST_ANSWERS, max_size=20),
    st.lists(st.integers(4, 4000), min_size=1, max_size=20),
    st.floats(0.05, 2),
    st.integers(0, 50),
)
def test_a_model_that_keeps_to_its_ratio_is_foretold(
    before: list[int], after: list[int], ratio: float, written: int
) -> None:
    """Where tokens go by bytes and answers are equally long, the forecast is right but for rounded tokens."""
    asked = rows(*before, *after)
    kept = {
        key: Answer(text="", input_tokens=round(size * ratio), output_tokens=written)
        for key, size in zip(asked, before, strict=False)
    }
    assume(sum(before) >= sum(after) / 4)
    forecast = forecast_of(asked, kept, kept, DOLLAR)
    exact = sum(after) * ratio + len(after) * written
    assert (forecast.calls, forecast.kept) == (len(after), len(before))
    assert forecast.expected_cost == pytest.approx(exact, abs=1 + 4 * len(before))
    assert forecast.output_tokens == len(after) * written


@pytest.mark.parametrize(("number", "read", "cost"), [(4, None, None), (5, 50, 56)])
def test_five_answers_make_a_ratio(number: int, read: int | None, cost: float | None) -> None:
    """Fewer than five answers tell nothing of what is read; one is enough for what is written."""
    asked = rows(*[40] * number, 100, 100)
    kept = answers(asked, number)
    forecast = forecast_of(asked, kept, kept, DOLLAR)
    assert (forecast.input_tokens, forecast.output_tokens, forecast.expected_cost) == (read, 6, cost)
    assert forecast.cost == 2 * (50 + 16 + 100)


@pytest.mark.parametrize("lacking", ["input_tokens", "output_tokens"])
def test_answers_without_tokens_tell_nothing(lacking: str) -> None:
    """What no service counted stays unknown, and with it the cost."""
    asked = rows(*[40] * 9, 100)
    kept = answers(asked, 9, **{lacking: None})
    forecast = forecast_of(asked, kept, kept, DOLLAR)
    assert forecast.expected_cost is getattr(forecast, lacking) is None
    assert forecast.cost is not None


def test_no_price_leaves_the_tokens() -> None:
    """Without a price the tokens are expected all the same."""
    asked = rows(*[40] * 5, 100)
    kept = answers(asked, 5)
    forecast = forecast_of(asked, kept, kept, lambda _: None)
    assert (forecast.input_tokens, forecast.output_tokens) == (25, 3)
    assert forecast.expected_cost is forecast.cost is None


def noting(priced: list[Answer]) -> Callable[[Answer], float]:
    """Return a price of a dollar for anything, which notes what it is asked for."""

    def price(answer: Answer) -> float:
        priced.append(answer)
        return 1.0

    return price


def test_a_prompt_cache_is_expected_to_go_on() -> None:
    """Tokens from and to a cache are reckoned apart, as their prices are."""
    asked = rows(*[40] * 5, 80)
    kept = answers(asked, 5, input_tokens=2, cache_read_tokens=8, cache_write_tokens=1)
    priced: list[Answer] = []
    forecast = forecast_of(asked, kept, kept, noting(priced))
    assert priced[0] == Answer(text="", input_tokens=4, cache_read_tokens=16, cache_write_tokens=2, output_tokens=3)
    assert forecast.input_tokens == 22


def test_short_answers_are_not_rounded_away() -> None:
    """Answers of one token or two are expected with their mean."""
    asked = rows(*[40] * 10, *[40] * 100)
    kept = answers(asked, 6, output_tokens=1) | answers(dict(list(asked.items())[6:]), 4, output_tokens=2)
    assert forecast_of(asked, kept, kept, DOLLAR).output_tokens == 140


def test_the_tier_is_that_of_the_job_or_of_the_request() -> None:
    """Calls are expected in the tier they go out in; at most they cost what the request asks for."""
    asked = {key: asking("x" * 40, max_tokens=9) for key in "abcdef"}
    asked["f"] = Request(turns=asked["f"].turns, options={"service_tier": "flex", "latency": "optimized"})
    kept = answers(asked, 5)
    for tier, expected in (("batch", "batch"), (None, "flex")):
        priced: list[Answer] = []
        forecast_of(asked, kept, kept, noting(priced), tier=tier)
        assert [(answer.service_tier, answer.latency_mode) for answer in priced] == [
            (expected, "optimized"),
            ("flex", "optimized"),
        ]


def counting(numbers: list[str], *, until: int = 1000) -> Callable[[Request], int | None]:
    """Return what counts a token per byte, notes what it counts, and from a number of requests on cannot."""

    def count(request: Request) -> int | None:
        numbers.append(request.turns[0].text)
        return len(request.turns[0].text) if len(numbers) <= until else None

    return count


def test_a_few_requests_are_counted() -> None:
    """Without a ratio a sample of what is missing is counted, the same each time; with one nothing is."""
    asked = rows(*range(10, 110))
    first: list[str] = []
    second: list[str] = []
    forecast = forecast_of(asked, {}, {}, DOLLAR, count=counting(first))
    assert forecast_of(asked, {}, {}, DOLLAR, count=counting(second)) == forecast
    assert (len(set(first)), first) == (MOST_COUNTED, second)
    assert forecast.input_tokens == sum(range(10, 110))
    assert forecast.expected_cost is None
    kept = answers(asked, 5)
    assert forecast_of(asked, kept, kept, DOLLAR, count=counting(first)).input_tokens is not None
    assert len(first) == MOST_COUNTED


def test_counting_ends_where_the_service_cannot() -> None:
    """After the first request without a count no other is asked for, and nothing is known."""
    numbers: list[str] = []
    forecast = forecast_of(rows(*[10] * 50), {}, {}, DOLLAR, count=counting(numbers, until=2))
    assert (forecast.input_tokens, len(numbers)) == (None, 3)


def test_shared_calls_are_made_once() -> None:
    """Two forecasts of the same keys come to one; calls that have no keys yet make the sum unknown."""
    asked = rows(*[40] * 5, 100, 100)
    kept = answers(asked, 5)
    one = forecast_of(asked, kept, kept, DOLLAR)
    other = forecast_of({"k5": asked["k5"], "new": asked["k6"]}, {}, {}, DOLLAR)
    assert together([one, one]) == Forecast.of(one.each, kept=10)
    assert (together([one, other]).calls, together([one, other]).expected_cost) == (3, None)
    assert together([]) == Forecast.of({}, kept=0)
    pipeline = Forecast(calls=4, kept=0, cost=None)
    assert together([one, pipeline]) == Forecast(calls=6, kept=5, cost=None)


def test_nothing_missing_costs_nothing(open_desk: OpenDesk) -> None:
    """Where all answers are there, none is looked at for its tokens."""
    kept = answers(rows(40), 1)
    assert forecast_of(rows(40), kept, kept, DOLLAR) == Forecast(
        calls=0, kept=1, cost=0, expected_cost=0, input_tokens=0, output_tokens=0
    )
    forecast = open_desk().forecast(FakeModel().connection, [], {}, may_count=True)
    assert (forecast.calls, forecast.expected_cost) == (0, 0)


def test_recorded_answers_tell_of_a_fresh_run(open_desk: OpenDesk) -> None:
    """A run that asks anew does not use recordings, but learns from them what it takes."""
    asked = questions(*(letter * 40 for letter in "abcde"))
    recorded = {
        item.request.key("fake:model"): (item.sample_id, Answer(text="", input_tokens=10, output_tokens=2))
        for item in asked
    }
    connection = FakeModel().connection
    desk = open_desk(Mode.FRESH, per_token=1.0)
    forecast = desk.forecast(connection, asked, recorded)
    assert (forecast.calls, forecast.kept, forecast.expected_cost) == (5, 0, 60)
    assert desk.expect(connection, desk.prepare(connection, asked, recorded), recorded) == forecast


class Counter(FakeModel):
    """A model whose service counts two tokens for anything."""

    def count_tokens(self, request: Request) -> int:
        """Count."""
        self.asked.append(f"count {request.turns[0].text}")
        return 2


def test_a_model_is_asked_to_count_only_in_a_plan(open_desk: OpenDesk) -> None:
    """A run counts nothing; a plan does where the model can, and does without where it cannot or is out of reach."""
    model = Counter()
    desk, asked = open_desk(per_token=1.0), questions("ab", "cd")
    assert desk.forecast(model.connection, asked, {}).input_tokens is None
    assert model.asked == []
    assert desk.forecast(model.connection, asked, {}, may_count=True).input_tokens == 4
    assert sorted(model.asked) == ["count ab", "count cd"]
    assert desk.forecast(FakeModel().connection, asked, {}, may_count=True).input_tokens is None

    def lost() -> FakeModel:
        raise UnknownNameError("model", "fake:model", [])

    lost_model = Connection(ref="fake:model", connect=lost)
    assert desk.forecast(lost_model, asked, {}, may_count=True).input_tokens is None
