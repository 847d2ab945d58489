"""What a prompt file says: texts, examples, settings, options, attachments, and where they came from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.options import option_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.domain.attachment import Attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example exchange, sent as a user turn and an assistant turn ahead of the row."""

    input: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a migrated prompt came from.

    Attributes:
        strategy: The strategy that wrote it.
        source_sha256: Hash of the source prompt it was made from; another hash today means it is stale.
        dev_sha256: Hash of the dev rows that tuned it, if any did.
        tool: The program and version that wrote it.
        model: The model that helped to write it.
        at: When, as ISO 8601.
        prompt_sha256: Hash of the prompt as it was written; another hash today means that a hand edited it.
        dev_score: Its mean score on the dev rows, from 0 to 1.
        dev_rows: How many rows that score is of.
        source_score: The source prompt's mean score with the target on the same rows.
        input_tokens: Mean tokens that a row of them read.
        output_tokens: Mean tokens that a row of them wrote.
        usd: US dollars a row of them.
        service_score: What the service that wrote it scored it, on rows of its own choice and by its own measure.
        service_source_score: What that service scored the source prompt.
    """

    strategy: str | None = None
    source_sha256: str | None = None
    dev_sha256: str | None = None
    tool: str | None = None
    model: str | None = None
    at: str | None = None
    prompt_sha256: str | None = None
    dev_score: float | None = None
    dev_rows: int | None = None
    source_score: float | None = None
    input_tokens: float | None = None
    output_tokens: float | None = None
    usd: float | None = None
    service_score: float | None = None
    service_source_score: float | None = None


@dataclass(frozen=True, kw_only=True)
class PromptText:
    """A prompt as its file holds it; texts are Jinja2 templates over a row's inputs.

    Attributes:
        name: The prompt's name in the catalog.
        user: The last user turn.
        system: The system text, or ``None``.
        examples: Exchanges sent before the user turn.
        inference: Settings such as ``temperature``, ``top_p``, ``max_tokens``, ``stop``; others go to the model.
        options: What else changes what is measured: service tier, cache, guardrail, tools and the like.
        attachments: Images and documents that a row's columns name.
        model: The model the prompt was written for.
        provenance: Where it came from; ``None`` for a source prompt.
    """

    name: str
    user: str
    system: str | None = None
    examples: tuple[Example, ...] = ()
    inference: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    model: str | None = None
    provenance: Provenance | None = None

    @property
    def sha256(self) -> str:
        """Hash of all that reaches a model or changes how it is asked; not of the name or the provenance."""
        examples = [[example.input, example.output] for example in self.examples]
        content: list[Any] = [self.system, self.user, examples, dict(self.inference)]
        if self.options or self.attachments:  # prompts filed before there were any keep their hash
            content += [option_texts(self.options), [item.to_record() for item in self.attachments]]
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def is_handwritten(self) -> bool:
        """Whether no strategy wrote it: nothing says what one wrote, whatever else is told of where it came from."""
        return self.provenance is None or self.provenance.prompt_sha256 is None

    @property
    def is_edited(self) -> bool:
        """Whether a prompt that a strategy wrote has been changed by hand since."""
        written = self.provenance.prompt_sha256 if self.provenance else None
        return written is not None and written != self.sha256
