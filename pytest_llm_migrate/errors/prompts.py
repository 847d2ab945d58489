"""Prompts that are missing, stale or wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.errors.root import MigrateError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable


class PromptFileError(MigrateError):
    """Raised when a prompt file cannot be read or written: ``place`` is the file, with line and column if known."""

    def __init__(self, place: object, problem: str) -> None:
        self.place, self.problem = str(place), problem
        super().__init__(f"{place}: {problem}")


class PromptNameError(MigrateError):
    """Raised when a prompt's name is not the plain name of a folder, such as ``../other``."""

    def __init__(self, name: str, folder: object) -> None:
        self.name, self.folder = name, str(folder)
        super().__init__(
            f"{name!r} is not a prompt's name. Give the name of a folder in {self.folder!r}, without slashes, "
            "or the path of a .prompt.yaml file."
        )


class TemplateFaultError(MigrateError):
    """Raised when a template has a syntax error, fails on a row, or reaches for what the sandbox refuses."""

    def __init__(self, place: str, problem: str, *, row: str = "") -> None:
        self.place, self.problem, self.row = place, problem, row
        super().__init__(f"{place}: {f'cannot render {row}: ' if row else ''}{problem}")


class UnknownVariableError(MigrateError):
    """Raised when a template names a variable that is no column of the dataset."""

    def __init__(self, variable: str, inputs: Iterable[str], *, prompt: str, where: str) -> None:
        self.variable, self.inputs, self.prompt, self.where = variable, sorted(inputs), prompt, where
        super().__init__(
            f"{prompt}: the variable {variable!r} is no column of {where}.{nearest(variable, self.inputs)} "
            f"Columns a prompt may use: {', '.join(self.inputs) or 'none'}. "
            "Correct the prompt, or map the column with the marker's columns={...}."
        )


class HiddenColumnError(MigrateError):
    """Raised when a template names a column that no model may see: an id, the ground truth, a result."""

    def __init__(self, column: str, *, prompt: str) -> None:
        self.column, self.prompt = column, prompt
        super().__init__(
            f"{prompt}: {column!r} is hidden from prompts: a model must see neither ids, ground truth nor results. "
            "Take it out of the prompt, or keep what is an input in a column of another name."
        )


class MissingValueError(MigrateError):
    """Raised when a prompt needs a value that the row does not have."""

    def __init__(self, column: str, row: str, *, prompt: str, way_out: str) -> None:
        self.column, self.row, self.prompt, self.way_out = column, row, prompt, way_out
        super().__init__(f"{row} has no value for {column!r}, which {prompt} uses. {way_out}")


class NoTargetPromptError(MigrateError):
    """Raised when the catalog has no prompt for a target model; ``filed`` are the models that it has one for."""

    def __init__(self, name: str, model: str, folder: object, filed: Iterable[str]) -> None:
        self.name, self.model, self.folder, self.filed = name, model, str(folder), sorted(filed)
        super().__init__(
            f"no prompt {name!r} for {model!r} in {self.folder!r}.{nearest(model, self.filed)} "
            f"Prompts there are for: {', '.join(self.filed) or 'no target'}. "
            "Write one with --migrate-prompts, or send the source prompt with --prompt-strategy identity."
        )


class NoStrategyPromptError(MigrateError):
    """Raised when a strategy has written no prompt for a target model; ``known`` are those that have."""

    def __init__(self, name: str, model: str, strategy: str, known: Iterable[str]) -> None:
        self.name, self.model, self.strategy, self.known = name, model, strategy, sorted(known)
        super().__init__(
            f"{strategy!r} has written no prompt {name!r} for {model!r}.{nearest(strategy, self.known)} "
            f"Prompts for it are by: {', '.join(self.known) or 'no strategy'}. "
            f"Write one with --migrate-prompts={strategy}, or send the source prompt with --prompt-strategy identity."
        )


class StalePromptError(MigrateError):
    """Raised when a migrated prompt was made from a source prompt that has changed since."""

    def __init__(self, path: object, made_from: str, today: str) -> None:
        self.path, self.made_from, self.today = str(path), made_from, today
        super().__init__(
            f"{path} is stale: it was made from source prompt {made_from[:8]}, which is {today[:8]} today. "
            "Write it anew with --migrate-prompts, or send the source prompt with --prompt-strategy identity."
        )


