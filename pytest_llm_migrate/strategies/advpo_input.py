"""The input of an Advanced Prompt Optimization job: one template with its samples."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import NoRewriteError, StrategySettingError
from pytest_llm_migrate.strategies.lambda_export import sent_gold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.domain import PromptTask, Row

VERSION = "bedrock-2026-05-14"
MOST_SAMPLES, MOST_VARIABLES, MOST_CRITERIA, MOST_BYTES = 100, 20, 5, 50 * 2**20
"""The service's limits; those of 10 templates and 5 models a job are out of reach: a job has one of each."""

_BLOCK = re.compile(r"\{%|\{\{(?!\w+\}\})")
_LARGE = "Take fewer rows, shorten them, or take another strategy."


def template_id(task: PromptTask) -> str:
    """Return the template's name in input and results."""
    return task.prompt.name


def input_line(task: PromptTask, text: str, strategy: str) -> str:
    """Return the input's only line for a prompt as one text; `NoRewriteError` names the limit that it is beyond."""
    rows = samples(task)
    record: dict[str, Any] = {
        "version": VERSION,
        "templateId": template_id(task),
        "promptTemplate": text,
        **_evaluation(task.settings),
        "evaluationSamples": [_sample(task, _names(task, text), row) for row in rows],
    }
    line = json.dumps(record, ensure_ascii=False) + "\n"
    problem = _problem(task, text, rows, line)
    if problem:
        raise NoRewriteError(strategy, task.target, problem, _LARGE)
    return line


def samples(task: PromptTask) -> list[Row]:
    """Return the dev rows that the job sees, a seeded sample where there are more than it takes."""
    if len(task.rows) <= MOST_SAMPLES:
        return list(task.rows)
    drawn = set(random.Random(task.seed).sample(range(len(task.rows)), MOST_SAMPLES))  # noqa: S311 - no secret
    return [row for number, row in enumerate(task.rows) if number in drawn]


def criteria(settings: Mapping[str, Any]) -> list[str]:
    """Return what the service's judge is to look for; raises `StrategySettingError` for more than it takes."""
    found = [part for part in (part.strip() for part in settings.get("criteria", "").split("|")) if part]
    if len(found) > MOST_CRITERIA:
        raise StrategySettingError("criteria", f"at most {MOST_CRITERIA} texts between '|'", settings["criteria"])
    return found


def _evaluation(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the service is to judge: by a Lambda, by criteria, or (nothing) by its own judge."""
    if arn := settings.get("lambda_arn"):
        return {"evaluationMetricLambdaArn": arn, "customEvaluationMetricLabel": settings["metric"]}
    found = criteria(settings)
    return {"steeringCriteria": found} if found else {}


def _names(task: PromptTask, text: str) -> list[str]:
    """Return the variables that the template has; those of examples and a kept system text are not sent."""
    return sorted(name for name in task.variables if f"{{{{{name}}}}}" in text)


def _sample(task: PromptTask, names: Sequence[str], row: Row) -> dict[str, Any]:
    # One key an object: the service drops the others of one that has several, and says nothing.
    sample: dict[str, Any] = {"inputVariables": [{name: _value(task, name, row)} for name in names]}
    if row.reference is not None:
        sample["referenceResponse"] = sent_gold(row.reference)
    return sample


def _value(task: PromptTask, name: str, row: Row) -> str:
    """Return a variable as the prompt prints it."""
    alone = replace(task.prompt, user=f"{{{{ {name} }}}}", system=None, examples=(), attachments=(), options={})
    return task.render(alone, row).turns[-1].text


def _problem(task: PromptTask, text: str, rows: Sequence[Row], line: str) -> str:
    if not rows:
        return "there are no dev rows to optimize on"
    if len(names := _names(task, text)) > MOST_VARIABLES:
        return f"the prompt has {len(names)} variables, and a template takes {MOST_VARIABLES}"
    if _BLOCK.search(text):
        return "the prompt has Jinja2 expressions or blocks, and the service fills plain variables alone"
    if task.prompt.attachments:
        return "the prompt has attachments, which are not sent"
    if len(line.encode()) > MOST_BYTES:
        return f"its samples are {len(line.encode())} bytes, and a job takes {MOST_BYTES}"
    return ""
