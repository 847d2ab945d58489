"""All cases of one migration side by side, and the gates on them."""

from pytest_llm_migrate.comparison.comparison import Comparison
from pytest_llm_migrate.comparison.flips import Flips, flip, flip_of
from pytest_llm_migrate.comparison.metric import MetricComparison
from pytest_llm_migrate.comparison.quantity import QuantityComparison, StatisticComparison

__all__ = ["Comparison", "Flips", "MetricComparison", "QuantityComparison", "StatisticComparison", "flip", "flip_of"]
