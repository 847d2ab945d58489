"""OptimizePrompt: its request, and the two events of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pytest_llm_migrate.models.endpoint.documents import document, invalid, members, text
from pytest_llm_migrate.models.endpoint.engines import Inquiry
from pytest_llm_migrate.models.endpoint.frames import event_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.models.endpoint.engines import Piece, Served
    from pytest_llm_migrate.models.endpoint.wording import Ending


def optimize_request(body: bytes) -> Inquiry:
    """Read the body of OptimizePrompt; raises a ``ValidationException`` fault."""
    found = document(body)
    prompt = members(members(found.get("input"), "input").get("textPrompt"), "input.textPrompt")
    question = text(prompt.get("text"), "input.textPrompt.text")
    if not question.strip():
        raise invalid("The value at input.textPrompt.text is blank.")
    return Inquiry("OptimizePrompt", text(found.get("targetModelId"), "targetModelId"), question)


class OptimizeWording:
    """Words the analysis of a prompt, and the prompt that takes its place, as the two pieces of an answer."""

    modelled: ClassVar = frozenset(
        {
            "AccessDeniedException",
            "BadGatewayException",
            "DependencyFailedException",
            "InternalServerException",
            "ThrottlingException",
            "ValidationException",
        }
    )

    def __init__(self) -> None:
        self._is_analysed = False

    def stream_headers(self, _: Served) -> Mapping[str, str]:
        """Return nothing."""
        return {}

    def opening(self) -> bytes:
        """Return nothing."""
        return b""

    def piece(self, piece: Piece) -> bytes:
        """Return the event of the analysis first, then that of the prompt."""
        if self._is_analysed:
            return event_frame("optimizedPromptEvent", {"optimizedPrompt": {"textPrompt": {"text": piece}}})
        self._is_analysed = True
        return event_frame("analyzePromptEvent", {"message": piece})

    def closing(self, _: Ending) -> bytes:
        """Return nothing."""
        return b""
