"""A prompt as a DSPy program: what DSPy scores is what would be sent, word for word, and the desk asks for it."""

from __future__ import annotations

import io
import json
import logging
import re
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import dspy
from dspy import lm15

from pytest_llm_migrate.domain import Answer, Example, Request, Turn
from pytest_llm_migrate.errors import CallFailedError, MigrateError
from pytest_llm_migrate.strategies.dev_rows import example_output
from pytest_llm_migrate.strategies.texts import unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.domain import PromptTask, PromptText, Row

ANSWER = "answer"
_TAG = re.compile(r"\{[{%#]")
_LOGGERS = ("dspy", "gepa", "optuna")
_FINISH = {"max_tokens": "length"}
_MOST_UNWRITTEN = 3
"""Texts in a row that a model fails to write, each after all waiting, from which it is not asked any more."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what DSPy prints, logs and warns of to itself."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


@dataclass(slots=True, kw_only=True)
class PromptProgram:
    """A prompt whose opening instruction and examples DSPy may change.

    Attributes:
        task: What is to be rewritten.
        place: The text that the instruction opens: ``system`` or ``user``.
        instruction: The plain words ahead of its first variable.
        fields: DSPy's names of the prompt's variables, by their own.
        failure: What went wrong for good: nothing is asked any more.
    """

    task: PromptTask
    place: str
    instruction: str
    fields: Mapping[str, str]
    failure: MigrateError | None = None
    _rows: dict[str, list[Row]] = field(default_factory=dict)
    _requests: dict[object, tuple[Request, Row]] = field(default_factory=dict)
    _answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    _unwritten: int = 0

    def predictor(self) -> Any:
        """Return the prompt as DSPy's smallest program."""
        fields: dict[str, Any] = {name: (str, dspy.InputField()) for name in self.fields.values()}
        fields[ANSWER] = (str, dspy.OutputField())
        return dspy.Predict(dspy.Signature(fields, self.instruction))

    def examples(self, rows: Iterable[Row]) -> list[Any]:
        """Return rows as DSPy has them, each with its golden answer."""
        found = []
        for row in rows:
            values = self._values(row)
            self._rows.setdefault(_key(values), []).append(row)
            example = dspy.Example(**values, **{ANSWER: example_output(row)})
            found.append(example.with_inputs(*values))
        return found

    def prompt_of(self, instruction: str, demos: Sequence[Any]) -> tuple[PromptText, tuple[str, ...]]:
        """Return the prompt with an instruction and demos after its own examples, and the rows the demos are from."""
        prompt = self._with_instruction(instruction)
        rows = [self._rows[_key(self._inputs(demo))] for demo in demos]
        examples = [
            Example(input=self.task.render(prompt, same[0]).turns[-1].text, output=str(demo[ANSWER]))
            for same, demo in zip(rows, demos, strict=True)
        ]
        names = dict.fromkeys(row.sample_id for same in rows for row in same)
        return replace(prompt, examples=(*prompt.examples, *examples)), tuple(names)

    def score(self, example: Any, prediction: Any) -> tuple[float, str]:
        """Return the score of a prediction from 0 to 1, 0 where no metric has one, and what metrics found wanting.

        What keeps judges from being asked at all is kept as the failure, and no further call is made.
        """
        row = self._rows[_key(self._inputs(example))][0]
        text = str(prediction[ANSWER])
        try:
            score, feedback = self.task.score(self._answers.get((row.sample_id, text), Answer(text=text)), row)
        except MigrateError as error:
            self.failure = error
            raise
        return score or 0.0, feedback

    def messages(self, instruction: str, demos: Sequence[Any], inputs: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return what would be sent to the target for a row, as DSPy sends it on."""
        prompt, _ = self.prompt_of(instruction, demos)
        row = self._rows[_key(self._inputs(inputs))][0]
        request = self.task.render(prompt, row)
        self._requests[_sent(request.system, [(turn.role, turn.text) for turn in request.turns])] = request, row
        system = [{"role": "system", "content": request.system}] if request.system else []
        return [*system, *({"role": turn.role, "content": turn.text} for turn in request.turns)]

    def target(self) -> Any:
        """Return the target as a DSPy model."""
        return _model(self.task.target, self._answer)

    def writer(self, max_tokens: int) -> Any:
        """Return the model that proposes instructions: the optimizer, or the target where there is none."""
        ask = self.task.ask if self.task.optimizer else lambda request: self.task.ask_target(request, None)
        return _model(
            self.task.optimizer or self.task.target, lambda given: self._written(ask, _request(given, max_tokens))
        )

    def adapter(self) -> Any:
        """Return what makes messages of DSPy's programs: this prompt's are its own."""
        return _Adapter(self)

    def _answer(self, given: Any) -> Answer:
        request, row = self._requests[_sent(_text_of(given.system), _turns(given))]
        answer = self._guarded(lambda asked: self.task.ask_target(asked, row), request)
        self._answers[row.sample_id, answer.text] = answer
        return answer

    def _written(self, ask: Callable[[Request], Answer], request: Request) -> Answer:
        """Ask for a text; after some in a row that were not written, no further call is made."""
        try:
            answer = self._guarded(ask, request)
        except (lm15.RateLimitError, lm15.ServerError) as error:
            self._unwritten += 1
            if self._unwritten >= _MOST_UNWRITTEN and isinstance(error.__cause__, CallFailedError):
                self.failure = error.__cause__
            raise
        self._unwritten = 0
        return answer

    def _guarded(self, ask: Callable[[Request], Answer], request: Request) -> Answer:
        """Ask; what would fail every further call alike is kept, and no further call is made."""
        if self.failure:
            raise self.failure
        try:
            return ask(request)
        except CallFailedError as error:
            if error.fatal:
                self.failure = error
            # The desk has waited and tried again for as long as it is worth: DSPy is only told what it was.
            kind = lm15.RateLimitError if error.kind == "throttled" else lm15.ServerError
            raise kind(str(error)) from error
        except MigrateError as error:
            self.failure = error
            raise

    def _with_instruction(self, instruction: str) -> PromptText:
        if instruction.strip() == self.instruction.strip():
            return self.task.prompt
        head, rest = _parted((self.task.prompt.user if self.place == "user" else self.task.prompt.system) or "")
        gap = head[len(head.rstrip()) :] or ("\n\n" if rest else "")
        new = f"{self.task.template_of(unwrapped(instruction))}{gap}{rest}"
        if self.place == "user":
            return replace(self.task.prompt, user=new)
        return replace(self.task.prompt, system=new)

    def _values(self, row: Row) -> dict[str, str]:
        return {name: _text(row.inputs.get(variable)) for variable, name in self.fields.items()}

    def _inputs(self, example: Any) -> dict[str, str]:
        return {name: _text(example[name]) for name in self.fields.values()}


def program_of(task: PromptTask) -> PromptProgram:
    """Return a task's prompt as a program."""
    system, _ = _parted(task.prompt.system or "")
    user, _ = _parted(task.prompt.user)
    place = "user" if task.prompt.system is None and user.strip() else "system"
    instruction = (user if place == "user" else system).strip()
    fields = {name: _field(name, place) for place, name in enumerate(sorted(task.variables))}
    return PromptProgram(task=task, place=place, instruction=instruction or "Answer.", fields=fields)


class _Adapter(dspy.ChatAdapter):  # type: ignore[misc]  # DSPy has no types
    """Sends the prompt as it would be filed; reads any text as the one thing that was asked for."""

    def __init__(self, program: PromptProgram) -> None:
        super().__init__(use_json_adapter_fallback=False)
        self.program = program

    def format(self, signature: Any, demos: Any, inputs: Any) -> Any:
        if not self._is_prompt(signature):
            return super().format(signature, demos, inputs)
        return self.program.messages(signature.instructions, demos, inputs)

    def parse(self, signature: Any, completion: str) -> Any:
        if self._is_prompt(signature):
            return {ANSWER: completion}
        try:
            return super().parse(signature, completion)
        except dspy.utils.exceptions.AdapterParseError:
            # Small models forget the marks around a field; where there is one field, the text is it.
            if len(signature.output_fields) != 1:
                raise
            return dict.fromkeys(signature.output_fields, completion.strip())

    def _is_prompt(self, signature: Any) -> bool:
        own = {*self.program.fields.values(), ANSWER}
        return own == {*signature.input_fields, *signature.output_fields}


class Reflections(dspy.JSONAdapter):  # type: ignore[misc]  # DSPy has no types
    """Reads a new instruction from JSON, as DSPy asks for it, and from a text that holds nothing else."""

    def parse(self, signature: Any, completion: str) -> Any:
        """Return the one field; raises DSPy's error for JSON that broke off."""
        try:
            return super().parse(signature, completion)
        except dspy.utils.exceptions.AdapterParseError:
            (name,) = signature.output_fields
            if name in completion or not completion.strip():
                raise
            return {name: completion.strip()}


@dataclass(frozen=True, slots=True)
class _Engine:
    """DSPy's way to a model of ours."""

    ask: Callable[[Any], Answer]

    def complete(self, request: Any) -> Any:
        answer = self.ask(request)
        read, written = answer.input_tokens or 0, answer.output_tokens or 0
        return lm15.Response(
            id=None,
            model=request.model,
            message=lm15.Message(role="assistant", parts=(lm15.TextPart(text=answer.text),)),
            finish_reason=_FINISH.get(answer.stop_reason or "", "stop"),
            usage=lm15.Usage(input_tokens=read, output_tokens=written, total_tokens=read + written),
        )


def _model(ref: str, ask: Callable[[Any], Answer]) -> Any:
    return dspy.LM(ref, engine=_Engine(ask), cache=False, num_retries=0)


def _request(given: Any, max_tokens: int) -> Request:
    inference: dict[str, Any] = {"max_tokens": max_tokens}
    if given.config.temperature is not None:
        inference["temperature"] = min(given.config.temperature, 1.0)
    turns = tuple(Turn("assistant" if role == "assistant" else "user", text) for role, text in _turns(given))
    return Request(system=_text_of(given.system), turns=turns, inference=inference)


def _turns(given: Any) -> list[tuple[str, str]]:
    return [(message.role, _text_of(message.parts) or "") for message in given.messages]


def _text_of(parts: Any) -> str | None:
    if parts is None or isinstance(parts, str):
        return parts
    return "".join(part.text for part in parts)


def _sent(system: str | None, turns: Iterable[tuple[str, str]]) -> object:
    return system or None, tuple(turns)


def _key(values: Mapping[str, str]) -> str:
    return json.dumps(values, sort_keys=True)


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str)


def _parted(template: str) -> tuple[str, str]:
    """Return the plain words ahead of a template's first tag, and the rest."""
    tag = _TAG.search(template)
    end = tag.start() if tag else len(template)
    return template[:end], template[end:]


def _field(variable: str, place: int) -> str:
    """Return a name that DSPy has no use for itself."""
    is_free = variable.isidentifier() and not variable.startswith("_") and not hasattr(dspy.Signature, variable)
    return variable if is_free and variable not in {*_KEPT, ANSWER} else f"input_{place}"


_KEPT = frozenset({"signature", "demos", "config", "lm", "prediction", "new_signature"})
"""Names that a DSPy predictor keeps for itself."""
