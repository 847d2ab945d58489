"""Which metrics there are, and which a marker means."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Metric
from pytest_llm_migrate.errors import DuplicateMetricError, MetricDefinitionError, UnknownNameError
from pytest_llm_migrate.metrics.bleu import Bleu
from pytest_llm_migrate.metrics.chrf import ChrF
from pytest_llm_migrate.metrics.edits import EditSimilarity
from pytest_llm_migrate.metrics.exact import ExactMatch
from pytest_llm_migrate.metrics.functions import function_metric
from pytest_llm_migrate.metrics.inclusion import Contains, QuasiMatch
from pytest_llm_migrate.metrics.json_documents import JsonSchema, JsonValid
from pytest_llm_migrate.metrics.json_fields import JsonFields
from pytest_llm_migrate.metrics.meteor import Meteor
from pytest_llm_migrate.metrics.numeric import NumericMatch
from pytest_llm_migrate.metrics.pairwise import Pairwise
from pytest_llm_migrate.metrics.patterns import CitationsPresent, RegexMatch
from pytest_llm_migrate.metrics.rouge import RougeL, RougeLsum, RougeN
from pytest_llm_migrate.metrics.rubrics import judges
from pytest_llm_migrate.metrics.tokens import TokenF1

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def builtins() -> tuple[Metric, ...]:
    """Return the metrics that come with the plugin, with their default settings."""
    matches = (ExactMatch(), QuasiMatch(), Contains(), RegexMatch(), NumericMatch())
    overlaps = (TokenF1(), EditSimilarity(), Bleu(), ChrF(), Meteor())
    rouges = (RougeN(), RougeN(name="rouge_2", order=2), RougeL(), RougeLsum())
    shapes = (JsonValid(), JsonSchema(), JsonFields(), CitationsPresent())
    return (*matches, *overlaps, *rouges, *shapes, *judges(), Pairwise())


def resolve(metrics: Iterable[Any], registry: Mapping[str, Metric]) -> tuple[Metric, ...]:
    """Return the metrics that a marker names, in its order.

    An entry is a name in the registry, a metric, or a function ``f(answer, row)``.

    Raises:
        UnknownNameError: A name is not in the registry.
        MetricDefinitionError: An entry is none of these.
        DuplicateMetricError: Two entries have one name.
    """
    found = tuple(_resolved(entry, registry) for entry in metrics)
    for name, times in Counter(metric.name for metric in found).items():
        if times > 1:
            raise DuplicateMetricError(name, times)
    return found


def _resolved(entry: Any, registry: Mapping[str, Metric]) -> Metric:
    if isinstance(entry, str):
        if entry not in registry:
            raise UnknownNameError("metric", entry, registry)
        return registry[entry]
    if isinstance(entry, type):
        raise MetricDefinitionError(entry.__name__, "it is a class", f"Make a metric of it: {entry.__name__}().")
    return entry if isinstance(entry, Metric) else function_metric(entry)
