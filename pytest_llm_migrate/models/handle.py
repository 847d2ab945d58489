"""What a test or a pipeline calls a model through."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.request import Request, Turn
from pytest_llm_migrate.errors import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain.answer import Answer


class ModelHandle:
    """A model as users meet it in fixtures and pipelines.

    Args:
        ref: The reference that names the model.
        answer: Makes a call, or finds its kept answer; is told the name of the step that asks, if it has one.
    """

    def __init__(self, ref: str, answer: Callable[[Request, str | None], Answer]) -> None:
        self.ref = ref
        self._answer = answer

    def generate(self, prompt: str | Request, *, step: str | None = None, **inference: Any) -> Answer:
        """Return the model's answer to a text or a request.

        ``inference`` overrides the request's settings: ``temperature``, ``max_tokens``, ``top_p``, ``stop``, and any
        field of the model's own. Raises `CallFailedError` when there is no answer.
        """
        request = prompt if isinstance(prompt, Request) else Request(turns=(Turn("user", prompt),))
        return self._answer(replace(request, inference={**request.inference, **inference}), step)

    def __repr__(self) -> str:
        return f"<model {masked(self.ref)!r}>"
