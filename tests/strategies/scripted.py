"""A target that answers by a rule, and tasks that ask it as a run does."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Answer, PromptTask, Row, Trial
from pytest_llm_migrate.prompts import Prompt, from_model_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llm_migrate.domain import PromptText, Request

TARGET = "us.amazon.nova-lite-v1:0"


def rows(count: int, golden: Callable[[int], Any] = lambda _: "yes") -> list[Row]:
    """Return rows with a ticket and a golden answer each."""
    return [
        Row(sample_id=f"r{number:02}", values={"ticket": f"ticket {number:02}", "answer_ground_truth": golden(number)})
        for number in range(count)
    ]


@dataclass
class World:
    """A prompt, dev rows, and the models.

    Attributes:
        answers: What the target answers to a request; an error is raised.
        writes: What the optimizer answers to a request; ``None`` where there is no optimizer.
        reasons: What a metric says of a wrong answer.
        asked: What the target was asked.
        wrote: What the optimizer was asked.
        said: What the user was told.
        latency: Seconds of every answer.
        instructions: How a prompt asks for the rules of metrics.
    """

    answers: Callable[[Request], str | Exception]
    dev: Sequence[Row] = field(default_factory=lambda: rows(20))
    prompt: Prompt = field(default_factory=lambda: Prompt(name="triage", system="Sort.", user="{{ ticket }}"))
    writes: Callable[[Request], str] | None = None
    reasons: Callable[[Answer, Row], str] = lambda *_: "exact_match 0: wrong"
    asked: list[Request] = field(default_factory=list)
    wrote: list[Request] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    latency: float = 0.5
    instructions: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def task(self) -> PromptTask:
        """The prompt's way to the target."""
        templates = f"{self.prompt.system or ''}\n{self.prompt.user}"
        return PromptTask(
            prompt=self.prompt,
            source="anthropic.claude-3-haiku-20240307-v1:0",
            target=TARGET,
            rows=self.dev,
            try_out=self.try_out,
            ask=self.ask,
            optimizer="optimizer" if self.writes else None,
            render=self.render,
            ask_target=self.ask_target,
            score=self.score,
            template_of=lambda text: from_model_text(text, self.prompt.variables, templates),
            variables=self.prompt.variables,
            say=self.said.append,
            instructions=self.instructions,
        )

    def render(self, text: PromptText, row: Row) -> Request:
        """Return what is sent for a row."""
        shown = {name: getattr(text, name) for name in ("name", "user", "system", "examples", "inference")}
        return Prompt(**shown).render(row)

    def ask(self, request: Request) -> Answer:
        """Return the optimizer's answer."""
        assert self.writes
        self.wrote.append(request)
        return Answer(text=self.writes(request), stop_reason="end_turn")

    def ask_target(self, request: Request, row: Row | None) -> Answer:
        """Return the target's answer."""
        del row
        with self._lock:
            self.asked.append(request)
        found = self.answers(request)
        if isinstance(found, Exception):
            raise found
        return Answer(text=found, stop_reason="end_turn", output_tokens=len(found.split()), latency=self.latency)

    def score(self, answer: Answer, row: Row) -> tuple[float | None, str]:
        """Score 1 where the golden answer is met."""
        is_right = answer.text == row.reference
        return float(is_right), "" if is_right else self.reasons(answer, row)

    def try_out(self, prompt: PromptText, rows: Sequence[Row]) -> Trial:
        """Ask for every row, and score."""
        answers = {row.sample_id: self.ask_target(self.render(prompt, row), row) for row in rows}
        scored = {row.sample_id: self.score(answers[row.sample_id], row) for row in rows}
        return Trial(
            prompt=prompt,
            scores={name: score for name, (score, _) in scored.items() if score is not None},
            rows=len(rows),
            feedback={name: said for name, (_, said) in scored.items() if said},
            output_tokens=sum(answer.output_tokens or 0 for answer in answers.values()) / len(rows) if rows else None,
            latency=self.latency,
        )


def examples_in(request: Request) -> list[str]:
    """Return the inputs of the examples that a request shows."""
    return [turn.text for turn in request.turns[:-1] if turn.role == "user"]
