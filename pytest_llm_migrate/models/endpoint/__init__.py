"""An HTTP endpoint of our own that speaks Amazon Bedrock's wire format in front of any engine."""

from __future__ import annotations

from pytest_llm_migrate.models.endpoint.batches import Batch
from pytest_llm_migrate.models.endpoint.calls import Call
from pytest_llm_migrate.models.endpoint.engines import (
    Answer,
    Attachment,
    Break,
    Breakage,
    Converse,
    Engine,
    Fault,
    Finish,
    Inquiry,
    Message,
    Reasoning,
    Served,
    ToolCall,
)
from pytest_llm_migrate.models.endpoint.lookups import FoundationModel, InferenceProfile
from pytest_llm_migrate.models.endpoint.quotas import Quota
from pytest_llm_migrate.models.endpoint.replies import Reply, ScriptedCall
from pytest_llm_migrate.models.endpoint.rules import Rule, ScriptedFault
from pytest_llm_migrate.models.endpoint.scripted import Script, ScriptedEngine
from pytest_llm_migrate.models.endpoint.scripts import load_script
from pytest_llm_migrate.models.endpoint.server import Endpoint

__all__ = [
    "Answer",
    "Attachment",
    "Batch",
    "Break",
    "Breakage",
    "Call",
    "Converse",
    "Endpoint",
    "Engine",
    "Fault",
    "Finish",
    "FoundationModel",
    "InferenceProfile",
    "Inquiry",
    "Message",
    "Quota",
    "Reasoning",
    "Reply",
    "Rule",
    "Script",
    "ScriptedCall",
    "ScriptedEngine",
    "ScriptedFault",
    "Served",
    "ToolCall",
    "load_script",
]
