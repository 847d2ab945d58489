"""Runs of DSPy's optimizers on a prompt, and what is made of the program they return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dspy
from dspy.teleprompt.gepa.instruction_proposal import InstructionProposer
from dspy.utils.exceptions import DSPyError

from pytest_llm_migrate.domain import Rewrite
from pytest_llm_migrate.errors import NoRewriteError, counted
from pytest_llm_migrate.strategies.dev_rows import dev_rows
from pytest_llm_migrate.strategies.dspy_program import Reflections, program_of, quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain import PromptTask
    from pytest_llm_migrate.strategies.dev_rows import DevRows
    from pytest_llm_migrate.strategies.dspy_program import PromptProgram
    from pytest_llm_migrate.strategies.gepa import Gepa
    from pytest_llm_migrate.strategies.mipro import Mipro

_GOOD = 0.8
"""The score from which an answer of the target's own may become an example."""
_ALL_ERRORS = 1_000_000
"""DSPy gives up after some failed rows; here a failed row counts 0, and a failure for good ends all calls."""


def run_mipro(task: PromptTask, chosen: Mipro) -> Rewrite:
    """Return what MIPROv2 makes of a prompt; raises as `Mipro.rewrite` does."""

    def compiled(program: PromptProgram, target: Any, rows: DevRows) -> Any:
        size = min(chosen.minibatch, len(rows.judging))
        optimizer = dspy.MIPROv2(
            metric=lambda example, prediction, trace=None: program.score(example, prediction)[0],  # noqa: ARG005
            prompt_model=program.writer(chosen.max_tokens),
            task_model=target,
            auto=None,
            num_candidates=chosen.candidates,
            max_bootstrapped_demos=chosen.bootstrapped,
            max_labeled_demos=chosen.labeled,
            metric_threshold=_GOOD,
            num_threads=chosen.threads,
            max_errors=_ALL_ERRORS,
            seed=chosen.seed,
        )
        return optimizer.compile(
            program.predictor(),
            trainset=program.examples(rows.pool),
            valset=program.examples(rows.judging),
            num_trials=chosen.trials,
            minibatch=0 < size < len(rows.judging),
            minibatch_size=size,
            minibatch_full_eval_steps=chosen.full_every,
        )

    return _run(task, chosen.name, chosen.seed, compiled)


def run_gepa(task: PromptTask, chosen: Gepa) -> Rewrite:
    """Return what GEPA makes of a prompt; raises as `Gepa.rewrite` does."""

    def compiled(program: PromptProgram, _target: Any, rows: DevRows) -> Any:
        def metric(gold: Any, pred: Any, *_: Any) -> Any:
            score, feedback = program.score(gold, pred)
            return dspy.Prediction(score=score, feedback=feedback or "Nothing is wanting.")

        optimizer = dspy.GEPA(
            metric=metric,
            max_metric_calls=chosen.calls,
            reflection_lm=program.writer(chosen.max_tokens),
            instruction_proposer=InstructionProposer(adapter=Reflections()),
            num_threads=chosen.threads,
            seed=chosen.seed,
        )
        trainset, valset = program.examples(rows.pool), program.examples(rows.judging)
        return optimizer.compile(program.predictor(), trainset=trainset, valset=valset)

    return _run(task, chosen.name, chosen.seed, compiled)


def _run(task: PromptTask, name: str, seed: int, compiled: Callable[[PromptProgram, Any, DevRows], Any]) -> Rewrite:
    rows = dev_rows(task, name, seed)
    program = program_of(task)
    target = program.target()
    try:
        with quiet(), dspy.context(lm=target, adapter=program.adapter()):
            best = compiled(program, target, rows).predictors()[0]
    except (DSPyError, ValueError, RuntimeError) as error:
        if program.failure is None:
            way_out = "Take another --optimizer-model, or another strategy."
            raise NoRewriteError(name, task.target, f"DSPy gave up: {error}", way_out) from error
    if program.failure:
        raise program.failure
    return _rewrite(task, program, best, rows)


def _rewrite(task: PromptTask, program: PromptProgram, best: Any, rows: DevRows) -> Rewrite:
    """Try the best program out as it would be filed, and keep it where it is better than the prompt as it is."""
    instruction, demos = best.signature.instructions, best.demos
    prompt, names = program.prompt_of(instruction, demos)
    notes = [] if task.optimizer else [f"Without --optimizer-model {task.target} itself proposed the instructions."]
    before = task.try_out(task.prompt, rows.judging)
    if prompt == task.prompt:
        return Rewrite(prompt=prompt, trials=(before,), notes=(*notes, "DSPy returned the original prompt: it stays."))
    after = task.try_out(prompt, rows.judging)
    scores = f"{before.mean:.3f} -> {after.mean:.3f} on {counted(after.rows, 'dev row')}"
    if after.mean <= before.mean:
        note = f"The best program, rendered, is no better than the prompt as it is ({scores}): that stays."
        return Rewrite(prompt=task.prompt, trials=(before, after), notes=(*notes, note))
    is_new = instruction.strip() != program.instruction
    changed = f"{'a new' if is_new else 'the same'} instruction, {counted(len(demos), 'example')}"
    note = f"The best program, rendered: {changed}, score {scores}."
    return Rewrite(prompt=prompt, trials=(before, after), notes=(*notes, note), examples_from=names)
