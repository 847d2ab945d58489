"""What is sent to a model: texts, files, settings and options, with an identity that answers are kept by."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pytest_llm_migrate.domain.options import checked_options, option_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.domain.attachment import AttachedFile

Role = Literal["user", "assistant"]

STANDARD_SETTINGS = frozenset({"temperature", "top_p", "max_tokens", "stop"})
"""Inference settings that every model knows; any other key is passed to the model as it stands."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call as a model sees it, without the model.

    Attributes:
        turns: The conversation, user and assistant in turn, ending with the user.
        system: The system text, or ``None``.
        inference: ``temperature``, ``top_p``, ``max_tokens``, ``stop`` (a list of texts), and any further
            field of the model's own.
        options: What else changes what is measured, as `checked_options` knows it; whatever it refuses is refused.
        attachments: Files that go with the last turn.
    """

    turns: tuple[Turn, ...]
    system: str | None = None
    inference: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[AttachedFile, ...] = ()

    def __post_init__(self) -> None:
        if self.options:
            object.__setattr__(self, "options", checked_options(self.options, "the request"))

    def to_record(self) -> dict[str, Any]:
        """Return the request as JSON-ready builtins; files are known by their content's hash."""
        record: dict[str, Any] = {
            "system": self.system,
            "turns": [[turn.role, turn.text] for turn in self.turns],
            "inference": dict(self.inference),
        }
        # Left out where there are none: answers recorded before there were options keep their keys.
        if self.options:
            record["options"] = option_texts(self.options)
        if self.attachments:
            record["attachments"] = [[file.kind, file.format, file.sha256] for file in self.attachments]
        return record

    def key(self, model: str, repeat: int = 0) -> str:
        """Return the identity of this request's answer: the same model, request and repeat give the same key."""
        content = [model, self.to_record(), repeat]
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
