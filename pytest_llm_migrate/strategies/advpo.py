"""``advpo``: Amazon Bedrock's Advanced Prompt Optimization rewrites the prompt on dev rows."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Rewrite, Takes
from pytest_llm_migrate.domain.bedrock_ids import bedrock_id, is_application_profile
from pytest_llm_migrate.errors import NoRewriteError, StrategySettingError
from pytest_llm_migrate.strategies.advpo_input import MOST_SAMPLES, input_line, lambda_text, samples, template_id
from pytest_llm_migrate.strategies.advpo_results import chosen_result
from pytest_llm_migrate.strategies.settings import positive
from pytest_llm_migrate.strategies.single_text import SingleText
from pytest_llm_migrate.strategies.writing import fault_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_llm_migrate.domain import PromptTask, PromptText

_PLACE = re.compile(r"s3://(?P<bucket>[a-z0-9][-.a-z0-9]+)(?:/(?P<prefix>[-!_*'().a-zA-Z0-9/]*))?")
_POLL, _MINUTES = 30.0, 240.0
_BILLED = "The service bills the job's own tokens; no cost that is told here has them."
_LEAST_EXAMPLE = 30
"""Characters of a row that make it an example of the prompt that holds them."""
_RESULTS = "--strategy-option results=PATH"
_HOW = (
    "Start a job with --strategy-option s3=s3://BUCKET/PREFIX, write its input with export=FOLDER, or read its results "
    "with results=PATH."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvancedPromptOptimization:
    """Has the service optimize the prompt on the dev rows.

    It takes the settings ``s3`` (where a job's files go), ``results`` (a results file, instead of a job), ``export``
    (a folder for the job's input and, with ``metric``, its Lambda), ``criteria`` (at most five, between ``|``),
    ``lambda_arn`` with ``metric``, ``poll`` (seconds), ``minutes`` (the longest), and ``system``.

    Attributes:
        sleep: Waits.
    """

    name: str = "advpo"
    learns: bool = True
    settings: frozenset[str] = frozenset(
        {"s3", "results", "export", "criteria", "metric", "lambda_arn", "poll", "minutes", "system"}
    )
    sleep: Callable[[float], object] = time.sleep

    @property
    def tool(self) -> str:
        """The service, and the client that calls it."""
        return f"Advanced Prompt Optimization, boto3 {version('boto3')}"

    def takes(self, rows: int) -> Takes:  # noqa: ARG002 - the service asks the target itself
        """Return one job; what it has the target answer is billed by the service, and no answer of a run."""
        return Takes(texts=0, answers=0, services=1)

    def check(self, target: str, settings: Mapping[str, Any], optimizer: str | None) -> None:  # noqa: ARG002 - no model helps
        """Raise `NoRewriteError` where nothing says how to come by a job's results."""
        if not settings.keys() & {"results", "export", "s3"}:
            raise NoRewriteError(self.name, target, "no job is set up", _HOW)

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return the service's prompt.

        Raises:
            NoRewriteError: There is none: the job failed, the file has none, a limit is passed, or it was exported.
            StrategySettingError: A setting has a value that is not taken.
            CallFailedError: The service did not answer.
        """
        single = SingleText.of(task)
        chosen = chosen_result(
            self._results(task, single), task, self.name, template=template_id(task), asked=single.text
        )
        prompt = single.filled(task, chosen.template)
        fault = fault_of(task, prompt.user, prompt.system)
        if fault:
            raise NoRewriteError(self.name, task.target, f"of the service's text, {fault}", _HOW)
        examples = tuple(_examples(task, prompt))
        billed = "" if "results" in task.settings else _BILLED
        notes = [*single.notes, billed, chosen.said, _drawn(task), _declared(examples)]
        return Rewrite(
            prompt=prompt, notes=tuple(filter(None, notes)), examples_from=examples, service_scores=chosen.scores
        )

    def _results(self, task: PromptTask, single: SingleText) -> str:
        settings = task.settings
        if "results" in settings:
            return _read(Path(settings["results"]))
        self.check(task.target, settings, task.optimizer)
        line = input_line(task, single.text, self.name)
        if "export" in settings:
            raise self._exported(task, line)
        return self._job(task, line)

    def _job(self, task: PromptTask, line: str) -> str:
        from pytest_llm_migrate.strategies.advpo_job import PromptJob  # noqa: PLC0415 - boto3 is heavy

        place = _PLACE.fullmatch(task.settings["s3"])
        if place is None:
            raise StrategySettingError("s3", "a place such as s3://BUCKET/PREFIX", task.settings["s3"])
        if bedrock_id(task.target) is None and not is_application_profile(task.target):
            raise NoRewriteError(self.name, task.target, "it is no model or profile of Amazon Bedrock", _HOW)
        folder = (place["prefix"] or "").strip("/")
        return PromptJob(
            strategy=self.name,
            model=task.target.removeprefix("bedrock:"),
            inference=task.prompt.inference,
            bucket=place["bucket"],
            prefix=f"{folder}/" if folder else "",
            poll=positive(task.settings, "poll", _POLL),
            longest=60 * positive(task.settings, "minutes", _MINUTES),
            sleep=self.sleep,
            say=task.say,
        ).results(line)

    def _exported(self, task: PromptTask, line: str) -> NoRewriteError:
        folder = Path(task.settings["export"])
        files = {"input.jsonl": line}
        if "metric" in task.settings:
            files["lambda_function.py"] = lambda_text(task.settings["metric"], samples(task))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise StrategySettingError("export", "a folder that can be written", str(folder)) from error
        problem = f"the job's {' and '.join(files)} went to {folder}, and no job was started"
        way_out = f"Start it there, or here with --strategy-option s3=s3://BUCKET/PREFIX, and read it with {_RESULTS}."
        return NoRewriteError(self.name, task.target, problem, way_out)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StrategySettingError("results", "a file of results that can be read", str(path)) from error


def _examples(task: PromptTask, prompt: PromptText) -> Iterator[str]:
    """Yield the dev rows whose texts the service put into the prompt."""
    before = _squeezed(f"{task.prompt.system or ''}\n{task.prompt.user}")
    after = _squeezed(prompt.user)
    for row in task.rows:
        texts = [_squeezed(value) for value in row.values.values() if isinstance(value, str)]
        if any(len(text) >= _LEAST_EXAMPLE and text in after and text not in before for text in texts):
            yield row.sample_id


def _declared(examples: tuple[str, ...]) -> str:
    return f"The service put texts of the dev rows {', '.join(examples)} into the prompt." if examples else ""


def _drawn(task: PromptTask) -> str:
    if len(task.rows) <= MOST_SAMPLES:
        return ""
    return f"A job takes {MOST_SAMPLES} samples: those of {len(task.rows)} dev rows were drawn."


def _squeezed(text: str) -> str:
    return " ".join(text.split())
