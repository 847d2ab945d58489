"""An HTTP endpoint of our own that speaks Amazon Bedrock's wire format in front of any engine."""

from __future__ import annotations

from pytest_llm_migrate.models.endpoint.calls import Call
from pytest_llm_migrate.models.endpoint.engines import (
    Answer,
    Break,
    Breakage,
    Converse,
    Engine,
    Fault,
    Finish,
    Message,
)
from pytest_llm_migrate.models.endpoint.scripted import Reply, Rule, Script, ScriptedEngine, ScriptedFault
from pytest_llm_migrate.models.endpoint.scripts import load_script
from pytest_llm_migrate.models.endpoint.server import Endpoint

__all__ = [
    "Answer",
    "Break",
    "Breakage",
    "Call",
    "Converse",
    "Endpoint",
    "Engine",
    "Fault",
    "Finish",
    "Message",
    "Reply",
    "Rule",
    "Script",
    "ScriptedEngine",
    "ScriptedFault",
    "load_script",
]
