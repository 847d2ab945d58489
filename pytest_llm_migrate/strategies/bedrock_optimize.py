"""``bedrock-optimize``: Amazon Bedrock's OptimizePrompt rewrites the prompt for a base model."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Answer, Request, Rewrite, Takes, Turn
from pytest_llm_migrate.domain.bedrock_ids import base_id, bedrock_id
from pytest_llm_migrate.errors import CallFailedError, NoRewriteError
from pytest_llm_migrate.strategies.single_text import SingleText
from pytest_llm_migrate.strategies.writing import fault_of

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import PromptTask

LONGEST = 200_000
"""Characters that the service takes."""
_LONGEST_ANALYSIS = 300
_REFUSED = frozenset({"access_denied", "cannot_connect", "refused", "validation"})
_NOT_OFFERED = "not_offered"
_WAY_OUT = (
    "The service rewrites for some base models in some regions only, and needs bedrock:OptimizePrompt. Name another "
    "region (AWS_REGION), or take metaprompt or model-guidelines with an --optimizer-model, or few-shot."
)
_AGAIN = "Ask anew with --migration-answers fresh, or take metaprompt or model-guidelines with an --optimizer-model."


@dataclass(frozen=True, slots=True, kw_only=True)
class BedrockOptimize:
    """Has OptimizePrompt rewrite the prompt; it takes the setting ``system`` (``join`` or ``keep``)."""

    name: str = "bedrock-optimize"
    learns: bool = False
    settings: frozenset[str] = frozenset({"system"})

    @property
    def tool(self) -> str:
        """The operation, and the client that calls it."""
        return f"OptimizePrompt, boto3 {version('boto3')}"

    def takes(self, rows: int) -> Takes:  # noqa: ARG002 - whatever their number
        """Return one call of the service; what it gave before is not asked for again."""
        return Takes(texts=0, answers=0, services=1)

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
        request = Request(turns=(Turn("user", text),))
        try:
            answer = task.ask_service(f"{self.name}:{model}", request, partial(_call, model))
        except CallFailedError as error:
            if error.kind != _NOT_OFFERED:
                raise
            raise NoRewriteError(self.name, task.target, error.said, _WAY_OUT) from error
        return answer.text, answer.reasoning or ""


def _call(model: str, request: Request) -> Answer:
    """Return what one call of the service gives; raises `CallFailedError`, of a kind of its own where it refuses."""
    from pytest_llm_migrate.strategies.aws import aws_client, called  # noqa: PLC0415 - boto3 is heavy

    client = aws_client("bedrock-agent-runtime")
    try:
        answer: Answer = called(lambda: _read(client, request.turns[0].text, model))
    except CallFailedError as error:
        if error.kind not in _REFUSED:
            raise
        raise CallFailedError(_NOT_OFFERED, f"in {client.meta.region_name}, {error.said}") from error
    return answer


def _read(client: Any, text: str, model: str) -> Answer:
    """Return the service's prompt with its analysis as reasoning; each may come in several events."""
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
    return Answer(text="".join(prompts), reasoning="".join(analysis) or None)
