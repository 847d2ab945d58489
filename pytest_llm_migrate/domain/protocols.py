"""The seams: what a model, a provider, a metric and a price list promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.domain.answer import Answer
    from pytest_llm_migrate.domain.request import Request
    from pytest_llm_migrate.domain.row import Row, SideName
    from pytest_llm_migrate.domain.score import Score, ScoreFailure

Found = TypeVar("Found")


class Model(Protocol):
    """Answers requests; safe to call from several threads at once."""

    @property
    def ref(self) -> str:
        """The reference that names this model on the command line and in reports."""
        ...

    @property
    def concurrency(self) -> int:
        """Calls that may be in flight at once when the user gives no number, at least 1."""
        ...

    def answer(self, request: Request) -> Answer:
        """Make one call and return its answer; raise `CallFailedError` when there is none."""
        ...


@runtime_checkable
class CountingModel(Protocol):
    """A model whose service counts tokens for nothing, without answering."""

    def count_tokens(self, request: Request) -> int | None:
        """Return how many tokens a request has, ``None`` where the service does not say."""
        ...


class Provider(Protocol):
    """Makes models from references of one scheme, such as ``local:`` in ``local:smollm2-135m``."""

    @property
    def scheme(self) -> str:
        """The text before the colon."""
        ...

    def connect(self, name: str) -> Model:
        """Return the model that ``name`` (the text behind the colon) means.

        Calls no model. What can be known to be wrong before a call (an unknown name, no credentials,
        no region) raises a `MigrateError`.
        """
        ...


@runtime_checkable
class Metric(Protocol):
    """Scores one answer; must not remember earlier answers, and may be called from several threads."""

    @property
    def name(self) -> str:
        """The name that tests and reports use."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the same answer could get another score, settings included."""
        ...

    @property
    def kept(self) -> bool:
        """Whether scores are worth keeping in the store; false for those quicker to compute than to look up."""
        ...

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return a score, higher is better, or the reason why there is none."""
        ...


class Judge(Protocol):
    """A model that metrics ask; its answers are kept, priced, budgeted, recorded and replayed like all others."""

    @property
    def ref(self) -> str:
        """The reference that names its model."""
        ...

    def ask(self, request: Request, row: Row) -> Answer:
        """Return its answer to what is asked about a row; raise `CallFailedError` when there is none."""
        ...


@runtime_checkable
class JudgedMetric(Metric, Protocol):
    """A metric that asks models; it scores once it has been given them.

    One that asks more than once about an answer (about a pair of answers, where it is a `PairedMetric`) says how
    often in an attribute ``calls``, for plans; one that lacks it is taken to ask once.
    """

    def judged_by(self, judge_of: Callable[[str | None], Judge]) -> Metric:
        """Return the metric with its judges, whose references are then part of its version.

        ``judge_of`` gives the judge of a reference, and for ``None`` the one that the user chose for the run; it
        raises a `MigrateError` where there is none.
        """
        ...


@runtime_checkable
class PairedMetric(Metric, Protocol):
    """A metric that looks at both sides' answers at once."""

    def score_pair(self, source: Answer, target: Answer, row: Row) -> tuple[Score | ScoreFailure, Score | ScoreFailure]:
        """Return the source's score and the target's; of two equal answers both get the same."""
        ...


@runtime_checkable
class SidedMetric(Metric, Protocol):
    """A metric that must know which side gave an answer, as where scores come from columns or files."""

    def score_side(self, side: SideName, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return a score, higher is better, or the reason why there is none."""
        ...


@runtime_checkable
class RepeatedMetric(Metric, Protocol):
    """A metric whose score of a row with several repeats is another figure than their mean.

    One that takes more than one repeat says how many in an attribute ``k``, so that a run with fewer calls nobody.
    """

    def over_repeats(self, scores: Sequence[Score]) -> Score | ScoreFailure:
        """Return a row's score from those of its repeats, one or more, or the reason why there is none."""
        ...


@runtime_checkable
class GatheringMetric(Metric, Protocol):
    """A metric that scores many answers at once in less time than one by one."""

    def score_many(self, answers: Sequence[Answer], rows: Sequence[Row]) -> Sequence[Score | ScoreFailure]:
        """Return the score of each answer to its row, in order; as `Metric.score` would one by one."""
        ...


@runtime_checkable
class InstructingMetric(Metric, Protocol):
    """A metric that holds answers to rules, and can say in a prompt how to keep each."""

    @property
    def instructions(self) -> Mapping[str, str]:
        """The sentence that asks for a rule, by the name that reasons give it."""
        ...


@runtime_checkable
class RunLevel(Protocol):
    """A metric with figures of a whole run beside its scores of answers.

    One that gives answers no scores has a true attribute ``run_only``.
    """

    @property
    def name(self) -> str:
        """The name that tests and reports use."""
        ...

    def summary(self, pairs: Sequence[tuple[str, Any]]) -> Mapping[str, float]:
        """Return figures of one side by name, from the text and the ground truth of every row with an answer.

        Rows that it cannot use are left out; empty where nothing can be said.
        """
        ...


class Embedder(Protocol):
    """Turns texts into vectors; may be called from several threads."""

    @property
    def ref(self) -> str:
        """The reference that names the model, with every setting that changes its vectors."""
        ...

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Return one vector of one length for each text, in order; raise a `MigrateError` when there is none."""
        ...


class Meter(Protocol):
    """Lets calls go out that cost money, and notes what they took."""

    def call(self, ref: str, size: int, send: Callable[[], tuple[Found, int | None]]) -> Found:
        """Return what ``send`` brings, which says with it how many tokens the model read, if that is known.

        ``ref`` is the model as price lists know it, ``size`` the bytes of text that are sent. Raises a `MigrateError`
        where the call fails or may not be made.
        """
        ...


@runtime_checkable
class MeteredEmbedder(Embedder, Protocol):
    """An embedder whose calls cost money."""

    def metered(self, meter: Meter) -> Embedder:
        """Return the same embedder, each of whose calls goes through the meter."""
        ...


@runtime_checkable
class EmbeddingMetric(Metric, Protocol):
    """A metric that may use an embedder whose calls cost money."""

    def metered_by(self, meter: Meter) -> Metric:
        """Return the same metric, whose calls go through the meter."""
        ...


class TokenEmbedder(Protocol):
    """Turns texts into a vector for each of their tokens; may be called from several threads."""

    @property
    def ref(self) -> str:
        """The reference that names the model, with every setting that changes its vectors."""
        ...

    def embed_tokens(self, text: str) -> Sequence[Sequence[float]]:
        """Return a vector of length 1 for each token of a text, in order; raise a `MigrateError` when there is none."""
        ...


class PriceList(Protocol):
    """Knows what a call costs."""

    @property
    def source(self) -> str:
        """Where the prices come from, for the report."""
        ...

    @property
    def as_of(self) -> str | None:
        """The date of the prices as ISO 8601, or ``None`` when unknown."""
        ...

    def cost(self, model: str, answer: Answer) -> float | None:
        """Return US dollars for one answer of a model, ``None`` when the price or the tokens are unknown."""
        ...

    def why_no_cost(self, model: str, answer: Answer) -> str | None:
        """Return why `cost` is ``None`` for this answer, ``None`` where it is not.

        The reason begins with ``unpriced:``, or with ``not per token:`` where capacity is paid for. It holds nothing
        that differs from answer to answer: answers are counted by it.
        """
        ...
