"""What calls are expected to take, by what a model's answers to the same prompt took; what is unknown stays unknown."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pytest_llm_migrate.answers.dearest import dearest_answer, text_bytes
from pytest_llm_migrate.domain import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.domain import Request

FEWEST_ANSWERS = 5
"""Answers that a ratio of tokens to bytes is measured on, at least."""
MOST_COUNTED = 20
"""Requests whose tokens a service is asked to count, at most."""
_SEED = 0
_READ = ("input_tokens", "cache_read_tokens", "cache_write_tokens")

Number = TypeVar("Number", int, float)


class Reckoned(NamedTuple):
    """One call: tokens it is expected to read and write, US dollars it is expected to cost, and those at most."""

    input_tokens: int | None
    output_tokens: int | None
    expected_cost: float | None
    cost: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a side's answers would take.

    Attributes:
        calls: Calls to be made.
        kept: Answers that are there already.
        cost: US dollars at most, ``None`` when the price is unknown.
        expected_cost: US dollars expected, ``None`` when the price or the tokens are unknown.
        input_tokens: Tokens that the calls are expected to read, from and to a prompt cache too; ``None`` when unknown.
        output_tokens: Tokens that they are expected to write, likewise.
        each: The calls by their answers' keys; empty where it is not known yet what will be asked.
    """

    calls: int
    kept: int
    cost: float | None
    expected_cost: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    each: Mapping[str, Reckoned] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, each: Mapping[str, Reckoned], kept: int) -> Forecast:
        """Return the sums of these calls; a sum with an unknown part is unknown."""
        return cls(
            calls=len(each),
            kept=kept,
            cost=_total([call.cost for call in each.values()]),
            expected_cost=_total([call.expected_cost for call in each.values()]),
            input_tokens=_total([call.input_tokens for call in each.values()]),
            output_tokens=_total([call.output_tokens for call in each.values()]),
            each=each,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How many tokens a model reads and writes for a prompt.

    Attributes:
        read: Tokens per byte of a request's text, by kind of input; empty when unknown.
        written: Tokens an answer, ``None`` when unknown.
    """

    read: Mapping[str, float]
    written: float | None

    @classmethod
    def of(cls, known: Sequence[tuple[Request, Answer]]) -> Habit:
        """Return what answers to requests of one prompt show; fewer than five show nothing of what is read."""
        counted = [(request, answer) for request, answer in known if answer.input_tokens is not None]
        enough = counted if len(counted) >= FEWEST_ANSWERS else []
        sizes = [text_bytes(request) for request, _ in enough]
        ratios = {kind: ratio_of(sizes, [getattr(answer, kind) or 0 for _, answer in enough]) for kind in _READ}
        written = [answer.output_tokens for _, answer in known if answer.output_tokens is not None]
        return cls(
            read={kind: ratio for kind, ratio in ratios.items() if ratio is not None},
            written=sum(written) / len(written) if written else None,
        )

    def expected(self, requests: Sequence[Request], tier: str | None) -> Iterator[Answer]:
        """Yield an answer as long as it is expected for each request, served in a tier, or as the request asks."""
        sizes = [text_bytes(request) for request in requests]
        tokens = {kind: whole([size * ratio for size in sizes]) for kind, ratio in self.read.items()}
        if self.written is not None:
            tokens["output_tokens"] = whole([self.written] * len(requests))
        for request in requests:
            counts: dict[str, Any] = {kind: next(numbers) for kind, numbers in tokens.items()}
            yield Answer(
                text="",
                **counts,
                service_tier=tier or request.options.get("service_tier"),
                latency_mode=request.options.get("latency"),
            )


def forecast_of(
    asked: Mapping[str, Request],
    kept: Mapping[str, Answer],
    known: Mapping[str, Answer],
    price: Callable[[Answer], float | None],
    *,
    tier: str | None = None,
    count: Callable[[Request], int | None] | None = None,
) -> Forecast:
    """Return what it would take to answer those requests of one prompt, by key, that are not kept.

    ``known`` are answers to some of them, kept or not; ``price`` gives US dollars. ``tier`` is the one that calls are
    expected to be served in, ``None`` for the one that each asks for; what they cost at most is as each asks, since
    what a batch job leaves is called for. ``count`` counts a request's tokens where no ratio is known.
    """
    missing = {key: request for key, request in asked.items() if key not in kept}
    if not missing:
        return Forecast.of({}, len(kept))
    habit, priced = Habit.of([(asked[key], answer) for key, answer in known.items()]), cache(price)
    if count and not habit.read:
        habit = replace(habit, read=_counted(list(missing.values()), count))
    expected = habit.expected(list(missing.values()), tier)
    each = {
        key: _reckoned(answer, dearest_answer(request), priced)
        for (key, request), answer in zip(missing.items(), expected, strict=True)
    }
    return Forecast.of(each, len(kept))


def together(forecasts: Iterable[Forecast]) -> Forecast:
    """Return what several forecasts come to: a call that they share is made once, a kept answer counts for each."""
    found = list(forecasts)
    each = {key: call for forecast in reversed(found) for key, call in forecast.each.items()}
    known = Forecast.of(each, sum(forecast.kept for forecast in found))
    unnamed = sum(forecast.calls - len(forecast.each) for forecast in found)
    return Forecast(calls=known.calls + unnamed, kept=known.kept, cost=None) if unnamed else known


def ratio_of(sizes: Sequence[int], tokens: Sequence[int]) -> float | None:
    """Return tokens per byte over all requests together, ``None`` where there are no bytes."""
    return sum(tokens) / sum(sizes) if sum(sizes) else None


def whole(parts: Iterable[float]) -> Iterator[int]:
    """Yield whole numbers for parts of none or more, their sums never more than a half from the parts' sums.

    Rounded by itself, each of many answers of 1.4 tokens would be one token.
    """
    total, given = 0.0, 0
    for part in parts:
        total += part
        yield round(total) - given
        given = round(total)


def _counted(requests: Sequence[Request], count: Callable[[Request], int | None]) -> dict[str, float]:
    """Return tokens per byte by the count of a few requests; nothing where one of them cannot be counted."""
    chosen = random.Random(_SEED).sample(requests, min(MOST_COUNTED, len(requests)))  # noqa: S311 - no secret
    tokens: list[int] = []
    for request in chosen:
        number = count(request)
        if number is None:
            return {}
        tokens.append(number)
    ratio = ratio_of([text_bytes(request) for request in chosen], tokens)
    return {} if ratio is None else {"input_tokens": ratio}


def _reckoned(expected: Answer, dearest: Answer, price: Callable[[Answer], float | None]) -> Reckoned:
    read = _total([expected.input_tokens, expected.cache_read_tokens or 0, expected.cache_write_tokens or 0])
    is_known = read is not None and expected.output_tokens is not None
    return Reckoned(
        input_tokens=read,
        output_tokens=expected.output_tokens,
        expected_cost=price(expected) if is_known else None,
        cost=price(dearest),
    )


def _total(parts: Iterable[Number | None]) -> Number | None:
    known: list[Number] = []
    for part in parts:
        if part is None:
            return None
        known.append(part)
    return sum(known)
