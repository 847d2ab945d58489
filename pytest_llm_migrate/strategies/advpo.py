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
from pytest_llm_migrate.errors import JobExportedError, NoRewriteError, StrategySettingError, UnknownNameError
from pytest_llm_migrate.strategies.advpo_input import MOST_SAMPLES, criteria, input_line, samples, template_id
from pytest_llm_migrate.strategies.advpo_results import chosen_result
from pytest_llm_migrate.strategies.lambda_export import HANDLER, lambda_files
from pytest_llm_migrate.strategies.settings import positive
from pytest_llm_migrate.strategies.single_text import SingleText
from pytest_llm_migrate.strategies.writing import fault_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_llm_migrate.domain import Metric, PromptTask, PromptText

_PLACE = re.compile(r"s3://(?P<bucket>[a-z0-9][-.a-z0-9]+)(?:/(?P<prefix>[-!_*'().a-zA-Z0-9/]*))?")
_LAMBDA = re.compile(r"arn:aws[-a-z]*:lambda:[-a-z0-9]+:\d{12}:function:[-\w]+(:[-\w$]+)?")
_POLL, _MINUTES = 30.0, 240.0
_BILLED = "The service bills the job's own tokens; no cost that is told here has them."
_LEAST_EXAMPLE = 30
"""Characters of a row that make it an example of the prompt that holds them."""
_FOLDER = "a folder that can be written"
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
    ``lambda_arn`` (a Lambda that scores) with ``metric`` (what it scores by), ``poll`` (seconds), ``minutes`` (the
    longest), and ``system``.

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
        """Raise `NoRewriteError` where nothing says how to come by a job's results, else what `rewrite` would."""
        if not settings.keys() & {"results", "export", "s3"}:
            raise NoRewriteError(self.name, target, "no job is set up", _HOW)
        if "results" in settings:
            _read(Path(settings["results"]))
        if "s3" in settings:
            _place(settings["s3"])
        if "export" in settings and Path(settings["export"]).is_file():
            raise StrategySettingError("export", _FOLDER, settings["export"])
        positive(settings, "poll", _POLL)
        positive(settings, "minutes", _MINUTES)
        criteria(settings)
        _check_lambda(settings)

    def foresee(self, task: PromptTask) -> None:
        """Raise `UnknownNameError` for a metric that is none, `MetricNotExportableError` for one without a Lambda."""
        if "metric" in task.settings:
            metric = _metric(task)
            if "export" in task.settings:
                lambda_files(metric, samples(task))

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return the service's prompt.

        Raises:
            NoRewriteError: There is none: the job failed, the file has none, or a limit is passed.
            JobExportedError: The job was written to files, as asked.
            StrategySettingError: A setting has a value that is not taken.
            MetricNotExportableError: The metric cannot be written down as a Lambda.
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
        self.check(task.target, settings, task.optimizer)
        if "results" in settings:
            return _read(Path(settings["results"]))
        line = input_line(task, single.text, self.name)
        if "export" in settings:
            raise self._exported(task, line)
        return self._job(task, line)

    def _job(self, task: PromptTask, line: str) -> str:
        from pytest_llm_migrate.strategies.advpo_job import PromptJob  # noqa: PLC0415 - boto3 is heavy

        place = _place(task.settings["s3"])
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

    def _exported(self, task: PromptTask, line: str) -> JobExportedError:
        folder = Path(task.settings["export"])
        files = {"input.jsonl": line}
        if "metric" in task.settings:
            files |= lambda_files(_metric(task), samples(task))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise StrategySettingError("export", _FOLDER, str(folder)) from error
        return JobExportedError(self.name, folder, files, _way_on(task.settings, files))


def _way_on(settings: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """Return how a job that was written comes to a prompt."""
    if HANDLER in files and "lambda_arn" not in settings:
        start = (
            f"Next: deploy {HANDLER} as a Lambda and give --strategy-option lambda_arn=ARN with s3=s3://BUCKET/PREFIX"
        )
        return f"{start} in place of export, which starts the job."
    return (
        f"Next: start the job there, or here with --strategy-option s3=s3://BUCKET/PREFIX, and read it with {_RESULTS}."
    )


def _place(text: str) -> re.Match[str]:
    found = _PLACE.fullmatch(text)
    if found is None:
        raise StrategySettingError("s3", "a place such as s3://BUCKET/PREFIX", text)
    return found


def _check_lambda(settings: Mapping[str, Any]) -> None:
    arn = settings.get("lambda_arn")
    if arn is not None and not _LAMBDA.fullmatch(arn):
        raise StrategySettingError("lambda_arn", "an ARN such as arn:aws:lambda:REGION:ACCOUNT:function:NAME", arn)
    if arn is not None and "metric" not in settings:
        raise StrategySettingError("lambda_arn", "beside metric=NAME, which says what it scores by", arn)
    if "metric" in settings and not settings.keys() & {"lambda_arn", "export", "results"}:
        allowed = "beside export=FOLDER, which writes its Lambda, or lambda_arn=ARN, which names it"
        raise StrategySettingError("metric", allowed, settings["metric"])


def _metric(task: PromptTask) -> Metric:
    try:
        return task.metric_of(task.settings["metric"])
    except UnknownNameError as error:
        where = "--strategy-option metric"
        raise UnknownNameError("metric", error.name, error.known, where=where) from error


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
