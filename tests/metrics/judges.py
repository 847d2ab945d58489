"""A judge that says what it was told to, and remembers what it was asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Answer, Row, ToolCall

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Request


@dataclass(slots=True)
class ScriptedJudge:
    """Answers with the given answers in turn, the last one over and over; raises those that are errors."""

    answers: list[Answer | Exception]
    ref: str = "amazon.nova-pro-v1:0"
    asked: list[Request] = field(default_factory=list)

    def ask(self, request: Request, row: Row) -> Answer:  # noqa: ARG002 - the promise of every judge
        """Return the next answer."""
        self.asked.append(request)
        found = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(found, Exception):
            raise found
        return found

    @property
    def texts(self) -> list[str]:
        """What it was shown, question by question."""
        return [request.turns[-1].text for request in self.asked]


def verdict(**arguments: Any) -> Answer:
    """Return an answer that calls the verdict's tool."""
    return Answer(text="", stop_reason="tool_use", tool_calls=(ToolCall(name="verdict", arguments=arguments),))


def judge(*answers: Answer | str | Exception, ref: str = "amazon.nova-pro-v1:0") -> ScriptedJudge:
    """Return a judge with these answers, texts as they stand."""
    return ScriptedJudge([Answer(text=item) if isinstance(item, str) else item for item in answers], ref)


def row(**values: Any) -> Row:
    """Return a row."""
    return Row(sample_id="r1", values=values)
