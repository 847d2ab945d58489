"""Which metrics there are, and which a marker means."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import MONITOR, Metric, is_monitor
from pytest_llm_migrate.errors import DuplicateMetricError, MetricDefinitionError, UnknownNameError
from pytest_llm_migrate.metrics.bleu import Bleu
from pytest_llm_migrate.metrics.chrf import ChrF
from pytest_llm_migrate.metrics.deepeval import is_deepeval, of_deepeval
from pytest_llm_migrate.metrics.deepeval_names import PREFIX, by_name, ready
from pytest_llm_migrate.metrics.edits import EditSimilarity
from pytest_llm_migrate.metrics.exact import ExactMatch
from pytest_llm_migrate.metrics.factual import factual_metrics
from pytest_llm_migrate.metrics.functions import function_metric
from pytest_llm_migrate.metrics.given import ColumnScore
from pytest_llm_migrate.metrics.grounding import grounding_metrics
from pytest_llm_migrate.metrics.inclusion import Contains, QuasiMatch
from pytest_llm_migrate.metrics.json_documents import JsonSchema, JsonValid
from pytest_llm_migrate.metrics.json_fields import JsonFields
from pytest_llm_migrate.metrics.meteor import Meteor
from pytest_llm_migrate.metrics.monitoring import OF_EXTRAS, monitors
from pytest_llm_migrate.metrics.numeric import NumericMatch
from pytest_llm_migrate.metrics.pairwise import Pairwise
from pytest_llm_migrate.metrics.patterns import CitationsPresent, RegexMatch
from pytest_llm_migrate.metrics.perplexity import Perplexity
from pytest_llm_migrate.metrics.rouge import RougeL, RougeLsum, RougeN
from pytest_llm_migrate.metrics.rubrics import judges
from pytest_llm_migrate.metrics.similarity import AnswerSimilarity
from pytest_llm_migrate.metrics.style_guide import style_guide
from pytest_llm_migrate.metrics.tokens import TokenF1

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALL_MONITORS = f"{MONITOR}*"
"""What in a marker's metrics stands for every metric that watches."""


def builtins() -> tuple[Metric, ...]:
    """Return the metrics that come with the plugin, with their default settings."""
    matches = (ExactMatch(), QuasiMatch(), Contains(), RegexMatch(), NumericMatch())
    overlaps = (TokenF1(), EditSimilarity(), Bleu(), ChrF(), Meteor())
    columns = (ColumnScore("human_score"), ColumnScore("llm_judge_score"))
    rouges = (RougeN(), RougeN(name="rouge_2", order=2), RougeL(), RougeLsum())
    shapes = (JsonValid(), JsonSchema(), JsonFields(), CitationsPresent())
    claims: tuple[Metric, ...] = (*factual_metrics(), AnswerSimilarity(), *grounding_metrics(), style_guide())
    return (
        *matches,
        *overlaps,
        *rouges,
        *shapes,
        Perplexity(),
        *judges(),
        Pairwise(),
        *claims,
        *ready(),
        *columns,
        *monitors(),
    )


def resolve(metrics: Sequence[Any], registry: Mapping[str, Metric]) -> tuple[Metric, ...]:
    """Return the metrics that a marker names, in its order, but those that only watch last.

    An entry is a name in the registry, a metric, a function ``f(answer, row)``, or a metric of DeepEval or its class;
    ``monitor:*`` stands for every metric in the registry that watches and is not named beside it.

    Raises:
        UnknownNameError: A name is not in the registry.
        MissingExtraError: A metric takes an extra that is not installed.
        MetricDefinitionError: An entry is none of these.
        DuplicateMetricError: Two entries have one name.
    """
    given = [entry for entry in metrics if not (isinstance(entry, str) and entry == ALL_MONITORS)]
    listed = [_resolved(entry, registry) for entry in given]
    if len(given) < len(metrics):
        named = {metric.name for metric in listed}
        listed += [metric for name, metric in registry.items() if is_monitor(name) and name not in named]
    # The first metric is the one that targets are ranked by.
    found = tuple(sorted(listed, key=lambda metric: is_monitor(metric.name)))
    for name, times in Counter(metric.name for metric in found).items():
        if times > 1:
            raise DuplicateMetricError(name, times)
    return found


def _resolved(entry: Any, registry: Mapping[str, Metric]) -> Metric:
    if isinstance(entry, str):
        if entry not in registry and entry in OF_EXTRAS:
            return OF_EXTRAS[entry]()
        if entry not in registry and entry.startswith(PREFIX):
            return by_name(entry)
        if entry not in registry:
            raise UnknownNameError("metric", entry, registry)
        return registry[entry]
    if is_deepeval(entry):
        return of_deepeval(entry)
    if isinstance(entry, type):
        raise MetricDefinitionError(entry.__name__, "it is a class", f"Make a metric of it: {entry.__name__}().")
    return entry if isinstance(entry, Metric) else function_metric(entry)
