"""What stands behind ``sagemaker:``: an endpoint, and where it needs them its wire format and component."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self

from pytest_llm_migrate.errors import CannotConnectError

WireFormat = Literal["chat", "tgi"]

WAY_OUT = (
    "Write sagemaker:ENDPOINT, sagemaker:ENDPOINT/tgi for a container that takes plain texts as 'inputs', and "
    "/component=NAME behind either for one inference component of an endpoint."
)
_NAME = re.compile(r"[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62}", re.ASCII)
_COMPONENT = "component="


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointName:
    """Which endpoint is called, and how.

    Attributes:
        text: The name as the user wrote it.
        endpoint: The endpoint's name.
        wire: ``chat`` for OpenAI's chat completions, ``tgi`` for text generation from ``inputs``.
        component: An inference component's name, or ``None``.
    """

    text: str
    endpoint: str
    wire: WireFormat = "chat"
    component: str | None = None

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Return what ``ENDPOINT[/tgi][/component=NAME]`` means; raise `CannotConnectError` for another text."""
        # No endpoint's name holds a slash.
        endpoint, *parts = text.split("/")
        wire: WireFormat = "chat"
        if parts and parts[0] == "tgi":
            wire, parts = "tgi", parts[1:]
        component = parts.pop().removeprefix(_COMPONENT) if parts and parts[-1].startswith(_COMPONENT) else None
        if parts or not all(_NAME.fullmatch(name) for name in (endpoint, component) if name is not None):
            raise CannotConnectError(f"sagemaker:{text}", f"{text!r} names no SageMaker endpoint", WAY_OUT)
        return cls(text=text, endpoint=endpoint, wire=wire, component=component)
