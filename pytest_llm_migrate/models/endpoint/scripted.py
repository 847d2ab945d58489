"""An engine that answers by a script: for tests, rehearsals and benchmarks that need no model."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import UnknownNameError
from pytest_llm_migrate.models.endpoint.engines import STATUSES, Break, Breakage, Fault, Finish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_llm_migrate.models.endpoint.engines import Answer, Converse

_BREAKS = {
    "reset": (Break.RESET, 0),
    "reset_mid_stream": (Break.RESET, 1),
    "cut": (Break.CUT, 1),
    "cut_in_frame": (Break.CUT_IN_FRAME, 1),
    "bad_crc": (Break.BAD_CRC, 1),
    "truncated_body": (Break.CUT, 1),
}
"""Each way to break by its name in a script, with the deltas that come before it unless the script says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered, and how fast.

    Attributes:
        text: The answer.
        echo: Answer with the text of the last user message instead.
        choose: Answer with the value of the first key that the last user message contains, if one does.
        deltas: Pieces that the text is sent in, at least 1.
        latency: Seconds before the first piece.
        gap: Seconds between two pieces.
        stop_reason: One of Bedrock's words.
        input_tokens: Tokens read; ``None`` counts the words of the request.
        output_tokens: Tokens written; ``None`` counts the words of the answer.
        cache_read_tokens: Tokens taken from a prompt cache.
        cache_write_tokens: Tokens put into a prompt cache.
    """

    text: str = "ok"
    echo: bool = False
    choose: Mapping[str, str] = field(default_factory=dict)
    deltas: int = 1
    latency: float = 0.0
    gap: float = 0.0
    stop_reason: str = "end_turn"
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def answer(self, question: str) -> str:
        """Return the text that answers a question."""
        chosen = (text for part, text in self.choose.items() if part in question)
        return next(chosen, question if self.echo else self.text)

    def pieces(self, text: str) -> Iterator[str]:
        """Cut a text into as many pieces as asked, or as it has characters; an empty text is one piece."""
        count = max(1, min(self.deltas, len(text)))
        for index in range(count):
            yield text[index * len(text) // count : (index + 1) * len(text) // count]

    def read_tokens(self, request: Converse) -> int:
        """Return how many tokens the request counts."""
        if self.input_tokens is not None:
            return self.input_tokens
        texts = [request.system, *(message.text for message in request.messages)]
        return sum(len(text.split()) for text in texts)

    def finish(self, request: Converse, text: str) -> Finish:
        """Return what ends the answer."""
        return Finish(
            stop_reason=self.stop_reason,
            input_tokens=self.read_tokens(request),
            output_tokens=len(text.split()) if self.output_tokens is None else self.output_tokens,
            cache_read_tokens=self.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedFault:
    """What goes wrong instead of the answer.

    Attributes:
        name: An error of the service (``ThrottlingException``, ...), ``reset`` before the response,
            ``reset_mid_stream``, ``cut`` (a clean end without the last events), ``cut_in_frame``,
            ``bad_crc`` or ``truncated_body``. A plain Converse answer ends in half a body for each of the last four.
        message: What an error says.
        after: Deltas that are sent first; ``None`` is 0 for errors and ``reset``, else 1.
        times: How often it happens before the proper answer is given; ``None`` is always.
        each: Count ``times`` for each different conversation instead of for the rule as a whole.

    Raises `UnknownNameError` for any other name.
    """

    name: str
    message: str = "scripted fault"
    after: int | None = None
    times: int | None = None
    each: bool = False

    def __post_init__(self) -> None:
        if self.name not in _BREAKS and self.name not in STATUSES:
            raise UnknownNameError("fault", self.name, [*_BREAKS, *STATUSES])

    @property
    def position(self) -> int:
        """How many deltas come first."""
        return _BREAKS.get(self.name, (None, 0))[1] if self.after is None else self.after

    def raised(self) -> Fault | Breakage:
        """Return the exception that an engine raises for it."""
        if self.name in _BREAKS:
            return Breakage(_BREAKS[self.name][0])
        return Fault(self.name, self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An answer for the requests that meet every given condition.

    Attributes:
        model: The model id, exactly.
        contains: A part of the last user message.
        matches: A regular expression found in it.
        reply: The answer; ``None`` takes the script's default.
        fault: What goes wrong first, or always.
    """

    model: str | None = None
    contains: str | None = None
    matches: str | None = None
    reply: Reply | None = None
    fault: ScriptedFault | None = None

    def accepts(self, request: Converse) -> bool:
        """Say whether the rule speaks about a request."""
        return (
            (self.model is None or self.model == request.model)
            and (self.contains is None or self.contains in request.question)
            and (self.matches is None or re.search(self.matches, request.question) is not None)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Rules, of which the first that accepts a request answers it; the default (the text ``ok``) answers the rest."""

    rules: tuple[Rule, ...] = ()
    default: Reply = field(default_factory=Reply)


class ScriptedEngine:
    """Answers by a script; only the faults that have happened are remembered."""

    def __init__(self, script: Script, *, sleep: Callable[[float], object] = time.sleep) -> None:
        self._script, self._sleep = script, sleep
        self._lock = threading.Lock()
        self._faults: Counter[object] = Counter()

    def converse(self, request: Converse) -> Answer:
        """Yield the scripted pieces at their times, or break as the script says."""
        rule = self._rule(request)
        reply = rule.reply or self._script.default
        fault = self._due(rule, request)
        if fault and fault.position == 0:
            raise fault.raised()
        text = reply.answer(request.question)
        for index, piece in enumerate(reply.pieces(text)):
            self._sleep(reply.gap if index else reply.latency)
            yield piece
            if fault and fault.position == index + 1:
                raise fault.raised()
        if fault:
            raise fault.raised()
        yield reply.finish(request, text)

    def count_tokens(self, request: Converse) -> int:
        """Return the scripted number of tokens, or the number of words."""
        return (self._rule(request).reply or self._script.default).read_tokens(request)

    def _rule(self, request: Converse) -> Rule:
        return next((rule for rule in self._script.rules if rule.accepts(request)), Rule())

    def _due(self, rule: Rule, request: Converse) -> ScriptedFault | None:
        fault = rule.fault
        if fault is None or fault.times is None:
            return fault
        conversation = (request.model, request.system, request.messages) if fault.each else None
        with self._lock:
            key = (id(rule), conversation)
            self._faults[key] += 1
            return fault if self._faults[key] <= fault.times else None
