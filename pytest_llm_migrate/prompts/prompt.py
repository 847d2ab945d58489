"""A prompt that renders: the values of a row put into its texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import PromptText, Request, Turn
from pytest_llm_migrate.domain.options import checked_options
from pytest_llm_migrate.prompts.attachments import attached_file, checked_attachments, is_template
from pytest_llm_migrate.prompts.inference import checked_inference
from pytest_llm_migrate.prompts.inputs import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_llm_migrate.domain import AttachedFile, Attachment, Row


@dataclass(frozen=True, kw_only=True)
class Prompt(PromptText):
    """A prompt whose ``system`` and ``user`` are Jinja2 templates over a row's inputs.

    ``Prompt(name="triage", user="Classify: {{ ticket }}")`` is a whole prompt. Examples are plain text,
    sent as they stand: the braces of a JSON example need no care. Raises `InferenceSettingError` for settings
    that no model takes, and `UnknownNameError` or `PromptOptionError` for options and attachments that Bedrock
    does not know.

    Attributes:
        dataset_folder: Where the paths of attachments begin, and what they may not leave.
        path: The file it was read from, for messages; ``None`` for a prompt made in Python.
    """

    dataset_folder: Path = field(default=Path(), compare=False)
    path: Path | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "inference", checked_inference(self.inference, self.place))
        object.__setattr__(self, "options", checked_options(self.options, self.place))
        object.__setattr__(self, "attachments", checked_attachments(self.attachments, self.place))

    @property
    def place(self) -> str:
        """What messages call this prompt: its file, or its name."""
        return str(self.path) if self.path else f"prompt {self.name!r}"

    @property
    def variables(self) -> frozenset[str]:
        """The columns that texts and attachments name; raises `TemplateFaultError` for wrong syntax of a template."""
        from pytest_llm_migrate.prompts.render import compiled  # noqa: PLC0415 - jinja2 loads with it

        attached = [(place, item.path) for place, item in self._attached() if is_template(item)]
        columns = frozenset(item.path for item in self.attachments if not is_template(item))
        return columns.union(*(compiled(text, place).variables for place, text in [*self._templates(), *attached]))

    def check_columns(self, columns: Iterable[str], where: str) -> None:
        """Raise `UnknownVariableError` or `HiddenColumnError` unless every variable is an input among the columns.

        ``where`` names the dataset. A variable that only some rows hold needs a column, too.
        """
        from pytest_llm_migrate.prompts.render import variable_fault  # noqa: PLC0415 - jinja2 loads with it

        present = list(columns)
        for variable in sorted(self.variables):
            fault = variable_fault(variable, present, self.place, where)
            if fault:
                raise fault

    def render(self, row: Row | Mapping[str, Any]) -> Request:
        """Return what is sent for a row: system, examples as turns, the user text, settings, options and files.

        A template sees the row's inputs and nothing else, and a value is put in as it stands, never read as
        a template. A system text that renders to nothing is left out. Raises `MissingValueError` where a
        value that is used is missing, `UnknownVariableError`, `HiddenColumnError` or `TemplateFaultError`
        where the template is at fault, and `AttachmentError` for a file that cannot be attached.
        """
        from pytest_llm_migrate.prompts.render import render, shown  # noqa: PLC0415 - jinja2 loads with it

        values, label = shown(row), label_of(row)
        texts = {place: render(text, values, place=place, row=label) for place, text in self._templates()}
        *system, user = texts.values()
        return Request(
            system=system[0] or None if system else None,
            turns=(*self._example_turns(), Turn("user", user)),
            inference=dict(self.inference),
            options=self.options,
            attachments=tuple(self._files(row)),
        )

    def _templates(self) -> Iterator[tuple[str, str]]:
        if self.system is not None:
            yield f"{self.place}: system", self.system
        yield f"{self.place}: user", self.user

    def _attached(self) -> Iterator[tuple[str, Attachment]]:
        for index, item in enumerate(self.attachments):
            yield f"{self.place}: attachments[{index}]", item

    def _files(self, row: Row | Mapping[str, Any]) -> Iterator[AttachedFile]:
        for place, item in self._attached():
            file = attached_file(item, row, self.dataset_folder, place)
            if file:
                yield file

    def _example_turns(self) -> Iterator[Turn]:
        for example in self.examples:
            yield Turn("user", example.input)
            yield Turn("assistant", example.output)
