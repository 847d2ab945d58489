"""DeepEval's metrics as metrics of a migration: our judge behind them, a fresh object a score, no trust in either."""

from __future__ import annotations

import copy
import hashlib
import inspect
import json
import math
import re
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError, masked, nearest
from pytest_llm_migrate.metrics.asking_metric import one_line
from pytest_llm_migrate.metrics.deepeval_canary import prove, release
from pytest_llm_migrate.metrics.deepeval_judge import (
    ABOUT,
    JudgingFailedError,
    Questioning,
    deepeval,
    generating_model,
)
from pytest_llm_migrate.metrics.material import is_nothing, question_of, told
from pytest_llm_migrate.metrics.reference import one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.domain import Answer, Judge, Metric, Row
    from pytest_llm_migrate.metrics.asking import Style

_CALLS = {
    "AnswerRelevancyMetric": 2,
    "FaithfulnessMetric": 3,
    "ToxicityMetric": 2,
    "BiasMetric": 2,
    "HallucinationMetric": 1,
    "SummarizationMetric": 6,
    "ContextualPrecisionMetric": 1,
    "ContextualRecallMetric": 1,
}
"""Questions that a score takes, those for a reason in DeepEval's words apart."""
_OURS = frozenset({"self", "args", "kwargs", "model", "async_mode", "verbose_mode"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepEvalMetric:
    """A metric of DeepEval that asks no model; `JudgedDeepEvalMetric` does.

    Attributes:
        name: What tests and reports call it.
        kind: The name of its class in ``deepeval.metrics``, or the class itself.
        settings: What its constructor is given, but for the model.
        sample: An object of it, where it cannot be made anew from what it was given; each score gets a copy.
        question: The column that is the test case's input; where a row has none, all of its inputs are.
        context: The column that is both of its contexts.
        reference: The column that is its expected output.
    """

    kept: ClassVar[bool] = True

    name: str
    kind: str | type[Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    sample: Any = field(default=None, repr=False)
    question: str = "question"
    context: str = "content"
    reference: str = "answer_ground_truth"

    @property
    def version(self) -> str:
        """DeepEval's version, and the hash of the class and of every setting."""
        return self._settings_version()

    def _settings_version(self) -> str:
        settings = self.settings if self.sample is None else vars(self.sample)
        columns = [self.question, self.context, self.reference]
        content = json.dumps([_kind_name(self.kind), dict(settings), columns], sort_keys=True, default=_plain)
        digest = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:12]
        return f"1, deepeval={release()}, settings={digest}"

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return what DeepEval gives the answer, if that is a number from 0 to 1; else why there is none."""
        return self._measured(answer, row, self._fresh(None))

    def _fresh(self, model: Any) -> Any:
        """Return an object that has measured nothing yet."""
        if self.sample is not None:
            found = copy.copy(self.sample)
            if hasattr(found, "model"):
                found.model, found.using_native_model = model, False
        else:
            kind = _class_of(self.kind, self.name)
            found = kind(**_arguments(self.settings), **({} if model is None else {"model": model}))
        found.async_mode, found.verbose_mode = False, False
        return found

    def _measured(self, answer: Answer, row: Row, metric: Any) -> Score | ScoreFailure:
        if not answer.text.strip():
            return ScoreFailure(reason="the answer is empty, and DeepEval scores no empty answer")
        metric.score, metric.reason, metric.error = None, None, None
        missing = deepeval("errors").MissingTestCaseParamsError
        try:
            value = metric.measure(self._test_case(answer, row), _show_indicator=False)
        except JudgingFailedError as error:
            return error.failure
        except missing as error:
            return ScoreFailure(reason=f"the row lacks what DeepEval needs: {one_line(error)}")
        except Exception as error:  # noqa: BLE001 - a stranger's code, whose fault is a score failure and not a crash
            return ScoreFailure(reason=f"DeepEval: {type(error).__name__}: {one_line(error)}")
        return self._read(value, metric)

    def _read(self, value: Any, metric: Any) -> Score | ScoreFailure:
        if metric.error:
            return ScoreFailure(reason=f"DeepEval: {one_line(metric.error)}")
        if not isinstance(value, (int, float)) or not math.isfinite(value) or not 0 <= value <= 1:
            return ScoreFailure(reason=f"DeepEval gave {value!r}, which is no score from 0 to 1")
        return Score(value, one_line(metric.reason or _verdict_reasons(metric)))

    def _test_case(self, answer: Answer, row: Row) -> Any:
        passages = _passages(row.get(self.context))
        reference = row.get(self.reference)
        return deepeval("test_case").LLMTestCase(
            input=question_of(row, self.question),
            actual_output=answer.text,
            expected_output=None if is_nothing(reference) else told(reference),
            context=passages,
            retrieval_context=passages,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedDeepEvalMetric(DeepEvalMetric):
    """A metric of DeepEval behind which our judge stands: kept, priced, budgeted and replayed like all answers.

    Attributes:
        judge: The reference of its judge; ``None`` is the run's ``--judge-model``.
        style: How verdicts are asked for: ``tool``, ``json_schema`` or ``text``; ``None`` chooses by the judge.
        asked: The judge, once there is one.
    """

    judge: str | None = None
    style: Style | None = None
    asked: Judge | None = field(default=None, repr=False)

    @property
    def version(self) -> str:
        """That of the metric, with the judge and how it is asked."""
        judge = masked(self.asked.ref) if self.asked else None
        return f"{self._settings_version()}, judge={judge!r}, style={self.style}"

    @property
    def calls(self) -> int:
        """How many questions a score takes, as far as is known."""
        known = _CALLS.get(_kind_name(self.kind))
        return 1 if known is None else known + bool(self.settings.get("include_reason", True))

    def judged_by(self, judge_of: Callable[[str | None], Judge]) -> JudgedDeepEvalMetric:
        """Return the metric with its judge.

        Raises:
            MissingExtraError: DeepEval is not installed.
            DeepEvalDirectionError: This DeepEval scores the other way round.
            MetricDefinitionError: Its constructor does not take the settings.
        """
        prove(_kind_name(self.kind))
        with warnings.catch_warnings():  # some say at their first object which way they score, which is proven
            warnings.simplefilter("ignore")
            try:
                self._fresh(generating_model("none", _unasked))
            except (TypeError, ValueError) as error:
                raise MetricDefinitionError(self.name, one_line(error)) from error
        return replace(self, asked=judge_of(self.judge))

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return what DeepEval makes of the judge's verdicts, which are checked for number, range and words."""
        if self.asked is None:
            return ScoreFailure(reason=f"{self.name} has no judge yet")
        about = ABOUT.get(_kind_name(self.kind))
        contexts = len(_passages(row.get(self.context)) or ())
        questioning = Questioning(
            judge=self.asked,
            row=row,
            style=self.style,
            about=about,
            items={"context": contexts, "retrieval_context": contexts},
        )
        metric = self._fresh(generating_model(self.asked.ref, questioning))
        questioning.scale = (0, 1) if metric.strict_mode else getattr(metric, "score_range", questioning.scale)
        if given := getattr(metric, "assessment_questions", None):
            questioning.items["questions"] = len(given)
        return self._measured(answer, row, metric)


def is_deepeval(entry: object) -> bool:
    """Tell whether something is a metric of DeepEval, or a class of one; imports nothing."""
    kind = entry if isinstance(entry, type) else type(entry)
    return any(base.__module__.partition(".")[0] == "deepeval" and base.__name__ in _BASES for base in kind.__mro__)


def of_deepeval(entry: Any) -> Metric:
    """Return the metric that DeepEval's object or class makes; a model that it has gives way to our judge.

    Raises:
        MetricDefinitionError: It scores conversations, or compares; or it is a class that takes settings.
    """
    kind = entry if isinstance(entry, type) else type(entry)
    if not any(base.__name__ == "BaseMetric" for base in kind.__mro__):
        raise MetricDefinitionError(kind.__name__, "it scores conversations, and a row has one answer")
    taken = _parameters(kind)
    own = {} if isinstance(entry, type) else vars(entry)
    name = own.get("name") or f"deepeval:{snake(kind.__name__)}"
    settings = {key: own[key] for key in taken if key in own and key not in _OURS}
    needed = [key for key, item in taken.items() if item.default is item.empty and key not in settings]
    lacking = [key for key in needed if key not in _OURS]
    if lacking and isinstance(entry, type):
        raise _lacks(kind.__name__, lacking, is_judged="model" in taken)
    is_remade = not lacking
    given: dict[str, Any] = {"settings": settings} if is_remade else {"sample": entry}
    made = JudgedDeepEvalMetric if "model" in taken else DeepEvalMetric
    return made(name=name, kind=kind, **given)


def _lacks(kind: str, settings: Sequence[str], *, is_judged: bool) -> MetricDefinitionError:
    given = ", ".join(f"{key}=..." for key in settings)
    way_out = f"deepeval_metric({kind!r}, {given})" if is_judged else f"{kind}({given})"
    return MetricDefinitionError(kind, f"it takes {' and '.join(settings)}", f"Give what it takes: {way_out}.")


_BASES = frozenset({"BaseMetric", "BaseConversationalMetric", "BaseArenaMetric"})


def _parameters(kind: type[Any]) -> dict[str, inspect.Parameter]:
    named = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    found = inspect.signature(kind.__init__).parameters
    return {key: item for key, item in found.items() if item.kind in named and key != "self"}


def snake(name: str) -> str:
    """Return a class's name as metrics are called: ``FaithfulnessMetric`` is ``faithfulness``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removesuffix("Metric")).lower()


def _kind_name(kind: str | type[Any]) -> str:
    return kind if isinstance(kind, str) else kind.__name__


def _class_of(kind: str | type[Any], metric: str) -> Any:
    if isinstance(kind, type):
        return kind
    found = getattr(deepeval("metrics"), kind, None)
    if found is None:
        fault = f"DeepEval {release()} has no class {kind!r} among its metrics"
        raise MetricDefinitionError(metric, fault, nearest(kind, dir(deepeval("metrics"))).strip())
    return found


def _plain(value: Any) -> Any:
    # The repr of an object may hold its address, which is another one in every process.
    if isinstance(value, type) or callable(value):
        return getattr(value, "__qualname__", type(value).__qualname__)
    return getattr(value, "value", None) or getattr(value, "__dict__", None) or type(value).__qualname__


def _arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a constructor is given; what G-Eval sees is known by DeepEval's own names once it is there."""
    given = dict(settings)
    if "parameters" in given:
        names = deepeval("test_case").SingleTurnParams
        for name in given["parameters"]:
            one_of("parameter of a test case", name, [known.value for known in names])
        given["evaluation_params"] = [names(name) for name in given.pop("parameters")]
    return given


def _passages(value: Any) -> list[str] | None:
    if is_nothing(value):
        return None
    return [told(item) for item in value] if isinstance(value, (list, tuple)) else [told(value)]


def _verdict_reasons(metric: Any) -> str:
    found = [*(getattr(metric, "verdicts", None) or ()), *(getattr(metric, "alignment_verdicts", None) or ())]
    return "; ".join(reason for verdict in found if (reason := getattr(verdict, "reason", None)))


def _unasked(_prompt: str, _schema: Any) -> Any:
    raise JudgingFailedError(ScoreFailure(reason="nobody is asked"))
