"""Which requests a script speaks of, and what goes wrong with them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import UnknownNameError
from pytest_llm_migrate.models.endpoint.engines import BATCH_RECORD, STATUSES, Break, Breakage, Fault
from pytest_llm_migrate.models.endpoint.routes import OPERATIONS

if TYPE_CHECKING:
    from pytest_llm_migrate.models.endpoint.engines import Converse, Inquiry
    from pytest_llm_migrate.models.endpoint.replies import Reply

_BREAKS = {
    "reset": (Break.RESET, 0),
    "reset_mid_stream": (Break.RESET, 1),
    "cut": (Break.CUT, 1),
    "cut_in_frame": (Break.CUT_IN_FRAME, 1),
    "bad_crc": (Break.BAD_CRC, 1),
    "truncated_body": (Break.CUT, 1),
    "hang": (Break.HANG, 0),
}
"""Each way to break by its name in a script, with the pieces that come before it unless the script says."""

RULE_OPERATIONS = frozenset({*OPERATIONS, BATCH_RECORD})
"""What a rule may be about."""

_ANSWERED = frozenset(
    {"Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream", "CountTokens", BATCH_RECORD}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedFault:
    """What goes wrong instead of the answer.

    Attributes:
        name: An error of the service (``ThrottlingException``, ...), ``reset`` before the response,
            ``reset_mid_stream``, ``cut`` (a clean end without the last events), ``cut_in_frame``,
            ``bad_crc``, ``truncated_body`` or ``hang``. A plain answer ends in half a body for each of the
            four before the last. ``hang`` sends nothing until the client leaves, or for ``seconds`` and
            then goes on with the answer.
        message: What an error says.
        after: Pieces that are sent first; ``None`` is 0 for errors, ``reset`` and ``hang``, else 1.
        times: How often it happens before the proper answer is given; ``None`` is always.
        each: Count ``times`` for each different conversation instead of for the rule as a whole.
        chance: The probability, from 0 to 1, that it happens to a request; drawn by the script's ``seed``.
        seconds: How long nothing is sent before it happens.
        retry_after: Seconds that the response to an error asks a client to wait.

    Raises `UnknownNameError` for any other name.
    """

    name: str
    message: str = "scripted fault"
    after: int | None = None
    times: int | None = None
    each: bool = False
    chance: float = 1.0
    seconds: float = 0.0
    retry_after: float | None = None

    def __post_init__(self) -> None:
        if self.name not in _BREAKS and self.name not in STATUSES:
            raise UnknownNameError("fault", self.name, [*_BREAKS, *STATUSES])

    @property
    def position(self) -> int:
        """How many pieces come first."""
        return _BREAKS.get(self.name, (None, 0))[1] if self.after is None else self.after

    @property
    def passes(self) -> bool:
        """Whether the answer goes on after it."""
        return self.name == "hang" and self.seconds > 0

    def raised(self) -> Fault | Breakage:
        """Return the exception that an engine raises for it."""
        if self.name in _BREAKS:
            return Breakage(_BREAKS[self.name][0])
        return Fault(self.name, self.message, self.retry_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An answer for the requests that meet every given condition.

    Attributes:
        operation: The operation's name, or ``ModelInvocationJob`` for the records of a batch job. ``None`` is
            every operation that a model answers, and OptimizePrompt where the reply has an ``optimized`` text;
            faults of CountTokens must name it.
        model: The model id, exactly; the bucket, for objects.
        contains: A part of the last user message; of the prompt, for OptimizePrompt; of the key, for objects.
        matches: A regular expression found in it.
        reply: The answer; ``None`` takes the script's default.
        fault: What goes wrong first, or always.
        faults: More of them; the first that is due happens.
    """

    operation: str | None = None
    model: str | None = None
    contains: str | None = None
    matches: str | None = None
    reply: Reply | None = None
    fault: ScriptedFault | None = None
    faults: tuple[ScriptedFault, ...] = ()

    def accepts(self, asked: Converse | Inquiry) -> bool:
        """Say whether the rule speaks about a request."""
        return (
            self._is_about(asked.operation)
            and (self.model is None or self.model == asked.model)
            and (self.contains is None or self.contains in asked.question)
            and (self.matches is None or re.search(self.matches, asked.question) is not None)
        )

    def dangers(self, operation: str) -> tuple[ScriptedFault, ...]:
        """Return what may go wrong with an operation."""
        if operation == "CountTokens" and self.operation is None:
            return ()
        return (self.fault, *self.faults) if self.fault else self.faults

    def _is_about(self, operation: str) -> bool:
        if self.operation is not None:
            return self.operation == operation
        if operation == "OptimizePrompt":
            return self.reply is not None and self.reply.optimized is not None
        return operation in _ANSWERED
