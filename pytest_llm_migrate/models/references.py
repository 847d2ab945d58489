"""Model references: which scheme a text names, and whether it can be a Bedrock model at all."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import BadReferenceError

if TYPE_CHECKING:
    from collections.abc import Iterable

BEDROCK = "bedrock"
RECORDED = "recorded"

MODEL_ID = re.compile(
    r"""(?:[a-z]{2,6}(?:-[a-z]+)?\.)?   # us. eu. apac. us-gov. global.
    [a-z][a-z0-9]*\.                    # anthropic. ai21.
    [A-Za-z][\w.-]*                     # claude-3-haiku-20240307-v1
    (?::\w+)*                           # :0 :0:300k
    """,
    re.VERBOSE | re.ASCII,
)
RESOURCE_ID = re.compile(r"(?=[a-z]*[0-9])(?=[0-9]*[a-z])[a-z0-9]{12}")
"""What the service calls an account's own resource, such as an application inference profile."""
ARN = re.compile(
    r"""arn:aws[a-z-]*:
    (?: bedrock:[a-z0-9-]+:(?:[0-9]{12})?:
        (?: foundation-model | imported-model | provisioned-model
          | custom-model | custom-model-deployment
          | inference-profile | application-inference-profile
          | prompt | prompt-router | default-prompt-router
        )/[\w./:-]+
      | sagemaker:[a-z0-9-]+:[0-9]{12}:endpoint/[A-Za-z0-9-]+
    )""",
    re.VERBOSE | re.ASCII,
)
"""The ARN of what Converse takes for a model; an agent's or a guardrail's is none."""

EXAMPLES = (
    "us.amazon.nova-lite-v1:0",
    "us.amazon.nova-micro-v1:0",
    "us.amazon.nova-pro-v1:0",
    "anthropic.claude-3-haiku-20240307-v1:0",
    "us.anthropic.claude-sonnet-4-20250514-v1:0",
    "meta.llama3-1-8b-instruct-v1:0",
    "mistral.mistral-large-2402-v1:0",
    "openai.gpt-oss-20b-1:0",
)
"""Ids that exist, offered to who wrote something else; never used to refuse one."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A model reference, taken apart; its text form names the same model on the command line and in reports.

    Attributes:
        scheme: Whose model it is: ``bedrock``, ``recorded``, ``local`` or a plugin's.
        name: What the scheme calls it; empty for ``recorded``.
    """

    scheme: str
    name: str

    def __str__(self) -> str:
        if self.scheme == RECORDED:
            return RECORDED
        return self.name if self.scheme == BEDROCK else f"{self.scheme}:{self.name}"


def parse_reference(text: str, schemes: Iterable[str]) -> Reference:
    """Return the reference that a text means; the text before the first colon is a scheme only if it is registered.

    Everything else is a Bedrock model id, inference profile or ARN; one that cannot be raises `BadReferenceError`.
    """
    known = set(schemes)
    text = text.strip()
    if text == RECORDED:
        return Reference(RECORDED, "")
    scheme, colon, name = text.partition(":")
    if not colon or scheme not in known:
        scheme, name = BEDROCK, text
    if scheme == BEDROCK and not is_bedrock_id(name):
        raise BadReferenceError(text, known, _meant(text, known))
    return Reference(scheme, name)


def is_bedrock_id(text: str) -> bool:
    """Tell whether a text has the shape of a model's id, a profile's, a prompt's or a router's, or of their ARN."""
    return any(shape.fullmatch(text) for shape in (MODEL_ID, RESOURCE_ID, ARN))


def _meant(text: str, schemes: set[str]) -> str | None:
    scheme, _, name = text.lower().partition(":")
    if name and (close := difflib.get_close_matches(scheme, schemes, n=1)):
        return f"{close[0]}:{text.partition(':')[2]}"
    part_of = [example for example in EXAMPLES if text and text.lower() in example]
    close = difflib.get_close_matches(text.lower(), [RECORDED, *EXAMPLES], n=1)
    return next(iter(part_of + close), None)
