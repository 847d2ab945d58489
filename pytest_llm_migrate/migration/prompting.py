"""The second step of a migration: prompts are rewritten for the target, tried out, checked and filed."""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers import NOT_RUN, Connection, Question
from pytest_llm_migrate.domain import CallFailure, PromptTask, Provenance
from pytest_llm_migrate.errors import CallFailedError, HandEditedPromptError, NoOptimizerError, masked
from pytest_llm_migrate.migration.prompt_notes import drawn_notes, growth_notes, mention_notes, unscored_notes
from pytest_llm_migrate.migration.tryouts import PURPOSE
from pytest_llm_migrate.migration.variants import variant_records
from pytest_llm_migrate.pricing import context_window
from pytest_llm_migrate.prompts import (
    Bounds,
    Prompt,
    check_rewrite,
    file_text,
    from_model_text,
    load_prompt,
    save_prompt,
)
from pytest_llm_migrate.strategies.language import language_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pytest_llm_migrate.answers import Desk
    from pytest_llm_migrate.datasets import Split
    from pytest_llm_migrate.domain import Answer, Metric, PromptText, Request, Rewrite, Row, Strategy, Trial
    from pytest_llm_migrate.migration.judging import DeskJudge
    from pytest_llm_migrate.migration.tryouts import TryOuts
    from pytest_llm_migrate.prompts import Catalog


FORBID = "forbid"
SHARED_SETTINGS = frozenset({FORBID})
"""Settings that rewriting reads itself, whatever the strategy."""
_AGAIN = "Run it again: what was answered is kept, and is not paid for twice."
BY_HAND, EDITED = "written by hand", "edited by hand"