class AmbiguousPromptError(MigrateError):
    """Raised when two prompt files beside each other are for the same model."""

    def __init__(self, model: str, paths: Iterable[object]) -> None:
        self.model, self.paths = model, [str(path) for path in paths]
        super().__init__(f"{' and '.join(self.paths)} are both for model {model!r}. Keep one of them.")


class InferenceSettingError(MigrateError):
    """Raised when an inference setting has a value that no model takes."""

    def __init__(self, where: str, setting: str, allowed: str, value: object) -> None:
        self.where, self.setting, self.allowed, self.value = where, setting, allowed, value
        super().__init__(f"{where}: {setting} must be {allowed}, not {value!r}.")


class ReservedVariableError(MigrateError):
    """Raised when a template's variable has a name that Jinja2 keeps for itself, such as ``in``."""

    def __init__(self, variable: str) -> None:
        self.variable = variable
        super().__init__(
            f"the variable {variable!r} cannot be converted: Jinja2 keeps that word for itself. "
            f"Give it another name with names={{{variable!r}: '{variable}_text'}}."
        )


class PromptOptionError(MigrateError):
    """Raised when an option or attachment of a prompt has a value that is not allowed."""

    def __init__(self, where: str, option: str, allowed: str, value: object) -> None:
        self.where, self.option, self.allowed, self.value = where, option, allowed, value
        super().__init__(f"{where}: {option} must be {allowed}, not {value!r}.")


class AttachmentError(MigrateError):
    """Raised when the file that a row names cannot be attached; ``source`` is the column or template that names it."""

    def __init__(self, row: str, source: str, path: str, problem: str, *, prompt: str) -> None:
        self.row, self.source, self.path, self.problem, self.prompt = row, source, path, problem, prompt
        super().__init__(f"{prompt}: {row}, {source}: cannot attach {path!r}: {problem}")


class HandEditedPromptError(MigrateError):
    """Raised when a prompt that would be written over was written, or changed, by hand."""

    def __init__(self, path: object) -> None:
        self.path = str(path)
        super().__init__(
            f"{path} was written or edited by hand and is not written over. Keep it, or give --migration-force."
        )


class NoOptimizerError(MigrateError):
    """Raised when a strategy needs a model that helps to write prompts and the run has none."""

    def __init__(self, strategy: str = "this strategy") -> None:
        self.strategy = strategy
        super().__init__(f"{strategy} has a model write the prompt, and there is none. Give --optimizer-model REF.")


class PromptCheckError(MigrateError):
    """Raised when a rewritten prompt fails the checks before it is filed; ``diff`` has the lines that changed."""

    def __init__(self, place: str, faults: Iterable[str], diff: Iterable[str]) -> None:
        self.place, self.faults, self.diff = place, list(faults), list(diff)
        super().__init__(
            f"{place} is not filed: {'; '.join(self.faults)}. Run the strategy again, take another one, or write the "
            "prompt by hand. What changed:\n" + "\n".join(self.diff)
        )


class SamePromptsError(MigrateError):
    """Raised when two prompts are to be compared that are one and the same."""

    def __init__(self, nodeid: str, against: str, strategy: str) -> None:
        self.nodeid, self.against, self.strategy = nodeid, against, strategy
        super().__init__(
            f"{nodeid}: --prompt-strategy {strategy} and --migration-against {against} send the same prompt. "
            "Name two that differ: 'catalog', 'identity' or a strategy's name."
        )


class NoPromptsToCompareError(MigrateError):
    """Raised when prompts are to be compared where each row brings its own."""

    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid
        super().__init__(
            f"{nodeid}: there are no two prompts to compare, since each row brings its own. Give the marker's prompt=, "
            "or leave out --migration-against."
        )


class TunedRowsError(MigrateError):
    """Raised when a prompt would be judged by rows that tuned it, or nobody can tell which did."""

    def __init__(self, place: str, problem: str) -> None:
        self.place, self.problem = place, problem
        super().__init__(
            f"{place}: {problem}. Rewrite it with --migrate-prompts, judge other rows, or send the source prompt with "
            "--prompt-strategy identity."
        )


class JudgedRowsTuneError(MigrateError):
    """Raised when rows that a marker has judge a prompt would tune it; ``words`` says which tune and which judge."""

    def __init__(self, nodeid: str, split: str, words: str) -> None:
        self.nodeid, self.split, self.words = nodeid, split, words
        super().__init__(
            f"{nodeid}: the rows of split {split!r} judge the prompt and would tune it. {words} Name others in the "
            "marker's split=, or take a strategy that does not learn from rows."
        )
