"""All cases of one migration side by side, and the gates on them."""

from pytest_llm_migrate.comparison.comparison import Comparison
from pytest_llm_migrate.comparison.counting import Counting
from pytest_llm_migrate.comparison.counts import RowCounts
from pytest_llm_migrate.comparison.flips import Flips, Scale
from pytest_llm_migrate.comparison.metric import MetricComparison
from pytest_llm_migrate.comparison.quantity import QuantityComparison, StatisticComparison

__all__ = [
    "Comparison",
    "Counting",
    "Flips",
    "MetricComparison",
    "QuantityComparison",
    "RowCounts",
    "Scale",
    "StatisticComparison",
]
