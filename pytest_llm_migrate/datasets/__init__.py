"""Reading golden datasets: files and rows in memory, their columns, splits and samples; live traffic dealt out."""

from pytest_llm_migrate.datasets.assignment import assign
from pytest_llm_migrate.datasets.loading import dataset_of, load
from pytest_llm_migrate.datasets.selection import sample, select
from pytest_llm_migrate.datasets.splits import (
    DEV,
    HOLDOUT,
    Split,
    ids_sha256,
    split_of,
    unread_words,
    words_said,
)

__all__ = [
    "DEV",
    "HOLDOUT",
    "Split",
    "assign",
    "dataset_of",
    "ids_sha256",
    "load",
    "sample",
    "select",
    "split_of",
    "unread_words",
    "words_said",
]
