"""Which Bedrock model a reference means, told from its shape alone."""

from __future__ import annotations

import re

_GEOGRAPHY = re.compile(r"(?:global|apac|[a-z]{2}(?:-gov)?)\.(?=[a-z0-9]+\.)")
_MODEL_ID = re.compile(rf"(?:{_GEOGRAPHY.pattern})?[a-z][a-z0-9]*\.[a-z0-9][\w.:-]*", re.ASCII)
# Other resources (provisioned, custom and imported models, application profiles, routers) do not say their model
# in the ARN, or are not charged by its list price.
_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]*:\d*:(?:foundation-model|inference-profile)/(.+)", re.ASCII)


def bedrock_id(reference: str) -> str | None:
    """Return the model or inference profile id of a reference; ``None`` for what is not a model with a list price.

    ``arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0`` → ``amazon.nova-lite-v1:0``.
    """
    arn = _ARN.fullmatch(reference)
    model_id = arn[1] if arn else reference
    return model_id if _MODEL_ID.fullmatch(model_id) else None


def base_id(model_id: str) -> str:
    """Return a model id without the geography of an inference profile: ``us.amazon.nova`` → ``amazon.nova``."""
    geography = _GEOGRAPHY.match(model_id)
    return model_id[geography.end() :] if geography else model_id
