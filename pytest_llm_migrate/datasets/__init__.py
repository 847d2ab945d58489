"""Reading golden datasets: files and rows in memory, their columns, splits and samples."""

from pytest_llm_migrate.datasets.loading import dataset_of, load
from pytest_llm_migrate.datasets.selection import sample, select

__all__ = ["dataset_of", "load", "sample", "select"]
