"""``bedrock-optimize``: Amazon Bedrock's OptimizePrompt rewrites the prompt for a base model."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Rewrite, Takes
from pytest_llm_migrate.domain.bedrock_ids import base_id, bedrock_id
from pytest_llm_migrate.errors import CallFailedError, NoRewriteError
from pytest_llm_migrate.strategies.single_text import SingleText
from pytest_llm_migrate.strategies.writing import fault_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain import PromptTask

LONGEST = 200_000
"""Characters that the service takes."""
_LONGEST_ANALYSIS = 300
_REFUSED = frozenset({"access_denied", "cannot_connect", "refused", "validation"})
_WAY_OUT = (
    "The service rewrites for some base models in some regions only, and needs bedrock:OptimizePrompt. Name another "
    "region (AWS_REGION), or take metaprompt or model-guidelines with an --optimizer-model, or few-shot."
)
_AGAIN = "Run it again, or take metaprompt or model-guidelines with an --optimizer-model."


@dataclass(frozen=True, slots=True, kw_only=True)
class BedrockOptimize:
    """Has OptimizePrompt rewrite the prompt; it takes the setting ``system`` (``join`` or ``keep``).

    Attributes:
        attempts: Times that a call is made at most, where it is throttled or broken.
        pause: Seconds before the second attempt; each further one waits twice as long.
        sleep: Waits.
    """

    name: str = "bedrock-optimize"
    learns: bool = False
    settings: frozenset[str] = frozenset({"system"})
    attempts: int = 4
    pause: float = 1.0
    sleep: Callable[[float], object] = time.sleep

    @property
    def tool(self) -> str:
        """The operation, and the client that calls it."""
        return f"OptimizePrompt, boto3 {version('boto3')}"

    def takes(self, rows: int) -> Takes:  # noqa: ARG002 - whatever their number
        """Return one call of the service."""
        return Takes(texts=1, answers=0)

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return what the service makes of the prompt.

        Raises:
            NoRewriteError: The service does not rewrite for this model, or what it wrote cannot be used.
            CallFailedError: The service did not answer.
        """
        single = SingleText.of(task)
        model = self._model(task)
        if not 0 < len(single.text) <= LONGEST:
            problem = f"it has {len(single.text)} characters, and the service takes 1 to {LONGEST}"
            raise NoRewriteError(self.name, task.target, problem, "Shorten it, or take another strategy.")
        written, analysis = self._asked(task, single.text, model)
        prompt = single.filled(task, written)
        fault = fault_of(task, prompt.user, prompt.system) if prompt.user else "it is empty"
        if fault:
            raise NoRewriteError(self.name, task.target, f"of the service's text, {fault}", _AGAIN)
        said = f"The service said: {' '.join(analysis.split())[:_LONGEST_ANALYSIS]}" if analysis.strip() else ""
        return Rewrite(prompt=prompt, notes=tuple(filter(None, [*single.notes, said])))

    def _model(self, task: PromptTask) -> str:
        model = bedrock_id(task.target)
        if model is None:
            raise NoRewriteError(self.name, task.target, "it names no base model of Amazon Bedrock", _WAY_OUT)
        return base_id(model)

    def _asked(self, task: PromptTask, text: str, model: str) -> tuple[str, str]:
        from pytest_llm_migrate.strategies.aws import PASSING, aws_client  # noqa: PLC0415 - boto3 is heavy

        client = aws_client("bedrock-agent-runtime")
        for attempt in range(self.attempts - 1):
            try:
                return self._called(client, task, text, model)
            except CallFailedError as error:
                if error.kind not in PASSING:
                    raise
                task.say(f"{error.kind}: asking again")
                self.sleep(self.pause * 2**attempt)
        return self._called(client, task, text, model)

    def _called(self, client: Any, task: PromptTask, text: str, model: str) -> tuple[str, str]:
        from pytest_llm_migrate.strategies.aws import called  # noqa: PLC0415 - boto3 is heavy

        try:
            found: tuple[str, str] = called(lambda: _call(client, text, model))
        except CallFailedError as error:
            if error.kind not in _REFUSED:
                raise
            problem = f"in {client.meta.region_name}, {error.said}"
            raise NoRewriteError(self.name, task.target, problem, _WAY_OUT) from error
        return found


def _call(client: Any, text: str, model: str) -> tuple[str, str]:
    """Return the service's prompt and its analysis, each of which may come in several events."""
    reply = client.optimize_prompt(input={"textPrompt": {"text": text}}, targetModelId=model)
    prompts, analysis = [], []
    with closing(reply["optimizedPrompt"]) as events:
        for event in events:
            if "optimizedPromptEvent" in event:
                prompts.append(event["optimizedPromptEvent"]["optimizedPrompt"]["textPrompt"]["text"])
            elif "analyzePromptEvent" in event:
                analysis.append(event["analyzePromptEvent"]["message"])
    if not prompts:
        raise CallFailedError("stream_ended_early", "the reply ended before the optimized prompt")
    return "".join(prompts), "".join(analysis)
