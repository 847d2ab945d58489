"""What a test or a pipeline calls a model through."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.request import Request, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain.answer import Answer


class ModelHandle:
    """A model as users meet it in fixtures and pipelines.

    Args:
        ref: The reference that names the model.
        answer: Answers a request, given the step's name, if there is one; whoever makes the handle decides
            whether that is the model itself or a store that keeps answers.
    """

    def __init__(self, ref: str, answer: Callable[[Request, str | None], Answer]) -> None:
        self._ref, self._answer = ref, answer

    @property
    def ref(self) -> str:
        """The reference that names the model."""
        return self._ref

    def generate(self, prompt: str | Request, *, step: str | None = None, **inference: Any) -> Answer:
        """Return the model's answer to a text or a request; raise `CallFailedError` when there is none.

        ``inference`` overrides the request's settings: ``temperature``, ``max_tokens``, ``top_p``, ``stop``, and any
        field of the model's own. ``step`` names the call within a pipeline.
        """
        request = prompt if isinstance(prompt, Request) else Request(turns=(Turn("user", prompt),))
        return self._answer(replace(request, inference={**request.inference, **inference}), step)

    def __repr__(self) -> str:
        return f"<model {self.ref!r}>"