@dataclass(slots=True, kw_only=True)
class Optimizer:
    """The model that helps to write prompts, and services that do; what they give is kept like all answers.

    Attributes:
        desk: Where it is asked.
        model: The model, ``None`` where the user gave none.
    """

    desk: Desk
    model: Connection | None
    _asked: dict[str, int] = field(default_factory=dict)

    @property
    def ref(self) -> str | None:
        """The model's reference, ``None`` where there is none."""
        return self.model.ref if self.model else None

    def ask(self, request: Request) -> Answer:
        """Return its answer; a request that is asked again in the same rewriting gets another one.

        Raises:
            NoOptimizerError: There is none.
            CallFailedError: It did not answer.
        """
        if self.model is None:
            raise NoOptimizerError
        key = request.key(self.model.ref)
        repeat = self._asked[key] = self._asked.get(key, -1) + 1
        question = Question(sample_id="prompt", request=request, repeat=repeat, purpose=PURPOSE)
        return self._answer(self.model, question)

    def ask_service(self, ref: str, request: Request, call: Callable[[Request], Answer]) -> Answer:
        """Return what a service gives, kept by its reference and the request; raises `CallFailedError`."""
        question = Question(sample_id="prompt", request=request, purpose=PURPOSE)
        return self._answer(Connection(ref=ref, connect=lambda: Service(ref=ref, call=call)), question)

    def _answer(self, model: Connection, question: Question) -> Answer:
        outcome = self.desk.ask(model, [question], {})[0].outcome()
        if isinstance(outcome, CallFailure):
            if outcome.fatal or outcome.kind == NOT_RUN:  # its message says what to do
                raise CallFailedError(outcome.kind, outcome.message, fatal=outcome.fatal)
            raise CallFailedError(outcome.kind, f"{masked(model.ref)}: {outcome.message}", way_out=_AGAIN)
        return outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service that writes prompts, as a model that the desk asks.

    Attributes:
        ref: What its answers are kept by.
        call: Makes one attempt.
        concurrency: Calls in flight at once.
    """

    ref: str
    call: Callable[[Request], Answer]
    concurrency: int = 1

    def answer(self, request: Request) -> Answer:
        """Return what one attempt gives; raises `CallFailedError`."""
        return self.call(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptMigration:
    """A prompt of the catalog and the target that it is to be rewritten for.

    Attributes:
        name: Its name in the catalog.
        catalog: The catalog.
        prompt: The source prompt.
        source: The source model's reference.
        target: The target model's reference.
        split: Dev and holdout rows; ``None`` where there are too few for both.
        rows: Rows on which prompts are tried out: the dev rows, or all where nothing is to be learnt from them.
        try_out: Tries a prompt out with the target.
        optimizer: The model that helps to write.
        judges: Those that its metrics ask.
        metric_of: The metric of a name, as the migration has it, without its judges; raises `UnknownNameError`.
    """

    name: str
    catalog: Catalog
    prompt: Prompt
    source: str
    target: str
    split: Split | None
    rows: Sequence[Row]
    try_out: TryOuts
    optimizer: Optimizer
    judges: Sequence[DeskJudge] = ()
    metric_of: Callable[[str], Metric]

    def task(self, settings: Mapping[str, Any], say: Callable[[str], object] = lambda _: None) -> PromptTask:
        """Return what a strategy is given, with the user's settings and how to tell the user how it goes."""
        return PromptTask(
            prompt=self.prompt,
            source=self.source,
            target=self.target,
            rows=self.rows,
            try_out=self.try_out,
            ask=self.optimizer.ask,
            optimizer=self.optimizer.ref,
            render=lambda text, row: self.try_out.prompt_of(text).render(row),
            ask_target=self.try_out.ask,
            score=self.try_out.score,
            ask_service=self.optimizer.ask_service,
            template_of=lambda text: from_model_text(text, self.prompt.variables, _templates(self.prompt)),
            variables=self.prompt.variables,
            say=say,
            instructions=self.try_out.instructions,
            metric_of=self.metric_of,
            settings=settings,
        )

    def shown(self, path: Path) -> str:
        """Return a file's path as seen from the catalog: nothing tells on which machine it was written."""
        return path.relative_to(self.catalog.folder).as_posix()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What became of a prompt.

    Attributes:
        of: What was to be done.
        strategy: The strategy.
        prompt: The prompt for the target, with its provenance.
        before: The source prompt, tried out with the target as it is.
        after: The new prompt, tried out as it was filed.
        rewrite: What the strategy gave.
        paths: The files that were written.
        diff: What changed between the source prompt's file and the new one's, as a unified diff.
    """

    of: PromptMigration
    strategy: Strategy
    prompt: Prompt
    before: Trial
    after: Trial
    rewrite: Rewrite
    paths: Sequence[Path]
    diff: Sequence[str]

    def to_record(self) -> dict[str, Any]:
        """Return it as JSON-ready builtins."""
        return {
            "prompt": self.of.name,
            "source": masked(self.of.source),
            "target": masked(self.of.target),
            "strategy": self.strategy.name,
            "learns": self.strategy.learns,
            "before": _trial_record(self.before),
            "after": _trial_record(self.after),
            "trials": [_trial_record(trial) for trial in self.rewrite.trials],
            "notes": [
                *self.rewrite.notes,
                *drawn_notes(self.of.split),
                *mention_notes(self.of.prompt, self.prompt),
                *unscored_notes(self.before, self.after),
                *growth_notes(self.before, self.after),
            ],
            "files": [self.of.shown(path) for path in self.paths],
            "diff": list(self.diff),
            "sha256": self.prompt.sha256,
            "variants": variant_records(self.of.catalog, self.of.name, self.of.target),
        }


def file_prompt(
    job: PromptMigration,
    strategy: Strategy,
    *,
    settings: Mapping[str, Any],
    say: Callable[[str], object],
    force: bool = False,
) -> Filed:
    """Rewrite a prompt for its target, try it out, check it, and write it to the catalog whole or not at all.

    Raises:
        HandEditedPromptError: The file that would be written has been changed by hand, and ``force`` is not given.
        MigrateError: The strategy has no prompt, or the one it has fails a check.
        CallFailedError: A model did not answer.
    """
    paths = _paths(job, strategy, force=force)
    rewrite = strategy.rewrite(job.task(settings, say))
    written = job.try_out.prompt_of(rewrite.prompt)
    bounds = Bounds(
        forbidden=forbidden_phrases(settings), window=context_window(job.target), language_fault=language_fault
    )
    check_rewrite(job.prompt, written, rows=job.rows, hidden=_hidden(job, rewrite), bounds=bounds)
    # A row whose answer stands in the prompt as an example says nothing of the prompt.
    judging = [row for row in job.rows if row.sample_id not in rewrite.examples_from]
    before, after = job.try_out(job.prompt, judging), job.try_out(written, judging)
    prompt = replace(written, provenance=_provenance(job, strategy, written, rewrite, (before, after)))
    for path in paths:
        save_prompt(path, prompt)
    diff = difflib.unified_diff(_lines(job.prompt), _lines(prompt), "source", "target", lineterm="")
    return Filed(
        of=job,
        strategy=strategy,
        prompt=prompt,
        before=before,
        after=after,
        rewrite=rewrite,
        paths=paths,
        diff=list(diff),
    )


def forbidden_phrases(settings: Mapping[str, Any]) -> list[str]:
    """Return the phrases that the setting ``forbid`` names, between upright strokes."""
    return [phrase.strip() for phrase in str(settings.get(FORBID, "")).split("|") if phrase.strip()]


def files_of(job: PromptMigration, strategy: Strategy) -> list[Path]:
    """Return the files that a strategy's prompt is written to: the target's, and the strategy's own."""
    return [
        job.catalog.file_for(job.name, job.target),
        job.catalog.variant_file(job.name, job.target, strategy.name),
    ]


