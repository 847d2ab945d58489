"""Checking JSON against the service model that boto3 ships with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import ServiceModel, Shape


def service() -> ServiceModel:
    """Return the model of the Bedrock runtime."""
    return botocore.session.Session().get_service_model("bedrock-runtime")


def faults(value: Any, shape: Shape, where: str = "") -> Iterator[str]:
    """Yield every way in which a value is not what the service would send."""
    kind: Any = shape
    if shape.type_name == "structure":
        yield from _structure_faults(value, kind, where or shape.name)
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from faults(item, kind.member, f"{where}.{index}")
    elif shape.type_name == "string":
        if not isinstance(value, str) or (kind.enum and value not in kind.enum):
            yield f"{where}: {value!r}"
    elif shape.type_name in {"integer", "long"} and (not isinstance(value, int) or value < 0):
        yield f"{where}: {value!r}"


def _structure_faults(value: dict[str, Any], shape: Any, where: str) -> Iterator[str]:
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f"{where}: a union with {len(value)} members"
    yield from (f"{where}: lacks {name}" for name in shape.required_members if name not in value)
    for name, member in value.items():
        if name in shape.members:
            yield from faults(member, shape.members[name], f"{where}.{name}")
        else:
            yield f"{where}: unknown member {name}"
