"""Frozen values, and the Protocols where rooms meet."""

from pytest_llm_migrate.domain.answer import Answer, CallFailure, Outcome, Step, ToolCall
from pytest_llm_migrate.domain.attachment import AttachedFile, Attachment
from pytest_llm_migrate.domain.batch import BATCH_TIER, NO_BATCH, TOO_FEW, Batches, BatchModel, BatchPlace, BatchState
from pytest_llm_migrate.domain.case import Case, Side
from pytest_llm_migrate.domain.prompt import Example, PromptText, Provenance
from pytest_llm_migrate.domain.protocols import (
    CountingModel,
    Embedder,
    Judge,
    JudgedMetric,
    Metric,
    Model,
    PairedMetric,
    PriceList,
    Provider,
    SidedMetric,
)
from pytest_llm_migrate.domain.request import Request, Turn
from pytest_llm_migrate.domain.row import SIDES, Dataset, Row, SideName, side_column
from pytest_llm_migrate.domain.score import ORDER_DECIDES, Check, Score, ScoreFailure, WatchedScore
from pytest_llm_migrate.domain.strategy import PromptTask, Rewrite, Strategy, Takes, Trial
from pytest_llm_migrate.domain.verdict import ERROR_TOLERANCE, Ruling, Verdict, worst

__all__ = [
    "BATCH_TIER",
    "ERROR_TOLERANCE",
    "NO_BATCH",
    "ORDER_DECIDES",
    "SIDES",
    "TOO_FEW",
    "Answer",
    "AttachedFile",
    "Attachment",
    "BatchModel",
    "BatchPlace",
    "BatchState",
    "Batches",
    "CallFailure",
    "Case",
    "Check",
    "CountingModel",
    "Dataset",
    "Embedder",
    "Example",
    "Judge",
    "JudgedMetric",
    "Metric",
    "Model",
    "Outcome",
    "PairedMetric",
    "PriceList",
    "PromptTask",
    "PromptText",
    "Provenance",
    "Provider",
    "Request",
    "Rewrite",
    "Row",
    "Ruling",
    "Score",
    "ScoreFailure",
    "Side",
    "SideName",
    "SidedMetric",
    "Step",
    "Strategy",
    "Takes",
    "ToolCall",
    "Trial",
    "Turn",
    "Verdict",
    "WatchedScore",
    "side_column",
    "worst",
]