def state_of(job: PromptMigration, path: Path) -> str:
    """Return what a file is that would be written over: new, stale, up to date, or a person's work."""
    if not path.exists():
        return "new"
    prompt = load_prompt(path)
    if prompt.is_handwritten:
        return BY_HAND
    if prompt.is_edited:
        return EDITED
    made_from = prompt.provenance.source_sha256 if prompt.provenance else None
    return "stale" if made_from != job.prompt.sha256 else "up to date"


def as_prompt(text: PromptText, *, name: str, target: str, folder: Path) -> Prompt:
    """Return what a strategy wrote as a prompt that renders, for a target; attachments lie in the folder."""
    known = {field: getattr(text, field) for field in _TEXT_FIELDS}
    return Prompt(**known, name=name, model=target, dataset_folder=folder)


_TEXT_FIELDS = ("user", "system", "examples", "inference", "options", "attachments")


def _paths(job: PromptMigration, strategy: Strategy, *, force: bool) -> list[Path]:
    paths = files_of(job, strategy)
    for path in paths:
        if not force and state_of(job, path) in {BY_HAND, EDITED}:
            raise HandEditedPromptError(path)
    return paths


def _hidden(job: PromptMigration, rewrite: Rewrite) -> Sequence[Row]:
    """Return the rows whose texts must not stand in the prompt: all but those of declared examples."""
    declared = set(rewrite.examples_from)
    rows = (*job.split.dev, *job.split.holdout) if job.split else job.rows
    return [row for row in rows if row.sample_id not in declared]


def _provenance(
    job: PromptMigration, strategy: Strategy, prompt: Prompt, rewrite: Rewrite, trials: tuple[Trial, Trial]
) -> Provenance:
    before, after = trials
    service_source, service = rewrite.service_scores or (None, None)
    optimizer = job.optimizer.ref
    return Provenance(
        strategy=strategy.name,
        source_sha256=job.prompt.sha256,
        dev_sha256=job.split.dev_sha256 if strategy.learns and job.split else None,
        tool=strategy.tool,
        model=masked(optimizer) if optimizer else None,
        at=dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        prompt_sha256=prompt.sha256,
        dev_score=round(after.mean, 6),
        dev_rows=after.rows or None,
        source_score=round(before.mean, 6),
        input_tokens=after.input_tokens,
        output_tokens=after.output_tokens,
        usd=after.cost / after.rows if after.cost is not None and after.rows else None,
        service_score=service,
        service_source_score=service_source,
    )


def _templates(prompt: Prompt) -> str:
    return "\n".join(filter(None, [prompt.system, prompt.user]))


def _lines(prompt: Prompt) -> list[str]:
    return file_text(replace(prompt, provenance=None, model=None)).splitlines()


def _trial_record(trial: Trial) -> dict[str, Any]:
    figures = ("rows", "mean", "input_tokens", "output_tokens", "cost", "latency")
    return {**{name: getattr(trial, name) for name in figures}, "scored": len(trial.scores)}
