"""Frozen values, and the Protocols where rooms meet."""

from pytest_llm_migrate.domain.answer import Answer, CallFailure, Outcome, Step, ToolCall
from pytest_llm_migrate.domain.attachment import AttachedFile, Attachment
from pytest_llm_migrate.domain.batch import BATCH_TIER, NO_BATCH, TOO_FEW, Batches, BatchModel, BatchPlace, BatchState
from pytest_llm_migrate.domain.case import Case, Side
from pytest_llm_migrate.domain.prompt import Example, PromptText, Provenance
from pytest_llm_migrate.domain.protocols import (
    CountingModel,
    Embedder,
    GatheringMetric,
    Judge,
    JudgedMetric,
    Metric,
    Model,
    PairedMetric,
    PriceList,
    Provider,
    RunLevel,
    SidedMetric,
    TokenEmbedder,
)
from pytest_llm_migrate.domain.refusal import REFUSED, opens_with_refusal
from pytest_llm_migrate.domain.request import Request, Turn
from pytest_llm_migrate.domain.row import SIDES, Dataset, Row, SideName, side_column
from pytest_llm_migrate.domain.score import MONITOR, ORDER_DECIDES, Check, Score, ScoreFailure, WatchedScore, is_monitor
from pytest_llm_migrate.domain.strategy import Configurable, PromptTask, Rewrite, Settable, Strategy, Takes, Trial
from pytest_llm_migrate.domain.verdict import ERROR_TOLERANCE, Ruling, Verdict, worst

__all__ = [
    "BATCH_TIER",
    "ERROR_TOLERANCE",
    "MONITOR",
    "NO_BATCH",
    "ORDER_DECIDES",
    "REFUSED",
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
    "Configurable",
    "CountingModel",
    "Dataset",
    "Embedder",
    "Example",
    "GatheringMetric",
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
    "RunLevel",
    "Score",
    "ScoreFailure",
    "Settable",
    "Side",
    "SideName",
    "SidedMetric",
    "Step",
    "Strategy",
    "Takes",
    "TokenEmbedder",
    "ToolCall",
    "Trial",
    "Turn",
    "Verdict",
    "WatchedScore",
    "is_monitor",
    "opens_with_refusal",
    "side_column",
    "worst",
]
