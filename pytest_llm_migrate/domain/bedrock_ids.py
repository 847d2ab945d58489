"""Which Bedrock model a reference means, as far as its shape tells."""

from __future__ import annotations

import re
from typing import NamedTuple

from pytest_llm_migrate.errors import ACCOUNT

_GEOGRAPHY = re.compile(r"(?:global|apac|[a-z]{2}(?:-gov)?)\.(?=[a-z0-9]+\.)")
_MODEL_ID = re.compile(rf"(?:{_GEOGRAPHY.pattern})?[a-z][a-z0-9]*\.[a-z0-9][\w.:-]*", re.ASCII)
_ARN = re.compile(rf"arn:aws[a-z-]*:bedrock:([a-z0-9-]*):(?:\d*|{ACCOUNT}):([a-z-]+)/(.+)", re.ASCII)
_SCHEME = "bedrock:"
_SAYS_ITS_MODEL = frozenset({"foundation-model", "inference-profile"})
_CAPACITY = frozenset({"provisioned-model", "imported-model"})


class ProfileModel(NamedTuple):
    """The model id behind an application inference profile, or the reason why it is not known."""

    model_id: str | None
    reason: str = ""


def bedrock_id(reference: str) -> str | None:
    """Return the model or inference profile id of a reference; ``None`` for what does not say its model.

    ``arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0`` → ``amazon.nova-lite-v1:0``.
    """
    arn = _arn(reference)
    if arn and arn[2] not in _SAYS_ITS_MODEL:
        return None
    model_id = arn[3] if arn else reference.removeprefix(_SCHEME)
    return model_id if _MODEL_ID.fullmatch(model_id) else None


def base_id(model_id: str) -> str:
    """Return a model id without the geography of an inference profile: ``us.amazon.nova`` → ``amazon.nova``."""
    geography = _GEOGRAPHY.match(model_id)
    return model_id[geography.end() :] if geography else model_id


def region_of(reference: str) -> str:
    """Return the region that an ARN names; nothing for what is no ARN, or is in all regions."""
    arn = _arn(reference)
    return arn[1] if arn else ""


def is_application_profile(reference: str) -> bool:
    """Tell whether a reference is the ARN of an application inference profile, which does not say its model."""
    arn = _arn(reference)
    return arn is not None and arn[2] == "application-inference-profile"


def is_capacity(reference: str) -> bool:
    """Tell whether a reference is the ARN of a model that is paid for by the time it is kept, not by tokens."""
    arn = _arn(reference)
    return arn is not None and arn[2] in _CAPACITY


def _arn(reference: str) -> re.Match[str] | None:
    return _ARN.fullmatch(reference.removeprefix(_SCHEME))
