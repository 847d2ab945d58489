"""What a strategy is given to rewrite a prompt for another model, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pytest_llm_migrate.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.domain.answer import Answer
    from pytest_llm_migrate.domain.prompt import PromptText
    from pytest_llm_migrate.domain.protocols import Metric
    from pytest_llm_migrate.domain.request import Request
    from pytest_llm_migrate.domain.row import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A prompt, tried on dev rows with the target model.

    Attributes:
        prompt: What was tried.
        scores: The mean of the migration's metrics by ``sample_id``, each put on a scale from 0 to 1; rows without an
            answer or a score are left out.
        rows: How many rows it was tried on.
        feedback: What metrics said of rows that are not perfect, by ``sample_id``.
        answers: The texts that were given, by ``sample_id``.
        input_tokens: Mean tokens read a row, ``None`` where unknown.
        output_tokens: Mean tokens written a row, ``None`` where unknown.
        cost: US dollars for all rows, ``None`` where unknown.
        latency: Mean seconds a row, ``None`` where unknown.
    """

    prompt: PromptText
    scores: Mapping[str, float]
    rows: int
    feedback: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    input_tokens: float | None = None
    output_tokens: float | None = None
    cost: float | None = None
    latency: float | None = None

    @property
    def mean(self) -> float:
        """The mean score over all rows, those without a score counting 0: an error must not make a prompt better."""
        return sum(self.scores.values()) / self.rows if self.rows else 0.0


def _no_metric(name: str) -> Metric:
    raise UnknownNameError("metric", name, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTask:
    """One prompt on its way to one target model.

    Attributes:
        prompt: The prompt to rewrite: the source's, or in a chain what the strategy before made of it.
        source: The source model's reference.
        target: The target model's reference.
        rows: The dev rows: all that a strategy may see of the dataset.
        try_out: Asks the target about rows with a prompt and scores the answers; nothing is paid for twice.
        ask: Asks the model that helps to write prompts; raises `CallFailedError`, and `NoOptimizerError` without one.
        optimizer: That model's reference, ``None`` where the user gave none.
        render: Makes of a prompt and a row what would be sent.
        ask_target: Asks the target anything, for a row or for none; what it answers is kept as for `try_out`. Raises
            `CallFailedError`.
        score: Scores one answer of a row as `try_out` does: from 0 to 1, ``None`` where no metric could; and what
            metrics found wanting, in words.
        ask_service: Asks a service that writes prompts, named by a reference, with a call that makes one attempt; what
            it gives is kept, and a call whose failure may pass is made again. Raises `CallFailedError`.
        template_of: Makes a template of a model's text: ``{{ v }}``, ``{v}`` and ``{$V}`` of the prompt's own variables
            become variables, whatever their case; every other brace stays text, and runs nothing.
        variables: The prompt's variables: none may be lost.
        say: Tells the user how it goes, a line at a time.
        instructions: How a prompt asks for each rule that metrics hold answers to, by the rule's name.
        metric_of: The metric of a name, with the settings that the migration's own has, without its judges; raises
            `UnknownNameError`.
        seed: For everything that is drawn.
        settings: What the user set for strategies, by name.
    """

    prompt: PromptText
    source: str
    target: str
    rows: Sequence[Row]
    try_out: Callable[[PromptText, Sequence[Row]], Trial]
    ask: Callable[[Request], Answer]
    optimizer: str | None
    render: Callable[[PromptText, Row], Request]
    ask_target: Callable[[Request, Row | None], Answer]
    score: Callable[[Answer, Row], tuple[float | None, str]]
    template_of: Callable[[str], str]
    ask_service: Callable[[str, Request, Callable[[Request], Answer]], Answer] = lambda _, request, call: call(request)
    variables: frozenset[str] = frozenset()
    say: Callable[[str], object] = lambda _: None
    instructions: Mapping[str, str] = field(default_factory=dict)
    metric_of: Callable[[str], Metric] = _no_metric
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """What a strategy made of a prompt.

    Attributes:
        prompt: The prompt for the target, without provenance: whoever files it adds that.
        trials: The prompts it tried, in order; empty where it tried none.
        notes: What a reader should know, one sentence each.
        examples_from: Rows whose texts stand in the prompt as declared examples.
        service_scores: What the service that wrote it scored the source prompt and this one, where it scores.
    """

    prompt: PromptText
    trials: tuple[Trial, ...] = ()
    notes: tuple[str, ...] = ()
    examples_from: tuple[str, ...] = ()
    service_scores: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Takes:
    """What a strategy takes at most, for a plan.

    Attributes:
        texts: Requests to the model that helps to write prompts.
        answers: Answers of the target to dev rows.
        services: Requests to services that write prompts: what they cost is not known ahead.
    """

    texts: int
    answers: int
    services: int = 0


@runtime_checkable
class Strategy(Protocol):
    """Rewrites a prompt for a target model."""

    @property
    def name(self) -> str:
        """The name that users choose it by."""
        ...

    @property
    def learns(self) -> bool:
        """Whether dev rows tune the prompt: then holdout rows alone may judge it."""
        ...

    @property
    def tool(self) -> str:
        """The service or program behind it with its version, for the provenance."""
        ...

    def takes(self, rows: int) -> Takes:
        """Return what rewriting takes at most with so many dev rows."""
        ...

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return the prompt for the target.

        Raises:
            MigrateError: There is none; the sentence says why and names the alternatives.
            CallFailedError: A model did not answer.
        """
        ...


@runtime_checkable
class Settable(Protocol):
    """A strategy that says which settings it takes, so that a mistyped one is an error."""

    @property
    def settings(self) -> frozenset[str] | None:
        """The names of its settings, ``None`` where they are not known."""
        ...


@runtime_checkable
class Demanding(Protocol):
    """A strategy that cannot do without something, and says so before anything is asked, whatever comes ahead of it."""

    def check(self, target: str, settings: Mapping[str, Any], optimizer: str | None) -> None:
        """Raise a `MigrateError` for what is not there, such as the model that writes (``optimizer``, a reference)."""
        ...


@runtime_checkable
class Foreseeing(Protocol):
    """A strategy that can tell from the task itself that it will fail, and says so before anything is asked."""

    def foresee(self, task: PromptTask) -> None:
        """Raise a `MigrateError` for a setting that does not fit the prompt, its rows or its metrics; ask nothing."""
        ...


@runtime_checkable
class Configurable(Protocol):
    """A strategy whose settings are read before anything is asked, so that a plan can reckon with them."""

    def configured(self, settings: Mapping[str, Any]) -> Strategy:
        """Return the strategy as the user set it; raises `StrategySettingError`."""
        ...
