"""DeepEval's way to a model led over our judges, and every verdict checked before DeepEval counts it."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import ScoreFailure
from pytest_llm_migrate.errors import MissingExtraError
from pytest_llm_migrate.metrics.asking import INFERENCE, ask_for
from pytest_llm_migrate.metrics.material import DATA_RULE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from pytest_llm_migrate.domain import Judge, Row
    from pytest_llm_migrate.metrics.asking import Style
    from pytest_llm_migrate.metrics.shape import Schema

    Generate = Callable[[str, Any], Any]

QUIET = {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    "DEEPEVAL_DISABLE_DOTENV": "1",
    "DEEPEVAL_NO_INSPECT_PROMPT": "1",
    "CONFIDENT_OPEN_BROWSER": "0",
}
"""What DeepEval is told before it is imported, where the environment does not say otherwise: it sends nothing, reads
no .env file and, of what it measures, writes none. It stays set: DeepEval looks again whenever it measures."""

ABOUT = {
    "AnswerRelevancyMetric": "statements",
    "FaithfulnessMetric": "claims",
    "SummarizationMetric": "claims",
    "ToxicityMetric": "opinions",
    "BiasMetric": "opinions",
    "HallucinationMetric": "context",
    "ContextualPrecisionMetric": "retrieval_context",
}
"""What a metric's verdicts are about, one each; of other metrics it is only known that there must be some."""

_NEVER_EMPTY = frozenset({"statements", "truths", "claims", "questions", "answers", "steps", "verdicts"})
_SYSTEM = f"You evaluate answers of assistants for a test suite, with great care.\n\n{DATA_RULE}"
_UNTYPED: Schema = {"type": "object", "properties": {}}


class JudgingFailedError(Exception):
    """Ends a metric's measuring where its judge gave no verdict; DeepEval lets it through as it is."""

    def __init__(self, failure: ScoreFailure) -> None:
        self.failure = failure
        super().__init__(failure.reason)


def deepeval(part: str) -> ModuleType:
    """Return a module of DeepEval; raises `MissingExtraError` where the package is not there."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        with warnings.catch_warnings():  # what its libraries say at their import is none of a suite's business
            warnings.simplefilter("ignore")
            return import_module(f"deepeval.{part}")
    except ModuleNotFoundError as error:
        if error.name != "deepeval":
            raise
        raise MissingExtraError("a metric of DeepEval", "deepeval", "deepeval") from None


@cache
def _model_class() -> type[Any]:
    """Return the class of DeepEval's models, which is there once DeepEval is."""
    base: Any = deepeval("models").DeepEvalBaseLLM

    class GeneratingModel(base):  # type: ignore[misc]
        """Answers whatever DeepEval asks by a function."""

        def __init__(self, name: str, answering: Generate) -> None:
            self.answering = answering
            super().__init__(name)
            self.name = name

        def load_model(self) -> None:
            """Load nothing."""

        def generate(self, prompt: str, schema: Any = None) -> Any:
            """Return an object of the schema; never raises a TypeError, after which DeepEval would ask again."""
            try:
                return self.answering(prompt, schema)
            except TypeError as error:
                raise JudgingFailedError(ScoreFailure(reason=f"TypeError: {error}")) from error

        async def a_generate(self, prompt: str, schema: Any = None) -> Any:
            """Do likewise."""
            return self.generate(prompt, schema)

        def get_model_name(self) -> str:
            """Return the reference of the model."""
            return str(self.name)

    return GeneratingModel


def generating_model(name: str, answering: Generate) -> Any:
    """Return a model of DeepEval that answers by a function of the prompt and the pydantic class wanted."""
    return _model_class()(name, answering)


@dataclass(slots=True, kw_only=True)
class Questioning:
    """One metric asking about one answer: remembers what it found, to hold the verdicts against it.

    Attributes:
        judge: Who is asked.
        row: The row it is about.
        style: How verdicts are asked for.
        about: What the verdicts are about, as `ABOUT` has it.
        items: How many things of a kind there are, by their names in DeepEval.
        scale: The least and the greatest score that may be given.
    """

    judge: Judge
    row: Row
    style: Style | None
    about: str | None
    items: dict[str, int]
    scale: tuple[float, float] = (0, 10)
    inference: Mapping[str, Any] = field(default_factory=lambda: {**INFERENCE, "max_tokens": 4096})

    def __call__(self, prompt: str, schema: Any) -> Any:
        """Return what the judge says as an object of the schema; raises `JudgingFailedError` where it is unusable."""
        if schema is None:
            raise JudgingFailedError(ScoreFailure(reason="DeepEval asked for text where a verdict has a schema"))
        verdict = ask_for(
            self.judge,
            self.row,
            system=_SYSTEM,
            text=prompt,
            schema=plain_schema(schema.model_json_schema()),
            check=lambda found: self._fault(found, schema),
            style=self.style,
            inference=self.inference,
        )
        if isinstance(verdict, ScoreFailure):
            raise JudgingFailedError(verdict)
        self.items |= {name: len(value) for name, value in verdict.items() if isinstance(value, list)}
        return schema.model_validate(dict(verdict))

    def _fault(self, verdict: Mapping[str, Any], schema: Any) -> str | None:
        lists = {name: len(value) for name, value in verdict.items() if isinstance(value, list)}
        for name, number in lists.items():
            wanted = self._wanted(name)
            if wanted is not None and number != wanted:
                return f"{name} has {number} items, and there are {wanted} {self._things(name)} to judge"
            if not number and name in _NEVER_EMPTY:
                return f"{name} is empty, and a share of nothing is no score"
        if "score" in verdict and not self.scale[0] <= float(verdict["score"]) <= self.scale[1]:
            return f"score is {verdict['score']:g}, outside of {self.scale[0]:g} to {self.scale[1]:g}"
        return _validation_fault(verdict, schema)

    def _wanted(self, name: str) -> int | None:
        return self.items.get(self._things(name)) if name in {"verdicts", "answers"} else None

    def _things(self, name: str) -> str:
        return "questions" if name == "answers" else self.about or ""


def plain_schema(schema: Mapping[str, Any]) -> Schema:
    """Return what pydantic says of a class as the plainer JSON Schema that judges are asked for.

    References are resolved; what may be null says so in its type. Parts of other forms are left to pydantic.
    """
    found = _plain(schema, schema.get("$defs", {}))
    return found if found.get("type") == "object" else dict(_UNTYPED)


def _plain(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    if "$ref" in part:
        return _plain(definitions[part["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in part:
        others = [_plain(choice, definitions) for choice in part["anyOf"] if choice.get("type") != "null"]
        return {**others[0], "type": [others[0]["type"], "null"]} if len(others) == 1 and "type" in others[0] else {}
    kept = {key: part[key] for key in ("type", "enum", "minimum", "maximum", "required", "description") if key in part}
    if "items" in part:
        kept["items"] = _plain(part["items"], definitions)
    if part.get("type") == "object":
        kept["properties"] = {key: _plain(value, definitions) for key, value in part.get("properties", {}).items()}
    return kept


def _validation_fault(verdict: Mapping[str, Any], schema: Any) -> str | None:
    try:
        schema.model_validate(dict(verdict))
    except ValueError as error:
        return " ".join(str(error).split())
    return None
